"""Which node class has which `node_id`.

Weak: a class lives as long as somebody holds it (the library does).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from funcnodes_core.exceptions import NodeClassNotFoundError, NodeIdAlreadyExistsError

if TYPE_CHECKING:
    from funcnodes_core.node.node import Node

__all__ = ["REGISTERED_NODES", "get_nodeclass", "register_node"]

REGISTERED_NODES: WeakValueDictionary[str, type[Node]] = WeakValueDictionary()
"""All living node classes by `node_id`. May be cleared: classes that are held go on working."""


def register_node(node_class: type[Node], override: bool = False) -> None:
    """Enter a class under its `node_id`.

    The same module and class name mean that a module was loaded again: the new class takes the place.
    """
    node_id = node_class.node_id
    known = REGISTERED_NODES.get(node_id)
    if known is not None and known is not node_class and not override:
        same = (known.__module__, known.__name__) == (node_class.__module__, node_class.__name__)
        if not same:
            raise NodeIdAlreadyExistsError(
                f"node_id {node_id!r} belongs to {known.__module__}.{known.__name__} already, "
                f"so {node_class.__module__}.{node_class.__name__} needs another one"
            )
    REGISTERED_NODES[node_id] = node_class


def get_nodeclass(node_id: str) -> type[Node]:
    """Return the class of a `node_id`."""
    found = REGISTERED_NODES.get(node_id)
    if found is None:
        raise NodeClassNotFoundError(
            f"no node class with node_id {node_id!r} is loaded; add the module it belongs to"
        )
    return found
