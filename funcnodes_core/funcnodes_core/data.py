"""`DataEnum`: a choice with values of any kind behind its names. Published as `funcnodes_core.data`."""

from funcnodes_core.utils.data_enum import DataEnum

__all__ = ["DataEnum"]
