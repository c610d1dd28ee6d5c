"""Published path; the content lives in `node.progress`."""

from funcnodes_core.node.progress import NodeProgress as NodeTqdm

__all__ = ["NodeTqdm"]
