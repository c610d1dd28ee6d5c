"""Nested dictionaries merged without touching what was handed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

__all__ = ["deep_fill_dict", "deep_update_dict", "merged"]


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return a new dictionary: `above` laid over `below`, dictionaries inside merged alike."""
    result: dict[str, Any] = {key: _copied(value) for key, value in below.items()}
    for key, value in above.items():
        under = result.get(key)
        if isinstance(value, Mapping) and isinstance(under, Mapping):
            result[key] = merged(cast("Mapping[str, Any]", under), cast("Mapping[str, Any]", value))
        else:
            result[key] = _copied(value)
    return result


def _copied(value: Any) -> Any:
    if type(value) is dict:
        return {key: _copied(item) for key, item in cast("dict[Any, Any]", value).items()}
    return value


def deep_fill_dict(
    target_dict: dict[str, Any], source_dict: Mapping[str, Any], inplace: bool = False
) -> dict[str, Any]:
    """Return `target_dict` with what it lacks taken from `source_dict`."""
    result = merged(source_dict, target_dict)
    return _into(target_dict, result) if inplace else result


def deep_update_dict(
    target_dict: dict[str, Any], source_dict: Mapping[str, Any], inplace: bool = False
) -> dict[str, Any]:
    """Return `target_dict` with everything of `source_dict` laid over it."""
    result = merged(target_dict, source_dict)
    return _into(target_dict, result) if inplace else result


def _into(target: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    target.clear()
    target.update(result)
    return target
