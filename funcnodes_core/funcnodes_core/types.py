"""Types that ports may name. Published as `funcnodes_core.types`."""

from funcnodes_core.utils.special_types import databytes

__all__ = ["databytes"]
