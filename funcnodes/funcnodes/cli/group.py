"""A group of commands whose list says of each, in whole words, what it does.

Owns that a summary is never cut off: typer ends it with dots where the line ends.
"""

from __future__ import annotations

import re
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
