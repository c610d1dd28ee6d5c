"""`funcnodes modules …`: the published modules that can be added to workers.

Owns the table. The list comes from the manager's catalog.
"""

from __future__ import annotations

from typing import Annotated, Any, cast

import typer

from funcnodes.cli.group import Group
from funcnodes.cli.session import asked

noun = typer.Typer(
    cls=Group,
    help="Published modules that can be added to workers.",
    epilog="Example: funcnodes modules list",
    no_args_is_help=True,
)


@noun.command("list", epilog="Example: funcnodes modules list --json")
def list_all(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """List the modules that are known."""
    from funcnodes.cli import output
    from funcnodes.cli.reach import Reached
    from funcnodes.cli.worker_actions import with_manager

    async def ask(reached: Reached) -> dict[str, Any]:
        return await reached.manager.call("catalog")

    answer = with_manager(asked(context), ask)
    found = entries(answer)
    if statement := answer.get("statement"):
        output.warn(str(statement).rstrip("."))
    if as_json:
        output.json(found)
    elif not output.is_terminal():
        for entry in found:
            output.line(f"{entry['name']}\t{entry.get('version') or ''}")
    elif found:
        rows = [
            (output.escape(m["name"]), output.escape(m.get("version") or ""), output.escape(_short(m)))
            for m in found
        ]
        output.table(("Module", "Version", "What it does"), rows)
    else:
        output.line(
            "No list of modules is at hand, and the network did not bring one. Try again when online."
        )


@noun.command("install", epilog="Example: funcnodes modules install funcnodes-numpy --worker demo")
def install(
    context: typer.Context,
    module: Annotated[str, typer.Argument(metavar="MODULE", help="Its name, as the list shows it.")],
    worker: Annotated[
        str | None, typer.Option(metavar="WORKER", help="Which worker is to have it [default: the only one].")
    ] = None,
    version: Annotated[str | None, typer.Option(help="For example 1.4 or '>=1.4' [default: any].")] = None,
) -> None:
    """Add a module to a worker: the same as `worker install`."""
    from funcnodes.cli import package_actions
    from funcnodes.cli.problems import WRONGLY_ASKED, Problem
    from funcnodes.cli.session import Asked
    from funcnodes.cli.worker_actions import with_manager, workers_of

    before = asked(context)
    if worker is None:
        there = with_manager(before, workers_of)
        if len(there) != 1:
            names = ", ".join(str(w["name"] or w["uuid"]) for w in there) or "none yet"
            raise Problem(f"say with --worker which one is to have it; there are: {names}", WRONGLY_ASKED)
        worker = str(there[0]["uuid"])
    meant = Asked(before.directory, before.debug, which=worker)
    package_actions.change_package(meant, "install", module, version)


def entries(catalog: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the modules of a `catalog` answer, each once, by name; what is installed here says more."""
    listed = [*catalog.get("available", ()), *catalog.get("installed", ())]
    found = {str(entry["name"]): cast("dict[str, Any]", entry) for entry in listed}
    return [found[name] for name in sorted(found)]


def _short(entry: dict[str, Any]) -> str:
    text = str(entry.get("summary") or entry.get("description") or "").replace("\\n", "\n").strip()
    first = text.split("\n")[0]
    return first if len(first) <= 70 else f"{first[:69]}…"
