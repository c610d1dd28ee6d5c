"""Shelves, the library, and finding modules. These names are published; ours import from the modules."""

from funcnodes_core.exceptions import (
    LibraryError,
    NodeClassNotFoundError,
    ShelfError,
    ShelfExistsError,
    ShelfNotFoundError,
    ShelfPathError,
    ShelfTypeError,
)
from funcnodes_core.lib import libfinder
from funcnodes_core.lib.libfinder import find_shelf, find_shelf_from_module, module_to_shelf
from funcnodes_core.lib.library import Library
from funcnodes_core.lib.shelf import (
    FullLibJSON,
    Shelf,
    check_shelf,
    flatten_shelf,
    flatten_shelves,
    get_node_in_shelf,
    serialize_shelf,
)

__all__ = [
    "FullLibJSON",
    "Library",
    "LibraryError",
    "NodeClassNotFoundError",
    "Shelf",
    "ShelfError",
    "ShelfExistsError",
    "ShelfNotFoundError",
    "ShelfPathError",
    "ShelfTypeError",
    "check_shelf",
    "find_shelf",
    "find_shelf_from_module",
    "flatten_shelf",
    "flatten_shelves",
    "get_node_in_shelf",
    "libfinder",
    "module_to_shelf",
    "serialize_shelf",
]
