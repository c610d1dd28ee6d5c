"""`funcnodes link` and `funcnodes session …`: who may come in by a browser.

Owns the address printed. Codes and sessions are kept by `home/links`; they work with and without a manager.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from funcnodes.cli.group import Group
from funcnodes.cli.session import asked

if TYPE_CHECKING:
    from funcnodes_worker.home.base import Base
    from funcnodes_worker.home.links import Session

sessions = typer.Typer(
    cls=Group,
    help="List and end the browser sessions of this base folder.",
    epilog="Example: funcnodes session list",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Put the command into the tree."""
    app.command("link", epilog="Example: funcnodes link")(link)


def make_link(base: Base, origin: str) -> str:
    """Return an address that lets one browser in, once, within ten minutes."""
    from funcnodes_worker.home.links import make_code

    return f"{origin}/session?code={make_code(base, time.time())}"


def link(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(help="Host name of the UI server [default: that of the running one].")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Its port [default: that of the running one].")] = None,
) -> None:
    """Print a link that lets a browser in: one use, ten minutes."""
    from funcnodes.cli import output
    from funcnodes.cli.manager import check_ports
    from funcnodes.server.ui.public import read_address

    check_ports(port=port)
    base = asked(context).base()
    config = asked(context).config(base)
    scheme = "http" if config.tls_certificate is None else "https"
    configured = f"{scheme}://{host or config.frontend_host}:{port or config.frontend_port}"
    public = None if config.frontend_url is None or host or port else read_address(config.frontend_url)
    running = running_origins(base, set(config.allowed_origins))
    if public is not None and (public.origin in running or not running):
        output.line(make_link(base, public.url))
    else:
        output.line(make_link(base, configured if host or port else choose_origin(configured, running)))
    if not running:
        output.warn("no running editor is known; the link works while `funcnodes runserver` runs")
    elif output.is_terminal():
        output.markup("[dim]Good for one browser, for 10 minutes.[/dim]")


def choose_origin(configured: str, running: list[str]) -> str:
    """Return the address to print: the configured one if it is served, else one that is, by a name first."""
    if configured in running or not running:
        return configured
    return next((origin for origin in running if "//localhost:" in origin), running[0])


def running_origins(base: Base, not_ours: set[str]) -> list[str]:
    """Return the origins of the UI servers that are connected to the manager now."""
    import asyncio

    from funcnodes.server.ui.control import SupervisorAway, read_origins

    try:
        return [origin for origin in asyncio.run(read_origins(base)) if origin not in not_ours]
    except SupervisorAway:
        return []


@sessions.command("list", epilog="Example: funcnodes session list")
def list_all(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the browsers that may come in."""
    from funcnodes_worker.home.links import list_sessions

    from funcnodes.cli import output

    found = list_sessions(asked(context).base())
    if as_json:
        output.json([{"id": _short(s), "cookie": s.cookie, "created": s.created} for s in found])
    elif not output.is_terminal():
        for session in found:
            output.line(f"{_short(session)}\t{session.cookie}\t{_when(session)}")
    elif found:
        output.table(
            ("Session", "Port", "Since"), [(_short(s), s.cookie.removeprefix("fn_"), _when(s)) for s in found]
        )
    else:
        output.line("No browser has a session. `funcnodes link` prints a link that makes one.")


@sessions.command("revoke", epilog="Example: funcnodes session revoke 3f2a9c10")
def revoke(
    context: typer.Context,
    session: Annotated[
        str | None, typer.Argument(help="The beginning of the session's id, from the list.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="End all sessions.")] = False,
) -> None:
    """End a browser's session: its sockets close, its cookie counts no more."""
    from funcnodes_worker.home.links import list_sessions

    from funcnodes.cli import output
    from funcnodes.cli.problems import WRONGLY_ASKED, Problem

    if (session is None) == (not every):
        raise Problem("name one session, or give --all; `funcnodes session list` shows them", WRONGLY_ASKED)
    base = asked(context).base()
    chosen = [s for s in list_sessions(base) if every or s.hash.startswith(session or "")]
    if session is not None and len(chosen) != 1:
        how_many = "no session begins" if not chosen else f"{len(chosen)} sessions begin"
        raise Problem(f"{how_many} with {session!r}; `funcnodes session list` shows them")
    _end(base, {s.hash for s in chosen})
    output.line(f"Ended {len(chosen)} session{'' if len(chosen) == 1 else 's'}.")


def _end(base: Base, hashes: set[str]) -> None:
    import asyncio

    from funcnodes_worker.home.links import revoke_session

    from funcnodes.server.ui.control import SupervisorAway, revoke_sessions

    try:
        # A running manager tells all servers, which close the sockets of these sessions at once.
        asyncio.run(revoke_sessions(base, hashes))
    except SupervisorAway:
        for one in hashes:
            revoke_session(base, one)


def _short(session: Session) -> str:
    return session.hash[:8]


def _when(session: Session) -> str:
    return datetime.fromtimestamp(session.created).astimezone().strftime("%Y-%m-%d %H:%M")
