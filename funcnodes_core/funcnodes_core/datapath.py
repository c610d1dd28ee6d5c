"""Published path; the content lives in `io.datapath`."""

from funcnodes_core.io.datapath import DataPath

__all__ = ["DataPath"]
