"""Undo and redo, per author and for all: never to the damage of what somebody else did since."""

from typing import Any

import pytest
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
    SetProperty,
    SetValue,
)
from funcnodes_core.document.filling import new_node, observe_ports
from funcnodes_core.document.model import Document, Edge, GroupRecord
from funcnodes_core.document.refusals import (
    BuiltUpon,
    NothingToRedo,
    NothingToUndo,
    StepNoLongerFits,
    StepNotFound,
)
from funcnodes_core.document.serialize import load
from msgspec import UNSET
from msgspec.structs import replace

from tests.support.random_edits import ADD, PUMP
from tests.support.small_log import SmallLog


def value(log: SmallLog, port: str = "a", node: str = "n") -> Any:
    return log.document.nodes[node].ports[port].value


def put(number: Any, port: str = "a", node: str = "n") -> SetValue:
    return SetValue(node, port, number)


def add(name: str) -> AddNode:
    return AddNode(new_node(ADD, name))


@pytest.fixture
def log() -> SmallLog:
    """A graph of two nodes that nobody of these tests has made."""
    log = SmallLog()
    log.do("old", add("n"), add("m"))
    return log


# One author


def test_undo_goes_back_step_by_step_and_redo_forward(log: SmallLog) -> None:
    for number in (1, 2, 3):
        log.do("ann", put(number))
    log.undo("ann")
    log.undo("ann")
    assert value(log) == 1
    log.redo("ann")
    assert value(log) == 2
    log.redo("ann")
    assert value(log) == 3
    with pytest.raises(NothingToRedo):
        log.redo("ann")


def test_a_new_change_ends_what_could_be_redone(log: SmallLog) -> None:
    log.do("ann", put(1))
    log.undo("ann")
    log.do("ann", put(2, "b"))
    with pytest.raises(NothingToRedo):
        log.redo("ann")
    log.undo("ann")
    with pytest.raises(NothingToUndo):
        log.undo("ann")


def test_everything_undone_in_turn_is_the_graph_before(log: SmallLog) -> None:
    start = log.document
    log.do("ann", AddEdge(Edge("n", "sum", "m", "a")))
    log.do("ann", ChangeGroups({"g": GroupRecord(node_ids=("n", "m"))}))
    log.do("ann", RemoveNode("n"))
    log.do("ann", ReplaceGraph(Document()))
    for _ in range(4):
        log.undo("ann")
    assert log.document == start
    assert list(log.document.nodes) == list(start.nodes)


# Steps that grow


def test_moves_within_half_a_second_are_one_step(log: SmallLog) -> None:
    for place in range(50):
        log.do("ann", SetProperty("n", "frontend:pos", [place, 0]), after_s=0.03)
    assert [line.title for line in log.history.page(None, 10, "ann")[0]] == ["moved Add"]
    log.undo("ann")
    assert "frontend:pos" not in log.document.nodes["n"].properties
    log.redo("ann")
    assert log.document.nodes["n"].properties["frontend:pos"] == [49, 0]


def test_values_of_one_port_within_half_a_second_are_one_step_with_their_defaults(log: SmallLog) -> None:
    for number in range(5):
        log.do("ann", SetDefault("n", "a", number), put(number), after_s=0.4)
    log.undo("ann")
    assert log.document == log.documents[1]


@pytest.mark.parametrize(
    ("author", "edits"),
    [
        pytest.param("ann", [put(5, "b")], id="another port"),
        pytest.param("bob", [put(5)], id="somebody else, the same port"),
        pytest.param("bob", [RenameNode("n", "x"), put(3)], id="somebody else, among others"),
    ],
)
def test_a_step_does_not_grow_over(log: SmallLog, author: str, edits: list[Edit]) -> None:
    log.do("ann", put(1))
    log.do(author, *edits, after_s=0.1)
    before = log.document
    log.do("ann", put(2), after_s=0.1)
    log.undo("ann")
    assert log.document == before


def test_a_step_does_not_grow_after_half_a_second(log: SmallLog) -> None:
    log.do("ann", put(1))
    log.do("ann", put(2), after_s=0.6)
    log.undo("ann")
    assert value(log) == 1


def test_a_step_grows_beside_somebody_who_does_something_else(log: SmallLog) -> None:
    for number in range(10):
        log.do("ann", put(number), after_s=0.1)
        log.do("bob", put(number, "b"), after_s=0.1)
    log.undo("ann")
    assert (value(log), value(log, "b")) == (log.documents[1].nodes["n"].ports["a"].value, 9)


def test_what_was_undone_does_not_grow(log: SmallLog) -> None:
    log.do("ann", put(1), after_s=0.1)
    log.undo("ann")
    log.do("ann", put(2), after_s=0.0)
    log.undo("ann")
    assert log.document == log.documents[1]


# Two authors


def test_each_undoes_what_is_their_own(log: SmallLog) -> None:
    log.do("ann", put(1))
    log.do("bob", put(2, "b"))
    log.undo("ann")
    assert (value(log, "b"), log.document.nodes["n"].ports["a"]) == (
        2,
        log.documents[1].nodes["n"].ports["a"],
    )
    with pytest.raises(NothingToUndo):
        log.undo("ann")
    log.undo("bob")
    assert log.document == log.documents[1]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([put(1)], [put(2)]),
        ([add("k")], [AddEdge(Edge("k", "sum", "n", "a"))]),
        ([add("k")], [put(3, "a", "k")]),
        ([add("k")], [SetProperty("k", "frontend:pos", [1, 1])]),
        ([add("k")], [ChangeGroups({"g": GroupRecord(node_ids=("k", "n"))})]),
        ([AddEdge(Edge("n", "sum", "m", "a"))], [RemoveNode("n")]),
        ([put(1)], [AddEdge(Edge("m", "sum", "n", "a"))]),
        ([put(1)], [ReplaceGraph(Document())]),
        ([ReplaceGraph(Document(nodes={"n": new_node(ADD, "n")}))], [put(1)]),
        ([RenameNode("n", "x")], [RemoveNode("n")]),
        (
            [ChangeGroups({"g": GroupRecord(node_ids=("n", "m"))})],
            [ChangeGroups({"g": GroupRecord(node_ids=("n",))})],
        ),
    ],
    ids=str,
)
def test_what_somebody_elses_later_change_builds_on_is_not_undone(
    log: SmallLog, first: list[Edit], second: list[Edit]
) -> None:
    mine = log.do("ann", *first)
    theirs = log.do("bob", *second)
    before = log.document
    with pytest.raises(BuiltUpon) as refusal:
        log.undo("ann")
    assert theirs.title in str(refusal.value)
    assert mine.title in str(refusal.value)
    assert log.document is before
    log.undo("bob")
    log.undo("ann")
    assert log.document == log.documents[1]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([put(1)], [put(2, "b")]),
        ([put(1)], [SetProperty("n", "frontend:pos", [1, 1])]),
        ([AddEdge(Edge("n", "sum", "m", "many"))], [AddEdge(Edge("m", "sum", "m", "many"))]),
        (
            [ChangeGroups({"g": GroupRecord(node_ids=("n",))})],
            [ChangeGroups({"h": GroupRecord(node_ids=("m",))})],
        ),
        ([RemoveNode("n")], [put(1, "a", "m")]),
    ],
    ids=str,
)
def test_what_does_not_meet_is_undone_beside_a_later_change(
    log: SmallLog, first: list[Edit], second: list[Edit]
) -> None:
    log.do("ann", *first)
    log.do("bob", *second)
    log.undo("ann")
    alone = SmallLog(log.documents[1])
    alone.do("bob", *second)
    assert log.document == alone.document


def test_a_change_that_was_undone_again_is_in_nobodys_way(log: SmallLog) -> None:
    log.do("ann", put(1))
    log.do("bob", put(2))
    log.undo("bob")
    log.undo("ann")
    assert log.document == log.documents[1]


def test_what_the_rules_do_not_allow_any_more_says_why(log: SmallLog) -> None:
    log.do("ann", AddEdge(Edge("n", "sum", "m", "a")))
    log.do("ann", RemoveEdge(Edge("n", "sum", "m", "a")))
    log.do("bob", AddEdge(Edge("m", "sum", "m", "a")))
    with pytest.raises(StepNoLongerFits, match="is fed by 'sum' of 'm'"):
        log.undo("ann")


def test_redo_is_refused_like_undo(log: SmallLog) -> None:
    log.do("ann", put(1))
    log.undo("ann")
    log.do("bob", put(2))
    with pytest.raises(BuiltUpon, match="can not be redone"):
        log.redo("ann")
    assert value(log) == 2


# What no edit brings back


def test_an_undo_goes_on_behind_a_port_that_node_code_took_away(log: SmallLog) -> None:
    """It was refused for ever, and so was everything of one's own before it."""
    start = log.document
    wire = Edge("n", "sum", "m", "a")
    log.do("ann", add("k"))
    log.do("ann", put(1, "b", "k"), RenameNode("k", "x"))
    log.do("ann", AddEdge(Edge("n", "sum", "k", "b")))
    log.do("ann", RemoveEdge(Edge("n", "sum", "k", "b")), AddEdge(wire))
    seen = [port for port in log.document.nodes["k"].ports.values() if port.id != "b"]
    log.document = observe_ports(log.document, "k", seen)
    log.undo("ann")
    assert log.document.edges == ()
    log.undo("ann")
    log.undo("ann")
    assert log.document.nodes["k"].name != "x"
    log.undo("ann")
    assert log.document == start
    for _ in range(4):
        log.redo("ann")
    assert (log.document.nodes["k"].name, log.document.edges) == ("x", (wire,))


def test_an_undo_goes_on_behind_an_external_worker_that_is_gone() -> None:
    log = SmallLog(Document(surroundings=PUMP))
    log.do("ann", add("k"))
    log.do("ann", NameExternalWorker("labkit.pump", "w1", "Right"))
    log.document = replace(log.document, surroundings={})
    log.undo("ann")
    log.undo("ann")
    assert log.document == Document()


def test_a_wire_of_a_placeholder_that_lists_no_ports_is_not_lost_by_an_undo() -> None:
    """It can not come back, and the undo says so in place of bringing the node back without it."""
    nodes = [{"id": name, "node_id": "gone.away"} for name in "pq"]
    log = SmallLog(load({"backend": {"nodes": nodes, "edges": [["p", "out", "q", "in"]]}}, {}))
    log.do("ann", RemoveNode("p"))
    with pytest.raises(StepNoLongerFits, match="no port 'out'"):
        log.undo("ann")


# For all, and by choice


def test_undo_for_all_takes_the_last_step_of_anybody(log: SmallLog) -> None:
    log.do("ann", put(1))
    log.do("bob", put(2))
    log.undo("cara", of=None)
    assert value(log) == 1
    log.undo("cara", of=None)
    log.redo("cara", of=None)
    assert value(log) == 1
    log.redo("cara", of=None)
    assert value(log) == 2


def test_who_did_somebody_elses_step_again_can_undo_that(log: SmallLog) -> None:
    """It was refused for ever: the own redo was in the way, and no undo of one's own took it."""
    log.do("ann", add("k"))
    log.do("bob", put(1, "a", "k"))
    log.undo("bob")
    log.redo("ann", of=None)
    assert value(log, "a", "k") == 1
    log.undo("ann")
    assert value(log, "a", "k") is UNSET
    log.undo("ann")
    assert "k" not in log.document.nodes
    with pytest.raises(NothingToUndo):
        log.undo("ann")


def test_whose_step_was_done_again_by_somebody_else_can_still_undo_it(log: SmallLog) -> None:
    log.do("bob", put(1))
    log.undo("bob")
    log.redo("ann", of=None)
    log.undo("bob")
    assert log.document == log.documents[1]
    with pytest.raises(NothingToUndo):
        log.undo("ann")


def test_who_undid_somebody_elses_step_can_do_it_again_and_so_can_they(log: SmallLog) -> None:
    for who in ("ann", "bob"):
        log.do("bob", put(1))
        log.undo("ann", of=None)
        log.redo(who)
        assert value(log) == 1
        log.undo("bob")


def test_a_step_is_undone_by_the_revision_at_which_it_was_done_again(log: SmallLog) -> None:
    log.do("bob", put(1))
    undone = log.undo("bob")
    redone = log.redo("ann", of=None)
    with pytest.raises(StepNotFound, match="no change of revision"):
        log.undo("ann", revision=undone.revision)
    log.undo("ann", revision=redone.revision)
    assert log.document == log.documents[1]
    with pytest.raises(StepNotFound, match="undone already"):
        log.undo("ann", revision=redone.revision)


def test_what_is_in_the_way_is_named_by_the_revision_that_undoes_it(log: SmallLog) -> None:
    log.do("ann", add("k"))
    log.do("bob", put(1, "a", "k"))
    log.undo("bob")
    log.redo("cara", of=None)
    with pytest.raises(BuiltUpon, match="somebody else's later change “set `a` of Add to 1”") as refusal:
        log.undo("ann")
    assert log.entries[refusal.value.revision].author == "cara"
    log.undo("ann", revision=refusal.value.revision)
    log.undo("ann")
    assert log.document == log.documents[1]


def test_what_somebody_else_has_undone_is_named_as_that(log: SmallLog) -> None:
    log.do("ann", put(1))
    log.do("cara", put(2))
    log.undo("bob", of=None)
    log.undo("bob", of=None)
    with pytest.raises(BuiltUpon, match="somebody else has undone “set `a` of Add to 1” since"):
        log.redo("cara")
    log.redo("bob")
    log.redo("cara")
    assert value(log) == 2


def test_an_earlier_step_is_undone_by_its_revision(log: SmallLog) -> None:
    first = log.do("ann", put(1))
    log.do("ann", put(2, "b"))
    log.undo("ann", revision=first.revision)
    assert value(log, "b") == 2
    with pytest.raises(StepNotFound, match="undone already"):
        log.undo("ann", revision=first.revision)
    with pytest.raises(StepNotFound, match="no change of revision 99"):
        log.undo("ann", revision=99)


def test_an_earlier_step_is_not_undone_below_an_own_later_one(log: SmallLog) -> None:
    first = log.do("ann", put(1))
    log.do("ann", put(2))
    with pytest.raises(BuiltUpon, match="your own later change"):
        log.undo("ann", revision=first.revision)


def test_history_is_read_in_pages(log: SmallLog) -> None:
    for number in range(5):
        log.do("ann", put(number, "b")) if number % 2 else log.do("bob", put(number))
    log.undo("ann")

    lines, more = log.history.page(None, 3, None)
    assert [(line.revision, line.author, line.kind, line.is_undone) for line in lines] == [
        (7, "ann", "undo", False),
        (6, "bob", "edit", False),
        (5, "ann", "edit", True),
    ]
    assert more
    rest, more = log.history.page(5, 10, "bob")
    assert [line.revision for line in rest] == [4, 2]
    assert not more
    assert lines[1].title == "set `a` of Add to 4"
