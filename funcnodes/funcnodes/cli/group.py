"""A group of commands whose list says of each, in whole words, what it does, and which reads words quickly.

Owns that a summary is never cut off: typer ends it with dots where the line ends. And that text, whole
numbers and what was not given are read here: typer imports pydantic for them, a tenth of a manager's start.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from typing import Any

from typer.core import TyperGroup

_CLAUSE_END = re.compile(r"[.;:](\s|$)")


class Group(TyperGroup):
    """A group in whose list the first clause of each command's help stands, over two lines if need be."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for command in self.commands.values():
            clause = _CLAUSE_END.split(command.help or "", maxsplit=1)[0]
            command.short_help = command.short_help or " ".join(clause.split())

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the group's own options."""
        _read_quickly(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command that was asked for."""
        found = super().resolve_command(ctx, args)
        if found[1] is not None:
            _read_quickly(found[1].get_params(ctx))
        return found


class _Reader:
    """Stands where typer keeps what reads an option; gives way to typer's own for what it cannot read."""

    def __init__(self, kind: type[str | int]) -> None:
        self._kind = kind

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value of a word; None where none was given. Called by typer."""
        if value is None:
            return None
        if self._kind is not bool:
            with contextlib.suppress(ValueError):
                return self._kind(value)
        # A flag, or a word that is no such value: typer makes its own reader anew, and says what is wrong.
        param._runtime_param = None  # noqa: SLF001
        return param.get_runtime_param().coerce(value, param=param, ctx=ctx)


def _read_quickly(parameters: Iterable[Any]) -> None:
    for parameter in parameters:
        # Not published: a typer that has no such place reads in its own way.
        kind: Any = getattr(parameter, "type_descriptor", None)
        if kind is None or kind.annotation not in (str, int, bool):
            continue
        is_bound = kind.is_path or kind.is_ranged or kind.parameter_info.parser is not None
        if parameter.nargs == 1 and not parameter.multiple and not is_bound:
            parameter._runtime_param = _Reader(kind.annotation)  # noqa: SLF001
