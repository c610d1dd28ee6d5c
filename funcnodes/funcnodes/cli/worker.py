"""`funcnodes worker …`: see, make, run, change and remove workers.

Owns the verbs and their options. What they ask of the manager and how it is shown stands in `worker_actions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from funcnodes.cli import completion
from funcnodes.cli.group import Group
from funcnodes.cli.session import Asked, asked

noun = typer.Typer(
    cls=Group,
    help="See, make, run, change and remove workers.",
    epilog="Example: funcnodes worker start demo",
    no_args_is_help=True,
)

Which = Annotated[
    str | None,
    typer.Argument(
        metavar="WORKER",
        help="Name, uuid, or the beginning of the uuid (4 characters or more).",
        autocompletion=completion.workers,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Safe = Annotated[bool, typer.Option("--safe", help="Open the graph without running anything in it.")]
Uuid = Annotated[str | None, typer.Option("--uuid", help="The worker's uuid.")]
Name = Annotated[
    str | None, typer.Option("--name", help="The worker's name.", autocompletion=completion.workers)
]


@noun.callback()
def identify(context: typer.Context, uuid: Uuid = None, name: Name = None) -> None:
    """See, make, run, change and remove workers."""
    before = asked(context)
    context.obj = Asked(before.directory, before.debug, uuid, name)


def meant(context: typer.Context, which: str | None, uuid: str | None, name: str | None) -> Asked:
    """Return what was asked, with the identifiers given before the verb or after it."""
    before = asked(context)
    return Asked(before.directory, before.debug, uuid or before.uuid, name or before.name, which)


def worker_and(
    context: typer.Context,
    words: Sequence[str] | None,
    uuid: str | None,
    name: str | None,
    *,
    wanted: Sequence[str],
    usage: str,
    more: bool = False,
) -> tuple[str | None, list[str]]:
    """Return the worker that the first word names, if no option does, and the other words."""
    from funcnodes.cli.choose import split_words

    before = asked(context)
    is_named = bool(uuid or name or before.uuid or before.name)
    return split_words(words or (), is_named=is_named, wanted=wanted, usage=usage, more=more)


@noun.command("list", epilog="Example: funcnodes worker list --json")
def list_all(
    context: typer.Context,
    full: Annotated[bool, typer.Option("--full", help="Print all that is known of each.")] = False,
    as_json: Json = False,
) -> None:
    """List the workers of the base folder."""
    from funcnodes.cli import worker_actions

    worker_actions.show_list(asked(context), full=full, as_json=as_json)


@noun.command(epilog="Example: funcnodes worker new --name demo --start")
def new(
    context: typer.Context,
    name: Name = None,
    uuid: Uuid = None,
    start: Annotated[bool, typer.Option("--start", help="Start it as well.")] = False,
    not_in_venv: Annotated[
        bool, typer.Option("--not-in-venv", help="Use the manager's own environment instead of a new one.")
    ] = False,
    autostart: Annotated[bool, typer.Option("--autostart", help="Start it with the manager.")] = False,
    policy: Annotated[
        str | None,
        typer.Option(
            "--autostart-policy", metavar="never|on-failure|unless-stopped|always", help="When to start it."
        ),
    ] = None,
    python: Annotated[
        str | None,
        typer.Option(
            metavar="3.12", help="The Python of its environment; `worker pythons` lists them [default: ours]."
        ),
    ] = None,
    as_json: Json = False,
    create_only: Annotated[bool, typer.Option("--create-only", hidden=True)] = False,
    worker_type: Annotated[str, typer.Option("--workertype", hidden=True)] = "WSWorker",
) -> None:
    """Make a worker with an environment of its own."""
    from funcnodes.cli import worker_actions

    del worker_type  # There is one kind; published scripts name it.
    wish = worker_actions.NewWorker(
        in_venv=not not_in_venv,
        autostart=policy or ("unless-stopped" if autostart else None),
        start=start and not create_only,
        python=python,
    )
    worker_actions.make(meant(context, None, uuid, name), wish, as_json=as_json)


@noun.command(epilog="Example: funcnodes worker start demo")
def start(
    context: typer.Context,
    which: Which = None,
    uuid: Uuid = None,
    name: Name = None,
    no_auth: Annotated[
        bool,
        typer.Option("--no-auth", help="Without a token, for programs on this machine (foreground only)."),
    ] = False,
    safe: Safe = False,
    worker_type: Annotated[str, typer.Option("--workertype", hidden=True)] = "WSWorker",
) -> None:
    """Start a worker; where no manager runs, keep it in the foreground until Ctrl+C."""
    from funcnodes.cli import worker_actions

    del worker_type
    worker_actions.start(meant(context, which, uuid, name), no_auth=no_auth, safe=safe)


@noun.command(epilog="Example: funcnodes worker stop demo")
def stop(context: typer.Context, which: Which = None, uuid: Uuid = None, name: Name = None) -> None:
    """Stop a worker; its graph is saved."""
    from funcnodes.cli import worker_actions

    worker_actions.act(meant(context, which, uuid, name), "stop_worker", "is stopped; its graph is saved")


@noun.command(epilog="Example: funcnodes worker restart demo")
def restart(
    context: typer.Context, which: Which = None, uuid: Uuid = None, name: Name = None, safe: Safe = False
) -> None:
    """Stop a worker in good order and start it again."""
    from funcnodes.cli import worker_actions

    done = "runs again" + ", in safe mode" * safe
    worker_actions.act(meant(context, which, uuid, name), "restart_worker", done, safe=safe)


@noun.command(epilog="Example: funcnodes worker kill demo")
def kill(context: typer.Context, which: Which = None, uuid: Uuid = None, name: Name = None) -> None:
    """End a stuck worker by force and start it again; every acknowledged edit is kept."""
    from funcnodes.cli import worker_actions

    worker_actions.act(meant(context, which, uuid, name), "kill_worker", "was ended by force and runs again")


@noun.command(epilog="Example: funcnodes worker delete demo --yes")
def delete(
    context: typer.Context,
    which: Which = None,
    uuid: Uuid = None,
    name: Name = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a worker with its graph, files and environment."""
    from funcnodes.cli import worker_actions

    worker_actions.delete(meant(context, which, uuid, name), yes=yes)


@noun.command(epilog="Example: funcnodes worker status demo")
def status(
    context: typer.Context, which: Which = None, uuid: Uuid = None, name: Name = None, as_json: Json = False
) -> None:
    """Show how a worker is: state, address, process, running node, packages."""
    from funcnodes.cli import worker_actions

    worker_actions.show_status(meant(context, which, uuid, name), as_json=as_json)


@noun.command(epilog="Example: funcnodes worker logs demo --follow")
def logs(
    context: typer.Context,
    which: Which = None,
    uuid: Uuid = None,
    name: Name = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on printing until Ctrl+C.")] = False,
) -> None:
    """Print the end of a worker's log."""
    from funcnodes.cli import worker_logs

    worker_logs.show(meant(context, which, uuid, name), lines=lines, follow=follow)
