"""Reference pages of what FuncNodes can be told: the command line, and the methods on the sockets.

Owns how a command and a row of a method table become a paragraph; tests walk the same tables through here.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import msgspec
import typer

from scripts.docs_table import MADE, table

MANAGER_TABLES = ("funcnodes.server.manager.methods", "funcnodes.server.manager.table")
"""Where the manager's method table may live; the first that exists counts."""


COMMAND_LINE = f"""{MADE}# Command line

Options before the command hold for all of them. `-h` after any command prints what stands here. A command
that talks to workers asks the manager of the base folder; where none runs, it is the manager itself for as
long as it lasts.
"""

METHODS = f"""{MADE}# Methods on the wire

Every method can be called in each dialect of the socket, with parameters by name. The right says which
callers may: a token and a browser session have all of them.
"""


@dataclass(frozen=True)
class Command:
    """One command of the tree, with the words that lead to it."""

    words: str
    help: str
    example: str
    options: tuple[tuple[str, str], ...]


def command_line() -> str:
    """Return the page of all commands."""
    parts = [COMMAND_LINE]
    for command in commands():
        parts.append(f"\n## `{command.words}`\n\n{command.help}\n")
        if command.options:
            parts.append("\n" + table(("option", "meaning"), command.options))
        if command.example:
            parts.append(f"\n{command.example}\n")
    return "".join(parts)


def commands() -> list[Command]:
    """Return every command that is meant to be seen, the program itself first."""
    from funcnodes.cli.app import app

    return list(_walk(typer.main.get_command(app), "funcnodes"))


def _walk(command: Any, words: str) -> Iterator[Command]:
    yield Command(
        words=words,
        help=inspect.cleandoc(command.help or ""),
        example=_example(command.epilog),
        options=tuple(_options(command.params)),
    )
    for name, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            yield from _walk(inner, f"{words} {name}")


def _example(epilog: str | None) -> str:
    return f"Example: `{inspect.cleandoc(epilog).removeprefix('Example: ')}`" if epilog else ""


def _options(parameters: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for parameter in parameters:
        if getattr(parameter, "hidden", False):
            continue
        if parameter.param_type_name == "argument":
            yield f"`{parameter.metavar or parameter.name.upper()}`", getattr(parameter, "help", None) or ""
        else:
            yield ", ".join(f"`{word}`" for word in parameter.opts), getattr(parameter, "help", None) or ""


def methods() -> str:
    """Return the page of all methods of both sockets."""
    parts = [METHODS]
    for title, rows in (("Worker", worker_methods()), ("Manager", manager_methods())):
        parts.append(f"\n## {title}\n")
        page = ""
        for row in rows:
            home: str = row.origin.__module__
            if home != page:
                page = home
                parts.append(f"\n{_first_line(importlib.import_module(home))}\n")
            parts.append(_method(row))
    return "".join(parts)


def worker_methods() -> list[Any]:
    """Return the rows of the worker's method table."""
    from funcnodes_worker.server.methods.table import make_table

    return list(make_table())


def manager_methods() -> list[Any]:
    """Return the rows of the manager's method table."""
    for name in MANAGER_TABLES:
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        make = getattr(module, "make_table", None)
        return list(make() if make else module.TABLE)
    return []


def _method(row: Any) -> str:
    fields = [
        (
            f"`{field.encode_name}`",
            f"`{_type(field.type)}`",
            "required" if field.required else _default(field),
        )
        for field in msgspec.structs.fields(row.params)
    ]
    words = inspect.cleandoc(row.origin.__doc__ or "")
    head = f"\n### `{row.name}`\n\n{words}\n\nNeeds the right `{row.right.value}`.\n"
    return head + ("\n" + table(("parameter", "type", "default"), fields) if fields else "")


def _type(annotation: Any) -> str:
    text = inspect.formatannotation(annotation)
    return text.replace("typing.", "").replace("msgspec._core.", "").replace("msgspec.", "")


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default is msgspec.UNSET:
        return "absent"
    if field.default is not msgspec.NODEFAULT:
        return f"`{field.default!r}`"
    return "empty"


def _first_line(module: ModuleType) -> str:
    return inspect.cleandoc(module.__doc__ or "").split("\n\n")[0]
