"""Published path; the content lives in `node.together`."""

from funcnodes_core.node.together import get_deep_connected_nodeset, run_until_complete

__all__ = ["get_deep_connected_nodeset", "run_until_complete"]
