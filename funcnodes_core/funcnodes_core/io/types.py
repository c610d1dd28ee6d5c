"""Types of ports as plain data. The names and shapes are those of exposedfunctionality."""

from __future__ import annotations

import functools
from types import UnionType
from typing import Any, TypedDict, Union, cast

from exposedfunctionality.function_parser.types import EnumOf, serialize_type, string_to_type

__all__ = ["EnumOf", "RenderOptions", "SerializedType", "ValueOptions", "options_of", "serialized"]

SerializedType = str | dict[str, Any]


class ValueOptions(TypedDict, total=False):
    """What a client may offer for a port's value."""

    min: float
    max: float
    step: float
    options: list[Any] | dict[str, Any] | EnumOf
    colorspace: str


class RenderOptions(TypedDict, total=False):
    """How a client shows a port or a node."""

    type: Any
    step: str
    set_default: bool
    preview_type: str


def serialized(type_: Any) -> SerializedType:
    """Return a type, a type's name, or an already serialized type as plain data."""
    if isinstance(type_, dict):
        return cast("dict[str, Any]", type_)
    if type_ is None:
        return "Any"
    if isinstance(type_, str):
        return _again(type_) or _said(_named(type_))
    return _said(type_)


@functools.lru_cache(maxsize=1000)
def _again(name: str) -> str | None:
    """Return how a type that is given by its name is named, where a name says all; most ports' types are."""
    said = _said(_named(name))
    return said if isinstance(said, str) else None


def _said(type_: Any) -> SerializedType:
    if isinstance(type_, UnionType):
        # exposedfunctionality knows `Union[A, B]`, and `A | B` in signatures only.
        type_ = Union[type_.__args__]  # noqa: UP007 - it is built from a tuple
    return cast("SerializedType", serialize_type(type_))


def _named(name: str) -> Any:
    try:
        return string_to_type(name)
    except RecursionError:
        raise ValueError(f"the type {name[:60]!r}… is nested too deep; use a simpler one, like Any") from None
    except Exception as error:
        shown = name if len(name) <= 60 else name[:60] + "…"
        said = f"the type {shown!r} of a port is not known: {str(error)[:200]}; "
        # The class of the parser's own error is kept: authors catch it.
        error.args = (f"{said}give the class itself, make the name known with add_type, or use Any",)
        raise


def options_of(type_: SerializedType) -> dict[str, Any] | None:
    """Return the value options that a type brings with it, if any."""
    if isinstance(type_, dict):
        if type_.get("type") == "enum":
            return {"options": type_}
        if "int" in type_.get("anyOf", ()):
            return {"step": 1}
    elif type_ == "int":
        return {"step": 1}
    return None
