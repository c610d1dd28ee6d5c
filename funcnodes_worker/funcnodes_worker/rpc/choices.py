"""The words that an argument may be, for who has sent another one.

Owns the way from the path in a refusal of msgspec to what is declared there. Imported when a call is refused.
"""

from __future__ import annotations

import re

import msgspec
from msgspec import inspect

_REFUSED = re.compile(r"Invalid (?:enum )?value .* - at `\$(?P<path>.*)`", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[[^\]]*\]")


def choices_for(problem: msgspec.ValidationError, params: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the words that stand where a word was refused; none when it was refused for something else."""
    refused = _REFUSED.fullmatch(str(problem))
    if refused is None:
        return ()
    found = [inspect.type_info(params)]
    for step in _STEP.finditer(refused["path"]):
        name = step[1]
        tags = [one.tag for one in found if isinstance(one, inspect.StructType) and one.tag_field == name]
        if name is not None and tags:
            return tuple(sorted(str(tag) for tag in tags))
        found = [inner for one in found for part in _parts(one, name) for inner in _members(part)]
    literals = [value for one in found if isinstance(one, inspect.LiteralType) for value in one.values]
    enums = [one.cls for one in found if isinstance(one, inspect.EnumType)]
    return tuple(map(str, [*literals, *(member.value for enum in enums for member in enum)]))


def _parts(one: inspect.Type, name: str | None) -> list[inspect.Type]:
    match one:
        case inspect.StructType(fields=fields) if name is not None:
            return [field.type for field in fields if field.encode_name == name]
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            return [item]
        case inspect.DictType(value_type=value):
            return [value]
        case _:
            return []


def _members(one: inspect.Type) -> list[inspect.Type]:
    return list(one.types) if isinstance(one, inspect.UnionType) else [one]
