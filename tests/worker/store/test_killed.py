"""A process that edits is killed, again and again: what it acknowledged is there, once."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from funcnodes_core.document.apply import apply_all
from funcnodes_core.document.edits import Edit
from funcnodes_core.document.model import Document
from funcnodes_core.document.serialize import dump

from tests.support.random_edits import CLASSES
from tests.support.store_check import document_of, opened_copy

PLACES = [
    "journal:begun",
    "journal:written",
    "journal:committed",
    "snapshot:intended",
    "atomic:half_written",
    "atomic:synced",
    "atomic:renamed",
    "snapshot:written",
]


class Nursery:
    """The program that forks victims, and its report."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.store_victim"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, **order: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def report(self) -> Iterator[list[Any]]:
        """Give what the victim said until its end."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            words = json.loads(line)
            yield words
            if words[0] == "end":
                return

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the nursery forks its victims")
@pytest.mark.parametrize(
    ("rounds", "first"),
    [
        pytest.param(50, 0, id="50"),
        # Other dice than the fifty, in one folder that lives as long as they take.
        pytest.param(500, 1000, id="500", marks=[pytest.mark.soak, pytest.mark.timeout(3600)]),
    ],
)
def test_killed_again_and_again_it_has_every_acknowledged_edit_once(
    tmp_path: Path, nursery: Nursery, rounds: int, first: int
) -> None:
    """At every fault point, and at any moment from outside; each life goes on where the last one ended."""
    dice = random.Random(20260101 + first)
    folder = tmp_path / "worker"
    known: dict[int, Document] = {0: Document()}
    reached: set[str] = set()
    acknowledged_in_all = 0
    for number in range(first, first + rounds):
        fault = PLACES[number % len(PLACES)] if number % 5 else None
        nursery.order(folder=str(folder), seed=number, fault=fault, at=dice.randint(1, 5))
        last_ok, status = watch(nursery, known, kill_after=None if fault else dice.randint(1, 60))
        assert status == -signal.SIGKILL, f"round {number} at {fault} ended by itself"
        reached.add(fault or "outside")
        acknowledged_in_all += last_ok

        revision = check_disk(folder, known, last_ok)
        known = {revision: known[revision]}
    assert reached == {*PLACES, "outside"}
    assert acknowledged_in_all > rounds
    assert not list(folder.glob("*.damaged-*"))


def watch(nursery: Nursery, known: dict[int, Document], kill_after: int | None) -> tuple[int, int]:
    """Follow one life; return the last acknowledged revision and how it ended."""
    victim, last_ok, oks, start = 0, max(known), 0, max(known)
    for kind, *words in nursery.report():
        match kind:
            case "victim":
                victim = words[0]
            case "open":
                assert (words[0], words[2]) == (start, []), "it goes on where the last life was cut off"
            case "try":
                edits = msgspec.convert(words[1], tuple[Edit, ...])
                known[words[0]] = apply_all(known[words[0] - 1], edits)
            case "ok":
                assert words[0] == last_ok + 1, "acknowledged in order, each once"
                last_ok, oks = words[0], oks + 1
                if oks == kill_after:
                    os.kill(victim, signal.SIGKILL)
            case "end":
                return last_ok, words[0]
    raise AssertionError("the nursery ended")


def check_disk(folder: Path, known: dict[int, Document], last_ok: int) -> int:
    """Return the revision on disk, after making sure that it is the graph of that revision."""
    snapshot = folder / "nodespace.json"
    if snapshot.exists():
        assert isinstance(json.loads(snapshot.read_bytes()), dict)
    with opened_copy(folder) as opened:
        assert opened.notices == ()
        assert opened.revision >= last_ok, "an acknowledged edit is missing"
        assert [entry.revision for entry in opened.tail] == list(
            range(opened.revision - len(opened.tail) + 1, opened.revision + 1)
        )
        found = document_of(opened, CLASSES)
        assert dump(found, CLASSES) == dump(known[opened.revision], CLASSES)
        return opened.revision
