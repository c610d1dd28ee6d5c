"""Values from browsers, which are loosely typed, as the input they are for declares them (contract 5.4).

A select box sends text for everything; a cleared field sends `<NoValue>`. What does not fit is left as it
came: the node says what it makes of it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import cast

from funcnodes_core.document.model import JsonValue, PortRecord
from msgspec import UNSET, UnsetType

from funcnodes_worker.server.choices import raw_choice
from funcnodes_worker.server.shapes import NO_VALUE

_WORDS: Mapping[str, JsonValue] = {"true": True, "True": True, "false": False, "False": False}


def coerce(value: JsonValue, port: PortRecord) -> JsonValue | UnsetType:
    """Return the value as the input wants it; UNSET when it says that there is none."""
    if value == NO_VALUE:
        return UNSET
    if not isinstance(value, str):
        return value
    choices = _choices(port)
    if choices is not None:
        return _chosen(raw_choice(value, port), choices)
    return _as_type(value, port.type)


def _choices(port: PortRecord) -> list[JsonValue] | None:
    options = None if port.value_options is UNSET else port.value_options.get("options")
    if isinstance(options, list):
        return cast("list[JsonValue]", options)
    if isinstance(options, dict):
        named = cast("dict[str, JsonValue]", options)
        if named.get("type") == "enum":
            return [*named.get("values", []), *([None] if named.get("nullable") else [])]
        return list(named.values())
    return None


def _chosen(value: JsonValue, choices: list[JsonValue]) -> JsonValue:
    if not isinstance(value, str) or value in choices:
        return value
    for choice in choices:
        if not isinstance(choice, str) and value in _texts_of(choice):
            return choice
    return value


def _texts_of(choice: JsonValue) -> Iterable[str]:
    if choice is None:
        return ("null", "None")
    if isinstance(choice, bool):
        return ("true", "True") if choice else ("false", "False")
    if isinstance(choice, float) and choice.is_integer():
        return (str(choice), str(int(choice)))
    return (str(choice),)


def _as_type(value: str, declared: JsonValue | UnsetType) -> JsonValue:
    names = cast("list[JsonValue]", declared.get("anyOf", [])) if isinstance(declared, dict) else [declared]
    if "str" in names or "Any" in names:
        return value
    if "None" in names and value in ("null", "None"):
        return None
    if "bool" in names and value in _WORDS:
        return _WORDS[value]
    if "int" in names:
        with contextlib.suppress(ValueError):
            return int(value)
    if "float" in names:
        with contextlib.suppress(ValueError):
            return float(value)
    return value
