"""`server/node_texts`: whatever way a node's text was made, it says what `full_node` says."""

from __future__ import annotations

import msgspec
import pytest
from funcnodes_core.document.edits import (
    AddEdge,
    AddNode,
    Edit,
    RenameNode,
    SetNodeOption,
    SetPortOption,
    SetProperty,
    SetValue,
)
from funcnodes_core.document.filling import new_node
from funcnodes_core.document.model import ClassRecord, Document, Edge, PortRecord
from funcnodes_core.document.transaction import transact
from funcnodes_worker.runtime.board import Board
from funcnodes_worker.runtime.records import NodeState, Preview
from funcnodes_worker.server.node_texts import full_node_json
from funcnodes_worker.server.shapes import full_node

ADD = ClassRecord(
    class_id="add",
    class_name='A "dd"',
    ports=(PortRecord(id="a", class_default=1, type="int"), PortRecord(id="out", is_input=False)),
)
ODD_ID = 'quo"te\\ back\u2028 äöü \x01 😀'


def graph(*edits: Edit) -> Document:
    """Return two new nodes of a class, one with an odd id, after some edits."""
    nodes = [new_node(ADD, "n"), new_node(ADD, ODD_ID, properties={"frontend:pos": [1, 2]})]
    return transact(Document(), [*map(AddNode, nodes), *edits]).document


@pytest.mark.parametrize(
    "edits",
    [
        [],
        [RenameNode("n", 'ca"lled \\ 😀'), RenameNode(ODD_ID)],
        [SetValue("n", "a", [1, {"x": None}])],
        [SetNodeOption("n", "description", "said"), SetNodeOption(ODD_ID, "render_options", {"a": 1})],
        [SetNodeOption("n", "reset_inputs_on_trigger", value=True)],
        [SetPortOption(ODD_ID, "a", "hidden", value=True)],
        [SetProperty("n", "frontend:size", [200, 100])],
        [AddEdge(Edge("n", "out", ODD_ID, "a"))],
    ],
)
def test_the_text_of_a_node_says_what_its_shape_says(edits: list[Edit]) -> None:
    """For new nodes, written from a text with blanks, and for all others."""
    document, board = graph(*edits), Board()

    for _ in range(2):
        for node in document.nodes.values():
            assert bytes(full_node_json(document, node, board)) == msgspec.json.encode(
                full_node(document, node, board)
            )
        board.told.clear()


def test_what_is_known_of_a_running_node_is_in_its_text() -> None:
    """A node that has run, or has a value, is no new node any more."""
    document, board = graph(), Board()
    board.states["n"] = NodeState("running", 3)
    board.values[ODD_ID] = {"out": Preview("application/json", b"1", cut=False, type="int")}

    for node in document.nodes.values():
        assert bytes(full_node_json(document, node, board)) == msgspec.json.encode(
            full_node(document, node, board)
        )


def test_classes_that_say_other_things_are_told_apart() -> None:
    """Also where one came in the place of another."""
    for name in ("one", "two"):
        kind = msgspec.structs.replace(ADD, class_name=name)
        document = transact(Document(), [AddNode(new_node(kind, "n"))]).document
        node = document.nodes["n"]

        assert bytes(full_node_json(document, node, Board())) == msgspec.json.encode(
            full_node(document, node, Board())
        )


def test_a_class_that_says_more_is_told_apart() -> None:
    """Its library came in the place of another; the ports are the same."""
    document = graph()
    for description in ("one", "two"):
        board = Board()
        board.know({"add": msgspec.structs.replace(ADD, description=description)})
        node = document.nodes["n"]

        shape = full_node(document, node, board)
        assert shape["description"] == description
        assert bytes(full_node_json(document, node, board)) == msgspec.json.encode(shape)
