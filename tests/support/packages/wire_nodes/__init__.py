"""Nodes whose classes say what the wire can say of a node: options, choices, progress. A real package."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Iterable
from typing import Any, ClassVar, cast

import funcnodes_core as fn


class Color(enum.Enum):
    """Choices whose values are not their names."""

    RED = "r"
    BLUE = "b"


class Picture(fn.Node):
    """Shows its first output large."""

    node_id = "wire.picture"
    node_name = "Picture"
    description = "Shows a picture."
    default_render_options: ClassVar[dict[str, Any]] = {"data": {"src": "shown", "type": "text"}}
    default_reset_inputs_on_trigger = True
    text = fn.NodeInput(id="text", type=str)
    note = fn.NodeInput(id="note", type=str, required=False)
    shown = fn.NodeOutput(id="shown", type=str)

    async def func(self, text: str, note: str = "") -> None:
        """Show."""
        self.outputs["shown"].value = text + note


@fn.NodeDecorator("wire.paint", name="Paint")
def paint(color: Color = Color.BLUE, coats: int = 1) -> str:
    """Say what is painted."""
    return f"{coats} of {color}"


class Steps(fn.Node):
    """Counts so slowly that its progress is seen, and fails where it is told to."""

    node_id = "wire.steps"
    node_name = "Steps"
    fail_at = fn.NodeInput(id="fail_at", type=int)
    last = fn.NodeOutput(id="last", type=int)

    async def func(self, fail_at: int) -> None:
        """Count to three."""
        steps = cast("Iterable[int]", self.progress(range(3), desc="counting"))
        for step in steps:
            if step == fail_at:
                raise ValueError("told to fail")
            await asyncio.sleep(0.12)
        self.outputs["last"].value = fail_at


class Ticks(fn.Node):
    """Sets its output again and again."""

    node_id = "wire.ticks"
    node_name = "Ticks"
    go = fn.NodeInput(id="go", type=bool)
    out = fn.NodeOutput(id="out", type=int)

    async def func(self, go: bool) -> None:
        """Tick for as long as it may."""
        ticks = 0
        while go:
            ticks += 1
            self.outputs["out"].value = ticks
            await asyncio.sleep(0.005)


NODE_SHELF = fn.Shelf(name="Wire", nodes=[Picture, paint, Steps, Ticks])
