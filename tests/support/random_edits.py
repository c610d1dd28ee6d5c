"""Random edits that are mostly allowed, from any source of random numbers; one seed gives one sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from funcnodes_core.document.edits import (
    AddEdge,
    AddNode,
    ChangeGroups,
    Edit,
    NameExternalWorker,
    RemoveEdge,
    RemoveNode,
    RenameNode,
    ReplaceGraph,
    SetDefault,
    SetGraphProperty,
    SetGroups,
    SetNodeOption,
    SetPortOption,
    SetProperty,
    SetValue,
)
from funcnodes_core.document.filling import new_node
from funcnodes_core.document.grouping import difference, dissolved, group_together
from funcnodes_core.document.model import ClassRecord, Document, Edge, GroupRecord, PortRecord
from msgspec import UNSET

T = TypeVar("T")

ADD = ClassRecord(
    class_id="math.add",
    class_name="Add",
    ports=(
        PortRecord(id="a", type="float"),
        PortRecord(id="b", type="float", class_default=1),
        PortRecord(id="many", type="Any", allow_multiple=True),
        PortRecord(id="sum", is_input=False, type="float"),
    ),
)
CLASSES = {"math.add": ADD}
PUMP = {"external_workers": {"labkit.pump": [{"uuid": "w1", "name": "Left"}]}}
VALUES: list[Any] = [None, True, 0, 1, 2.5, "text", "", [1, [2]], {"k": {"j": None}}, UNSET]


class Dice(Protocol):
    """What `random.Random` and hypothesis' `st.randoms()` both offer."""

    def choice(self, seq: Sequence[T], /) -> T: ...

    def randint(self, a: int, b: int, /) -> int: ...


KINDS = [
    "add_node", "add_node", "remove_node", "add_edge", "add_edge", "remove_edge", "value", "value", "default",
    "rename", "property", "node_option", "port_option", "graph_property", "groups", "group",
    "dissolve", "worker_name", "replace",
]  # fmt: skip


def random_edit(document: Document, dice: Dice) -> Edit:
    """Return an edit that fits the document most of the time."""
    kind = dice.choice(KINDS)
    nodes = list(document.nodes)
    if kind == "add_node" or not nodes:
        return AddNode(new_node(ADD, f"n{dice.randint(0, 40)}"), dice.choice([None, 0, 1, 5]))
    node = dice.choice(nodes)
    match kind:
        case "remove_node":
            return RemoveNode(node)
        case "add_edge":
            source, target = (
                dice.choice(["sum", "sum", "a", "_triggeroutput"]),
                dice.choice(["a", "b", "many", "_triggerinput"]),
            )
            return AddEdge(Edge(node, source, dice.choice(nodes), target), dice.choice([None, 0, 1, 5]))
        case "remove_edge" if document.edges:
            return RemoveEdge(dice.choice(document.edges))
        case "value":
            return SetValue(node, dice.choice(["a", "b", "many", "sum"]), dice.choice(VALUES))
        case "default":
            return SetDefault(node, dice.choice(["a", "b", "_triggerinput"]), dice.choice(VALUES))
        case "rename":
            return RenameNode(node, dice.choice(["x", "y", UNSET]))
        case "node_option":
            return SetNodeOption(node, "description", dice.choice(["why", None, UNSET]))
        case "port_option":
            port, hidden = (
                dice.choice(["a", "sum", "_triggerinput", "_triggeroutput"]),
                dice.choice([True, False, UNSET]),
            )
            return SetPortOption(node, port, "hidden", hidden)
        case "graph_property":
            return SetGraphProperty(dice.choice(["p", "q"]), dice.choice(VALUES))
        case "groups":
            return SetGroups(_random_groups(nodes, dice))
        case "group":
            some = sorted({dice.choice(nodes) for _ in range(dice.randint(1, 3))})
            after = group_together(document.groups, some, [], f"g{dice.randint(0, 99)}")
            return ChangeGroups(difference(document.groups, after))
        case "dissolve" if document.groups:
            after = dissolved(document.groups, dice.choice(list(document.groups)))
            return ChangeGroups(difference(document.groups, after))
        case "worker_name":
            return NameExternalWorker(
                "labkit.pump", dice.choice(["w1", "w2"]), dice.choice(["x", "y", UNSET])
            )
        case "replace" if dice.randint(0, 9) == 0:
            return ReplaceGraph(Document(nodes={"n0": new_node(ADD, "n0")}, surroundings=PUMP))
        case _:
            return SetProperty(node, dice.choice(["frontend:pos", "mine"]), dice.choice(VALUES))


def _random_groups(nodes: list[str], dice: Dice) -> dict[str, GroupRecord]:
    first, second = dice.choice(nodes), dice.choice(nodes)
    if first == second:
        return dice.choice([{}, {"g": GroupRecord(node_ids=(first,))}])
    return {
        "g": GroupRecord(node_ids=(first,), child_groups=("h",), position=(1.0, 2.5)),
        "h": GroupRecord(node_ids=(second,), parent_group="g", meta={"c": 1}),
    }
