"""`document/layers`: a mapping by layers is the dictionary it stands for, whatever was done to it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping

import pytest
from funcnodes_core.document import layers
from funcnodes_core.document.draft import whole
from funcnodes_core.document.edits import (
    AddNode,
    RemoveNode,
    RenameNode,
    ReplaceGraph,
    decode_edits,
    encode_edits,
)
from funcnodes_core.document.layers import SMALL, Layered, open_copy, plain, with_entry
from funcnodes_core.document.model import Document, NodeRecord
from funcnodes_core.document.transaction import transact
from hypothesis import given
from hypothesis import strategies as st

MANY = dict.fromkeys(range(SMALL + 1), 0)
KEYS = st.integers(0, 2 * SMALL)


@given(st.lists(st.lists(st.tuples(KEYS, st.none() | st.integers(1, 9)), max_size=20), max_size=30))
def test_every_version_is_the_dictionary_it_stands_for(turns: list[list[tuple[int, int | None]]]) -> None:
    """In content, order, size and every question; earlier versions stay as they were."""
    versions: list[tuple[Mapping[int, int], dict[int, int]]] = [(MANY, MANY)]
    for turn in turns:
        copy, model = open_copy(versions[-1][0]), dict(versions[-1][1])
        for key, value in turn:
            if value is not None:
                copy[key] = model[key] = value
            elif isinstance(copy, Layered):
                copy.drop(key)
                model.pop(key, None)
            else:
                copy.pop(key, None)
                model.pop(key, None)
        versions.append((copy, model))
    for version, model in versions:
        assert len(version) == len(model)
        assert [(key in version, version.get(key), version.get(key, -1)) for key in range(2 * SMALL)] == [
            (key in model, model.get(key), model.get(key, -1)) for key in range(2 * SMALL)
        ]
        assert list(version) == list(model)
        assert list(version.items()) == list(model.items())
        assert list(version.values()) == list(model.values())
        assert version == model
        assert model == version


def test_a_key_that_is_not_there_is_an_error() -> None:
    """As in every mapping, also after it was taken out."""
    copy = open_copy(MANY)
    assert isinstance(copy, Layered)
    copy.drop(3)

    for absent in (3, -1):
        with pytest.raises(KeyError):
            _ = copy[absent]


@pytest.mark.alone
def test_a_version_costs_what_changed() -> None:
    """A thousand versions of a large mapping take the room of a few copies."""
    large = {number: number for number in range(20_000)}
    tracemalloc.start()
    try:
        copy, one = dict(large), tracemalloc.get_traced_memory()[0]
        versions = [with_entry(large, 0, -1)]
        for number in range(1000):
            versions.append(with_entry(versions[-1], number, -number))
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()

    assert len(copy) == len(versions[-1])
    assert taken < 20 * one
    assert [version[500] for version in (versions[500], versions[501])] == [500, -500]


def test_a_large_graph_goes_through_edits_and_files_like_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """By layers or not, the documents are equal, and the way back can be written."""
    edits = [AddNode(NodeRecord(id=f"n{number}", class_id="c")) for number in range(200)]
    more = [RenameNode("n7", "seven"), RemoveNode("n8"), AddNode(NodeRecord(id="n8", class_id="d"), 3)]
    by_layers = transact(transact(Document(), edits).document, more)
    replaced = transact(by_layers.document, [ReplaceGraph(Document())])
    monkeypatch.setattr(layers, "SMALL", 1000)

    assert by_layers == transact(transact(Document(), edits).document, more)
    assert list(by_layers.document.nodes)[:5] == ["n0", "n1", "n2", "n8", "n3"]
    assert isinstance(plain(by_layers.document.nodes), dict)
    assert decode_edits(encode_edits(replaced.inverse)) == (ReplaceGraph(whole(by_layers.document)),)
    assert decode_edits(encode_edits([ReplaceGraph(by_layers.document)])) == replaced.inverse


def test_what_is_no_json_is_refused_as_before() -> None:
    """Only mappings by layers are written for what they stand for."""
    with pytest.raises(TypeError):
        encode_edits([AddNode(NodeRecord(id="n", class_id="c", properties={"bad": object()}))])
