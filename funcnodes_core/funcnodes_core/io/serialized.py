"""The published names for the plain-data shapes of ports and nodes: for annotations only."""

from __future__ import annotations

from typing import Any, TypedDict

__all__ = [
    "IOOptions",
    "NodeIOSerialization",
    "NodeInputOptions",
    "NodeInputSerialization",
    "NodeJSON",
    "NodeOutputOptions",
    "NodeOutputSerialization",
]


class IOOptions(TypedDict, total=False):
    """What may be said about any port."""

    name: str
    description: str
    type: Any
    allow_multiple: bool
    hidden: bool
    emit_value_set: bool
    value_options: dict[str, Any]
    render_options: dict[str, Any]
    on: dict[str, Any]


class NodeInputOptions(IOOptions, total=False):
    """What may be said about an input."""

    default: Any
    required: bool
    does_trigger: bool


class NodeOutputOptions(IOOptions, total=False):
    """What may be said about an output."""


class NodeIOSerialization(IOOptions, total=False):
    """A port as plain data."""

    id: str
    is_input: bool
    value: Any


class NodeInputSerialization(NodeIOSerialization, total=False):
    """An input as plain data."""

    default: Any
    required: bool
    does_trigger: bool


class NodeOutputSerialization(NodeIOSerialization, total=False):
    """An output as plain data."""


class NodeJSON(TypedDict, total=False):
    """A node as plain data."""

    name: str
    id: str
    node_id: str
    node_name: str
    description: str
    io: dict[str, NodeIOSerialization]
    reset_inputs_on_trigger: bool
    render_options: dict[str, Any]
    properties: dict[str, Any]
