"""What must be true of a scheduler at any moment between two of its words.

Tests call `check` at their ends.
"""

from __future__ import annotations

from funcnodes_core.engine.order import MASK, Order
from funcnodes_core.engine.scheduler import HELD, MARKED, OPEN, RUNNING, Scheduler

__all__ = ["check", "check_order", "check_start"]


def check(scheduler: Scheduler) -> None:
    """Assert what holds between two words."""
    check_order(scheduler.order)
    state, order = scheduler.state, scheduler.order
    for n in scheduler.lasting:
        assert state[n] in (OPEN, RUNNING), f"{n} lasts, but does not run"
    for n in scheduler.queued:
        assert state[n] == RUNNING, f"{n} is queued, but does not run"
    for n in range(len(state)):
        if state[n] == HELD:
            holders = {m for m in scheduler.lasting if scheduler.holds_back(m, scheduler.wave_of[n])}
            assert order.ancestors_in(n, holders, None) is not None, f"{n} is held by nobody"
        if state[n] == MARKED:
            assert scheduler.will_take(n), f"{n} is marked, but nobody will take it"


def check_order(order: Order) -> None:
    """Assert that labels grow along every edge but the back edges."""
    assert [label & MASK for label in order.label] == list(range(len(order.label)))
    assert len({label >> 32 for label in order.label}) == len(order.label)
    for a, children in enumerate(order.children):
        for b in children:
            assert order.parents[b].count(a) == children.count(b)
            if (a, b) not in order.back:
                assert order.label[a] < order.label[b], f"{a} stands behind its child {b}"
    if not order.stale:
        for a, b in order.back:
            assert a == b or order.reaches(b, a), f"{(a, b)} closes no cycle"


def check_start(scheduler: Scheduler, n: int) -> None:
    """Assert that `n`, taken just now, has no ancestor that is marked or holds it back, cycles aside."""
    order = scheduler.order
    above = {m for m in range(len(order.label)) if m != n and order.reaches(m, n) and not order.reaches(n, m)}
    marked = {m for m in above if scheduler.state[m] in (MARKED, HELD)}
    same_wave = {m for m in marked if scheduler.wave_of[m] == scheduler.wave_of[n]}
    assert not same_wave, f"{n} runs while its ancestors {same_wave} are marked"
    holders = {m for m in above if scheduler.holds_back(m, scheduler.wave_of[n])}
    assert not holders, f"{n} runs while its ancestors {holders} have set no output yet"
