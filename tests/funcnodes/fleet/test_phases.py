"""The table of phases: read by people on a page of the docs, by code here."""

from __future__ import annotations

from pathlib import Path

import pytest
from funcnodes.fleet.phases import NEXT, ImpossibleMove, Phase, check_move, phase_table

PAGE = Path(__file__).parents[3] / "docs" / "concepts" / "worker-life.md"


def test_the_page_shows_the_table() -> None:
    """As the code has it; copy what `phase_table()` returns when it changes."""
    assert phase_table() in PAGE.read_text(encoding="utf-8")


def test_every_phase_is_in_the_table_and_can_be_left() -> None:
    """No dead end: also a failed worker can be started."""
    assert set(NEXT) == set(Phase)
    assert all(NEXT.values())


def test_a_move_outside_the_table_raises() -> None:
    """With what led there."""
    with pytest.raises(ImpossibleMove, match="from stopped to stopping \\(because of 'x'\\)"):
        check_move(Phase.STOPPED, Phase.STOPPING, "x")
