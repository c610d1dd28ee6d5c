"""Any graph without cycles ends as if it had been computed node by node, however slow its nodes are."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any

from funcnodes_core.engine import invariants
from funcnodes_core.engine.runner import current_engine
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.graphs import KINDS, nap, runs
from tests.support.examples import part_of


@dataclass(frozen=True)
class Plan:
    """A random graph: each node's kind and parents, and what is set when."""

    kinds: tuple[str, ...]
    parents: tuple[tuple[int, ...], ...]
    changes: tuple[tuple[tuple[int, int], ...], ...]

    def values(self, given: dict[int, int]) -> list[int]:
        """Return what each node's output must hold in the end."""
        out: list[int] = []
        for n, above in enumerate(self.parents):
            out.append((sum(out[m] for m in above) if above else given[n]) + 1)
        return out


@st.composite
def plans(draw: Any, kinds: tuple[str, ...]) -> Plan:
    """Draw a graph of up to 12 nodes with up to three parents each."""
    count = draw(st.integers(1, 12))
    parents = tuple(
        tuple(draw(st.lists(st.integers(0, n - 1), max_size=3, unique=True))) if n else ()
        for n in range(count)
    )
    roots = [n for n, above in enumerate(parents) if not above]
    change = st.lists(st.tuples(st.sampled_from(roots), st.integers(0, 9)), max_size=3).map(tuple)
    first = tuple((n, draw(st.integers(0, 9))) for n in roots)
    rest = draw(st.lists(change, max_size=3))
    return Plan(tuple(draw(st.sampled_from(kinds)) for _ in range(count)), parents, (first, *rest))


def build(plan: Plan) -> list[Any]:
    """Return the living nodes of a plan."""
    nodes = [KINDS[kind]() for kind in plan.kinds]
    for n, above in enumerate(plan.parents):
        for i, m in enumerate(above):
            nodes[m].outputs["out"].connect(nodes[n].inputs[f"x{i}"])
    return nodes


def affected(plan: Plan, changed: set[int]) -> set[int]:
    """Return what a change reaches."""
    reached = set(changed)
    for n, above in enumerate(plan.parents):
        if reached & set(above):
            reached.add(n)
    return reached


async def one_wave_at_a_time(plan: Plan) -> None:
    """Set, wait, compare: each affected node ran once."""
    engine, nodes, given = current_engine(), build(plan), dict[int, int]()
    for change in plan.changes:
        runs.clear()
        for n, value in change:
            nodes[n].inputs["x0"].value = given[n] = value
        await engine.wait_idle()
        invariants.check(engine.scheduler)
        expected = Counter({nodes[n].uuid: 1 for n in affected(plan, {n for n, _ in change})})
        assert (runs, [node.outputs["out"].value for node in nodes]) == (expected, plan.values(given))


async def waves_into_each_other(plan: Plan) -> None:
    """Set again while runs last: the end is right, and nobody ran more often than it had causes."""
    engine, nodes, given = current_engine(), build(plan), dict[int, int]()
    runs.clear()
    for change in plan.changes:
        for n, value in change:
            nodes[n].inputs["x0"].value = given[n] = value
        await nap()
    await engine.wait_idle()
    invariants.check(engine.scheduler)
    assert [node.outputs["out"].value for node in nodes] == plan.values(given)
    assert max(runs.values(), default=0) <= len(plan.changes)


@given(plans(("plain",)))
def test_plain_graphs(plan: Plan) -> None:
    """Plain functions only."""
    asyncio.run(one_wave_at_a_time(plan))


@given(plans(("plain", "napping")))
def test_graphs_with_slow_nodes(plan: Plan) -> None:
    """Coroutines among them."""
    asyncio.run(one_wave_at_a_time(plan))
    asyncio.run(waves_into_each_other(plan))


@settings(max_examples=part_of(40))
@given(plans(("plain", "napping", "threaded")))
def test_graphs_with_threads(plan: Plan) -> None:
    """Threads among them."""
    asyncio.run(one_wave_at_a_time(plan))
    asyncio.run(waves_into_each_other(plan))
