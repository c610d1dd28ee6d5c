"""Reference pages made from the code: the list of them, the Python API, the basic nodes.

Owns how a name and a node become a paragraph; commands and methods are `docs_commands`. The words themselves
are docstrings and help texts.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Iterator
from typing import Any

from scripts import docs_commands, docs_protocol
from scripts.docs_table import MADE, table


def pages() -> dict[str, str]:
    """Return the text of every generated page by its path in `docs/`."""
    return {
        "reference/python-api.md": python_api(),
        "reference/basic-nodes.md": basic_nodes(),
        "reference/command-line.md": docs_commands.command_line(),
        "reference/methods.md": docs_commands.methods(),
        "reference/protocol.md": docs_protocol.page(),
    }


def python_api() -> str:
    """Return the page of all names that `funcnodes_core` exports."""
    import funcnodes_core

    names: list[str] = sorted(funcnodes_core.__all__, key=str.lower)
    parts = [
        MADE,
        "# Python API\n\nEvery name below can be imported from `funcnodes_core`, and from `funcnodes` too.\n",
    ]
    groups: dict[str, list[str]] = {"Classes": [], "Functions": [], "Modules": [], "Values": []}
    for name in names:
        value: object = getattr(funcnodes_core, name)
        groups[_kind(value)].append(_entry(name, value))
    for title, entries in groups.items():
        if entries:
            parts.append(f"\n## {title}\n\n" + "\n".join(entries))
    return "".join(parts)


def _kind(value: object) -> str:
    if inspect.isclass(value):
        return "Classes"
    if inspect.ismodule(value):
        return "Modules"
    return "Functions" if callable(value) else "Values"


def _entry(name: str, value: object) -> str:
    text = [f"### `{name}{_signature(value)}`\n"]
    if doc := _doc(value):
        text.append(doc + "\n")
    if inspect.isclass(value):
        members = list(_members(value))
        if members:
            text.append(table(("member", ""), members))
    return "\n".join(text)


def _signature(value: object) -> str:
    if inspect.ismodule(value) or not callable(value):
        return ""
    if inspect.isclass(value) and issubclass(value, (BaseException, dict)):
        return ""
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return ""
    shown = [
        _readable(parameter.replace(annotation=inspect.Parameter.empty))
        for parameter in signature.parameters.values()
        if parameter.name not in ("self", "cls")
    ]
    return str(inspect.Signature(shown))


def _readable(parameter: inspect.Parameter) -> inspect.Parameter:
    default = parameter.default
    if default is inspect.Parameter.empty or isinstance(default, (str, int, float, bool, type(None), tuple)):
        return parameter
    # A default's repr may hold an address, which would make every build of the page another.
    return parameter.replace(default=_Named(getattr(default, "__name__", type(default).__name__)))


class _Named:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


def _doc(value: object) -> str:
    # The docstring of a plain value is its type's, which says nothing about it.
    documented = inspect.isclass(value) or inspect.ismodule(value) or isinstance(value, types.FunctionType)
    text = inspect.cleandoc(value.__doc__ or "") if documented else ""
    # Lists of attributes and arguments are for editors; the signature and the table of members stand here.
    return re.split(r"\n\n(?:Attributes|Args|Arguments|Returns|Raises|Parameters):?\n", text)[0]


def _members(cls: type[object]) -> Iterator[tuple[str, str]]:
    for name, value in vars(cls).items():
        plain: object = getattr(value, "__func__", value)
        described = isinstance(plain, (types.FunctionType, property))
        doc = inspect.cleandoc(plain.__doc__ or "") if described else ""
        if name.startswith("_") or not doc:
            continue
        shown = name if isinstance(plain, property) else f"{name}{_signature(plain)}"
        yield f"`{shown}`", doc.split("\n\n")[0]


def basic_nodes() -> str:
    """Return the page of all nodes that every new worker has."""
    import funcnodes_basic

    head = (
        f"{MADE}# Basic nodes\n\nThe nodes of `funcnodes-basic`, shelf by shelf. Every new worker has them; "
        "the id is what a saved graph and a script name a node by.\n"
    )
    return head + "".join(_shelf(shelf, 2) for shelf in funcnodes_basic.SHELF.subshelves)


def _shelf(shelf: Any, level: int) -> str:
    rows = [
        (
            cls.node_name,
            f"`{cls.node_id}`",
            _ports(cls, "inputs"),
            _ports(cls, "outputs"),
            cls.description or "",
        )
        for cls in shelf.nodes
    ]
    heading = f"\n{'#' * level} {shelf.name}\n\n{shelf.description}\n\n"
    inner = "".join(_shelf(below, level + 1) for below in shelf.subshelves)
    return heading + table(("node", "id", "in", "out", "what it does"), rows) + inner


def _ports(cls: Any, side: str) -> str:
    return ", ".join(f"`{port['uuid']}`" for port in cls.serialize_cls()[side])
