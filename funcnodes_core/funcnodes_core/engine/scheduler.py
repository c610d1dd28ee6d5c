"""What runs next: marks, waves, and who must wait for whom. Integers only; no clock, no loop, no nodes.

Owns the state of every integer and the heap of marked ones. The runner above it speaks four words: `mark(n)`,
`next()`, `finished(n, run)`, and for runs that last beyond the moment `stays(n)`.

A *wave* is a number that a mark inherits from its cause: marks made from outside before the first of them
has begun share one; what a run causes belongs to the run's wave. A run holds back its marked descendants of
the same wave until it ends or sets an output. Labels of `Order` see to the rest: the marked integer with
the smallest label goes first, so no marked ancestor can be left behind, but for cycles, which are asked
about only when there are any.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush

from funcnodes_core.engine.order import MASK, Order

__all__ = ["DEFAULT_LAP_LIMIT", "HELD", "IDLE", "MARKED", "OPEN", "RUNNING", "RanAway", "Scheduler"]

IDLE, MARKED, HELD, OPEN, RUNNING = range(5)
"""Held is marked and waiting for a run that lasts; open is taken but has not read its inputs yet."""

DEFAULT_LAP_LIMIT = 10_000


class RanAway(Exception):
    """Raised by `next` when an integer on a cycle ran too often in one wave; it is not marked any more."""

    def __init__(self, n: int, limit: int) -> None:
        super().__init__(n, limit)
        self.n, self.limit = n, limit


class Scheduler:
    """Which of the marked integers runs next."""

    __slots__ = (
        "_heap", "_held",
        "_holding", "_label", "_laps", "_limit_of", "_lowest", "_moves", "_quiet", "_waves",
        "fresh", "lap_limit", "lasting", "order", "queued", "run", "state", "wave", "wave_of",
    )  # fmt: skip

    def __init__(self, limit_of: Callable[[int], int | None] | None = None) -> None:
        """`limit_of` says how many laps an integer may have; asked at the first of each wave."""
        self.order = Order()
        self._label = self.order.label
        self._limit_of = limit_of
        self.state = bytearray()
        self.run: list[int] = []
        """The number of the latest run of each integer."""
        self.wave_of: list[int] = []
        """The wave of each integer's mark or run."""
        self.wave = 1
        """The wave that marks made now belong to."""
        self.fresh = 1
        """The wave of marks from outside; a new one as soon as one of it has begun."""
        self.queued: dict[int, int] = {}
        """Integers that were marked while they ran, and the wave of that mark."""
        self.lasting: set[int] = set()
        """Integers taken whose run lasts beyond the moment."""
        self.lap_limit = DEFAULT_LAP_LIMIT
        self._waves = 1
        self._heap: list[int] = []
        self._moves = 0
        self._held: dict[int, set[int]] = {}
        """Who waits for which run that lasts."""
        self._holding: dict[int, tuple[int, ...]] = {}
        """In which waves a run that lasts holds back its descendants: its own, and that of a queued run."""
        self._quiet: dict[int, set[int]] = {}
        self._lowest: dict[int, int] = {}
        self._laps: dict[int, tuple[int, int, int]] = {}
        """For integers on a cycle: the wave, how many laps in it, and how many there may be."""

    # --- integers and edges --------------------------------------------------------------------
    def add(self) -> int:
        """Return an integer for a node."""
        n = self.order.add()
        if n == len(self.state):
            self.state.append(IDLE)
            self.run.append(0)
            self.wave_of.append(0)
        return n

    def add_sorted(self, count: int) -> range:
        """Return integers for nodes that are known to be in topological order."""
        self._extend(count)
        return self.order.add_sorted(count)

    def _extend(self, count: int) -> None:
        self.state.extend(bytes(count))
        self.run.extend([0] * count)
        self.wave_of.extend([0] * count)

    def remove(self, n: int) -> None:
        """Forget an integer; a run of it that lasts is late when it ends."""
        self.unmark(n)
        self.run[n] += 1
        if n in self.lasting:
            self.lasting.discard(n)
            self._hush(n)
        self.state[n] = IDLE
        self._laps.pop(n, None)
        self.order.remove(n)
        self._release_all()

    def add_edge(self, a: int, b: int) -> None:
        """Add an edge; what is marked is sorted anew when labels had to move."""
        self.order.add_edge(a, b)

    def remove_edge(self, a: int, b: int) -> None:
        """Take an edge away; who waited because of it waits no more."""
        self.order.remove_edge(a, b)
        self._release_all()

    # --- the four words ------------------------------------------------------------------------
    def mark(self, n: int) -> bool:
        """Let `n` run once more.

        True when that is news: neither marked already nor queued behind its own run.
        """
        states = self.state
        state = states[n]
        if state == IDLE:
            states[n] = MARKED
            self.wave_of[n] = self.wave
            heappush(self._heap, self._label[n])
            return True
        wave = self.wave
        if state == RUNNING:
            news = n not in self.queued
            self.queued[n] = wave
            if n in self._holding:
                # It will run in that wave too, so its descendants there wait for both runs.
                self._hold(n, wave)
            return news
        if self.wave_of[n] != wave:
            # Another cause: the newest decides who waits for whom.
            self.wave_of[n] = wave
            if state == HELD:
                self._release_all()
                return True
            if state == OPEN:
                self._hush(n)
                self._hold(n, wave)
        return False

    def next(self) -> int:
        """Take the integer that runs now, or -1; it counts as running."""
        order, state = self.order, self.state
        if self._moves != order.moves:
            self._sort()
        heap = self._heap
        while heap:
            n = heappop(heap) & MASK
            if state[n] != MARKED:
                continue
            # One question for all that is rare: this is asked at every run.
            is_plain = not (self._quiet or order.back or self._laps)
            # What is marked alone has nobody before it.
            if not is_plain and (self._quiet or (heap and order.back)):
                n = self._choose(n)
                if n < 0:
                    continue
            state[n] = RUNNING
            self.run[n] += 1
            wave = self.wave = self.wave_of[n]
            if wave == self.fresh:
                self._waves += 1
                self.fresh = self._waves
            if not is_plain:
                self._count_lap(n, wave)
            return n
        return -1

    def finished(self, n: int, run: int) -> bool:
        """Say that this run has ended; False when it is not the current one (its result is late)."""
        return self.run[n] == run and self.ended(n)

    def ended(self, n: int) -> bool:
        """Say that the current run of `n` has ended; False when it has none (it was removed meanwhile)."""
        state = self.state
        if state[n] < OPEN:
            return False
        state[n] = IDLE
        if self.lasting or self.queued or self._laps:
            self._let_go(n)
        return True

    def stays(self, n: int, opened: bool = False, holds: bool = True) -> None:
        """Say that the run of `n` lasts; `opened`: its inputs are not read yet, so marks add nothing.

        It holds back its descendants, unless it has set an output already.
        """
        self.state[n] = OPEN if opened else RUNNING
        if n not in self.lasting:
            self.lasting.add(n)
            if holds:
                self._hold(n, self.wave_of[n])
                if n in self.queued:
                    self._hold(n, self.queued[n])

    # --- more about runs that last -------------------------------------------------------------
    def speaks(self, n: int, again: bool = False) -> None:
        """Say that `n` sets an output while it runs: from now on it holds back nobody.

        `again`: it is the same output as before, so what follows is a wave of its own.
        """
        self._hush(n)
        if again:
            self._waves += 1
            self.wave_of[n] = self._waves
        self.wave = self.wave_of[n]

    def waits(self, n: int) -> None:
        """Say that the run of `n` really waits for something, so its cycle is not running away."""
        self._laps.pop(n, None)
        for m in self.order.cycle_of(n):
            self._laps.pop(m, None)

    def outside(self) -> None:
        """Say that what is marked from now on has its cause outside."""
        self.wave = self.fresh

    def unmark(self, n: int) -> None:
        """Take the mark of `n` away, and a queued run too."""
        if self.state[n] in (MARKED, HELD):
            self.state[n] = IDLE
        self.queued.pop(n, None)

    @property
    def idle(self) -> bool:
        """Whether nothing is marked and no run lasts."""
        return not self.lasting and not self.marked()

    def marked(self) -> list[int]:
        """Return the marked integers, held ones included."""
        return self._in_state(MARKED) + self._in_state(HELD)

    def holds_back(self, n: int, wave: int) -> bool:
        """Return whether descendants of this wave wait for `n`: it lasts and has set no output yet."""
        return n in self._quiet.get(wave, ())

    def will_take(self, n: int) -> bool:
        """Return whether `n` is marked and `next` will come to it."""
        return self.state[n] == MARKED and (
            self._moves != self.order.moves or self.order.label[n] in self._heap
        )

    # --- inside --------------------------------------------------------------------------------
    def _let_go(self, n: int) -> None:
        """Settle what a run leaves that lasted, was marked again meanwhile, or went round."""
        if n in self.lasting:
            self.lasting.discard(n)
            self._hush(n)
        if n in self.queued:
            self._mark_again(n, self.queued.pop(n))
        elif self._laps and not self.order.back:
            self._laps.pop(n, None)

    def _mark_again(self, n: int, wave: int) -> None:
        outer, self.wave = self.wave, wave
        self.mark(n)
        self.wave = outer
        # A node that asks for itself goes round without an edge: from now on its laps count.
        if n not in self._laps:
            self._laps[n] = (wave, 1, 0)

    def _count_lap(self, n: int, wave: int) -> None:
        known = self._laps.get(n)
        if known is None or known[0] != wave:
            if known is not None or (self.order.back and n in self.order.around_back_edges()[1]):
                # The limit is asked for in the second lap: most never come to it.
                self._laps[n] = (wave, 1, 0)
            return
        laps, limit = known[1] + 1, known[2] or self._limit(n)
        self._laps[n] = (wave, laps, limit)
        if laps > limit:
            del self._laps[n]
            self.state[n] = IDLE
            raise RanAway(n, limit)

    def _limit(self, n: int) -> int:
        limit = self._limit_of(n) if self._limit_of is not None else None
        return self.lap_limit if limit is None else limit

    def _sort(self) -> None:
        if self.order.stale:
            self.order.tidy()
        self._moves = self.order.moves
        label = self.order.label
        self._heap = [label[n] for n in self._in_state(MARKED)]
        heapify(self._heap)
        for wave, quiet in self._quiet.items():
            self._lowest[wave] = min(map(label.__getitem__, quiet))

    def _in_state(self, wanted: int) -> list[int]:
        found: list[int] = []
        n = self.state.find(wanted)
        while n >= 0:
            found.append(n)
            n = self.state.find(wanted, n + 1)
        return found

    def _choose(self, n: int) -> int:
        """Return `n`, or a marked ancestor that must go first, or -1 when that one must wait for a run."""
        is_lowest = True
        while True:
            holder = self._holder_of(n)
            if holder is not None:
                self.state[n] = HELD
                self._held.setdefault(holder, set()).add(n)
                return -1
            first = self._marked_before(n, is_lowest) if self.order.back and self._heap else None
            if first is None:
                return n
            heappush(self._heap, self.order.label[n])
            n, is_lowest = first, False

    def _marked_before(self, n: int, is_lowest: bool) -> int | None:
        """Return a marked ancestor that shares no cycle with `n`; `is_lowest`: no marked label is below its.

        Labels alone cannot tell: along a back edge they do not grow. But only a path over a back edge leads
        from a marked one to the lowest; asked of all, a loop makes each run beside it cost the whole graph.
        """
        order, state = self.order, self.state
        if is_lowest:
            above, below = order.around_back_edges()
            if n not in below:
                return None
            # Whichever are fewer: all that are marked, or all that lead to a back edge.
            found = above if len(above) < len(self._heap) else above.intersection(self._in_state(MARKED))
        else:
            found = self._in_state(MARKED)
        others = {m for m in found if m != n and state[m] == MARKED}
        if not others or order.ancestors_in(n, others, None) is None:
            return None
        others = {m for m in others if not order.reaches(n, m)}
        return order.ancestors_in(n, others, None)

    def _holder_of(self, n: int) -> int | None:
        wave = self.wave_of[n]
        holders = self._quiet.get(wave)
        if not holders:
            return None
        order = self.order
        is_behind = bool(order.back) and n in order.around_back_edges()[1]
        holder = order.ancestors_in(n, holders, None if is_behind else self._lowest[wave])
        if holder is None or not is_behind:
            return holder
        # Inside a cycle nobody waits for the other.
        outside = {h for h in holders if not order.reaches(n, h)}
        return order.ancestors_in(n, outside, None) if outside else None

    def _hold(self, n: int, wave: int) -> None:
        """Let `n` hold back its descendants of this wave."""
        label = self.order.label[n]
        quiet = self._quiet.get(wave)
        if quiet is None:
            self._quiet[wave], self._lowest[wave] = {n}, label
        else:
            quiet.add(n)
            self._lowest[wave] = min(label, self._lowest[wave])
        waves = self._holding.get(n, ())
        if wave not in waves:
            self._holding[n] = (*waves, wave)

    def _hush(self, n: int) -> None:
        for wave in self._holding.pop(n, ()):
            quiet = self._quiet[wave]
            if len(quiet) == 1:
                del self._quiet[wave], self._lowest[wave]
            else:
                quiet.discard(n)
        if n in self._held:
            for m in self._held.pop(n):
                self._unhold(m)

    def _unhold(self, n: int) -> None:
        if self.state[n] == HELD:
            self.state[n] = MARKED
            heappush(self._heap, self.order.label[n])

    def _release_all(self) -> None:
        for held in tuple(self._held.values()):
            for n in held:
                self._unhold(n)
        self._held.clear()
