"""`funcnodes token …`: tokens with less than all rights, for others and for scripts.

Owns the commands. The tokens are kept by the manager (`supervisor/access`), which tells all workers at once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funcnodes.cli.group import Group
from funcnodes.cli.session import asked

if TYPE_CHECKING:
    from funcnodes.cli.session import Asked

noun = typer.Typer(
    cls=Group,
    help="Give, list and take back tokens with less than all rights.",
    epilog="Example: funcnodes token list",
    no_args_is_help=True,
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@noun.command("new", epilog="Example: funcnodes token new --right view --worker wet-lab --expires 7d")
def new(
    context: typer.Context,
    right: Annotated[
        str,
        typer.Option(
            metavar="view|run|edit|install|admin", help="What it allows, with all that comes before."
        ),
    ],
    worker: Annotated[
        str | None, typer.Option(help="The only worker it opens, by name or uuid [default: all].")
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(metavar="7d", help="How long it lasts: s, m, h, d, w [default: until revoked]."),
    ] = None,
    name: Annotated[str, typer.Option(help="What it is for, to find it in the list.")] = "",
    as_json: Json = False,
) -> None:
    """Make a token and print it. It is shown this once: only its hash is kept."""
    from funcnodes.cli import output

    made = _call(
        asked(context),
        "token_new",
        worker=worker,
        right=_right(right),
        lasts_s=read_duration(expires),
        name=name,
    )
    if as_json:
        output.json(made)
    else:
        output.line(made["token"])
    if output.is_terminal() and not as_json:
        output.markup(
            f"[dim]Sent as 'Authorization: Bearer …'. Take it back: funcnodes token revoke {made['id']}[/dim]"
        )


@noun.command("list", epilog="Example: funcnodes token list")
def list_all(context: typer.Context, as_json: Json = False) -> None:
    """List the tokens that were given away."""
    from funcnodes.cli import output

    found: list[dict[str, Any]] = _call(asked(context), "token_list")["tokens"]
    if as_json:
        output.json(found)
    elif not output.is_terminal():
        for grant in found:
            output.line("\t".join(_cells(grant)))
    elif found:
        output.table(
            ("Token", "Right", "Worker", "Expires", "For"),
            [[output.escape(c) for c in _cells(g)] for g in found],
        )
    else:
        output.line("No token was given away. `funcnodes token new --right view` makes one.")


@noun.command("revoke", epilog="Example: funcnodes token revoke 3f2a9c10")
def revoke(
    context: typer.Context,
    token_id: Annotated[str, typer.Argument(help="The id from the list.")],
) -> None:
    """Take a token back: it opens nothing any more, and its connections close."""
    from funcnodes.cli import output
    from funcnodes.cli.problems import Problem

    if not _call(asked(context), "token_revoke", id=token_id)["found"]:
        raise Problem(f"there is no token {token_id!r}; `funcnodes token list` shows them")
    output.line(f"Revoked {token_id}.")


def read_duration(text: str | None) -> float | None:
    """Return the seconds meant by "90s", "15m", "12h", "7d", "2w"."""
    from funcnodes.cli.problems import WRONGLY_ASKED, Problem

    if text is None:
        return None
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smhdw])", text.strip())
    if match is None or float(match[1]) == 0:
        raise Problem(f"--expires {text!r} is no duration; write 90s, 15m, 12h, 7d or 2w", WRONGLY_ASKED)
    return float(match[1]) * _UNITS[match[2]]


def _right(word: str) -> str:
    from funcnodes_worker.home.grants import RIGHT_WORDS

    from funcnodes.cli.problems import WRONGLY_ASKED, Problem

    if word not in RIGHT_WORDS:
        raise Problem(f"--right is one of {', '.join(RIGHT_WORDS)}", WRONGLY_ASKED)
    return word


def _call(session: Asked, method: str, *, worker: str | None = None, **params: Any) -> dict[str, Any]:
    import asyncio

    from funcnodes.cli.choose import choose
    from funcnodes.cli.reach import reach_manager

    async def call() -> dict[str, Any]:
        async with reach_manager(session.base()) as reached:
            if worker is not None:
                params["worker"] = choose(
                    (await reached.manager.call("status"))["workers"], uuid=None, name=None, given=worker
                )["uuid"]
            return await reached.manager.call(method, **params)

    return asyncio.run(call())


def _cells(grant: dict[str, Any]) -> list[str]:
    from datetime import datetime

    expires = grant["expires"]
    until = (
        "never"
        if expires is None
        else datetime.fromtimestamp(expires).astimezone().strftime("%Y-%m-%d %H:%M")
    )
    return [grant["id"], grant["right"], grant["worker"] or "all", until, grant["name"]]
