"""`funcnodes modules …`: the published modules that can be added to workers.

Owns the table. The list comes from the manager's catalog.
"""

from __future__ import annotations

from typing import Annotated, Any, cast

import typer

from funcnodes.cli.session import asked

noun = typer.Typer(
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

    async def ask(reached: Reached) -> list[dict[str, Any]]:
        return entries(await reached.manager.call("catalog"))

    found = with_manager(asked(context), ask)
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


def entries(catalog: object) -> list[dict[str, Any]]:
    """Return the modules of a `catalog` answer, each once, by name."""
    lists = cast(
        "dict[str, list[dict[str, Any]]]", catalog if isinstance(catalog, dict) else {"modules": catalog}
    )
    found = {entry["name"]: entry for listed in lists.values() for entry in listed}
    return [found[name] for name in sorted(found)]


def _short(entry: dict[str, Any]) -> str:
    text = str(entry.get("description") or "").replace("\\n", "\n").strip()
    first = text.split("\n")[0]
    return first if len(first) <= 70 else f"{first[:69]}…"
