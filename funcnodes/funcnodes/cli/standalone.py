"""`funcnodes standalone FILE.fnw`: one flow in the editor, written back into its file as it is edited.

Owns the options and the order of starting and ending. The file's worker is `headless/standalone`'s.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from funcnodes.cli.session import asked
from funcnodes.cli.versions import Versions, VersionsOption, wanted


def register(app: typer.Typer) -> None:
    """Put the command into the tree."""
    app.command("standalone", epilog="Example: funcnodes standalone flow.fnw")(standalone)


def standalone(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="FILE.fnw", help="The flow to open.")] = None,
    register_files: Annotated[
        bool, typer.Option("--register", help="Have this system open .fnw files with this command.")
    ] = False,
    config_dir: Annotated[
        Path | None,
        typer.Option("--config-dir", help="Its base folder [default: NAME_config beside the file]."),
    ] = None,
    host: Annotated[str, typer.Option(help="Where the editor is served.")] = "localhost",
    port: Annotated[
        int, typer.Option("--port", "--ui-port", help="The editor's port [default: any free one].")
    ] = 0,
    worker_port: Annotated[
        int | None, typer.Option("--worker-port", help="The worker's port [default: any free one].")
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the link only, open no browser.")
    ] = False,
    no_auth: Annotated[
        bool,
        typer.Option("--no-auth", help="Let every program on this machine in, without a link."),
    ] = False,
    not_in_venv: Annotated[
        bool, typer.Option("--not-in-venv", help="Use this program's own environment: nothing is installed.")
    ] = False,
    versions: VersionsOption = Versions.EXACT,
) -> None:
    """Open one flow in the browser; edits are written back into its file. Ctrl+C ends it.

    A flow that was made elsewhere is held: shown, but nothing of it is installed or run until you trust it.
    """
    from funcnodes.cli import standalone_actions
    from funcnodes.cli.manager import check_ports, check_reach
    from funcnodes.cli.problems import WRONGLY_ASKED, Problem

    if register_files == (file is not None):
        raise Problem("give either one file or --register, like: standalone flow.fnw", WRONGLY_ASKED)
    if file is None:
        standalone_actions.register_files()
        return
    check_ports(port=port, **{"worker-port": worker_port})
    check_reach(host, no_auth=no_auth, is_protected=False)
    wish = standalone_actions.StandaloneWish(
        file=file,
        folder=config_dir or (Path(given) if (given := asked(context).directory) else None),
        host=host,
        port=port,
        worker_port=worker_port,
        open_browser=not no_browser,
        no_auth=no_auth,
        **wanted(versions, not_in_venv=not_in_venv),
    )
    standalone_actions.serve(wish)
