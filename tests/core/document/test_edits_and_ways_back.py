"""Whatever a user does, the way back ends at the equal document, and what is refused leaves no trace."""

from typing import Any

import msgspec
from funcnodes_core.document.apply import apply, apply_all
from funcnodes_core.document.draft import wires_of
from funcnodes_core.document.edits import AddEdge, SetProperty, SetValue, decode_edits, encode_edits
from funcnodes_core.document.model import Document, Edge
from funcnodes_core.document.refusals import EditRejected
from funcnodes_core.document.rules import check
from funcnodes_core.document.serialize import dump, load
from funcnodes_core.document.transaction import transact
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import part_of
from tests.support.random_edits import CLASSES, random_edit


def index_of(document: Document) -> dict[str, set[Edge]]:
    return {node: set(edges) for node, edges in wires_of(document).items() if edges}


def fresh_index_of(document: Document) -> dict[str, set[Edge]]:
    return index_of(msgspec.structs.replace(document))


def in_order(document: Document) -> Any:
    return list(document.nodes), document.edges


@settings(max_examples=part_of(60))
@given(st.randoms(use_true_random=False), st.integers(1, 60))
def test_edits_and_their_inverses_come_back_to_the_equal_document(dice: Any, count: int) -> None:
    document = Document()
    history = [document]
    backs: list[Any] = []
    for _ in range(count):
        edit = random_edit(document, dice)
        before = msgspec.json.encode(document)
        try:
            done = transact(document, [edit])
        except EditRejected as refusal:
            said = str(refusal)
            assert said
            assert msgspec.json.encode(document) == before
            continue
        assert msgspec.json.encode(document) == before
        assert decode_edits(encode_edits(done.edits + done.inverse)) == done.edits + done.inverse
        assert apply(document, edit) == done.document
        document = done.document
        assert index_of(document) == fresh_index_of(document)
        history.append(document)
        backs.append(done.inverse)

    saved = dump(document, CLASSES)
    assert dump(load(saved, CLASSES), CLASSES) == saved, "what equals the class may be left out, nothing else"
    for earlier, inverse in zip(reversed(history[:-1]), reversed(backs), strict=True):
        for step in inverse:
            check(document, step)
            document = apply(document, step)
        assert document == earlier
        assert in_order(document) == in_order(earlier)


@settings(max_examples=part_of(60))
@given(st.randoms(use_true_random=False), st.integers(1, 12))
def test_a_transaction_is_all_or_nothing_and_its_inverse_is_whole(dice: Any, count: int) -> None:
    start = transact(Document(), []).document
    for _ in range(20):
        try:
            start = transact(start, [random_edit(start, dice)]).document
        except EditRejected:
            continue
    edits: list[Any] = []
    ahead = start
    for _ in range(count):
        edits.append(random_edit(ahead, dice))
        try:
            ahead = apply_all(ahead, [transact(ahead, [edits[-1]]).edits[0]])
        except EditRejected:
            break
    before = msgspec.json.encode(start)
    try:
        done = transact(start, edits)
    except EditRejected:
        assert msgspec.json.encode(start) == before
    else:
        assert done.document == ahead
        assert index_of(done.document) == fresh_index_of(ahead)
        back = apply_all(done.document, done.inverse)
        assert back == start
        assert in_order(back) == in_order(start)


def test_an_edit_shares_what_it_did_not_change() -> None:
    document = load(
        {"backend": {"nodes": [{"id": "a", "node_id": "x", "io": {"i": {}}}, {"id": "b", "node_id": "x"}]}},
        {},
    )
    moved = apply(document, SetProperty("a", "frontend:pos", [1, 1]))

    assert moved.nodes["b"] is document.nodes["b"]
    assert moved.nodes["a"].ports is document.nodes["a"].ports
    assert moved.edges is document.edges


def test_replaying_never_misses_a_port_that_node_code_had_made() -> None:
    """The rules knew the port; after a crash the snapshot may be from before it was made."""
    document = load({"backend": {"nodes": [{"id": "a", "node_id": "x"}, {"id": "b", "node_id": "x"}]}}, {})
    edge = Edge("a", "made_1", "b", "made_2")
    after = apply_all(document, [SetValue("a", "made_3", 5), AddEdge(edge)])

    assert after.nodes["a"].ports["made_3"].value == 5
    assert after.edges == (edge,)
