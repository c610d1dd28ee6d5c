"""Published path; the content lives in `node.shapes`."""

from funcnodes_core.node.shapes import saved as serialize_node_for_saving
from funcnodes_core.nodespace import serialize_nodespace_for_saving

__all__ = ["serialize_node_for_saving", "serialize_nodespace_for_saving"]
