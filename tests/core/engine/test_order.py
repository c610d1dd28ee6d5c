"""The topological order, by itself."""

from __future__ import annotations

import time

import pytest
from funcnodes_core.engine import invariants
from funcnodes_core.engine.order import Order
from hypothesis import given
from hypothesis import strategies as st


def order_of(count: int, edges: list[tuple[int, int]]) -> Order:
    """Return an order with these edges."""
    order = Order()
    for _ in range(count):
        order.add()
    for a, b in edges:
        order.add_edge(a, b)
    return order


def sorted_ints(order: Order) -> list[int]:
    """Return all integers by label."""
    return sorted(range(len(order.label)), key=order.label.__getitem__)


def test_edges_against_the_labels_move_them() -> None:
    """Whatever order edges come in, parents stand first."""
    order = order_of(4, [(2, 1), (3, 2), (0, 3)])

    assert sorted_ints(order) == [0, 3, 2, 1]
    invariants.check_order(order)


def test_an_edge_that_closes_a_cycle_is_kept_aside_and_comes_back() -> None:
    """When the cycle is cut, the edge that closed it counts again."""
    order = order_of(3, [(0, 1), (1, 2), (2, 0)])
    assert order.back == {(2, 0)}

    order.remove_edge(0, 1)
    order.tidy()

    assert (order.back, sorted_ints(order)) == (set(), [1, 2, 0])
    invariants.check_order(order)


def test_two_edges_between_the_same_two_are_counted() -> None:
    """Only when the last one goes is the way gone."""
    order = order_of(2, [(0, 1), (0, 1)])
    order.remove_edge(0, 1)
    assert order.reaches(0, 1)
    order.remove_edge(0, 1)
    assert not order.reaches(0, 1)


def test_an_integer_is_used_again() -> None:
    """A removed integer takes its edges along and is given out again."""
    order = order_of(3, [(0, 1), (1, 2)])
    order.remove(1)
    assert (order.add(), order.children, order.parents) == (1, [[], [], []], [[], [], []])


@pytest.mark.alone
def test_a_chain_built_from_its_end_costs_no_search() -> None:
    """A root and a leaf move without looking at what lies between."""
    order = Order()
    started = time.process_time()
    last = order.add()
    for _ in range(100_000):
        new = order.add()
        order.add_edge(new, last)
        last = new
    # Of the processor: others at work on the machine are not counted.
    assert time.process_time() - started < 5
    assert order.label[last] < order.label[0]


def test_the_cycle_of_an_integer_is_named_in_order() -> None:
    """What lies beside the cycle is left out."""
    order = order_of(5, [(0, 1), (1, 2), (2, 3), (3, 1), (3, 4)])
    assert order.cycle_of(2) == [1, 2, 3]


edges_of_six = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=20)


@given(edges_of_six, st.data())
def test_any_edges_in_any_order_keep_the_labels_right(
    edges: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Adding and removing at random, cycles included, never breaks the order."""
    order = order_of(6, edges)
    invariants.check_order(order)
    rest = list(edges)
    while rest:
        order.remove_edge(*rest.pop(data.draw(st.integers(0, len(rest) - 1))))
        order.tidy()
        invariants.check_order(order)
    assert order.back == set()


@given(edges_of_six)
def test_a_graph_without_cycles_has_no_back_edges(edges: list[tuple[int, int]]) -> None:
    """An edge is kept aside only when there is a cycle."""
    order = order_of(6, [(a, b) for a, b in edges if a < b])
    assert order.back == set()
