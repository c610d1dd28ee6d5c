"""`funcnodes runserver`: the editor in the browser, with everything it needs, until Ctrl+C.

Owns what is printed and the order of starting and ending. The server is `server/ui`.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funcnodes.cli.manager import BEHIND_PROXY_HELP, check_ports, check_reach
from funcnodes.cli.session import asked

if TYPE_CHECKING:
    from funcnodes.server.ui.service import UiServer, UiSettings

FRONTEND = "react_flow"


def register(app: typer.Typer) -> None:
    """Put the command into the tree."""
    app.command("runserver", epilog="Example: funcnodes runserver --port 8080 --no-browser")(runserver)


def runserver(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(help="Where to listen [default: from config.json, localhost].")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port [default: from config.json, 8000].")] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the link only, open no browser.")
    ] = False,
    no_manager: Annotated[
        bool, typer.Option("--no-manager", help="Serve one worker (see --worker_host), without a manager.")
    ] = False,
    no_auth: Annotated[
        bool,
        typer.Option(
            "--no-auth", help="Let every program on this machine in, without a link. Loopback only."
        ),
    ] = False,
    origin: Annotated[
        list[str] | None,
        typer.Option(
            help="A further address browsers use, like https://lab.example; may be given several times."
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            help="Where a proxy in front shows us, like https://lab.example/funcnodes/ [default: from "
            "config.json, frontend.url]."
        ),
    ] = None,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", help=BEHIND_PROXY_HELP)] = False,
    manager_host: Annotated[
        str | None,
        typer.Option("--worker_manager_host", help="Where a manager that has to be started listens."),
    ] = None,
    manager_port: Annotated[int | None, typer.Option("--worker_manager_port", help="And its port.")] = None,
    manager_ssl: Annotated[bool, typer.Option("--worker_manager_ssl", hidden=True)] = False,
    frontend: Annotated[str, typer.Option(hidden=True)] = FRONTEND,
    worker_host: Annotated[
        str, typer.Option("--worker_host", help="With --no-manager: the worker.")
    ] = "localhost",
    worker_port: Annotated[int, typer.Option("--worker_port", help="With --no-manager: its port.")] = 9380,
    worker_ssl: Annotated[bool, typer.Option("--worker_ssl", hidden=True)] = False,
) -> None:
    """Open FuncNodes in the browser; Ctrl+C ends all it started, with everything saved."""
    import asyncio

    from funcnodes_worker.home.tls import tls_of

    from funcnodes.cli.problems import WRONGLY_ASKED, Problem
    from funcnodes.server.hub import WorkerAddress
    from funcnodes.server.ui.keeper import ManagerWish
    from funcnodes.server.ui.public import read_address, read_origin
    from funcnodes.server.ui.service import UiSettings

    check_ports(port=port, worker_manager_port=manager_port, worker_port=worker_port)
    if frontend != FRONTEND:
        raise Problem(f"there is no frontend {frontend!r}; there is one, {FRONTEND}", WRONGLY_ASKED)
    # Published options without a meaning here: there is no TLS between programs of one machine.
    del manager_ssl, worker_ssl
    options = asked(context)
    base = options.base()
    config = options.config(base)
    chosen_host = host or config.frontend_host
    tls = tls_of(config)
    check_reach(chosen_host, no_auth=no_auth, is_protected=behind_proxy or tls is not None)
    address = url or config.frontend_url
    settings = UiSettings(
        base=base,
        host=chosen_host,
        port=config.frontend_port if port is None else port,
        no_auth=no_auth,
        origins=(*map(read_origin, origin or ()), *config.allowed_origins),
        public=None if address is None else read_address(address),
        tls=tls,
        manager=None if no_manager else ManagerWish(manager_host, manager_port, no_auth),
        worker=WorkerAddress(worker_host, worker_port) if no_manager else None,
    )
    asyncio.run(run_until_told(_hold(settings, open_browser=not no_browser)))


async def run_until_told(work: Coroutine[Any, Any, None]) -> None:
    """Run this until it ends or we are told to end."""
    import asyncio

    from funcnodes.cli import output
    from funcnodes.cli.ending import ending

    with ending() as told:
        serving = asyncio.create_task(work)
        asks = asyncio.create_task(told.wait_asked())
        insists = asyncio.create_task(told.wait_insisted())
        await asyncio.wait((serving, asks), return_when=asyncio.FIRST_COMPLETED)
        if asks.done():
            output.line("\nStopping; everything is being saved." if output.is_terminal() else "Stopping.")
            # To end is to be cancelled, whatever goes on: starting, healing or serving. What was opened is
            # closed on the way out, the manager with its workers last. The second time cuts that short.
            serving.cancel()
            await asyncio.wait((serving, insists), return_when=asyncio.FIRST_COMPLETED)
            serving.cancel()
        for waiting in (asks, insists):
            waiting.cancel()
        await asyncio.gather(asks, insists, return_exceptions=True)
        with contextlib.suppress(asyncio.CancelledError):
            await serving
    output.line("FuncNodes has stopped.")


async def _hold(settings: UiSettings, *, open_browser: bool) -> None:
    """Serve until cancelled."""
    import asyncio

    from funcnodes.cli import output
    from funcnodes.server.ui.service import open_ui
    from funcnodes_react_flow import BUILD_COMMAND, static_folder

    if static_folder() is None:
        output.warn(
            f"the browser editor is not built yet; make it with `{BUILD_COMMAND}` and reload the page"
        )
    async with open_ui(settings, output.warn) as server:
        if server.keeper is not None:
            await server.wait_registered()
        _welcome(server)
        if open_browser:
            await asyncio.to_thread(show_in_browser, link_of(server))
        await asyncio.Event().wait()


def link_of(server: UiServer) -> str:
    """Return the address that lets one browser in."""
    from funcnodes.cli.link import make_link

    if server.settings.no_auth:
        return f"{server.shown_url}/"
    return make_link(server.settings.base, server.shown_url)


def _welcome(server: UiServer) -> None:
    from funcnodes.cli import output

    link = link_of(server)
    if not output.is_terminal():
        output.line(f"FuncNodes is ready: {link}")
        return
    manager = (
        "none"
        if server.keeper is None
        else ("started" if server.keeper.started_it else "was running already")
    )
    output.markup("")
    what = "Open" if server.settings.no_auth else "Open this link, good for one browser and 10 minutes"
    output.markup(f"[bold green]FuncNodes is ready.[/bold green] {what}:")
    output.markup(f"\n  [bold cyan]{link}[/bold cyan]\n")
    output.markup(f"[dim]  Base folder   {output.escape(server.settings.base.folder)}[/dim]")
    output.markup(f"[dim]  Manager       {manager}[/dim]")
    if server.settings.no_auth:
        output.markup(
            "[yellow]  Every program on this machine may use it, without a token (--no-auth).[/yellow]"
        )
    else:
        folder = output.escape(server.settings.base.folder)
        output.markup(f"[dim]  Another link  funcnodes --dir {folder} link[/dim]")
    output.markup("\nCtrl+C stops it and all it started. Everything is saved as you go.")


def show_in_browser(link: str) -> None:
    """Open the person's browser if there is one; its own messages do not belong in our output."""
    import webbrowser

    with contextlib.suppress(webbrowser.Error, OSError):
        if not webbrowser.open(link):
            sys.stderr.write("No browser could be opened; open the link yourself.\n")
