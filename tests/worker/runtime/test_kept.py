"""A graph made again from what was kept is the graph that was, and nothing of it ran."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from funcnodes_core.engine.runner import current_engine
from funcnodes_core.node.node import Node
from funcnodes_core.nodespace import NodeSpace
from funcnodes_worker.process.keeping import encode_all
from funcnodes_worker.runtime.kept import ALWAYS_BYTES, Keeper, allowed_bytes
from funcnodes_worker.runtime.kept_code import Codes
from funcnodes_worker.runtime.kept_values import decode, encode, fingerprint
from funcnodes_worker.store.kept import KeptRecord

import funcnodes_core as fn

RAN: list[str] = []
CODES = Codes(math.inf)
"""One for all: to find the code behind these nodes, all that the tests import is looked through.

Whenever a file of it was saved: somebody may work on the tests while these run.
"""


@fn.NodeDecorator("kepttest.add", name="Add", outputs=[{"name": "sum"}])
def add(a: float, b: float = 1, node: Any = None) -> float:
    """Add."""
    RAN.append("add")
    return a + b


@fn.NodeDecorator("kepttest.both", name="Both", outputs=[{"name": "list"}, {"name": "array"}])
def both(a: Any, b: Any = None) -> tuple[Any, Any]:
    """Return a list and an array."""
    RAN.append("both")
    return [a, b, "x"], np.arange(5)


@fn.NodeDecorator("kepttest.thing", name="Thing", outputs=[{"name": "thing"}])
def thing(a: Any) -> Any:
    """Return what cannot be kept."""
    RAN.append("thing")
    return object()


KINDS = {"add": (add, "ab", ["sum"]), "both": (both, "ab", ["list", "array"])}
Plan = list[tuple[str, str, dict[str, Any]]]
Kept = tuple[dict[str, KeptRecord], dict[str, bytes]]


def random_graph(dice: random.Random, size: int) -> Plan:
    """Return nodes with values and edges from earlier ones."""
    plan: Plan = []
    for number in range(size):
        kind = dice.choice(list(KINDS))
        inputs: dict[str, Any] = {}
        for port in KINDS[kind][1]:
            earlier = [one for one in plan if one[1] == "add"] if kind == "add" else plan
            if earlier and dice.random() < 0.6:
                source, source_kind, _ = dice.choice(earlier)
                inputs[port] = (source, dice.choice(KINDS[source_kind][2]))
            elif port == "a" or dice.random() < 0.5:
                inputs[port] = dice.choice([1, 2.5, 7, 1000])
        plan.append((f"n{number}", kind, inputs))
    return plan


def build(plan: Plan) -> NodeSpace:
    space = NodeSpace()
    for name, kind, inputs in plan:
        node = KINDS[kind][0](uuid=name, trigger_on_create=False)
        space.add_node_instance(node)
        for port, given in inputs.items():
            if isinstance(given, tuple):
                space.get_node_by_id(given[0]).outputs[given[1]].connect(node.inputs[port])
            else:
                node.inputs[port].set_value(given, does_trigger=False)
    return space


async def stir(nodes: Iterable[Node], keeper: Keeper) -> None:
    for node in nodes:
        if not keeper.is_kept(node) and node.ready():
            node.request_trigger()
    await current_engine().wait_idle()


def shown(space: NodeSpace) -> dict[str, Any]:
    return {
        f"{node.uuid}.{name}": fingerprint(port.value)
        for node in space.nodes
        for name, port in (*node.inputs.items(), *node.outputs.items())
        if not name.startswith("_")
    }


def keeper() -> Keeper:
    return Keeper(CODES)


def keep(space: NodeSpace) -> Kept:
    records, contents = encode_all(keeper().candidates(space.nodes))
    return {record.node: record for record in records}, contents


async def take_up(space: NodeSpace, kept: Kept) -> Keeper:
    mine = keeper()
    nodes = list(space.nodes)
    mine.take_up(nodes, kept[0], kept[1].get)
    await stir(nodes, mine)
    return mine


@pytest.mark.parametrize("seed", range(30))
async def test_a_graph_comes_back_without_a_run(seed: int) -> None:
    plan = random_graph(random.Random(seed), 12)
    first = build(plan)
    await stir(first.nodes, keeper())
    before, kept = shown(first), keep(first)
    assert len(kept[0]) == len(plan)
    RAN.clear()
    second = build(plan)
    mine = await take_up(second, kept)
    assert RAN == []
    assert shown(second) == before
    assert all(mine.is_kept(node) for node in second.nodes)


@pytest.mark.parametrize("seed", range(30))
async def test_a_change_runs_what_it_reaches_and_ends_as_a_graph_that_ran_whole(seed: int) -> None:
    """Values changed, nodes not kept, records lost: whatever is missing, the end is the same."""
    dice = random.Random(seed)
    plan = random_graph(dice, 12)
    first = build(plan)
    await stir(first.nodes, keeper())
    records, contents = keep(first)
    changed = [
        (name, kind, {p: 99 if not isinstance(v, tuple) and dice.random() < 0.2 else v for p, v in i.items()})
        for name, kind, i in plan
    ]
    for name in dice.sample(sorted(records), 3):
        del records[name]
    for identity in dice.sample(sorted(contents), 1):
        contents[identity] = b"?"
    expected = build(changed)
    await stir(expected.nodes, keeper())
    RAN.clear()
    second = build(changed)
    await take_up(second, (records, contents))
    assert shown(second) == shown(expected)
    assert len(RAN) <= len(plan)


async def test_behind_what_cannot_be_kept_runs_only_what_cannot_be_compared() -> None:
    def graph() -> NodeSpace:
        space = NodeSpace()
        for node in (thing(uuid="t"), both(uuid="b"), add(uuid="c")):
            space.add_node_instance(node)
        space.get_node_by_id("t").inputs["a"].set_value(1, does_trigger=False)
        space.get_node_by_id("t").outputs["thing"].connect(space.get_node_by_id("b").inputs["b"])
        space.get_node_by_id("b").inputs["a"].set_value(1, does_trigger=False)
        space.get_node_by_id("c").inputs["a"].set_value(2, does_trigger=False)
        return space

    first = graph()
    await stir(first.nodes, keeper())
    kept = keep(first)
    assert set(kept[0]) == {"c"}
    RAN.clear()
    await take_up(graph(), kept)
    assert sorted(RAN) == ["both", "thing"]


async def test_a_cycle_comes_back() -> None:
    def graph() -> NodeSpace:
        space = NodeSpace()
        for node in (both(uuid="x", trigger_on_create=False), add(uuid="y", trigger_on_create=False)):
            space.add_node_instance(node)
        x, y = space.get_node_by_id("x"), space.get_node_by_id("y")
        y.inputs["a"].set_value(1, does_trigger=False)
        y.inputs["b"].does_trigger = False
        y.outputs["sum"].connect(x.inputs["a"])
        return space

    first = graph()
    await stir(first.nodes, keeper())
    kept = keep(first)
    RAN.clear()
    second = graph()
    await take_up(second, kept)
    assert RAN == []
    assert shown(second) == shown(first)


VALUES: list[Any] = [
    1, 1.0, True, None, "x", "", [1, 2.5], {"a": [1, None]}, (1, 2), {1: 2}, {1, 2}, frozenset({"a"}),
    2**80, -0.0, float("inf"), 1j, b"", b"ab", [(1,), {"a": b"x"}], np.arange(6).reshape(2, 3),
    np.float64(2), np.bool_(True), np.zeros((0, 3)), np.array(5), np.arange(10)[::2],
    np.asfortranarray(np.arange(8).reshape(2, 4)), np.array(["a", "bb"]), np.datetime64("2020-01-01"),
    np.array([("x", 1)], dtype=[("n", "U3"), ("v", "i4")]), [np.arange(3)],
    pa.table({"a": [1, 2], "b": ["x", None]}),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_comes_back_equal_and_of_its_type(value: Any) -> None:
    encoded = encode(value)
    assert encoded is not None
    kind, parts = encoded
    back = decode(kind, b"".join(parts))
    assert type(back) is type(value)
    assert fingerprint(back) == fingerprint(value)
    if isinstance(value, np.ndarray):
        assert back.dtype == value.dtype
        assert back.flags.writeable
        np.testing.assert_array_equal(back, value)
    elif not isinstance(value, list):
        assert back == value


def test_values_that_differ_are_told_apart() -> None:
    prints = [fingerprint(value) for value in VALUES]
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize(
    "value",
    [object(), [object()], np.array([object()]), "\ud800", type("Sub", (dict,), {})(a=1), [0] * 300_000, len],
    ids=lambda value: str(type(value)),
)
def test_what_would_not_come_back_equal_is_not_kept(value: Any) -> None:
    assert encode(value) is None


@pytest.mark.parametrize("kind", ["json", "tree", "npy", "arrow", "pickle", ""])
@pytest.mark.parametrize("data", [b"", b"\xff", b"{", b"[1,2]", b"a\x93NUMPY\x01\x00", b'["zz",1]'])
def test_bytes_that_are_no_value_say_so(kind: str, data: bytes) -> None:
    if (kind, data[:1]) == ("json", b"["):
        assert decode(kind, data) in ([1, 2], ["zz", 1])
        return
    with pytest.raises(ValueError, match=r"format|bytes|array|magic|Expected|unpack|Tried|Invalid|stream"):
        decode(kind, data)


def test_a_pickled_array_is_refused(tmp_path: Any) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="objects"):
        decode("npy", b"a" + path.read_bytes())


def test_what_was_dear_may_be_larger() -> None:
    assert allowed_bytes(0) == ALWAYS_BYTES
    assert allowed_bytes(1) == 20_000_000
    assert allowed_bytes(1e9) == 100 * 1024 * 1024


def test_code_that_changed_after_the_start_is_unknown() -> None:
    assert CODES.of(add) is not None
    assert Codes(0).of(add) is None
    assert CODES.of(add) != CODES.of(both)
