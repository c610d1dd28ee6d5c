"""`funcnodes worker install|remove|plan|apply|upgrade|repair|modules`: what a worker's environment holds.

Owns these verbs. What is asked of the manager and how it is shown stands in `package_actions`.
"""

from __future__ import annotations

from typing import Annotated

import typer

from funcnodes.cli.group import Group
from funcnodes.cli.session import Asked, asked
from funcnodes.cli.versions import Versions
from funcnodes.cli.worker import Json, Name, Uuid, Which, meant, noun, worker_and

Words = Annotated[
    list[str] | None, typer.Argument(metavar="WORKER PACKAGE", help="The worker, then the package.")
]
Install = Annotated[
    list[str] | None,
    typer.Option(
        "--install", metavar="PACKAGE[==1.4]", help="Add it, or bring it to this version; several times."
    ),
]
Remove = Annotated[
    list[str] | None, typer.Option("--remove", metavar="PACKAGE", help="Take it out; several times.")
]
Upgrade = Annotated[
    list[str] | None,
    typer.Option("--upgrade", metavar="PACKAGE", help="Bring it to its newest release that fits; or `all`."),
]
modules = typer.Typer(
    cls=Group,
    help="The modules of one worker.",
    epilog="Example: funcnodes worker modules list demo",
    no_args_is_help=True,
)


@noun.command(epilog="Example: funcnodes worker install demo funcnodes-numpy")
def install(
    context: typer.Context,
    words: Words = None,
    version: Annotated[str | None, typer.Option(help="For example 1.4 or '>=1.4' [default: any].")] = None,
    uuid: Uuid = None,
    name: Name = None,
) -> None:
    """Add a package to a worker's environment; a running worker gets its nodes at once."""
    worker, package = _worker_and_one(context, words, uuid, name, "package", "install demo funcnodes-numpy")
    _change(worker, "install", package, version)


@noun.command(epilog="Example: funcnodes worker link demo ./funcnodes-weather")
def link(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORKER FOLDER", help="The worker, then the folder."),
    ] = None,
    uuid: Uuid = None,
    name: Name = None,
) -> None:
    """Link a module in development into a worker: each time you save a file of it, it is loaded again."""
    from pathlib import Path

    from funcnodes.cli.problems import Problem

    worker, given = _worker_and_one(context, words, uuid, name, "folder", "link demo ./funcnodes-weather")
    folder = Path(given).expanduser().absolute()
    if not folder.is_dir():
        raise Problem(f"there is no folder {folder}; `funcnodes new-module NAME` makes one")
    _change(worker, "install", str(folder))


@noun.command(epilog="Example: funcnodes worker remove demo funcnodes-numpy")
def remove(context: typer.Context, words: Words = None, uuid: Uuid = None, name: Name = None) -> None:
    """Take a package out of a worker's environment."""
    worker, package = _worker_and_one(context, words, uuid, name, "package", "remove demo funcnodes-numpy")
    _change(worker, "remove", package)


def _worker_and_one(
    context: typer.Context, words: Words, uuid: Uuid, name: Name, what: str, usage: str
) -> tuple[Asked, str]:
    """Return the worker that is meant, and the one package or folder that is named beside it."""
    which, rest = worker_and(context, words, uuid, name, wanted=(f"one {what}",), usage=usage)
    return meant(context, which, uuid, name), rest[0]


def _change(worker: Asked, method: str, package: str, version: str | None = None) -> None:
    from funcnodes.cli import package_actions

    package_actions.change_package(worker, method, package, version)


@noun.command(epilog="Example: funcnodes worker plan demo --install funcnodes-numpy --upgrade all")
def plan(
    context: typer.Context,
    which: Which = None,
    install: Install = None,
    remove: Remove = None,
    upgrade: Upgrade = None,
    uuid: Uuid = None,
    name: Name = None,
    as_json: Json = False,
) -> None:
    """Show what a change of a worker's environment would bring, or why it cannot be; change nothing.

    Exit code 1 when it cannot be.
    """
    from funcnodes.cli import package_actions

    change = package_actions.change_of(install, remove, upgrade)
    package_actions.show_plan(meant(context, which, uuid, name), change, as_json=as_json)


@noun.command(epilog="Example: funcnodes worker apply demo --upgrade all --yes")
def apply(
    context: typer.Context,
    which: Which = None,
    install: Install = None,
    remove: Remove = None,
    upgrade: Upgrade = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not show the plan and ask.")] = False,
    uuid: Uuid = None,
    name: Name = None,
    as_json: Json = False,
) -> None:
    """Change a worker's environment: all of the plan or nothing of it."""
    from funcnodes.cli import package_actions

    change = package_actions.change_of(install, remove, upgrade)
    package_actions.apply(meant(context, which, uuid, name), change, yes=yes, as_json=as_json)


@noun.command(epilog="Example: funcnodes worker upgrade demo funcnodes-numpy")
def upgrade(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORKER PACKAGE", help="The worker, then the packages [default: all]."),
    ] = None,
    uuid: Uuid = None,
    name: Name = None,
    as_json: Json = False,
) -> None:
    """Bring packages to the newest releases that fit together."""
    from funcnodes.cli import package_actions

    which, rest = worker_and(
        context, words, uuid, name, wanted=("packages",), usage="upgrade demo", more=True
    )
    package_actions.upgrade(meant(context, which, uuid, name), rest, as_json=as_json)


@noun.command(epilog="Example: funcnodes worker repair demo")
def repair(
    context: typer.Context,
    which: Which = None,
    uuid: Uuid = None,
    name: Name = None,
    versions: Annotated[
        Versions | None,
        typer.Option(
            help="For a flow whose environment cannot be had as it was made: `nearest` builds what comes "
            "nearest, `none` gives the worker the manager's own, `exact` tries again."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Build a worker's environment once more, as its lock says; tell what was damaged."""
    from funcnodes.cli import package_actions

    choice = None if versions is None else str(versions)
    package_actions.repair(meant(context, which, uuid, name), choice, as_json=as_json)


@noun.command(epilog="Example: funcnodes worker pythons")
def pythons(context: typer.Context, as_json: Json = False) -> None:
    """List the Pythons that a new worker can be given with `worker new --python`."""
    from funcnodes.cli import package_actions

    package_actions.show_pythons(asked(context), as_json=as_json)


@modules.command("list", epilog="Example: funcnodes worker modules list demo")
def list_modules(
    context: typer.Context, which: Which = None, uuid: Uuid = None, name: Name = None, as_json: Json = False
) -> None:
    """List the modules that are installed for a worker, and whether it has them in use."""
    from funcnodes.cli import package_actions

    package_actions.show_modules(meant(context, which, uuid, name), as_json=as_json)


@modules.command("install", epilog="Example: funcnodes worker modules install demo funcnodes-numpy")
def install_module(
    context: typer.Context,
    words: Words = None,
    version: Annotated[str | None, typer.Option(help="For example 1.4 or '>=1.4' [default: any].")] = None,
    uuid: Uuid = None,
    name: Name = None,
) -> None:
    """Add a module to a worker: the same as `worker install`."""
    install(context, words, version, uuid, name)


noun.add_typer(modules, name="modules")
