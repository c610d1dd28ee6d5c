"""`funcnodes doctor`: what is wrong with this installation and base folder, each with its cure.

Owns how it is printed. What is looked at stands in `examination`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from funcnodes.cli.session import asked

if TYPE_CHECKING:
    from funcnodes.cli.examination import Finding


def register(app: typer.Typer) -> None:
    """Put the command into the tree."""
    app.command("doctor", epilog="Example: funcnodes doctor")(doctor)


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look for what is wrong: ports, permissions, versions, disk, stale files, workers. Changes nothing.

    Exit code 1 when something is wrong; what is only odd does not count.
    """
    import asyncio

    from funcnodes_worker.home.base import resolve_base

    from funcnodes.cli import output
    from funcnodes.cli.examination import examine

    found = asyncio.run(examine(resolve_base(asked(context).directory)))
    if as_json:
        output.json([one.__dict__ for one in found])
    else:
        for one in found:
            _show(one)
        _summary(found)
    if any(one.level == "bad" for one in found):
        raise typer.Exit(1)


def _show(one: Finding) -> None:
    from funcnodes.cli import output

    mark = {"good": "[green]✓[/green]", "odd": "[yellow]![/yellow]", "bad": "[red]✗[/red]"}[one.level]
    output.markup(f"{mark} [bold]{output.escape(one.about)}[/bold]: {output.escape(one.sentence)}")
    if one.cure:
        output.markup(f"    → {output.escape(one.cure)}")


def _summary(found: list[Finding]) -> None:
    from funcnodes.cli import output

    bad, odd = (sum(one.level == level for one in found) for level in ("bad", "odd"))
    if bad:
        things = "One thing is" if bad == 1 else f"{bad} things are"
        output.markup(f"\n[red]{things} wrong[/red]; the lines with an arrow say what to do.")
    else:
        output.markup("\n[green]Nothing is wrong.[/green]" + (f" {odd} odd." if odd else ""))
