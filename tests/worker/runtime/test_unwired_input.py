"""An input that loses its wire has again what its user gave it, in the running graph as in the document."""

import asyncio

from funcnodes_core.document.apply import apply
from funcnodes_core.document.edits import AddEdge, AddNode, RemoveEdge, SetDefault, SetValue
from funcnodes_core.document.filling import new_node
from funcnodes_core.document.model import ClassRecord, Document, Edge, PortRecord
from funcnodes_core.nodemaker import NodeDecorator
from funcnodes_core.nodespace import NodeSpace
from funcnodes_worker.runtime.living import LivingGraph
from funcnodes_worker.runtime.running import RunningNode


@NodeDecorator("test.unwired.twice")
def twice(x: float = 1.0) -> float:
    return 2 * x


TWICE = ClassRecord(
    class_id="test.unwired.twice",
    class_name="Twice",
    ports=(PortRecord(id="x", class_default=1.0), PortRecord(id="out", is_input=False)),
)
EDGE = Edge("a", "out", "b", "x")


async def test_unwiring_brings_back_the_value_and_the_default_of_the_user() -> None:
    space = NodeSpace()
    space.lib.add_node(twice, "test")
    living = LivingGraph(space, RunningNode())
    document = Document()
    edits = [
        AddNode(new_node(TWICE, "a")),
        AddNode(new_node(TWICE, "b")),
        SetDefault("b", "x", 4.0),
        SetValue("b", "x", 7.0),
        AddEdge(EDGE),
        RemoveEdge(EDGE),
    ]
    seen: list[float] = []
    for revision, edit in enumerate(edits, 1):
        document = apply(document, edit)
        living.follow([edit], document, revision)
        await asyncio.sleep(0)
        if document.nodes.get("b"):
            seen.append(space.get_node_by_id("b").inputs["x"].value)

    assert seen[2:3] == [7.0]
    assert seen[-1] == 7.0
    assert space.get_node_by_id("b").inputs["x"].default == 4.0
