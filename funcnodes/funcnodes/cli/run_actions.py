"""What `funcnodes run` does: the worker it runs in, what is printed, the exit code.

Owns the order and the end: a throw-away worker is gone afterwards, whatever happened. What counts as done is
`headless/running`'s.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.unpacking import PortGiven, Unpacked

from funcnodes.cli import output
from funcnodes.cli.choose import choose
from funcnodes.cli.ending import ending
from funcnodes.cli.examination import THROW_AWAY
from funcnodes.cli.problems import WRONGLY_ASKED, Problem
from funcnodes.cli.reach import Reached, reach_manager
from funcnodes.cli.session import Asked, author_of
from funcnodes.cli.worker_actions import workers_of
from funcnodes.client.address import finder
from funcnodes.client.errors import ClientError
from funcnodes.client.opening import connect
from funcnodes.headless.archive import give_flow
from funcnodes.headless.opening import NotInFlow, OpenWish, changed_flow, open_flow
from funcnodes.headless.running import Outcome, Stand, TookTooLong, judge, wait_done
from funcnodes.server.client import ManagerGone, ManagerRefused

FLOW_FAILED = 3
TIME_IS_OVER = 124
INTERRUPTED = 130
_PATIENCE_S = 0.5
"""A throw-away worker is not started again, so a lost connection is soon given up."""
_SHOWN = 300


@dataclass(frozen=True)
class RunWish:
    """What is to be run, and how."""

    flow: Path
    values: tuple[str, ...]
    outputs: tuple[str, ...]
    as_json: bool
    timeout_s: float | None
    worker: str | None
    in_venv: bool
    versions: str = "exact"


@dataclass(frozen=True)
class _Order:
    """A wish whose words are read, and the base folder it is for."""

    base: Base
    wish: RunWish
    values: Sequence[tuple[PortGiven, Any]]
    outputs: Sequence[tuple[str, PortGiven]]

    @property
    def ports(self) -> list[PortGiven]:
        """The ports whose values are printed."""
        return [given for _, given in self.outputs]

    def new_worker(self, name: str) -> OpenWish:
        """Return the wish for a worker of this name, with the flow and its values in it."""
        return OpenWish(
            file=self.wish.flow,
            name=name,
            trusted=True,
            in_venv=self.wish.in_venv,
            versions=self.wish.versions,
            values=self.values,
            outputs=self.ports,
        )


@dataclass(frozen=True)
class _Prepared:
    """A worker that runs and has the flow."""

    uuid: str
    outputs: tuple[tuple[str, PortGiven], ...]
    nodes: int


def run(asked: Asked, wish: RunWish) -> int:
    """Return the exit code."""
    if wish.timeout_s is not None and wish.timeout_s <= 0:
        raise Problem("--timeout is a number of seconds above 0", WRONGLY_ASKED)
    values = [_assignment(text) for text in wish.values]
    outputs = [(text, port_given(text, "--output")) for text in wish.outputs]
    return asyncio.run(_until_told(_run(_Order(asked.base(), wish, values, outputs))))


async def _until_told(work: Any) -> int:
    """Return what the work comes to, or 130: told to end, it is cancelled and tidies up."""
    with ending() as told:
        running = asyncio.ensure_future(work)
        asks = asyncio.create_task(told.wait_asked())
        await asyncio.wait((running, asks), return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            sys.stderr.write("\nInterrupted.\n")
            return INTERRUPTED
        asks.cancel()
        await asyncio.gather(asks, return_exceptions=True)
        return await running


async def _run(order: _Order) -> int:
    wish = order.wish
    with output.ProgressShown() as progress:
        async with reach_manager(order.base, progress.heard, stays=True) as reached:
            place = _named_worker if wish.worker is not None else _thrown_away
            async with place(order, reached) as prepared:
                try:
                    outcome = await _watched(order.base, prepared, wish, progress)
                except TookTooLong as late:
                    sys.stderr.write(f"{str(late)[:1].upper()}{str(late)[1:]}.\n")
                    return TIME_IS_OVER
                except (ClientError, ManagerGone) as problem:
                    raise await _why(reached, prepared.uuid, problem) from problem
    return show(wish, prepared.nodes, outcome)


@contextlib.asynccontextmanager
async def _thrown_away(order: _Order, reached: Reached) -> AsyncGenerator[_Prepared]:
    wish = order.wish
    new = replace(
        order.new_worker(f"run {wish.flow.stem}"), autostart="never", notes=((THROW_AWAY, os.getpid()),)
    )
    opened = await _opened(order.base, new)
    uuid = opened.home.uuid
    try:
        _say_trusted(wish.flow, opened.told, in_venv=wish.in_venv)
        await reached.manager.call("start_worker", workerid=uuid)
        yield _prepared(uuid, opened.told, order.outputs)
    finally:
        with contextlib.suppress(ManagerGone, ManagerRefused):
            await reached.manager.call("delete_worker", workerid=uuid)


@contextlib.asynccontextmanager
async def _named_worker(order: _Order, reached: Reached) -> AsyncGenerator[_Prepared]:
    wish, name = order.wish, order.wish.worker
    assert name is not None
    workers = await workers_of(reached)
    if not any(name in (w["name"], w["uuid"]) for w in workers):
        opened = await _opened(order.base, order.new_worker(name))
        _say_trusted(wish.flow, opened.told, in_venv=wish.in_venv)
        uuid, told = opened.home.uuid, opened.told
        try:
            await reached.manager.call("start_worker", workerid=uuid)
        except BaseException:
            if wish.in_venv and not opened.home.venv.exists():
                # It was never there: kept, it would answer the next try in place of the flow.
                with contextlib.suppress(ManagerGone, ManagerRefused):
                    await reached.manager.call("delete_worker", workerid=uuid)
                output.warn(f"worker {name!r} could not be completed, so it was removed again")
            raise
    else:
        worker = choose(workers, uuid=None, name=None, given=name)
        uuid = str(worker["uuid"])
        if worker["phase"] != "running":
            await reached.manager.call("start_worker", workerid=uuid)
        told = await _imported(order, uuid)
    try:
        yield _prepared(uuid, told, order.outputs)
    finally:
        if reached.is_ours:
            with contextlib.suppress(ManagerGone, ManagerRefused):
                await reached.manager.call("stop_worker", workerid=uuid)


async def _imported(order: _Order, uuid: str) -> Unpacked:
    from funcnodes_worker.home.worker_home import WorkerHome

    with tempfile.TemporaryDirectory(prefix="funcnodes-run-") as folder:
        # With its values in it: given afterwards, the flow would run twice.
        changed = Path(folder) / "flow.fnw"
        try:
            asked = OpenWish(file=order.wish.flow, name="", outputs=order.ports)
            told = await changed_flow(WorkerHome(order.base, uuid), asked, changed, order.values)
        except NotInFlow as problem:
            raise Problem(str(problem), WRONGLY_ASKED) from problem
        _say_trusted(order.wish.flow, told, in_venv=True)
        for note in await give_flow(finder(uuid, order.base.folder, None), changed, author_of(order.base)):
            output.warn(note)
    return told


def _prepared(uuid: str, told: Unpacked, outputs: Sequence[tuple[str, PortGiven]]) -> _Prepared:
    labels = [label for label, _ in outputs]
    return _Prepared(uuid, tuple(zip(labels, told.outputs, strict=True)), told.nodes)


async def _opened(base: Base, wish: OpenWish) -> Any:
    try:
        return await open_flow(base, wish)
    except NotInFlow as problem:
        raise Problem(str(problem), WRONGLY_ASKED) from problem


async def _watched(base: Base, prepared: _Prepared, wish: RunWish, progress: output.ProgressShown) -> Outcome:
    def told(stand: Stand) -> None:
        what = f"Running {stand.running}" if stand.running else "Running"
        progress.show(f"{what} ({stand.done} of {stand.nodes} nodes done)", stand.done / max(1, stand.nodes))

    patience = _PATIENCE_S if wish.worker is None else 30.0
    async with connect(prepared.uuid, base=base.folder, patience_s=patience) as worker:
        await wait_done(worker, told, wish.timeout_s)
    async with connect(prepared.uuid, base=base.folder, patience_s=patience) as worker:
        return await judge(worker, prepared.outputs)


async def _why(reached: Reached, uuid: str, problem: Exception) -> Problem:
    """Return what the manager knows of the end of a worker whose connection was lost."""
    with contextlib.suppress(ManagerGone, ManagerRefused):
        ends = (await reached.manager.call("ends", workerid=uuid, limit=1))["ends"]
        if ends:
            return Problem(f"the flow's worker ended while it ran: {ends[0]['sentence']}")
    return Problem(str(problem))


def _say_trusted(flow: Path, told: Unpacked, *, in_venv: bool) -> None:
    names = ", ".join(package.package for package in told.packages)
    what = f"its packages ({names}) are installed and its nodes run" if names and in_venv else "its nodes run"
    output.warn(f"you run {flow.name}, so {what} with your rights on this machine")
    for sentence in told.refused:
        output.warn(sentence)


def show(wish: RunWish, nodes: int, outcome: Outcome) -> int:
    """Print what the flow came to; return the exit code."""
    for one in outcome.failed:
        sys.stderr.write(f"Node {one.name!r} failed: {one.problem}\n")
    if outcome.blocked:
        sys.stderr.write(f"Not run, since they wait for it: {', '.join(outcome.blocked)}\n")
    for label in outcome.missing:
        sys.stderr.write(f"{label} has no value: its node did not run, or set nothing\n")
    if wish.as_json:
        failed = [{"node": one.node, "name": one.name, "problem": one.problem} for one in outcome.failed]
        output.json(
            {
                "ok": outcome.is_good,
                "nodes": nodes,
                "outputs": outcome.outputs,
                "failed": failed,
                "blocked": outcome.blocked,
                "missing": outcome.missing,
            }
        )
    else:
        _show_values(outcome)
    if output.is_terminal() and not wish.as_json and outcome.is_good:
        output.markup(f"[green]✓[/green] {output.escape(wish.flow.name)} ran: {nodes} nodes.")
    return 0 if outcome.is_good else FLOW_FAILED


def _show_values(outcome: Outcome) -> None:
    if not output.is_terminal():
        alone = len(outcome.outputs) + len(outcome.missing) == 1
        for label, value in outcome.outputs.items():
            output.line(_text(value) if alone else f"{label}\t{msgspec.json.encode(value).decode()}")
        return
    if outcome.outputs:
        rows = [
            (output.escape(label), output.escape(_short(value))) for label, value in outcome.outputs.items()
        ]
        output.table(("Output", "Value"), rows)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _short(value: Any) -> str:
    text = _text(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters; --json prints all)"


def _assignment(text: str) -> tuple[PortGiven, Any]:
    given, sign, value = text.partition("=")
    if not sign:
        raise Problem(f"--set {text!r} has no value; write NODE.PORT=VALUE", WRONGLY_ASKED)
    try:
        return port_given(given, "--set"), msgspec.json.decode(value.encode())
    except msgspec.DecodeError:
        return port_given(given, "--set"), value


def port_given(text: str, option: str) -> PortGiven:
    """Return the port meant by "node.port"; a name may hold dots, a port may not."""
    node, dot, port = text.strip().rpartition(".")
    if not (dot and node and port):
        raise Problem(f"{option} {text!r} names no port; write NODE.PORT, like Scale.factor", WRONGLY_ASKED)
    return PortGiven(node, port)
