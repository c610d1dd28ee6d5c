"""Reading saved files with care: what is of the wrong kind is set aside as it came, and the rest is read.

Knows no graph; `serialize` says which part is to be what.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias, cast

from funcnodes_core.document.model import JsonValue

Saved: TypeAlias = dict[str, JsonValue]
Kinds: TypeAlias = Mapping[str, tuple[type, ...]]
Strange: TypeAlias = dict[str, list[JsonValue]]
"""What made no sense, as it came, by the part of the file it stood in."""


def as_dict(value: JsonValue) -> Saved:
    """Return the value, or an empty object in place of anything else."""
    return cast("Saved", value) if isinstance(value, dict) else {}


def as_list(value: JsonValue) -> list[JsonValue]:
    """Return the value, or an empty list in place of anything else."""
    return cast("list[JsonValue]", value) if isinstance(value, list) else []


def part(value: JsonValue, name: str, strange: Strange) -> Saved:
    """Return the object that a part of the file is; anything else is set aside."""
    if value is not None and not isinstance(value, dict):
        strange.setdefault(name, []).append(value)
    return as_dict(value)


def listed(value: JsonValue, name: str, strange: Strange) -> list[JsonValue]:
    """Return the list that a part of the file is; anything else is set aside."""
    if value is not None and not isinstance(value, list):
        strange.setdefault(name, []).append(value)
    return as_list(value)


def named_in_list(io: list[JsonValue], no_sense: list[JsonValue]) -> list[tuple[str, Saved]]:
    """Return the objects of a list by their `id`: so a worker sends ports. Note what has none."""
    entries: list[tuple[str, Saved]] = []
    for entry in io:
        name = as_dict(entry).get("id")
        if isinstance(name, str):
            entries.append((name, as_dict(entry)))
        else:
            no_sense.append([entry])
    return entries


def named_in_map(io: JsonValue, no_sense: list[JsonValue]) -> list[tuple[str, Saved]]:
    """Return the objects of a map by their keys: so a file holds ports. Note what is no object."""
    if io is not None and not isinstance(io, dict):
        no_sense.append(io)
    entries: list[tuple[str, Saved]] = []
    for name, entry in as_dict(io).items():
        if isinstance(entry, dict):
            entries.append((name, cast("Saved", entry)))
        elif entry is None:
            entries.append((name, {}))
        else:
            no_sense.append({name: entry})
    return entries


def with_earlier(earlier: JsonValue, found: Strange) -> Saved:
    """Return what was set aside before and what is set aside now, each thing once."""
    together: Saved = dict(as_dict(earlier)) if isinstance(earlier, dict | None) else {"unreadable": earlier}
    for name, ones in found.items():
        known = together.get(name, [])
        kept: list[JsonValue] = as_list(known) if isinstance(known, list) else [known]
        together[name] = [*kept, *(one for one in ones if one not in kept)]
    return together


def left_out(saved: Mapping[str, JsonValue], surroundings: Mapping[str, JsonValue]) -> str | None:
    """Return the sentence that says what of a saved file was set aside now, None when all was read.

    `surroundings` are those of the document that was read from it.
    """
    known, now = as_dict(saved.get("unreadable")), as_dict(surroundings.get("unreadable"))
    counts = {name: len(as_list(now[name])) - len(as_list(known.get(name))) for name in sorted(now)}
    found = ", ".join(f"{count} of {name}" for name, count in counts.items() if count > 0)
    if not found:
        return None
    return (
        f"parts of the saved graph made no sense and were left out ({found}); "
        "they are kept as they came in nodespace.json, under “unreadable”"
    )


def split(saved: Saved, kinds: Kinds) -> tuple[dict[str, Any], Saved]:
    """Return the keys that are known and hold what they should, and all others."""
    known = {key: value for key, value in saved.items() if key in kinds and isinstance(value, kinds[key])}
    return known, {key: value for key, value in saved.items() if key not in known}
