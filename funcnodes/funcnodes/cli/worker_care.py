"""`funcnodes worker clone|limits|ends|listen`: a worker's copies, bounds and history.

Owns these verbs and what they print.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funcnodes.cli.worker import Json, Name, Uuid, Which, meant, noun, worker_and

if TYPE_CHECKING:
    from funcnodes.cli.reach import Reached
    from funcnodes.cli.session import Asked

_NONE = "none"


@noun.command(epilog="Example: funcnodes worker clone demo demo-2")
def clone(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORKER NEW-NAME", help="The worker, then the name of its copy."),
    ] = None,
    uuid: Uuid = None,
    name: Name = None,
    no_files: Annotated[bool, typer.Option("--no-files", help="Leave the worker's files out.")] = False,
    as_json: Json = False,
) -> None:
    """Make a worker with the graph, history, files and environment of another; it is not started."""
    from funcnodes.cli import output
    from funcnodes.cli.worker_actions import find, with_manager

    which, rest = worker_and(context, words, uuid, name, wanted=("a new name",), usage="clone demo demo-2")
    asked = meant(context, which, uuid, name)

    async def act(reached: Reached) -> str:
        worker = await find(asked, reached)
        answer = await reached.manager.call(
            "clone_worker", workerid=worker["uuid"], name=rest[0], with_files=not no_files
        )
        return str(answer["uuid"])

    made = with_manager(asked, act)
    if as_json:
        output.json({"uuid": made, "name": rest[0]})
    elif output.is_terminal():
        output.markup(
            f"[green]✓[/green] Made worker [bold]{output.escape(rest[0])}[/bold] [dim]({made})[/dim]"
        )
    else:
        output.line(made)


@noun.command(epilog="Example: funcnodes worker limits demo --memory 4GB --cpu 2")
def limits(
    context: typer.Context,
    which: Which = None,
    memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Above it the process is ended and starts again.")
    ] = None,
    memory_soft: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Above it the running nodes are interrupted, and everybody told."),
    ] = None,
    cpu: Annotated[str | None, typer.Option(metavar="CORES", help="How many cores, like 1.5.")] = None,
    open_files: Annotated[str | None, typer.Option(metavar="NUMBER", help="How many open files.")] = None,
    none: Annotated[bool, typer.Option("--none", help="Take all limits away.")] = False,
    uuid: Uuid = None,
    name: Name = None,
    as_json: Json = False,
) -> None:
    """Show or set what a worker may use; `none` as a value takes one limit away.

    It counts at once, for what the worker has started too.
    """
    given = {"memory_hard": memory, "memory_soft": memory_soft, "cpu": cpu, "open_files": open_files}
    wanted = {key: value for key, value in given.items() if value is not None}
    _limits(meant(context, which, uuid, name), wanted, take_away=none, as_json=as_json)


def _limits(asked: Asked, wanted: dict[str, str], *, take_away: bool, as_json: bool) -> None:
    import msgspec
    from funcnodes_worker.home.limits import Limits
    from funcnodes_worker.home.worker_config import read_worker_config
    from funcnodes_worker.home.worker_home import WorkerHome

    from funcnodes.cli import output
    from funcnodes.cli.worker_actions import find, say_done, with_manager

    async def act(reached: Reached) -> tuple[Any, Limits]:
        worker = await find(asked, reached)
        home = WorkerHome(asked.base(), str(worker["uuid"]))
        present = Limits() if take_away else read_worker_config(home).limits
        if wanted or take_away:
            whole = msgspec.to_builtins(present) | {key: _limit(text) for key, text in wanted.items()}
            await reached.manager.call("set_limits", workerid=worker["uuid"], limits=whole)
        return worker, read_worker_config(home).limits

    worker, now = with_manager(asked, act)
    facts: dict[str, Any] = {
        field: getattr(now, field) for field in ("memory_hard", "memory_soft", "cpu", "open_files")
    }
    if as_json:
        output.json(facts)
        return
    if (wanted or take_away) and output.is_terminal():
        say_done(worker, "has these limits now")
    shown = {
        "Memory": "" if now.memory_hard is None else output.size(now.memory_hard),
        "Memory, soft": "" if now.memory_soft is None else output.size(now.memory_soft),
        "Cores": "" if now.cpu is None else f"{now.cpu:g}",
        "Open files": "" if now.open_files is None else str(now.open_files),
    }
    output.facts(None, {label: value or "no limit" for label, value in shown.items()})


def _limit(text: str) -> str | float | int | None:
    if text.strip().lower() == _NONE:
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


@noun.command(epilog="Example: funcnodes worker ends demo")
def ends(
    context: typer.Context,
    which: Which = None,
    limit: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last.")] = 20,
    uuid: Uuid = None,
    name: Name = None,
    as_json: Json = False,
) -> None:
    """Tell how a worker's processes ended: when, why, which node ran, what followed."""
    from funcnodes.cli import output
    from funcnodes.cli.worker_actions import find, with_manager

    asked = meant(context, which, uuid, name)

    async def ask(reached: Reached) -> list[dict[str, Any]]:
        worker = await find(asked, reached)
        return (await reached.manager.call("ends", workerid=worker["uuid"], limit=limit))["ends"]

    found = with_manager(asked, ask)
    if as_json:
        output.json(found)
        return
    rows = [
        (_when(one["at"]), one["sentence"], one.get("followed", ""), one.get("name") or one.get("node") or "")
        for one in found
    ]
    if not output.is_terminal():
        for row in rows:
            output.row(*row)
    elif rows:
        shown = [tuple(output.escape(cell) for cell in row) for row in rows]
        output.table(("When", "How it ended", "What followed", "Running node"), shown)
    else:
        output.line("It has never ended by itself.")


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


@noun.command(epilog="Example: funcnodes worker listen demo")
def listen(context: typer.Context, which: Which = None, uuid: Uuid = None, name: Name = None) -> None:
    """Print what a worker logs from now on, until Ctrl+C."""
    from funcnodes.cli import worker_logs

    worker_logs.show(meant(context, which, uuid, name), lines=10, follow=True)
