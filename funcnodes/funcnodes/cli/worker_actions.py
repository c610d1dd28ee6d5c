"""What the verbs of `funcnodes worker` ask of the manager, and how the answers are shown.

Owns the words. The manager decides and acts; which worker is meant is settled by `choose`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from funcnodes_worker.home.worker_config import AUTOSTARTS

from funcnodes.cli import output
from funcnodes.cli.choose import Status, choose, word_for
from funcnodes.cli.ending import ending
from funcnodes.cli.problems import WRONGLY_ASKED, Problem
from funcnodes.cli.reach import Reached, reach_manager
from funcnodes.cli.session import Asked

T = TypeVar("T")

_COLOURS = {
    "running": "green",
    "failed": "red",
    "waiting": "yellow",
    "starting": "cyan",
    "provisioning": "cyan",
    "stopping": "yellow",
}


@dataclass(frozen=True)
class NewWorker:
    """What a new worker is to be like."""

    in_venv: bool
    autostart: str | None
    """None: as the manager thinks best."""
    start: bool
    python: str | None = None
    """Of its environment, like "3.12"; None: the manager's own."""


def with_manager(
    asked: Asked,
    act: Callable[[Reached], Awaitable[T]],
    *,
    no_auth: bool = False,
    pause: bool = False,
    stays: bool = False,
) -> T:
    """Return what `act` returns, done with the base folder's manager; its progress is shown meanwhile.

    With `pause` there is no bar: `act` asks the person something, and it would be in the way. `stays`: it may
    keep a worker in the foreground, so other commands are to ask it.
    """

    async def run() -> T:
        with output.ProgressShown(plain=pause) as progress:
            reaching = reach_manager(asked.base(), progress.heard, no_auth=no_auth, stays=stays)
            async with reaching as reached:
                return await act(reached)

    return asyncio.run(run())


async def workers_of(reached: Reached) -> list[Status]:
    """Return all workers as the manager sees them now."""
    answer = cast("dict[str, list[Status]]", await reached.manager.call("status"))
    return sorted(answer["workers"], key=lambda w: (str(w["name"]).lower(), str(w["uuid"])))


async def find(asked: Asked, reached: Reached, *, exactly: bool = False) -> Status:
    """Return the worker that was asked for."""
    workers = await workers_of(reached)
    return choose(workers, uuid=asked.uuid, name=asked.name, given=asked.which, exactly=exactly)


def show_list(asked: Asked, *, full: bool, as_json: bool) -> None:
    """Print all workers."""
    workers = with_manager(asked, workers_of)
    if as_json or full:
        output.json(workers)
    elif not output.is_terminal():
        for worker in workers:
            output.row(worker["uuid"], worker["name"])
    elif workers:
        rows = [(title(w), state(w), address(w), packages(w), output.escape(w["uuid"])) for w in workers]
        output.table(("Worker", "State", "Address", "Packages", "uuid"), rows)
    else:
        output.line("There is no worker yet. Make one: funcnodes worker new --name demo")


def show_status(asked: Asked, *, as_json: bool) -> None:
    """Print one worker."""
    worker = with_manager(asked, lambda reached: find(asked, reached))
    if as_json:
        output.json(worker)
        return
    node = worker.get("running_node")
    facts = {
        "State": state(worker) + (" [red](does not answer)[/red]" if worker.get("deaf") else ""),
        "Reason": output.escape(worker.get("reason") or ""),
        "Address": address(worker),
        "Process": str(worker.get("pid") or ""),
        "Running node": output.escape(node.get("name") or node["node"]) if node else "",
        "Autostart": output.escape(worker.get("autostart") or ""),
        "Environment": output.escape(worker.get("env_path") or "the manager's own"),
        "Packages": packages(worker),
        "uuid": output.escape(worker["uuid"]),
    }
    output.facts(title(worker), {name: value for name, value in facts.items() if value})


def make(asked: Asked, wish: NewWorker, *, as_json: bool) -> None:
    """Make a worker, start it when wished, print its uuid."""
    if wish.autostart is not None and wish.autostart not in AUTOSTARTS:
        raise Problem(f"--autostart-policy is one of {', '.join(AUTOSTARTS)}", WRONGLY_ASKED)

    async def act(reached: Reached) -> tuple[str, str]:
        params: dict[str, Any] = {"name": asked.name, "in_venv": wish.in_venv, "autostart": wish.autostart}
        if asked.uuid is not None:
            params["uuid"] = asked.uuid
        if wish.python is not None:
            params["python"] = wish.python
        uuid = str((await reached.manager.call("new_worker", **params))["uuid"])
        if wish.start and not reached.is_ours:
            await reached.manager.call("start_worker", workerid=uuid)
        return uuid, word_for(await workers_of(reached), uuid)

    uuid, word = with_manager(asked, act)
    if as_json:
        output.json({"uuid": uuid, "name": asked.name})
    elif not output.is_terminal():
        output.line(uuid)
    else:
        name = output.escape(asked.name or uuid)
        output.markup(f"[green]✓[/green] Made worker [bold]{name}[/bold] [dim]({uuid})[/dim]")
        if not wish.start:
            output.markup(f"  Start it: [bold]funcnodes worker start {output.escape(word)}[/bold]")
    if wish.start:
        _hold_if_alone(asked, uuid)


def _hold_if_alone(asked: Asked, uuid: str) -> None:
    """Start a new worker in the foreground where no manager could start it in the background."""
    start(Asked(asked.directory, asked.debug, uuid=uuid), no_auth=False, quiet_when_running=True)


def start(asked: Asked, *, no_auth: bool, safe: bool = False, quiet_when_running: bool = False) -> None:
    """Start a worker: through the manager, or in the foreground where none runs."""

    async def act(reached: Reached) -> None:
        if no_auth and not reached.is_ours:
            raise Problem(
                "a manager runs already, and its workers follow it: --no-auth belongs to its own command, or "
                "stop it first",
                WRONGLY_ASKED,
            )
        worker = await find(asked, reached)
        if not (quiet_when_running and worker["phase"] == "running"):
            await reached.manager.call("start_worker", workerid=worker["uuid"], safe=safe)
        worker = choose(await workers_of(reached), uuid=worker["uuid"], name=None, given=None)
        if not quiet_when_running or reached.is_ours:
            say_done(
                worker, f"runs at {address(worker)}" + ", in safe mode: nothing in its graph runs" * safe
            )
        if reached.is_ours:
            await _hold(reached, worker)

    with_manager(asked, act, no_auth=no_auth, stays=True)


async def _hold(reached: Reached, worker: Status) -> None:
    """Keep a worker in the foreground until we are told to end, then stop it with its graph saved."""
    output.markup(
        "[dim]No manager runs, so it stays in the foreground. Ctrl+C stops it and saves its graph.[/dim]"
    )
    with ending() as told:
        asks = asyncio.create_task(told.wait_asked())
        try:
            while not asks.done():
                now = choose(await workers_of(reached), uuid=str(worker["uuid"]), name=None, given=None)
                if now["phase"] in ("stopped", "failed"):
                    raise Problem(f"worker {now['name']!r} ended: {now.get('reason') or now['phase']}")
                await asyncio.wait((asks,), timeout=1.0)
        finally:
            asks.cancel()
            await asyncio.gather(asks, return_exceptions=True)
        await reached.manager.call("stop_worker", workerid=worker["uuid"])
    say_done(worker, "is stopped; its graph is saved")


def act(asked: Asked, method: str, done: str, **options: Any) -> None:
    """Ask one thing for one worker and say that it is done."""

    async def ask(reached: Reached) -> Status:
        worker = await find(asked, reached)
        if reached.is_ours and method != "stop_worker":
            raise Problem(
                "no manager runs that could keep this worker; start one with `funcnodes runserver` or "
                "`funcnodes startworkermanager`"
            )
        await reached.manager.call(method, workerid=worker["uuid"], **options)
        return worker

    say_done(with_manager(asked, ask), done)


def delete(asked: Asked, *, yes: bool) -> None:
    """Delete a worker after a question, or at once with `yes`."""

    async def ask(reached: Reached) -> Status:
        worker = await find(asked, reached, exactly=True)
        if not yes:
            await asyncio.to_thread(_confirm, worker)
        await reached.manager.call("delete_worker", workerid=worker["uuid"])
        return worker

    say_done(with_manager(asked, ask), "is deleted")


def _confirm(worker: Status) -> None:
    if not sys.stdin.isatty():
        raise Problem("deleting cannot be undone; say --yes when nobody can be asked", WRONGLY_ASKED)
    question = (
        f"Delete worker {worker['name'] or worker['uuid']!r} with its graph, files and environment? [y/N] "
    )
    if input(question).strip().lower() not in ("y", "yes"):
        raise Problem("nothing was deleted")


def say_done(worker: Status, done: str) -> None:
    """Say that something was done for a worker."""
    output.markup(f"[green]✓[/green] Worker [bold]{title(worker)}[/bold] {done}.")


def title(worker: Status) -> str:
    """Return what a worker is called, as markup."""
    return output.escape(worker["name"] or worker["uuid"])


def state(worker: Status) -> str:
    """Return its phase, as markup."""
    phase = str(worker["phase"])
    colour = _COLOURS.get(phase, "dim")
    return f"[{colour}]{phase}[/{colour}]"


def address(worker: Status) -> str:
    """Return where it listens; nothing while it does not run."""
    if not worker.get("port") or worker["phase"] != "running":
        return ""
    scheme = "wss" if worker.get("tls") else "ws"
    return f"{scheme}://{worker.get('host') or 'localhost'}:{worker['port']}"


def packages(worker: Status) -> str:
    """Return the names of its packages, as markup."""
    return output.escape(", ".join(worker.get("package_dependencies") or ()))
