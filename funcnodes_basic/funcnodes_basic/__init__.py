"""The nodes everybody needs: inputs, lists, dicts, objects, text, math, logic.

Each module is one shelf; a new worker has this package among its dependencies and can do without it.
"""

import funcnodes_core as fn

# The shelf of inputs is reached as `funcnodes_basic.input`; published modules do.
from funcnodes_basic import dataclass, dicts, flow, input, lists, logic, math_nodes, pyobjects, strings  # noqa: A004

__version__ = "3.0.0"

__all__ = [
    "NODE_SHELF",
    "SHELF",
    "__version__",
    "dataclass",
    "dicts",
    "flow",
    "input",
    "lists",
    "logic",
    "math_nodes",
    "pyobjects",
    "strings",
]

NODE_SHELF = fn.Shelf(
    name="basics",
    description="The nodes everybody needs.",
    subshelves=[
        input.NODE_SHELF,
        lists.NODE_SHELF,
        dicts.NODE_SHELF,
        pyobjects.NODE_SHELF,
        dataclass.NODE_SHELF,
        strings.NODE_SHELF,
        math_nodes.NODE_SHELF,
        logic.NODE_SHELF,
    ],
)
"""The published shelves and nothing else: published tests ask that every node on it be one of theirs."""

SHELF = fn.Shelf(
    name=NODE_SHELF.name,
    description=NODE_SHELF.description,
    subshelves=[*NODE_SHELF.subshelves, flow.NODE_SHELF],
)
"""What workers offer (the entry point): the published shelves and our own."""
