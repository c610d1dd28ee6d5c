"""Nodes. These names are published; ours import from the modules."""

from funcnodes_core.exceptions import (
    InTriggerError,
    IONotFoundError,
    NodeIdAlreadyExistsError,
    NodeReadyError,
    NodeTriggerError,
)

ALLOW_REGISTERED_NODES_OVERRIDE = False
"""Whether a `node_id` may be taken over by another class. For tools that build classes anew."""

from funcnodes_core.node.node import Node  # noqa: E402 - classes are registered on the way, which reads the switch
from funcnodes_core.node.placeholder import PlaceHolderNode  # noqa: E402
from funcnodes_core.node.registry import REGISTERED_NODES, get_nodeclass, register_node  # noqa: E402

__all__ = [
    "ALLOW_REGISTERED_NODES_OVERRIDE",
    "REGISTERED_NODES",
    "IONotFoundError",
    "InTriggerError",
    "Node",
    "NodeIdAlreadyExistsError",
    "NodeReadyError",
    "NodeTriggerError",
    "PlaceHolderNode",
    "get_nodeclass",
    "register_node",
]
