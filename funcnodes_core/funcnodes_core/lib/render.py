"""Render options: which renderer shows values of which type. Modules bring them, clients ask for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from exposedfunctionality.function_parser.types import type_to_string

__all__ = ["FUNCNODES_RENDER_OPTIONS", "update_render_options"]

FUNCNODES_RENDER_OPTIONS: dict[str, Any] = {"typemap": {}, "inputconverter": {}}
"""What all modules together say."""


def update_render_options(options: Any) -> None:
    """Take a module's options in: the first word about a type stands, the last about a converter.

    What is no dictionary or cannot be written as JSON is ignored. Types as keys become type strings, in the
    given dictionaries too, since modules read them there.
    """
    if not isinstance(options, dict):
        return
    said = cast("dict[str, Any]", options)
    for key in ("typemap", "inputconverter"):
        part = said.setdefault(key, {})
        if isinstance(part, dict):
            _name_types(cast("dict[Any, Any]", part))
    try:
        said = json.loads(json.dumps(said))
    except (TypeError, ValueError):
        return
    for name, renderer in said.pop("typemap").items():
        FUNCNODES_RENDER_OPTIONS["typemap"].setdefault(name, renderer)
    FUNCNODES_RENDER_OPTIONS["inputconverter"].update(said.pop("inputconverter"))
    _merge(FUNCNODES_RENDER_OPTIONS, said)


def _name_types(part: dict[Any, Any]) -> None:
    for key in [key for key in part if not isinstance(key, str)]:
        part[type_to_string(key)] = part.pop(key)


def _merge(target: dict[str, Any], source: Mapping[str, Any]) -> None:
    for key, value in source.items():
        present = target.get(key)
        if isinstance(present, dict) and isinstance(value, Mapping):
            _merge(cast("dict[str, Any]", present), cast("Mapping[str, Any]", value))
        elif isinstance(present, list) and isinstance(value, list):
            present.extend(item for item in cast("list[Any]", value) if item not in present)  # type: ignore[arg-type]
        else:
            target[key] = value
