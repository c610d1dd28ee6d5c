"""The scheduler, by itself: no loop, no clock, no nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from funcnodes_core.engine import invariants
from funcnodes_core.engine.order import Order
from funcnodes_core.engine.scheduler import HELD, IDLE, MARKED, RanAway, Scheduler
from hypothesis import given
from hypothesis import strategies as st

Make = Callable[[int, list[tuple[int, int]]], Scheduler]


@pytest.fixture
def graph() -> Iterator[Make]:
    """Return a maker of schedulers; what holds between two words is checked at the end."""
    made: list[Scheduler] = []

    def make(count: int, edges: list[tuple[int, int]]) -> Scheduler:
        made.append(scheduler_of(count, edges))
        return made[-1]

    yield make
    for scheduler in made:
        invariants.check(scheduler)


def scheduler_of(count: int, edges: list[tuple[int, int]]) -> Scheduler:
    """Return a scheduler with these edges."""
    scheduler = Scheduler()
    for _ in range(count):
        scheduler.add()
    for a, b in edges:
        scheduler.add_edge(a, b)
    return scheduler


def run_plain(scheduler: Scheduler, limit: int = 10_000) -> list[int]:
    """Run everything as plain functions that set their outputs; return who ran."""
    ran: list[int] = []
    while len(ran) < limit and (n := scheduler.next()) >= 0:
        invariants.check_start(scheduler, n)
        ran.append(n)
        for child in scheduler.order.children[n]:
            scheduler.mark(child)
        scheduler.finished(n, scheduler.run[n])
    scheduler.outside()
    return ran


def test_a_diamond_runs_its_end_once(graph: Make) -> None:
    """One change runs each affected node once, parents first."""
    scheduler = graph(4, [(0, 1), (0, 2), (1, 3), (2, 3)])
    scheduler.mark(0)
    assert run_plain(scheduler) == [0, 1, 2, 3]


def test_marks_are_news_once(graph: Make) -> None:
    """A second mark adds nothing until the node runs."""
    scheduler = graph(1, [])
    assert (scheduler.mark(0), scheduler.mark(0)) == (True, False)


def test_a_mark_while_running_queues_one_more_run(graph: Make) -> None:
    """Any number of marks while it runs is one more run."""
    scheduler = graph(1, [])
    scheduler.mark(0)
    assert scheduler.next() == 0
    scheduler.stays(0)
    scheduler.mark(0)
    scheduler.mark(0)
    assert scheduler.next() == -1
    scheduler.finished(0, 1)
    assert (scheduler.next(), scheduler.next()) == (0, -1)
    scheduler.finished(0, 2)


def test_an_open_run_takes_marks_along(graph: Make) -> None:
    """Inputs are not read yet, so nothing is missed."""
    scheduler = graph(1, [])
    scheduler.mark(0)
    scheduler.next()
    scheduler.stays(0, opened=True)
    scheduler.mark(0)
    scheduler.stays(0)
    scheduler.finished(0, 1)
    assert scheduler.next() == -1


def test_a_run_that_lasts_holds_back_its_descendants(graph: Make) -> None:
    """The join waits for the slow branch, then runs once."""
    scheduler = graph(4, [(0, 1), (0, 2), (1, 3), (2, 3)])
    scheduler.mark(0)
    scheduler.next()
    scheduler.mark(1)
    scheduler.mark(2)
    scheduler.finished(0, 1)
    assert scheduler.next() == 1
    scheduler.stays(1)
    assert scheduler.next() == 2
    scheduler.mark(3)
    scheduler.finished(2, 1)
    assert (scheduler.next(), scheduler.state[3]) == (-1, HELD)
    scheduler.mark(3)
    scheduler.finished(1, 1)
    assert run_plain(scheduler) == [3]


def test_a_run_that_sets_an_output_holds_back_nobody(graph: Make) -> None:
    """A stream lets its descendants go at its first word."""
    scheduler = graph(2, [(0, 1)])
    scheduler.mark(0)
    scheduler.mark(1)
    assert scheduler.next() == 0
    scheduler.stays(0)
    assert scheduler.next() == -1
    scheduler.speaks(0)
    assert scheduler.next() == 1
    scheduler.finished(1, 1)
    scheduler.finished(0, 1)


def test_a_new_cause_does_not_wait_for_an_old_run(graph: Make) -> None:
    """What a user changes now is shown now, though another branch computes for an hour."""
    scheduler = graph(3, [(0, 2), (1, 2)])
    scheduler.mark(0)
    scheduler.next()
    scheduler.stays(0)
    scheduler.outside()
    scheduler.mark(1)
    assert run_plain(scheduler) == [1, 2]
    scheduler.finished(0, 1)


def test_a_late_answer_is_dropped(graph: Make) -> None:
    """A run that was given up cannot end the next one."""
    scheduler = graph(2, [])
    scheduler.mark(0)
    scheduler.next()
    scheduler.stays(0)
    scheduler.remove(0)
    assert scheduler.add() == 0
    scheduler.mark(0)
    scheduler.next()
    assert (scheduler.finished(0, 1), scheduler.finished(0, 3)) == (False, True)


def test_a_cycle_runs_away_after_its_limit(graph: Make) -> None:
    """It is stopped where it is, and can be started again."""
    scheduler = graph(2, [(0, 1), (1, 0)])
    scheduler.lap_limit = 10
    scheduler.mark(0)
    with pytest.raises(RanAway):
        run_plain(scheduler)
    assert (scheduler.run[0], scheduler.idle) == (11, True)


def test_a_node_that_asks_for_itself_runs_away_too(graph: Make) -> None:
    """There is no edge, but it goes round."""
    scheduler = graph(1, [])
    scheduler.lap_limit = 10
    scheduler.mark(0)

    def go_round() -> None:
        while (n := scheduler.next()) >= 0:
            scheduler.mark(n)
            scheduler.finished(n, scheduler.run[n])

    with pytest.raises(RanAway):
        go_round()
    assert scheduler.idle


def test_inside_a_cycle_nobody_waits_for_the_other(graph: Make) -> None:
    """The second runs though the first, its ancestor and descendant, lasts."""
    scheduler = graph(2, [(0, 1), (1, 0)])
    scheduler.mark(0)
    scheduler.mark(1)
    assert scheduler.next() == 0
    scheduler.stays(0)
    assert scheduler.next() == 1
    scheduler.finished(1, 1)
    scheduler.finished(0, 1)


def test_an_ancestor_along_a_back_edge_goes_first(graph: Make) -> None:
    """Labels do not grow along a back edge, so they cannot tell."""
    scheduler = graph(3, [(0, 1), (1, 0)])
    scheduler.add_edge(2, 1)
    scheduler.mark(0)
    scheduler.mark(2)
    assert scheduler.next() == 2
    scheduler.finished(2, 1)


def test_a_removed_edge_lets_go(graph: Make) -> None:
    """Who waited because of it waits no more."""
    scheduler = graph(2, [(0, 1)])
    scheduler.mark(0)
    scheduler.mark(1)
    scheduler.next()
    scheduler.stays(0)
    assert scheduler.next() == -1
    scheduler.remove_edge(0, 1)
    assert (scheduler.state[1], scheduler.next()) == (MARKED, 1)
    scheduler.finished(1, 1)
    scheduler.finished(0, 1)


def test_an_unmarked_integer_does_not_run(graph: Make) -> None:
    """A mark can be taken back."""
    scheduler = graph(1, [])
    scheduler.mark(0)
    scheduler.unmark(0)
    assert (scheduler.state[0], scheduler.next()) == (IDLE, -1)


nodes = st.integers(0, 7)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("mark"), nodes),
        st.tuples(st.just("edge"), nodes, nodes),
        st.tuples(st.just("cut"), nodes),
        st.tuples(st.just("take"), st.booleans()),
        st.tuples(st.just("speak"), nodes),
        st.tuples(st.just("end"), nodes),
        st.tuples(st.just("outside")),
    ),
    max_size=60,
)


@given(steps, st.booleans())
def test_any_history_keeps_the_invariants(history: list[tuple[object, ...]], cycles: bool) -> None:
    """Marks, edges, runs that last and end in any order: nobody starts too early, nobody is forgotten."""
    scheduler = scheduler_of(8, [])
    edges: list[tuple[int, int]] = []

    def started(n: int, lasts: bool) -> None:
        invariants.check_start(scheduler, n)
        if lasts:
            scheduler.stays(n)
        else:
            ended(n)

    def ended(n: int) -> None:
        scheduler.wave = scheduler.wave_of[n]
        for child in tuple(scheduler.order.children[n]):
            scheduler.mark(child)
        scheduler.finished(n, scheduler.run[n])
        scheduler.outside()

    for step in history:
        match step:
            case ("mark", int(n)):
                scheduler.mark(n)
            case ("edge", int(a), int(b)) if cycles or a < b:
                edges.append((a, b))
                scheduler.add_edge(a, b)
            case ("cut", int(n)) if edges:
                scheduler.remove_edge(*edges.pop(n % len(edges)))
            case ("take", bool(lasts)) if (n := scheduler.next()) >= 0:
                started(n, lasts)
            case ("speak", int(n)) if n in scheduler.lasting:
                scheduler.speaks(n)
                for child in tuple(scheduler.order.children[n]):
                    scheduler.mark(child)
                scheduler.outside()
            case ("end", int(n)) if n in scheduler.lasting:
                ended(n)
            case _:
                scheduler.outside()
        invariants.check(scheduler)
    if not cycles:
        for _ in range(200):
            if (n := scheduler.next()) >= 0:
                started(n, lasts=False)
            elif scheduler.lasting:
                ended(min(scheduler.lasting))
        assert scheduler.idle


def test_who_has_nothing_to_do_with_a_cycle_is_not_asked_about_it(
    graph: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop somewhere in the graph once made each run cost a look at all that was marked."""
    fan = range(3, 203)
    scheduler = graph(203, [(0, 1), (1, 0), *((2, n) for n in fan)])
    asked: list[int] = []
    monkeypatch.setattr(Order, "ancestors_in", lambda order, n, *_: asked.append(n))
    monkeypatch.setattr(Order, "reaches", lambda order, a, b: asked.append(a))
    for n in (2, *fan):
        scheduler.mark(n)
    ran: list[int] = []
    while (n := scheduler.next()) >= 0:
        ran.append(n)
        scheduler.finished(n, scheduler.run[n])
    monkeypatch.undo()
    assert (ran, asked) == ([2, *fan], [])


@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=14),
    st.lists(st.sets(st.integers(0, 7), max_size=4), min_size=1, max_size=4),
    st.sets(st.integers(0, 7), max_size=2),
)
def test_with_cycles_too_nobody_runs_before_a_marked_ancestor(
    edges: list[tuple[int, int]], marks: list[set[int]], slow: set[int]
) -> None:
    """But inside a cycle, where nobody waits for the other; a run that lasts holds back those below it."""
    scheduler = scheduler_of(8, edges)
    order = scheduler.order
    for more in marks:
        for n in more:
            scheduler.mark(n)
        for _ in range(6):
            marked = set(scheduler.marked())
            n = scheduler.next()
            if n < 0:
                break
            before = {m for m in marked - {n} if order.reaches(m, n) and not order.reaches(n, m)}
            before = {m for m in before if scheduler.state[m] != HELD}
            assert before == set()
            holders = [h for h in scheduler.lasting if scheduler.holds_back(h, scheduler.wave_of[n])]
            assert [h for h in holders if order.reaches(h, n) and not order.reaches(n, h)] == []
            if n in slow:
                scheduler.stays(n)
            else:
                scheduler.finished(n, scheduler.run[n])
            scheduler.outside()
        for n in tuple(scheduler.lasting):
            scheduler.finished(n, scheduler.run[n])
    invariants.check(scheduler)
