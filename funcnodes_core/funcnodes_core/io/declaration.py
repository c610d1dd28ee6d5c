"""What is said about a port: name, type, options. All copies of a class's port share it.

A graph has four ports per node and few of them ever say anything of their own. So a declaration that is
shared is never changed: a port that is told something takes a copy first (`NodeIO.own`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from funcnodes_core.io.types import SerializedType
from funcnodes_core.novalue import NoValue

__all__ = ["Declaration"]


class Declaration:
    """What is said about a port."""

    __slots__ = (
        "allow_multiple", "class_default", "default_render_options", "default_value_options", "description",
        "does_trigger", "emit_value_set", "hidden", "name", "render_options", "required", "shared", "type",
        "uuid", "value_options",
    )  # fmt: skip

    def __init__(self, uuid: str, name: str, type_: SerializedType) -> None:
        self.uuid = uuid
        self.name = name
        self.type = type_
        self.description: str | None = None
        self.hidden = False
        self.allow_multiple: bool | None = None
        self.emit_value_set = True
        self.default_value_options: Mapping[str, Any] | None = None
        self.value_options: Mapping[str, Any] | None = None
        self.default_render_options: Mapping[str, Any] | None = None
        self.render_options: Mapping[str, Any] | None = None
        self.does_trigger = True
        self.required = False
        self.class_default: Any = NoValue
        self.shared = False
        """Whether more than one port may look at it, so that nobody may change it any more."""

    def copy(self) -> Declaration:
        """Return the same words, for one port alone."""
        new = Declaration(self.uuid, self.name, self.type)
        for slot in Declaration.__slots__:
            setattr(new, slot, getattr(self, slot))
        new.shared = False
        return new
