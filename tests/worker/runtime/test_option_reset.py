"""An option that is taken back is what the class says again, in the running graph as in the document."""

from typing import Any

import pytest
from funcnodes_core.document.apply import apply
from funcnodes_core.document.edits import AddNode, Edit, SetNodeOption, SetPortOption
from funcnodes_core.document.filling import new_node
from funcnodes_core.document.model import Document
from funcnodes_core.io import NodeInput, NodeOutput
from funcnodes_core.node.node import Node
from funcnodes_core.nodespace import NodeSpace
from funcnodes_worker.runtime.classes import describe_class
from funcnodes_worker.runtime.living import LivingGraph
from funcnodes_worker.runtime.running import RunningNode


class Careful(Node):
    """Says something about its ports."""

    node_id = "test.reset.careful"
    node_name = "Careful"
    default_reset_inputs_on_trigger = True
    x = NodeInput(type=int, hidden=True, required=False, value_options={"min": 0})
    out = NodeOutput(type=int)

    async def func(self, x: int = 1) -> None:
        """Do nothing."""


@pytest.mark.parametrize(
    ("port", "key", "set_to", "of_the_class"),
    [
        ("x", "hidden", False, True),
        ("x", "required", True, False),
        ("x", "does_trigger", False, True),
        ("x", "name", "mine", "x"),
        ("x", "render_options", {"type": "color"}, {}),
        ("out", "hidden", True, False),
    ],
)
async def test_an_option_of_a_port_is_that_of_the_class_again(
    port: str, key: str, set_to: Any, of_the_class: Any
) -> None:
    space = followed(SetPortOption("n", port, key, set_to))
    assert getattr(space.get_node_by_id("n")[port], key) == set_to
    space = followed(SetPortOption("n", port, key, set_to), SetPortOption("n", port, key))
    assert getattr(space.get_node_by_id("n")[port], key) == of_the_class


async def test_what_a_value_may_be_is_what_the_class_says_again() -> None:
    mine = SetPortOption("n", "x", "value_options", {"min": 3, "step": 1})
    assert followed(mine).get_node_by_id("n")["x"].value_options == {"min": 3, "step": 1}
    space = followed(mine, SetPortOption("n", "x", "value_options"))
    assert space.get_node_by_id("n")["x"].value_options == {"min": 0, "step": 1}


async def test_an_option_of_a_node_is_that_of_the_class_again() -> None:
    off = SetNodeOption("n", "reset_inputs_on_trigger", False)
    assert followed(off).get_node_by_id("n").reset_inputs_on_trigger is False
    space = followed(off, SetNodeOption("n", "reset_inputs_on_trigger"))
    assert space.get_node_by_id("n").reset_inputs_on_trigger is True


def followed(*edits: Edit) -> NodeSpace:
    """Return the running graph after these edits to a new node."""
    space = NodeSpace()
    space.lib.add_node(Careful, "test")
    living = LivingGraph(space, RunningNode())
    document = Document()
    for revision, edit in enumerate((AddNode(new_node(describe_class(Careful), "n")), *edits), 1):
        document = apply(document, edit)
        living.follow([edit], document, revision)
    return space
