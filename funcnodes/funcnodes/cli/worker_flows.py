"""`funcnodes worker export|import|open|trust`: flows as files, out of workers and into them.

Owns these verbs. The files are made and judged by workers (`headless/archive`, `headless/opening`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from funcnodes.cli.versions import Versions, VersionsOption, wanted
from funcnodes.cli.worker import Json, Name, Uuid, Which, meant, noun, worker_and

Words = Annotated[list[str], typer.Argument(metavar="WORKER FILE.fnw", help="The worker, then the file.")]


@noun.command("export", epilog="Example: funcnodes worker export demo flow.fnw")
def export(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORKER FILE.fnw", help="The worker, then the file [default: its name.fnw]."),
    ] = None,
    uuid: Uuid = None,
    name: Name = None,
    no_files: Annotated[bool, typer.Option("--no-files", help="Leave the worker's files out.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a worker's flow into a file: graph, values, files, and what its environment asks for."""
    from funcnodes.cli import flow_actions

    which, rest = worker_and(
        context, words, uuid, name, wanted=("a file",), usage="export demo flow.fnw", more=True
    )
    target = Path(rest[0]) if rest else None
    flow_actions.export(meant(context, which, uuid, name), target, with_files=not no_files, force=force)


@noun.command("import", epilog="Example: funcnodes worker import demo flow.fnw")
def import_flow(context: typer.Context, words: Words, uuid: Uuid = None, name: Name = None) -> None:
    """Put a flow in the place of a worker's graph: your word that it may be installed and run.

    It is one step of the worker's history, which undo takes back.
    """
    from funcnodes.cli import flow_actions

    which, rest = worker_and(context, words, uuid, name, wanted=("one file",), usage="import demo flow.fnw")
    flow_actions.take_in(meant(context, which, uuid, name), Path(rest[0]))


@noun.command("open", epilog="Example: funcnodes worker open flow.fnw --name demo")
def open_flow(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.fnw", help="The flow to open.")],
    name: Annotated[str | None, typer.Option("--name", help="The new worker [default: the file's].")] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Your word that it may be installed and run at once.")
    ] = False,
    not_in_venv: Annotated[
        bool, typer.Option("--not-in-venv", help="Use the manager's own environment: nothing is installed.")
    ] = False,
    versions: VersionsOption = Versions.EXACT,
    as_json: Json = False,
) -> None:
    """Make a worker from a file. Its flow is held: shown, not installed, not run, until you trust it."""
    from funcnodes.cli import flow_actions

    wish = flow_actions.Opening(file, name, trusted=trust, **wanted(versions, not_in_venv=not_in_venv))
    flow_actions.open_file(meant(context, None, None, None), wish, as_json=as_json)


@noun.command("trust", epilog="Example: funcnodes worker trust demo")
def trust(context: typer.Context, which: Which = None, uuid: Uuid = None, name: Name = None) -> None:
    """Let a held flow go: its packages are installed and its nodes run, with your rights."""
    from funcnodes.cli import flow_actions

    flow_actions.trust(meant(context, which, uuid, name))
