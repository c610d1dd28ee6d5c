"""Choices of an enum: known by raw value, name, or class and name; told as the raw value (contract 5.4).

A select box of a published client holds the raw values: a default told as `Color.RED` would show it blank.
"""

from __future__ import annotations

from typing import cast

from funcnodes_core.document.model import JsonValue, PortRecord
from msgspec import UNSET

from funcnodes_worker.runtime.feed import preview_of
from funcnodes_worker.runtime.records import Preview


def raw_choice(value: JsonValue, port: PortRecord) -> JsonValue:
    """Return the raw value of the choice that a word names; any other value as it is."""
    options = None if port.value_options is UNSET else port.value_options.get("options")
    if not isinstance(value, str) or not isinstance(options, dict):
        return value
    named = cast("dict[str, JsonValue]", options)
    if named.get("type") != "enum":
        return value
    keys = cast("list[JsonValue]", named.get("keys") or [])
    values = cast("list[JsonValue]", named.get("values") or [])
    if value in values:
        return value
    for word in (value, value.rpartition(".")[2]):
        if word in keys and (place := keys.index(word)) < len(values) and _can_be_kept(values[place]):
            return values[place]
    return value


def _can_be_kept(raw: JsonValue) -> bool:
    # What is no JSON stands there as Python writes it, with its place in memory: another at the next start.
    return not isinstance(raw, str) or " at 0x" not in raw


def with_raw_choice(preview: Preview | None, port: PortRecord) -> Preview | None:
    """Return the preview of an input, of a word for a choice that of the raw value."""
    if preview is None or preview.cut or preview.mime != "text/plain" or not port.is_input:
        return preview
    word = preview.data.decode(errors="replace")
    raw = raw_choice(word, port)
    return preview if raw is word else preview_of(raw)
