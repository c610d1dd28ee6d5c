"""Sentences about ends: what was seen, and nothing else."""

from __future__ import annotations

import pytest
from funcnodes.fleet.events import Evidence, ExitStatus, NodeRun
from funcnodes.fleet.exit_reason import exit_sentence

NODE = NodeRun("blur", 1.0)


@pytest.mark.parametrize(
    ("status", "evidence", "sentence"),
    [
        (ExitStatus(code=0), Evidence(), "ended by itself"),
        (
            ExitStatus(code=3),
            Evidence(last_words=("x", "y")),
            "ended by itself with exit code 3; its last words: x y",
        ),
        (
            ExitStatus(signal=11),
            Evidence(NODE, 0.2, 300 * 10**6),
            "killed by signal 11 (SIGSEGV) while node `blur` ran; 300 MB in use when last seen",
        ),
        (
            ExitStatus(signal=11),
            Evidence(NODE, 0.2, crashed_in='"lab.py", line 3 in blur'),
            'killed by signal 11 (SIGSEGV) while node `blur` ran; it crashed in "lab.py", line 3 in blur',
        ),
        (
            ExitStatus(signal=11),
            Evidence(NodeRun("9c40edeb", 1.0, "Kill"), 7.0),
            "killed by signal 11 (SIGSEGV) while node `Kill` ran (for 7 s)",
        ),
        (ExitStatus(signal=200), Evidence(), "killed by signal 200"),
        (
            ExitStatus(signal=9),
            Evidence(memory=8 * 10**9, kernel="its control group ran out of memory"),
            "killed by signal 9 (SIGKILL); 8.0 GB in use when last seen; its control group ran out of memory",
        ),
        (
            ExitStatus(code=1),
            Evidence(kernel="its control group ran out of memory"),
            "ended by itself with exit code 1",
        ),
        (
            ExitStatus(),
            Evidence(),
            "ended in a way that is not known, since an earlier manager had started it",
        ),
    ],
)
def test_the_sentence_tells_what_was_seen(status: ExitStatus, evidence: Evidence, sentence: str) -> None:
    """Cause first, then the evidence."""
    assert exit_sentence(status, evidence) == sentence
