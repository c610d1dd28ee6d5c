"""`funcnodes run FLOW.fnw`: a flow from a file, run to its end without a browser.

Owns the options, what is printed, and the worker it runs in: a throw-away one, or a named one. Running and
judging is `headless/running`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from funcnodes.cli.session import asked
from funcnodes.cli.versions import Versions, VersionsOption, wanted


def register(app: typer.Typer) -> None:
    """Put the command into the tree."""
    app.command("run", epilog="Example: funcnodes run flow.fnw --set Scale.factor=2 --output Sum.out")(run)


def run(
    context: typer.Context,
    flow: Annotated[Path, typer.Argument(metavar="FLOW.fnw", help="The flow, as the editor exports it.")],
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NODE.PORT=VALUE",
            help="Give an input a value: JSON, else text. Node by name or id; may be given several times.",
        ),
    ] = None,
    outputs: Annotated[
        list[str] | None,
        typer.Option(
            "--output", metavar="NODE.PORT", help="Print this port's value; may be given several times."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print outputs and failures as JSON.")] = False,
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="End it when it runs longer [default: never].")
    ] = None,
    worker: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Run it in this worker, which keeps it; made when there is none [default: one thrown away].",
        ),
    ] = None,
    not_in_venv: Annotated[
        bool,
        typer.Option("--not-in-venv", help="Use the manager's own environment: quick, nothing is installed."),
    ] = False,
    versions: VersionsOption = Versions.EXACT,
) -> None:
    """Run a flow to its end: to name it here is your word that it may be installed and run.

    Exit code 0: all nodes did their work. 3: a node failed, or an output has no value. 124: it took longer
    than --timeout. 1: it could not be run at all. 2: wrongly asked. 130: interrupted.
    """
    from funcnodes.cli import run_actions

    wish = run_actions.RunWish(
        flow,
        tuple(values or ()),
        tuple(outputs or ()),
        as_json,
        timeout,
        worker,
        **wanted(versions, not_in_venv=not_in_venv),
    )
    raise typer.Exit(run_actions.run(asked(context), wish))
