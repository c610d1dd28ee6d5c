"""`funcnodes new-module NAME`: the folder of a new node module, whose tests pass at once.

Owns where it goes and which names it gets. What is in the files stands in `module_template`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")


def register(app: typer.Typer) -> None:
    """Put the command into the tree."""
    app.command("new-module", epilog="Example: funcnodes new-module funcnodes-weather")(new_module)


def new_module(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the distribution, like funcnodes-weather.")],
    into: Annotated[
        Path | None, typer.Option("--into", metavar="FOLDER", help="Where its folder goes [default: here].")
    ] = None,
) -> None:
    """Make the folder of a new module: a node, its test, entry points, and a CI that runs the tests."""
    import keyword

    from funcnodes.cli import output
    from funcnodes.cli.module_template import files_of
    from funcnodes.cli.problems import WRONGLY_ASKED, Problem
    from funcnodes.environment.own_source import own_source

    distribution = re.sub(r"[-_.]+", "-", name.strip().lower())
    package = distribution.replace("-", "_")
    if not _NAME.fullmatch(distribution) or not package.isidentifier() or keyword.iskeyword(package):
        raise Problem(
            f"{name!r} cannot be the name of a package; use letters, digits and dashes, a letter first, like "
            "funcnodes-weather",
            WRONGLY_ASKED,
        )
    folder = (into or Path()) / distribution
    if folder.exists():
        raise Problem(f"{folder} is there already; nothing was changed. Choose another name, or --into")
    for path, text in files_of(distribution, package, own_source("funcnodes-core")).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    output.line(str(folder))
    if output.is_terminal():
        output.markup(f"[green]✓[/green] Made the module [bold]{distribution}[/bold]. Next:\n")
        output.markup(f"  cd {output.escape(folder)}")
        output.markup("  uv run pytest                        [dim]its tests[/dim]")
        output.markup(f"  edit {package}/__init__.py")
