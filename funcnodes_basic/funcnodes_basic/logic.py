"""The Logic shelf: branch, repeat, go through a list, wait, collect.

The loop nodes set an output while they run and await `self.settled(output)`: it returns when everything that
value started has finished. They know nothing of how the engine runs it.
"""

# `input` is the name of a port in saved graphs; ports are named after parameters.
# ruff: noqa: A002

import asyncio
from collections.abc import AsyncIterable, Awaitable, Iterable
from typing import Any, cast

from funcnodes_core.exceptions import a_kind_of

import funcnodes_core as fn
from funcnodes_core import NoValue


class IfNode(fn.Node):
    """Sends a value one way or the other."""

    node_id = "if_node"
    node_name = "If"
    description = "Send the input to on_true when the condition holds, else to on_false."
    condition = fn.NodeInput(id="condition", type=bool, description="Which way to go.")
    input = fn.NodeInput(id="input", type=Any, description="The value to send on.")
    on_true = fn.NodeOutput(id="on_true", type=Any, description="The input, when the condition holds.")
    on_false = fn.NodeOutput(id="on_false", type=Any, description="The input, when it does not.")

    async def func(self, condition: bool, input: Any) -> None:
        """Set one of the two outputs; the other keeps its last value and starts nothing."""
        self.outputs["on_true" if condition else "on_false"].value = input


class WhileNode(fn.Node):
    """Goes round as long as its condition holds."""

    node_id = "while_node"
    node_name = "While"
    description = (
        "While the condition holds, send the input to do and wait for what follows; then send it to done. "
        "Wire the loop's results back to condition and input."
    )
    condition = fn.NodeInput(id="condition", type=bool, description="Go round once more?")
    input = fn.NodeInput(id="input", type=Any, description="The value of this round.")
    do = fn.NodeOutput(id="do", type=Any, description="The input of each round.")
    done = fn.NodeOutput(id="done", type=Any, description="The input once the condition no longer holds.")

    async def func(self, condition: bool, input: Any) -> None:
        """Do one round and ask for the next: what the round wired back is read afresh then."""
        if not condition:
            self.outputs["done"].value = input
            return
        self.outputs["do"].value = input
        await self.settled(self.outputs["do"])
        self.request_trigger()


class WaitNode(fn.Node):
    """Lets a value through later."""

    node_id = "wait_node"
    node_name = "Wait"
    description = "Give the input on after a delay in seconds; other nodes go on meanwhile."
    delay = fn.NodeInput(
        id="delay",
        type=float,
        default=1.0,
        does_trigger=False,
        value_options={"min": 0.0},
        render_options={"step": "0.1"},
        description="Seconds to wait.",
    )
    # `Optional[Any]` and not `Any`: clients then offer "nothing" as a value.
    input = fn.NodeInput(id="input", type="Optional[Any]", description="The value to give on.")
    output = fn.NodeOutput(id="output", type=Any, description="The input, after the delay.")

    async def func(self, delay: float, input: Any) -> None:
        """Wait, then set the output; a delay below zero is none."""
        await asyncio.sleep(max(float(delay), 0.0))
        self.outputs["output"].value = input


class ForNode(fn.Node):
    """Goes through a list, one item at a time."""

    node_id = "for_node"
    node_name = "For"
    description = (
        "Send each item of the input to do, one after the other, each when all that the last one started has "
        "finished; what comes back at collector is gathered into the list done."
    )
    input = fn.NodeInput(id="input", type="List[Any]", description="What to go through.")
    collector = fn.NodeInput(
        id="collector",
        type=Any,
        required=False,
        does_trigger=False,
        description="Wire the result of one item here to have the results gathered.",
    )
    do = fn.NodeOutput(id="do", type=Any, description="The item at hand.")
    done = fn.NodeOutput(id="done", type="List[Any]", description="What was gathered, when all is done.")

    async def func(self, input: Any, collector: Any = NoValue) -> None:
        """Go through the items; an item whose results fail adds nothing to the list."""
        # The list of the last time must not be taken for this one's by what waits for both.
        self.outputs["done"].set_value(NoValue, does_trigger=False)
        do, results, gathered = self.outputs["do"], self.inputs["collector"], list[Any]()
        if isinstance(input, AsyncIterable):
            progress = self.progress(desc="For")
            async for item in cast("AsyncIterable[Any]", input):
                await self._start(item, do, results)
                _gather(results, gathered)
                progress.update()
            progress.close()
        elif isinstance(input, Iterable):
            for item in cast("Iterable[Any]", self.progress(input, desc="For")):
                await self._start(item, do, results)
                _gather(results, gathered)
        else:
            raise TypeError(f"For goes through a list, not {a_kind_of(input)}; use To List first")
        self.outputs["done"].value = gathered

    def _start(self, item: Any, do: fn.NodeOutput, results: fn.NodeInput) -> Awaitable[None]:
        """Send an item on; what is returned waits for all that it starts. No coroutine, for speed."""
        if results.value is not NoValue:
            results.receive(NoValue, False)
        do.set_value(item)
        return self.settled(do)


def _gather(results: fn.NodeInput, gathered: list[Any]) -> None:
    if (result := results.value) is not NoValue:
        gathered.append(result)


class CollectorNode(fn.Node):
    """Remembers what has come by."""

    node_id = "collector_node"
    node_name = "Collector"
    description = "Gather the values that arrive into a list; a value at reset starts a new list."
    default_reset_inputs_on_trigger = True
    reset = fn.NodeInput(
        id="reset",
        type=Any,
        required=False,
        description="Any value here starts a new list with the next input.",
    )
    input = fn.NodeInput(id="input", type=Any, description="The value to add.")
    output = fn.NodeOutput(id="output", type="List[Any]", description="All values since the last reset.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._gathered: list[Any] = []

    async def func(self, input: Any, reset: Any = NoValue) -> None:
        """Add the input and give the list; the list given before stays as it was."""
        if reset is not NoValue:
            self._gathered = []
        self._gathered.append(input)
        self.outputs["output"].value = list(self._gathered)


NODE_SHELF = fn.Shelf(
    name="Logic",
    description="Branch, repeat, wait, collect.",
    nodes=[IfNode, WhileNode, WaitNode, ForNode, CollectorNode],
)
