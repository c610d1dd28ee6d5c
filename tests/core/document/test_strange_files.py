"""Saved graphs with anything in any place: they open, and what opens keeps the rules."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, cast

import msgspec
import pytest
from funcnodes_core.document.edits import (
    ChangeGroups,
    RemoveNode,
    ReplaceGraph,
    decode_edits,
    encode_edits,
)
from funcnodes_core.document.filling import fill_all
from funcnodes_core.document.grouping import difference, group_together
from funcnodes_core.document.model import Classes, ClassRecord, Document, GroupRecord, PortRecord
from funcnodes_core.document.serialize import dump, load
from funcnodes_core.document.transaction import transact
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import part_of

LIBRARY: Classes = {
    "add_node": ClassRecord(
        class_id="add_node",
        class_name="Add",
        ports=(
            PortRecord(id="a", type="float"),
            PortRecord(id="b", type="float", class_default=1),
            PortRecord(id="out", is_input=False, type="float"),
        ),
    ),
    "numpy.fix": ClassRecord(
        class_id="numpy.fix",
        ports=(PortRecord(id="x"), PortRecord(id="out"), PortRecord(id="out", is_input=False)),
    ),
}
LIBRARIES: list[Classes] = [{}, LIBRARY]

GOOD: dict[str, Any] = {
    "backend": {
        "nodes": [
            {
                "name": "Scale", "id": "n_a", "node_id": "add_node", "node_name": "Add", "description": "d",
                "reset_inputs_on_trigger": True, "render_options": {"data": {"src": "out"}},
                "io": {
                    "a": {
                        "is_input": True, "emit_value_set": True, "default": 4.5, "value": 3, "name": "A",
                        "value_options": {"min": 0}, "render_options": {"type": "x"}, "hidden": True,
                    },
                    "b": {"is_input": True, "type": "float", "required": False, "does_trigger": True},
                    "out": {"is_input": False, "allow_multiple": True, "description": None},
                    "_triggeroutput": {"name": "x", "is_input": False, "hidden": True},
                },
                "properties": {"frontend:pos": [10, 20]},
                "requirements": [{"type": "nodeclass", "class": "lab.pump", "id": "zz"}],
            },
            {
                "id": "n_b", "node_id": "nope.class",
                "io": [{"id": "q", "is_input": True, "value": 5}, {"id": "o", "is_input": False}],
            },
            {
                "id": "n_c", "node_id": "numpy.fix",
                "io": {"x": {}, "out": {"value": 1}, "out@output": {"is_input": False, "hidden": True}},
            },
            {"id": "n_d", "node_id": "nope.class", "io": {}},
            {"id": "n_e", "node_id": "nope.class"},
        ],
        "edges": [["n_a", "out", "n_b", "q"], ["n_b", "o", "n_a", "b"], ["n_a", "out", "gone", "x"]],
        "prop": {"note:1": {"text": "hi", "pos": [1, 2]}, "cycle_limit": 5},
        "groups": {
            "g1": {"node_ids": ["n_a"], "child_groups": [], "parent_group": "g2", "meta": {"c": 1}},
            "g2": {"node_ids": ["n_d"], "child_groups": ["g1"], "parent_group": None, "position": [1, 2]},
            "g3": {"node_ids": ["n_c"], "child_groups": ["g4"], "parent_group": None},
            "g4": {"node_ids": ["n_b"], "child_groups": [], "parent_group": "g3"},
        },
        "someday": {"kept": True},
    },
    "view": {"nodes": {"n_a": {"pos": [1, 2], "size": [3, 4]}}, "renderoptions": {"typemap": {}}},
    "meta": {"id": "0" * 32, "version": "2.4.0"},
    "external_workers": {"lab.pump": ["bare", {"uuid": "u2", "name": "N", "config": {}}]},
    "unreadable": {"nodes": [5], "edges": []},
}  # fmt: skip

JUNK: list[Any] = [
    None, True, False, 0, 5, -1, 2.5, 1e308, 2**70, "", "x", "g1", "g2", "n_a", "out", "<NoValue>", "\u0000",
    "a" * 300, [], {}, [1], {"a": 1}, [[]], [{}], {"": {}}, {"id": 5}, [{"id": 5}], [{"id": []}],
    [{"id": "q"}, {"id": "q"}], ["x", "y", "z", "w"], ["n_a", "n_a"], ["n_a", "n_e"], ["g1"], ["g3", "g3"],
    [True, 2**70], {"$stored": "ff"}, {"node_ids": ["gone"]}, {"child_groups": ["g1"]},
    {"parent_group": "gone"}, {"out": {"is_input": False}, "out@output": {"is_input": False}},
]  # fmt: skip


def inner(part: Any) -> dict[Any, Any]:
    """Return what stands in a part of a graph, by key or number."""
    if isinstance(part, dict):
        return cast("dict[Any, Any]", part)
    return dict(enumerate(cast("list[Any]", part))) if isinstance(part, list) else {}


def places(part: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give every place in a saved graph, as the keys that lead there."""
    if above:
        yield above
    for key, one in inner(part).items():
        yield from places(one, (*above, key))


PLACES = list(places(GOOD))
NOTHING = object()


def changed(saved: dict[str, Any], *changes: tuple[tuple[Any, ...], Any]) -> dict[str, Any]:
    """Return a copy of a saved graph with other things in some places; those gone are passed over."""
    saved = copy.deepcopy(saved)
    for place, junk in changes:
        around: Any = saved
        for key in place[:-1]:
            around = inner(around).get(key)
        if place[-1] in inner(around):
            if junk is NOTHING:
                del around[place[-1]]
            else:
                around[place[-1]] = copy.deepcopy(junk)
    return saved


def said(saved: Any) -> str:
    """Return a saved graph as text, so that 1 and true are two things."""
    return json.dumps(saved, sort_keys=True)


def assert_opens(saved: dict[str, Any], classes: Classes) -> Document:
    """Open a saved graph as a worker does; it can be journaled, saved, opened again, and worked with."""
    before = said(saved)
    document = load(saved, classes)
    assert said(saved) == before, "what was handed in is not touched"
    for one in (document, fill_all(document, LIBRARY)):
        done = transact(Document(), [ReplaceGraph(one)])
        assert decode_edits(encode_edits(done.edits)) == done.edits
    once = msgspec.json.decode(msgspec.json.encode(dump(document, classes)))
    again = load(once, classes)
    assert said(dump(again, classes)) == said(once), "what is set aside is set aside once"
    assert again.nodes.keys() == document.nodes.keys()
    assert again.groups == document.groups
    assert_can_group(document)
    return document


def assert_can_group(document: Document) -> None:
    """Whatever is there, nodes can be put into a new group and taken out, all at once and one by one."""
    housed = {node for group in document.groups.values() for node in group.node_ids}
    free = [node for node in document.nodes if node not in housed]
    for some in (free, list(document.nodes)[:2], list(document.nodes)):
        if some:
            after = group_together(document.groups, some, [], "new group")
            done = transact(document, [ChangeGroups(difference(document.groups, after))])
            assert set(done.document.groups["new group"].node_ids) == set(some)
    for node in document.nodes:
        document = transact(document, [RemoveNode(node)]).document
    assert document.groups == {}


def test_what_made_no_sense_is_set_aside_as_it_came() -> None:
    saved = changed(
        GOOD,
        (("backend", "nodes", 0, "io", "b"), 7),
        (("backend", "nodes", 1, "io", 0, "id"), 5),
        (("backend", "nodes", 3, "io"), "nothing"),
        (("backend", "prop", "cycle_limit"), "often"),
        (("backend", "groups", "g4", "node_ids"), [[]]),
    )
    document = assert_opens(saved, {})

    assert document.surroundings["unreadable"] == {
        "nodes": [5],
        "edges": [["n_a", "out", "gone", "x"]],
        "ports": [
            {"node": "n_a", "io": {"b": 7}},
            {"node": "n_b", "io": [{"id": 5, "is_input": True, "value": 5}]},
            {"node": "n_d", "io": "nothing"},
        ],
        "prop": [{"cycle_limit": "often"}],
        "groups": [
            {"g3": {"node_ids": ["n_c"], "child_groups": ["g4"], "parent_group": None}},
            {"g4": {"node_ids": [[]], "child_groups": [], "parent_group": "g3"}},
        ],
    }


@pytest.mark.parametrize(
    ("groups", "mended"),
    [
        pytest.param({"g": {"node_ids": ["gone"]}}, {}, id="it holds nothing"),
        pytest.param(
            {"g": {"node_ids": ["n_a"]}, "h": {"node_ids": ["n_a", "n_b"]}},
            {"g": GroupRecord(node_ids=("n_a",)), "h": GroupRecord(node_ids=("n_b",))},
            id="a node in two",
        ),
        pytest.param(
            {"g": {"node_ids": ["n_a"], "parent_group": "gone"}},
            {"g": GroupRecord(node_ids=("n_a",))},
            id="a parent that is not there",
        ),
        pytest.param(
            {
                "g": {"child_groups": ["h"]},
                "h": {"node_ids": ["n_a"], "child_groups": ["g"], "parent_group": "g"},
            },
            {
                "g": GroupRecord(child_groups=("h",)),
                "h": GroupRecord(node_ids=("n_a",), parent_group="g"),
            },
            id="inside itself",
        ),
        pytest.param(
            {"g": {}, "h": {"child_groups": ["k"]}, "k": {"parent_group": "g", "node_ids": ["n_a"]}},
            {
                "g": GroupRecord(child_groups=("k",)),
                "k": GroupRecord(node_ids=("n_a",), parent_group="g"),
            },
            id="a child of two",
        ),
    ],
)
def test_groups_that_do_not_fit_together_are_put_right(groups: Any, mended: Any) -> None:
    """A whole graph was refused for one of them, and every grouping in a graph that was opened with one."""
    saved = changed(GOOD, (("backend", "groups"), groups))
    document = assert_opens(saved, {})

    assert document.groups == mended
    left_out = document.surroundings["unreadable"]["groups"]
    assert all(groups[name] == entry for one in left_out for name, entry in one.items())


@pytest.mark.parametrize("classes", LIBRARIES, ids=["no library", "library"])
def test_the_graph_itself_is_read_whole(classes: Classes) -> None:
    document = assert_opens(GOOD, classes)

    assert list(document.nodes) == ["n_a", "n_b", "n_c", "n_d", "n_e"]
    assert list(document.groups) == ["g1", "g2", "g3", "g4"]
    assert document.surroundings["unreadable"] == {"nodes": [5], "edges": [["n_a", "out", "gone", "x"]]}


def open_each(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    for number, (place, junk) in enumerate(changes):
        try:
            assert_opens(changed(GOOD, (place, junk)), LIBRARIES[number % 2])
        except Exception as problem:
            problem.add_note(f"{junk!r} at {place}")
            raise


def test_anything_in_one_place() -> None:
    """Two things in each place, another two in the next; all of them in the long run."""
    anything = [*JUNK, NOTHING]
    open_each([(place, anything[n * 7 % len(anything)]) for n, place in enumerate(PLACES)])
    members = [place for place in PLACES if place[:2] == ("backend", "groups")]
    open_each([(place, [[], {}, 5][n % 3]) for n, place in enumerate(members)])
    open_each([(place, 5) for place in PLACES if place[-1] == "id"])


@pytest.mark.soak
def test_anything_in_any_one_place() -> None:
    for junk in (*JUNK, NOTHING):
        open_each([(place, junk) for place in PLACES for _ in LIBRARIES])


NAMES = st.sampled_from(["g1", "g2", "g3", "g4", "g5"])
MEMBERS = st.lists(st.sampled_from(["n_a", "n_b", "n_c", "gone"]), max_size=3)
GROUPS = st.dictionaries(
    NAMES,
    st.fixed_dictionaries(
        {}, optional={"node_ids": MEMBERS, "child_groups": st.lists(NAMES, max_size=3), "parent_group": NAMES}
    ),
)


@settings(max_examples=part_of(400))
@given(GROUPS)
def test_any_groups(groups: dict[str, Any]) -> None:
    document = assert_opens(changed(GOOD, (("backend", "groups"), groups)), {})

    named = {node for group in groups.values() for node in group.get("node_ids", ())} - {"gone"}
    housed = {node for group in document.groups.values() for node in group.node_ids}
    assert housed == named, "no node that is there leaves its group"


ANYTHING = st.sampled_from(JUNK) | st.just(NOTHING) | st.sampled_from([GOOD["backend"]["groups"]["g1"]])


@settings(max_examples=part_of(300))
@given(
    st.lists(st.tuples(st.sampled_from(PLACES), ANYTHING), min_size=2, max_size=6), st.sampled_from(LIBRARIES)
)
def test_anything_in_several_places(changes: list[tuple[tuple[Any, ...], Any]], classes: Classes) -> None:
    assert_opens(changed(GOOD, *changes), classes)
