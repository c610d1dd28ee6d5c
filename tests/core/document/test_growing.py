"""A sequence that grows: every version stays what it was, and the next one costs what is new."""

from __future__ import annotations

import msgspec
from funcnodes_core.document.apply import apply_all
from funcnodes_core.document.draft import whole
from funcnodes_core.document.edits import AddEdge, AddNode, RemoveEdge, encode_edits
from funcnodes_core.document.growing import SHORT, Grown, with_more
from funcnodes_core.document.model import Document, Edge, NodeRecord
from hypothesis import given
from hypothesis import strategies as st

EDGES = [Edge(f"n{i}", "out", f"n{i + 1}", "x") for i in range(3 * SHORT)]


@given(st.lists(st.tuples(st.integers(0, 40), st.lists(st.integers(), max_size=90)), max_size=20))
def test_every_version_stays_what_it_was(steps: list[tuple[int, list[int]]]) -> None:
    """Whichever version is grown next, the others read as before."""
    versions = [((), ())]
    for which, more in steps:
        sequence, told = versions[which % len(versions)]
        versions.append((with_more(sequence, more), (*told, *more)))  # pyright: ignore[reportArgumentType]
    for sequence, told in versions:
        assert list(sequence) == list(told)
        assert sequence == told
        assert told == sequence
        assert (len(sequence), sequence[-3:], 7 in sequence) == (len(told), told[-3:], 7 in told)


def test_wiring_a_large_graph_copies_no_edges() -> None:
    document = document_with(EDGES)
    before = document.edges
    assert isinstance(before, Grown)
    after = apply_all(document, [AddEdge(Edge("a", "out", "b", "x"))])
    assert isinstance(after.edges, Grown)
    assert vars(Grown)["_shared"].__get__(after.edges) is vars(Grown)["_shared"].__get__(before)
    assert (len(before), len(after.edges)) == (len(EDGES), len(EDGES) + 1)


def test_a_large_graph_is_written_and_read_like_a_small_one() -> None:
    document = document_with(EDGES)
    assert msgspec.json.decode(msgspec.json.encode(whole(document)), type=Document) == document
    assert encode_edits((AddEdge(EDGES[0]),)) == encode_edits([AddEdge(EDGES[0])])


def test_an_edge_that_goes_and_comes_back_is_in_its_place() -> None:
    document = document_with(EDGES)
    gone = apply_all(document, [RemoveEdge(EDGES[5])])
    assert gone.edges == (*EDGES[:5], *EDGES[6:])
    assert apply_all(gone, [AddEdge(EDGES[5], 5)]) == document
    assert document.edges == tuple(EDGES)


def document_with(edges: list[Edge]) -> Document:
    names = dict.fromkeys(end for edge in edges for end in (edge.src_node, edge.trg_node))
    nodes = [AddNode(NodeRecord(id=name, class_id="c")) for name in names]
    return apply_all(Document(), [*nodes, *(AddEdge(edge) for edge in edges)])
