"""`funcnodes worker py|activate|command`: a worker's interpreter, environment, methods.

Owns these verbs; each takes the rest of the line as it comes.
"""

from __future__ import annotations

from typing import Annotated

import typer

from funcnodes.cli.session import Asked, asked
from funcnodes.cli.worker import Name, Uuid, Which, meant, noun

_AS_IT_COMES = {
    "ignore_unknown_options": True,
    "allow_interspersed_args": False,
    "help_option_names": ["-h", "--help"],
}
_ANY_OPTIONS = {
    "ignore_unknown_options": True,
    "allow_extra_args": True,
    "help_option_names": ["-h", "--help"],
}


def _first_word(context: typer.Context, words: list[str]) -> tuple[Asked, list[str]]:
    """Return who is meant, by the first word unless an option before the verb says so, and the rest."""
    before = asked(context)
    if before.uuid or before.name:
        return before, words
    which = words[0] if words and not words[0].startswith("-") else None
    return Asked(before.directory, before.debug, which=which), words[1 if which else 0 :]


@noun.command(context_settings=_AS_IT_COMES, epilog="Example: funcnodes worker py demo script.py")
def py(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORKER …", help="The worker, then what Python is to be given."),
    ] = None,
) -> None:
    """Run the Python of a worker's environment with the rest of the line; its exit code is ours."""
    from funcnodes.cli import program_actions

    which, rest = _first_word(context, words or [])
    raise typer.Exit(program_actions.run_python(which, rest[1:] if rest[:1] == ["--"] else rest))


@noun.command(epilog='Example: eval "$(funcnodes worker activate demo)"')
def activate(context: typer.Context, which: Which = None, uuid: Uuid = None, name: Name = None) -> None:
    """Open a shell in a worker's environment; in a pipe, print the line that activates it."""
    from funcnodes.cli import program_actions

    raise typer.Exit(program_actions.activate(meant(context, which, uuid, name)))


@noun.command(
    context_settings=_ANY_OPTIONS, epilog="Example: funcnodes worker command demo -c get_node_status --nid n1"
)
def command(
    context: typer.Context,
    method: Annotated[str, typer.Option("-c", "--command", metavar="NAME", help="The method.")],
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORKER --KEY VALUE", help="The worker, then what the method takes."),
    ] = None,
    timeout: Annotated[float, typer.Option(hidden=True)] = 30.0,
) -> None:
    """Call any method of a running worker and print its answer.

    Values are JSON, else true, false and none, else text; a key without a value is true.
    """
    from funcnodes.cli import program_actions

    which, rest = _first_word(context, words or [])
    program_actions.call(which, method, program_actions.read_params(rest), timeout)
