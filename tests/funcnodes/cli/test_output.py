"""What commands say, as it stands on a terminal or in a file."""

from __future__ import annotations

import pytest
from funcnodes.cli import output


@pytest.mark.parametrize("sentence", ["it was started again", "it was started again."])
def test_a_note_ends_with_one_dot(sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Sentences of the rooms below come with one."""
    output.warn(sentence)

    assert capsys.readouterr().err == "Note: it was started again.\n"
