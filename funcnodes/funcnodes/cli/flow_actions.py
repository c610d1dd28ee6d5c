"""What the verbs about flows ask of workers, and how the answers are shown.

Owns the words, and that a worker is left as it was found: one that did not run is stopped again.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shlex
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

from funcnodes_worker.home.base import Base

from funcnodes.cli import output
from funcnodes.cli.choose import Status, choose, word_for
from funcnodes.cli.problems import Problem
from funcnodes.cli.reach import Reached
from funcnodes.cli.session import Asked, author_of
from funcnodes.cli.worker_actions import find, say_done, with_manager, workers_of
from funcnodes.client.address import finder
from funcnodes.client.opening import connect
from funcnodes.headless.archive import fetch_flow, give_flow
from funcnodes.headless.opening import OpenWish, open_flow

_LOOK_S = 0.1
_SETTLED = ("running", "failed", "stopped", "waiting")


@dataclass(frozen=True)
class Opening:
    """How a file is to become a worker."""

    file: Path
    name: str | None
    trusted: bool
    in_venv: bool
    versions: str


def export(asked: Asked, target: Path | None, *, with_files: bool, force: bool) -> None:
    """Write a worker's flow into a file."""

    async def act(reached: Reached) -> tuple[Status, Path, int]:
        worker = await find(asked, reached)
        file = target or Path(f"{_file_name(worker)}.fnw")
        if await asyncio.to_thread(file.exists) and not force:
            raise Problem(f"{file} is there already; say --force to replace it, or name another file")
        if not await asyncio.to_thread(file.absolute().parent.is_dir):
            raise Problem(f"there is no folder {file.absolute().parent}; make it first")
        # Only to be read: nothing of it need run.
        async with _running(reached, worker, safe=True):
            base = asked.base().folder
            size = await fetch_flow(finder(str(worker["uuid"]), base, None), file, with_files=with_files)
        return worker, file, size

    worker, file, size = with_manager(asked, act)
    if output.is_terminal():
        say_done(worker, f"is written to {output.escape(file)} ({output.size(size)})")
    else:
        output.line(str(file))


def take_in(asked: Asked, file: Path) -> None:
    """Put a flow from a file in the place of a worker's graph."""
    if not file.is_file():
        raise Problem(f"there is no file {file}")

    async def act(reached: Reached) -> tuple[Status, list[str]]:
        worker = await find(asked, reached)
        async with _running(reached, worker):
            base = asked.base()
            notes = await give_flow(finder(str(worker["uuid"]), base.folder, None), file, author_of(base))
        return worker, notes

    worker, notes = with_manager(asked, act)
    for note in notes:
        output.warn(note)
    say_done(worker, f"has the flow of {output.escape(file.name)} now")
    if output.is_terminal():
        word = output.escape(shlex.quote(str(worker["name"] or worker["uuid"])))
        output.markup(f"  Take it back: [bold]funcnodes worker command {word} -c undo[/bold]")


def open_file(asked: Asked, wish: Opening, *, as_json: bool) -> None:
    """Make a worker from a file and, where a manager stands, start it."""

    async def act(reached: Reached) -> tuple[Status, bool, str]:
        base = asked.base()
        name = wish.name or wish.file.stem
        opened = await open_flow(
            base,
            OpenWish(
                file=wish.file,
                name=name,
                trusted=wish.trusted,
                in_venv=wish.in_venv,
                versions=wish.versions,
            ),
        )
        for sentence in opened.told.refused:
            output.warn(sentence)
        uuid = opened.home.uuid
        if not reached.is_ours:
            await reached.manager.call("start_worker", workerid=uuid)
        else:
            # The manager takes in a worker that appeared when it is first named to it.
            await reached.manager.call("ends", workerid=uuid)
        there = await workers_of(reached)
        worker = choose(there, uuid=uuid, name=None, given=None)
        return worker, reached.is_ours, output.escape(word_for(there, uuid))

    worker, alone, word = with_manager(asked, act)
    if as_json:
        output.json({"uuid": worker["uuid"], "name": worker["name"], "held": not wish.trusted})
        return
    if not output.is_terminal():
        output.line(str(worker["uuid"]))
        return
    say_done(worker, f"was made from {output.escape(wish.file.name)}" + (" and runs" * (not alone)))
    if alone:
        output.markup(f"  Start it: [bold]funcnodes worker start {word}[/bold]")
    if not wish.trusted:
        output.markup(
            "  Its flow is held: shown, but nothing of it is installed or run until you trust it:\n"
            f"  in the editor, or by [bold]funcnodes worker trust {word}[/bold]"
        )


def trust(asked: Asked) -> None:
    """Let a held flow go, and wait until it runs in its own environment."""

    async def act(reached: Reached) -> tuple[Status, bool]:
        worker = await find(asked, reached)
        async with _running(reached, worker):
            was_held = await _trusted(asked.base(), reached, str(worker["uuid"]))
        return worker, was_held

    worker, was_held = with_manager(asked, act)
    say_done(worker, "is trusted: its flow runs" if was_held else "was trusted already")


async def _trusted(base: Base, reached: Reached, uuid: str) -> bool:
    async with connect(uuid, base=base.folder) as worker:
        if not (await worker.call("get_trust"))["held"]:
            return False
        before = choose(await workers_of(reached), uuid=uuid, name=None, given=None)["pid"]
        if not (await worker.call("trust"))["restarts"]:
            return True
    # Its environment is built, which is told as progress, and it starts again in it.
    while True:
        now = choose(await workers_of(reached), uuid=uuid, name=None, given=None)
        if now["pid"] != before and now["phase"] in _SETTLED:
            break
        await asyncio.sleep(_LOOK_S)
    if now["phase"] != "running":
        raise Problem(f"the flow is trusted, but its worker does not run: {now['reason'] or now['phase']}")
    return True


@contextlib.asynccontextmanager
async def _running(reached: Reached, worker: Status, *, safe: bool = False) -> AsyncGenerator[None]:
    """Have the worker run while the block lasts; one that did not run is stopped again."""
    uuid = worker["uuid"]
    if worker["phase"] == "running":
        yield
        return
    await reached.manager.call("start_worker", workerid=uuid, safe=safe)
    try:
        yield
    finally:
        await reached.manager.call("stop_worker", workerid=uuid)


def _file_name(worker: Status) -> str:
    return re.sub(r"[^\w. -]+", "_", str(worker["name"] or worker["uuid"])).strip(". ") or "flow"
