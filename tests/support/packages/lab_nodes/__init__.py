"""Nodes that do what a worker must survive. A real package: its metadata stands beside it."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Any

import funcnodes_core as fn


@fn.NodeDecorator("lab.spin", name="Spin")
def spin(go: bool) -> int:
    """Never return, in Python, when told to."""
    while go:
        pass
    return 1


@fn.NodeDecorator("lab.add", name="Add", outputs=[{"name": "sum"}])
def add(left: float, right: float = 1) -> float:
    """Add two numbers."""
    return left + right


@fn.NodeDecorator("lab.echo", name="Echo")
def echo(value: Any) -> Any:
    """Return what comes in."""
    return value


class Silent:
    """What cannot be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


@fn.NodeDecorator("lab.silent", name="Silent")
def silent(go: bool) -> Any:
    """Return what cannot be written."""
    return Silent()


@fn.NodeDecorator("lab.floats", name="Floats")
def floats(count: int) -> list[float]:
    """Return so many numbers, no two of them equal."""
    return [number / 3 for number in range(count)]


@fn.NodeDecorator("lab.fail", name="Fail")
def fail(message: str) -> str:
    """Fail with this message."""
    raise ValueError(message)


@fn.NodeDecorator("lab.say", name="Say")
def say(text: str) -> int:
    """Print a text."""
    print(text)
    return len(text)


@fn.NodeDecorator("lab.thread_say", name="Say in a thread", separate_thread=True)
def thread_say(text: str) -> int:
    """Print a text in a thread of its own."""
    print(text)
    return len(text)


@fn.NodeDecorator("lab.wait_say", name="Say after a while")
async def wait_say(text: str) -> int:
    """Print a text after a pause."""
    await asyncio.sleep(0.01)
    print(text)
    return len(text)


@fn.NodeDecorator("lab.wait", name="Wait")
async def wait(seconds: float) -> float:
    """Wait without keeping others from running."""
    await asyncio.sleep(seconds)
    return seconds


@fn.NodeDecorator("lab.sleep", name="Sleep")
def sleep(seconds: float) -> float:
    """Sleep in the graph's thread."""
    time.sleep(seconds)
    return seconds


@fn.NodeDecorator("lab.abort", name="Abort")
def abort(go: bool) -> bool:
    """Kill the process when told to."""
    if go:
        os.abort()
    return go


@fn.NodeDecorator("lab.give_up", name="Give up")
def give_up(go: bool) -> bool:
    """Raise what a person's Ctrl+C raises, when told to."""
    if go:
        raise KeyboardInterrupt
    return go


@fn.NodeDecorator("lab.end_loop", name="End the loop")
def end_loop(go: bool) -> bool:
    """End the loop that runs the graph, behind everybody's back, when told to."""
    if go:
        asyncio.get_running_loop().call_soon(sys.exit, 3)
    return go


class Stillborn(fn.Node):
    """Ends the program while it is made."""

    node_id = "lab.stillborn"
    node_name = "Stillborn"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sys.exit(5)

    async def func(self) -> None:
        """Do nothing."""


class Shy:
    """A value that cannot even be shown."""

    def __str__(self) -> str:
        raise RuntimeError("I will not be shown")

    __repr__ = __str__


@fn.NodeDecorator("lab.shy", name="Shy")
def shy(go: bool) -> Any:
    """Return a value that cannot be shown."""
    return Shy() if go else None


class Offer(fn.Node):
    """Offers what comes in as the choices of its other input, and takes the first."""

    node_id = "lab.offer"
    node_name = "Offer"
    choices = fn.NodeInput(type=list)
    choice = fn.NodeInput(type=str, required=False, does_trigger=False)
    count = fn.NodeOutput(type=int)

    async def func(self, choices: list[str], choice: str = "") -> None:
        """Offer."""
        self.inputs["choice"].update_value_options(options=choices)
        self.inputs["choice"].set_value(choices[0], does_trigger=False)
        self.outputs["count"].value = len(choices)


@fn.NodeDecorator("lab.knows_itself", name="Knows Itself", separate_process=True)
def knows_itself(x: int, node: Any = None) -> int:
    """Return what came; a function that takes its node cannot leave the process."""
    return x


class Pair(fn.Node):
    """Adds an input and an output of one id to itself."""

    node_id = "lab.pair"
    node_name = "Pair"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_input(fn.NodeInput(id="z", type=int, default=1))
        self.add_output(fn.NodeOutput(id="z", type=int))

    async def func(self, z: int) -> None:
        """Send on ten times what came."""
        self.outputs["z"].value = z * 10


NODE_SHELF = fn.Shelf(
    name="Lab",
    description="Nodes that do what a worker must survive",
    nodes=[
        spin,
        add,
        echo,
        silent,
        floats,
        fail,
        say,
        thread_say,
        wait_say,
        wait,
        sleep,
        abort,
        give_up,
        end_loop,
        Stillborn,
        shy,
        Offer,
        knows_itself,
        Pair,
    ],
    subshelves=[],
)
