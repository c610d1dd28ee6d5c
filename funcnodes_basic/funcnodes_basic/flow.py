"""The Flow shelf, which is ours alone: choose among several ways, a strict map, an explicit cycle.

Like the loops of `logic` these set an output while they run and await `self.settled(output)`.
"""

# `input` is what the port is called on the loop nodes of `logic`; ports are named after parameters.
# ruff: noqa: A002

from collections.abc import Iterable, Mapping
from typing import Any, cast

from funcnodes_core.exceptions import a_kind_of

import funcnodes_core as fn
from funcnodes_core import NoValue

WAYS = 4


class SwitchNode(fn.Node):
    """Sends a value one of several ways."""

    node_id = "flow.switch"
    node_name = "Switch"
    description = "Send the input to the output whose case equals the key, or to otherwise when none does."
    key = fn.NodeInput(id="key", type=Any, description="What is compared with the cases.")
    input = fn.NodeInput(id="input", type=Any, description="The value to send on.")
    case_1 = fn.NodeInput(id="case_1", type=Any, required=False, description="Leads to way_1.")
    case_2 = fn.NodeInput(id="case_2", type=Any, required=False, description="Leads to way_2.")
    case_3 = fn.NodeInput(id="case_3", type=Any, required=False, description="Leads to way_3.")
    case_4 = fn.NodeInput(id="case_4", type=Any, required=False, description="Leads to way_4.")
    way_1 = fn.NodeOutput(id="way_1", type=Any, description="The input, when the key equals case_1.")
    way_2 = fn.NodeOutput(id="way_2", type=Any, description="The input, when the key equals case_2.")
    way_3 = fn.NodeOutput(id="way_3", type=Any, description="The input, when the key equals case_3.")
    way_4 = fn.NodeOutput(id="way_4", type=Any, description="The input, when the key equals case_4.")
    otherwise = fn.NodeOutput(id="otherwise", type=Any, description="The input, when no case equals the key.")

    async def func(self, key: Any, input: Any, **cases: Any) -> None:
        """Set one output, that of the first equal case; the others keep their values and start nothing."""
        for number in range(1, WAYS + 1):
            name = f"case_{number}"
            if name in cases and bool(cases[name] == key):
                self.outputs[f"way_{number}"].value = input
                return
        self.outputs["otherwise"].value = input


class MapNode(fn.Node):
    """Turns each item into exactly one result."""

    node_id = "flow.map"
    node_name = "Map"
    description = (
        "Send each item of a list or dict through the steps behind item; done has the results in the same "
        "places, or under the same keys. An item without a result stops the map."
    )
    input = fn.NodeInput(
        id="input", type="Union[List[Any], Dict[Any, Any]]", description="What to go through."
    )
    result = fn.NodeInput(
        id="result",
        type=Any,
        required=False,
        does_trigger=False,
        description="Wire the result of one item back to here.",
    )
    item = fn.NodeOutput(id="item", type=Any, description="The item at hand.")
    place = fn.NodeOutput(id="place", type=Any, description="Its place in the list, from 0, or its key.")
    done = fn.NodeOutput(id="done", type=Any, description="All results, when all is done.")

    async def func(self, input: Any, result: Any = NoValue) -> None:
        """Go through the items one after the other."""
        # The results of the last time must not be taken for this one's by what waits for both.
        self.outputs["done"].set_value(NoValue, does_trigger=False)
        if isinstance(input, Mapping):
            pairs = list(cast("Mapping[Any, Any]", input).items())
        elif isinstance(input, Iterable):
            pairs = list(enumerate(cast("Iterable[Any]", input)))
        else:
            raise TypeError(f"Map goes through a list or a dict, not {a_kind_of(input)}")
        results: dict[Any, Any] = {}
        for place, item in cast("Iterable[tuple[Any, Any]]", self.progress(pairs, desc="Map")):
            results[place] = await self._one(place, item)
        self.outputs["done"].value = results if isinstance(input, Mapping) else list(results.values())

    async def _one(self, place: Any, item: Any) -> Any:
        result = self.inputs["result"]
        result.set_value(NoValue, does_trigger=False)
        # The place first: whoever reads both starts with the item, when both are there.
        self.outputs["place"].set_value(place, does_trigger=False)
        self.outputs["item"].value = item
        await self.settled("item")
        if result.value is NoValue:
            raise ValueError(
                f"the item at {place!r} gave no result; look for a step that failed, or wire result"
            )
        return result.value


class FeedbackNode(fn.Node):
    """Makes a cycle explicit: what comes back is what is sent next."""

    node_id = "flow.feedback"
    node_name = "Feedback"
    description = (
        "Send the first value round, then each value that comes back, until until holds or the rounds are "
        "used up; then send the last one to done."
    )
    first = fn.NodeInput(id="first", type=Any, description="The value of the first round.")
    rounds = fn.NodeInput(
        id="rounds",
        type=int,
        default=100,
        does_trigger=False,
        value_options={"min": 0},
        description="How many rounds at most.",
    )
    back = fn.NodeInput(
        id="back",
        type=Any,
        required=False,
        does_trigger=False,
        description="Wire what a round makes of its value back to here.",
    )
    until = fn.NodeInput(
        id="until",
        type=bool,
        default=False,
        required=False,
        does_trigger=False,
        description="Looked at after each round: is that enough?",
    )
    value = fn.NodeOutput(id="value", type=Any, description="The value of this round.")
    done = fn.NodeOutput(id="done", type=Any, description="What came back last.")

    async def func(self, first: Any, rounds: int, back: Any = NoValue, until: bool = False) -> None:
        """Go round; what the last time left behind is not looked at."""
        back_again, enough, value = self.inputs["back"], self.inputs["until"], first
        if enough.is_connected():
            enough.set_value(NoValue, does_trigger=False)
        for number in range(1, int(rounds) + 1):
            back_again.set_value(NoValue, does_trigger=False)
            self.outputs["value"].value = value
            await self.settled("value")
            if back_again.value is NoValue:
                raise ValueError(
                    f"nothing came back from round {number}; look for a step that failed, or wire back"
                )
            value = back_again.value
            if enough.value:
                break
        self.outputs["done"].value = value


NODE_SHELF = fn.Shelf(
    name="Flow",
    description="Choose among several ways, map, feed back.",
    nodes=[SwitchNode, MapNode, FeedbackNode],
)
