"""Option hooks for node authors. These names are published; ours import from the modules."""

from typing import Any

from funcnodes_core.decorator.options import (
    update_other_io,
    update_other_io_options,
    update_other_io_value_options,
)

__all__ = ["update_other_io", "update_other_io_options", "update_other_io_value_options"]


def __getattr__(name: str) -> Any:
    # A published module imports the package from here, under this name.
    if name == "fn":
        import sys

        return sys.modules["funcnodes_core"]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
