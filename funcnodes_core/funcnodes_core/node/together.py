"""Several nodes at once: run until all are done, and who is downstream of whom."""

from __future__ import annotations

from funcnodes_core.engine.runner import current_engine
from funcnodes_core.node.node import Node

__all__ = ["get_deep_connected_nodeset", "run_until_complete"]


async def run_until_complete(*nodes: Node) -> None:
    """Run what these nodes were asked for, and return when none of them runs or is about to."""
    for node in nodes:
        node.assert_awaited_here()
    await current_engine().waiting.until_all_over(node.cell for node in nodes)


def get_deep_connected_nodeset(node: Node, node_set: set[Node] | None = None) -> set[Node]:
    """Return the node and all nodes downstream of it."""
    found: set[Node] = set() if node_set is None else node_set
    found.add(node)
    stack = [node]
    while stack:
        here = stack.pop()
        ports = (*here.outputs.values(), *here.inputs.values())
        for port in ports:
            for target in getattr(port, "targets", ()) or getattr(port, "forwards", ()):
                owner = target.node
                if isinstance(owner, Node) and owner not in found:
                    found.add(owner)
                    stack.append(owner)
    return found
