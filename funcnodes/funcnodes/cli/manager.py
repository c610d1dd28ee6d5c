"""`funcnodes startworkermanager`: the supervisor of a base folder, in the foreground.

Owns the words around it; the manager itself is `server/manager`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from funcnodes.cli.session import asked

if TYPE_CHECKING:
    from funcnodes_worker.home.base import Base

BEHIND_PROXY_HELP = "Serve beyond this machine although we speak no TLS: a proxy in front does."


def register(app: typer.Typer) -> None:
    """Put the command into the tree."""
    app.command("startworkermanager", epilog="Example: funcnodes startworkermanager --port 9380")(start)


def start(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Where to listen [default: from config.json].")] = None,
    port: Annotated[int | None, typer.Option(help="Port [default: from config.json, 9380].")] = None,
    no_auth: Annotated[
        bool,
        typer.Option(
            "--no-auth", help="Let every program on this machine in, without a token. Loopback only."
        ),
    ] = False,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", help=BEHIND_PROXY_HELP)] = False,
    owner_pid: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Start the worker manager of the base folder and keep it in the foreground."""
    import asyncio

    check_ports(port=port)
    base = asked(context).base()
    config = asked(context).config(base)
    chosen_host = host or config.manager_host
    check_reach(chosen_host, no_auth=no_auth, is_protected=behind_proxy or config.tls_certificate is not None)
    asyncio.run(_run(base, chosen_host, config.manager_port if port is None else port, no_auth, owner_pid))


def check_ports(**given: int | None) -> None:
    """Refuse what is no port, by the names of the options. Ranges of typer's would import pydantic."""
    from funcnodes.cli.problems import WRONGLY_ASKED, Problem
    from funcnodes.server.ui.listen import LARGEST_PORT

    for name, port in given.items():
        if port is not None and not 0 <= port <= LARGEST_PORT:
            raise Problem(
                f"--{name} {port} is no port: ports are 1 to {LARGEST_PORT}, and 0 takes any free one",
                WRONGLY_ASKED,
            )


def check_reach(host: str, *, no_auth: bool, is_protected: bool) -> None:
    """Refuse to open a door to the network by accident. `is_protected`: by TLS, ours or a proxy's."""
    from funcnodes_worker.rpc.hosts import is_loopback

    from funcnodes.cli.problems import WRONGLY_ASKED, Problem

    if is_loopback(host):
        return
    if no_auth:
        raise Problem(
            f"--no-auth works on this machine only, and {host} can be reached from outside; "
            "leave one of the two away",
            WRONGLY_ASKED,
        )
    if not is_protected:
        raise Problem(
            f"{host} can be reached from outside, and tokens would travel unencrypted; set 'tls' in "
            "config.json, put a proxy with TLS in front and say so with --behind-proxy, or forward the port "
            "by ssh and stay on localhost",
            WRONGLY_ASKED,
        )


async def _run(base: Base, host: str, port: int, no_auth: bool, owner_pid: int | None) -> None:
    import asyncio

    from funcnodes.cli import output
    from funcnodes.cli.ending import ending
    from funcnodes.server.manager.service import open_manager

    with ending() as told:
        async with open_manager(base, host=host, port=port, no_auth=no_auth, owner_pid=owner_pid) as manager:
            scheme = "ws" if manager.tls is None else "wss"
            address = typer.style(f"{scheme}://{host}:{manager.port}", bold=True)
            # Not rich's: importing it would keep the first caller waiting.
            typer.echo(f"The worker manager listens on {address}")
            typer.secho(f"Base folder {base.folder}. Ctrl+C stops it and its workers.", dim=True)
            asks = asyncio.create_task(told.wait_asked())
            stops = asyncio.create_task(manager.wait_stopped())
            await asyncio.wait((asks, stops), return_when=asyncio.FIRST_COMPLETED)
            if asks.done():
                manager.request_stop(workers=True)
                await stops
            asks.cancel()
            await asyncio.gather(asks, return_exceptions=True)
            await stops
    output.line("The worker manager has stopped.")
