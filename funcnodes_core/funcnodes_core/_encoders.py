"""How nodes, ports, graphs and shelves are written as JSON: by what they say of themselves."""

from __future__ import annotations

from typing import Any

from funcnodes_core.io.datapath import DataPath
from funcnodes_core.io.input import NodeInput
from funcnodes_core.io.output import NodeOutput
from funcnodes_core.lib.library import Library
from funcnodes_core.node.node import Node
from funcnodes_core.nodespace import NodeSpace
from funcnodes_core.utils.serialization import Encdata, JSONEncoder

__all__ = ["register"]


def _full(obj: Any, preview: bool = False) -> Encdata:
    return Encdata(data=obj.full_serialize(), handeled=True, continue_preview=preview)


def _way(obj: DataPath, preview: bool = False) -> Encdata:
    return Encdata(data=obj.src_repr(), done=True, handeled=True)


def register() -> None:
    """Register these encoders. Called once, when the package is imported."""
    JSONEncoder.add_encoder(_full, [Node, NodeInput, NodeOutput, NodeSpace, Library])
    JSONEncoder.add_encoder(_way, [DataPath])
