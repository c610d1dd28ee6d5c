"""Nodes that tell each of their runs, in a file: which of them ran again can be counted."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

import funcnodes_core as fn


def _tell(log: str, name: str) -> int:
    path = Path(log)
    with path.open("a") as file:
        file.write(f"{name}\n")
    return len(path.read_text().splitlines())


@fn.NodeDecorator("kept.pair", name="Pair", outputs=[{"name": "both"}])
def pair(value: Any, log: str, seconds: float = 0) -> list[Any]:
    """Return the value and a word, after a while."""
    _tell(log, "pair")
    time.sleep(seconds)
    return [value, "pair"]


@fn.NodeDecorator("kept.numbers", name="Numbers", outputs=[{"name": "array"}])
def numbers(count: int, log: str, seconds: float = 0) -> np.ndarray[Any, Any]:
    """Return an array."""
    _tell(log, "numbers")
    time.sleep(seconds)
    return np.arange(count, dtype=float)


@fn.NodeDecorator("kept.total", name="Total", outputs=[{"name": "sum"}])
def total(array: np.ndarray[Any, Any], log: str, seconds: float = 0) -> float:
    """Return the sum."""
    _tell(log, "total")
    time.sleep(seconds)
    return float(array.sum())


@fn.NodeDecorator("kept.thing", name="Thing", outputs=[{"name": "thing"}])
def thing(log: str) -> Any:
    """Return what nobody can keep."""
    _tell(log, "thing")
    return object()


@fn.NodeDecorator("kept.weigh", name="Weigh", outputs=[{"name": "weight"}])
def weigh(thing: Any, log: str) -> int:
    """Return a number for anything."""
    _tell(log, "weigh")
    return 1


@fn.NodeDecorator("kept.unsteady", name="Unsteady", outputs=[{"name": "number"}])
def unsteady(log: str, keep: int = 0) -> Any:
    """Return another number each time, kept away from being kept by its size."""
    _tell(log, "unsteady")
    return np.full(200_000, time.time())


@fn.NodeDecorator("kept.in_thread", name="In Thread", outputs=[{"name": "out"}], separate_thread=True)
def in_thread(value: Any, log: str) -> Any:
    """Return the value from a thread."""
    _tell(log, "in_thread")
    return value


class Restless(fn.Node):
    """A node whose class says that it must run."""

    node_id = "kept.restless"
    node_name = "Restless"
    keeps_outputs = False
    log = fn.NodeInput(id="log", type=str)
    out = fn.NodeOutput(id="out", type=int)

    async def func(self, log: str) -> None:
        """Run."""
        self.outputs["out"].value = _tell(log, "restless")


NODE_SHELF = fn.Shelf(
    name="Kept",
    description="Nodes that tell each of their runs",
    nodes=[pair, numbers, total, thing, weigh, unsteady, in_thread, Restless],
    subshelves=[],
)
