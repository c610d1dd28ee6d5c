"""Names of external workers' instances, as they stand beside the graph in a saved file.

Owns finding an instance there, whichever of the published forms its entry has.
"""

from collections.abc import Mapping
from typing import Any, cast

from msgspec import UNSET, UnsetType

from funcnodes_core.document.model import JsonValue

KEY = "external_workers"

_Around = Mapping[str, JsonValue]


def is_there(surroundings: _Around, class_id: str, worker: str) -> bool:
    """Tell whether a file lists this instance."""
    return any(_id_of(entry) == worker for entry in _entries(surroundings, class_id))


def name_of(surroundings: _Around, class_id: str, worker: str) -> str | UnsetType:
    """Return the name of an instance; UNSET when it has none of its own."""
    for entry in _entries(surroundings, class_id):
        if _id_of(entry) == worker and isinstance(entry, dict):
            name = cast("dict[str, Any]", entry).get("name")
            return name if isinstance(name, str) else UNSET
    return UNSET


def with_name(surroundings: _Around, class_id: str, worker: str, name: str | UnsetType) -> _Around:
    """Return what stands beside the graph with another name for one instance."""
    entries = [
        _renamed(entry, worker, name) if _id_of(entry) == worker else entry
        for entry in _entries(surroundings, class_id)
    ]
    if not entries:
        return surroundings
    return {**surroundings, KEY: {**surroundings[KEY], class_id: entries}}


def _renamed(entry: JsonValue, worker: str, name: str | UnsetType) -> JsonValue:
    said: dict[str, Any] = (
        dict(cast("dict[str, Any]", entry)) if isinstance(entry, dict) else {"uuid": worker}
    )
    # A bare id of an old file becomes an object that says the same.
    if name is UNSET:
        said.pop("name", None)
        return said
    return {**said, "name": name}


def _entries(surroundings: _Around, class_id: str) -> list[JsonValue]:
    classes: Any = surroundings.get(KEY)
    found: Any = cast("dict[str, Any]", classes).get(class_id) if isinstance(classes, dict) else None
    return cast("list[JsonValue]", found) if isinstance(found, list) else []


def _id_of(entry: JsonValue) -> str | None:
    if isinstance(entry, dict):
        entry = cast("dict[str, Any]", entry).get("uuid")
    return entry if isinstance(entry, str) else None
