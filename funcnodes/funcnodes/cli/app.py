"""The command line's tree: global options, then nouns and verbs.

Owns the options before the command. Importing it costs no more than typer: every command imports what it
needs when it is called, so that `--help` answers at once.
"""

from __future__ import annotations

from typing import Annotated

import typer

from funcnodes.cli import (
    doctor,
    link,
    manager,
    modules,
    new_module,
    run,
    runserver,
    standalone,
    token,
    worker,
    worker_care,
    worker_flows,
    worker_packages,
    worker_programs,
)
from funcnodes.cli.group import Group
from funcnodes.cli.session import Asked

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}

app = typer.Typer(
    cls=Group,
    # Plain help: rich's would take four times as long to appear.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings=CONTEXT,
    help="FuncNodes: a visual workbench for Python. `funcnodes runserver` opens it in the browser.",
    epilog="Example: funcnodes runserver",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from funcnodes import __version__

        typer.echo(f"funcnodes {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    directory: Annotated[
        str | None,
        typer.Option(
            "--dir", metavar="PATH", help="Base folder [default: $FUNCNODES_CONFIG_DIR or ~/.funcnodes]."
        ),
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Say more; show the traceback of a problem.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    profile: Annotated[bool, typer.Option("--profile", hidden=True)] = False,
    monitor: Annotated[str | None, typer.Option("--use-subprocess-monitor", hidden=True)] = None,
) -> None:
    """FuncNodes: a visual workbench for Python. `funcnodes runserver` opens it in the browser."""
    # The published command line has the last two; scripts that give them go on working.
    del version, profile, monitor
    context.obj = Asked(directory=directory, debug=debug)
    if debug:
        import logging

        logging.basicConfig(level=logging.DEBUG, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if context.invoked_subcommand is None:
        import sys

        if sys.stdin.isatty() and sys.stdout.isatty():
            _menu(context)
        else:
            typer.echo(context.get_help())


@app.command("cli", epilog="Example: funcnodes cli")
def cli(context: typer.Context) -> None:
    """Show a menu of what can be done, at a terminal; `funcnodes` alone does the same."""
    _menu(context)


def _menu(context: typer.Context) -> None:
    from funcnodes.cli.main import run
    from funcnodes.cli.menu import menu
    from funcnodes.cli.session import asked

    menu(asked(context), run)


runserver.register(app)
run.register(app)
standalone.register(app)
doctor.register(app)
new_module.register(app)
manager.register(app)
link.register(app)
# Importing these put their verbs into the noun.
VERBS = (worker_care, worker_flows, worker_packages, worker_programs)
app.add_typer(worker.noun, name="worker")
app.add_typer(modules.noun, name="modules")
app.add_typer(link.sessions, name="session")
app.add_typer(token.noun, name="token")
