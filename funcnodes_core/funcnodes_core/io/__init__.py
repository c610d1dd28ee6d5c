"""Ports and their connections. These names are published; ours import from the modules."""

from exposedfunctionality import InputMeta, OutputMeta

from funcnodes_core.exceptions import (
    MultipleConnectionsError,
    NodeAlreadyDefinedError,
    NodeConnectionError,
    NodeIOError,
    SameNodeConnectionError,
)
from funcnodes_core.io.input import NodeInput
from funcnodes_core.io.output import NodeOutput
from funcnodes_core.io.port import NodeIO
from funcnodes_core.io.types import EnumOf, RenderOptions, ValueOptions
from funcnodes_core.novalue import NoValue, NoValueType

__all__ = [
    "EnumOf",
    "InputMeta",
    "MultipleConnectionsError",
    "NoValue",
    "NoValueType",
    "NodeAlreadyDefinedError",
    "NodeConnectionError",
    "NodeIO",
    "NodeIOError",
    "NodeInput",
    "NodeOutput",
    "OutputMeta",
    "RenderOptions",
    "SameNodeConnectionError",
    "ValueOptions",
]
