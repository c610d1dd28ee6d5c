"""A program that edits a graph until it is killed: by its parent, or by itself at a fault point.

Run as a nursery: it imports everything once, then forks a victim for each line of its input
(`{"folder", "seed", "fault": place or null, "at": n}`). The victim writes one line before it hands a
transaction in (`["try", revision, edits]`) and one after it was acknowledged (`["ok", revision]`), then
dies by signal 9; the nursery closes its report with `["end", exit status]`.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
from funcnodes_core.document.refusals import EditRejected
from funcnodes_core.document.serialize import dump
from funcnodes_core.document.transaction import Transaction, transact
from funcnodes_worker.store.records import Entry
from funcnodes_worker.store.store import Store

from tests.support.random_edits import CLASSES, random_edit
from tests.support.store_check import document_of

LIMIT_S = 20.0


def say(*words: Any) -> None:
    """Write one line in one piece, so that being killed leaves whole lines."""
    os.write(1, msgspec.json.encode(words) + b"\n")


def main() -> None:
    """Fork a victim for every order."""
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(live(order))
            finally:
                os._exit(3)
        say("victim", child)
        _, status = os.waitpid(child, 0)
        say("end", os.waitstatus_to_exitcode(status))


async def live(order: dict[str, Any]) -> None:
    """Edit without end, in bursts, with a snapshot now and then."""
    dice = random.Random(order["seed"])
    left = order["at"]

    def faults(place: str) -> None:
        nonlocal left
        if place == order["fault"]:
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    opened = Store.open(Path(order["folder"]), faults=faults)
    document, revision = document_of(opened, CLASSES), opened.revision
    say("open", revision, opened.epoch, [notice.kind for notice in opened.notices])
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        burst: list[Entry] = []
        while len(burst) < dice.randint(1, 6):
            step = next_step(document, dice)
            document, revision = step.document, revision + 1
            burst.append(
                Entry(
                    revision, f"author {dice.randint(1, 3)}", step.edits, step.inverse, time.time(), "did it"
                )
            )
        async with asyncio.TaskGroup() as group:
            for entry in burst:
                say("try", entry.revision, entry.edits)
                group.create_task(append(opened.store, entry))
        if dice.randint(1, 4) == 1:
            await opened.store.snapshot(dump(document, CLASSES), revision)
            say("snapshot", revision)


def next_step(document: Any, dice: random.Random) -> Transaction:
    """Return the outcome of one to three random edits."""
    while True:
        edits: list[Any] = []
        try:
            ahead = document
            for _ in range(dice.randint(1, 3)):
                edits.append(random_edit(ahead, dice))
                ahead = transact(ahead, edits[-1:]).document
            return transact(document, edits)
        except EditRejected:
            continue


async def append(store: Store, entry: Entry) -> None:
    """Acknowledge what is on disk."""
    await store.append([entry])
    say("ok", entry.revision)


if __name__ == "__main__":
    main()
