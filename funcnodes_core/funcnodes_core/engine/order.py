"""A topological order, kept with every edge (Pearce and Kelly), never recomputed whole.

Owns edges between integers, a label per integer, and which edges close a cycle. A label is larger than the
labels of all parents; an edge that would close a cycle is kept aside as a *back edge*, and tried again when
an edge goes. Back edges always lead to a label that is not larger: that is how a search tells them without
a look-up.

Does not know what a node is, nor what is running (`scheduler`).
"""

from __future__ import annotations

from collections.abc import Container, Iterable

__all__ = ["MASK", "Order"]


MASK = (1 << 32) - 1
"""The part of a label that says whose it is."""

_NONE: list[int] = []
"""What all integers without edges share; never appended to."""


class Order:
    """Integers, edges between them, and labels that grow along every edge.

    A label is `rank << 32 | n`: it sorts by rank and says whose it is, so that nobody keeps a table for that.
    """

    __slots__ = (
        "_around_back", "_free", "_highest", "_lowest", "back", "children", "label", "moves", "parents",
        "stale", "version",
    )  # fmt: skip

    def __init__(self) -> None:
        self.children: list[list[int]] = []
        """For each integer its children, once per edge."""
        self.parents: list[list[int]] = []
        self.label: list[int] = []
        self.back: set[tuple[int, int]] = set()
        self.moves = 0
        """Grows with every change of labels, and when one is due: what they sort must be sorted again."""
        self.version = 0
        """Grows with every edge that comes or goes: what was found by searching must be searched again."""
        self.stale = False
        """Whether an edge went since the back edges were last tried."""
        self._around_back: tuple[int, set[int], set[int]] = (-1, set(), set())
        self._free: list[int] = []
        self._lowest = 0
        self._highest = -1

    def add(self) -> int:
        """Return a new integer, or one that was given back with its label."""
        return self._free.pop() if self._free else self._append()

    def add_sorted(self, count: int) -> range:
        """Return `count` new integers whose labels grow; for edges known to lead forward in this order."""
        first = len(self.label)
        for _ in range(count):
            self._append()
        return range(first, first + count)

    def _append(self) -> int:
        n = len(self.label)
        self._highest += 1
        self.label.append(self._highest << 32 | n)
        self.children.append(_NONE)
        self.parents.append(_NONE)
        return n

    def remove(self, n: int) -> None:
        """Take all edges of `n` away and let the integer be used again."""
        for child in tuple(self.children[n]):
            self.remove_edge(n, child)
        for parent in tuple(self.parents[n]):
            self.remove_edge(parent, n)
        # Without edges any label is right, so the next owner of `n` keeps it.
        self.children[n] = self.parents[n] = _NONE
        self._free.append(n)

    def add_edge(self, a: int, b: int) -> None:
        """Add an edge; there may be several between the same two."""
        self.version += 1
        if not self._place(a, b):
            self.back.add((a, b))
        if self.children[a]:
            self.children[a].append(b)
        else:
            self.children[a] = [b]
        if self.parents[b]:
            self.parents[b].append(a)
        else:
            self.parents[b] = [a]

    def remove_edge(self, a: int, b: int) -> None:
        """Take one of the edges from `a` to `b` away."""
        self.version += 1
        self.children[a].remove(b)
        self.parents[b].remove(a)
        if self.back:
            self.stale = True
            self.moves += 1
            if b not in self.children[a]:
                self.back.discard((a, b))

    def tidy(self) -> None:
        """Try the back edges again: some may close no cycle any more."""
        self.stale = False
        for a, b in tuple(self.back):
            if self._place(a, b):
                self.back.discard((a, b))

    def _place(self, a: int, b: int) -> bool:
        """Make the label of `b` larger than that of `a`; False when the edge closes a cycle."""
        label = self.label
        if a == b:
            return False
        if label[a] < label[b]:
            return True
        # A leaf may stand at the end and a root at the start, whatever stands between. Without this a chain
        # built from its end to its start would cost a search over all of it for each edge.
        if not self.children[b]:
            self._highest += 1
            self._relabel(b, self._highest)
            return True
        if not self.parents[a]:
            self._lowest -= 1
            self._relabel(a, self._lowest)
            return True
        return self._exchange(a, b)

    def _relabel(self, n: int, rank: int) -> None:
        self.label[n] = rank << 32 | n
        self.moves += 1

    def _exchange(self, a: int, b: int) -> bool:
        """Exchange the labels of what lies between `b` and `a` (the step of Pearce and Kelly)."""
        label = self.label
        after = self._forward(b, a, label[a])
        if after is None:
            return False
        before = self._backward(a, label[b])
        after.sort(key=label.__getitem__)
        before.sort(key=label.__getitem__)
        movers = before + after
        for n, free in zip(movers, sorted(label[n] for n in movers), strict=True):
            label[n] = free & ~MASK | n
        self.moves += 1
        return True

    def _forward(self, start: int, wanted: int, bound: int) -> list[int] | None:
        """Return what `start` reaches up to `bound`, or None when `wanted` is among it."""
        label, children = self.label, self.children
        seen, stack = {start}, [start]
        while stack:
            n = stack.pop()
            here = label[n]
            for child in children[n]:
                if child == wanted:
                    if label[child] > here:
                        return None
                elif here < label[child] <= bound and child not in seen:
                    seen.add(child)
                    stack.append(child)
        return list(seen)

    def _backward(self, start: int, bound: int) -> list[int]:
        label, parents = self.label, self.parents
        seen, stack = {start}, [start]
        while stack:
            n = stack.pop()
            here = label[n]
            for parent in parents[n]:
                if bound <= label[parent] < here and parent not in seen:
                    seen.add(parent)
                    stack.append(parent)
        return list(seen)

    # --- questions -----------------------------------------------------------------------------
    def descendants(self, start: Iterable[int], stop: Container[int] = ()) -> set[int]:
        """Return all that can be reached from `start`, `start` included, not going on beyond `stop`."""
        seen = set(start)
        stack = [n for n in seen if n not in stop]
        while stack:
            for child in self.children[stack.pop()]:
                if child not in seen:
                    seen.add(child)
                    if child not in stop:
                        stack.append(child)
        return seen

    def around_back_edges(self) -> tuple[set[int], set[int]]:
        """Return who reaches a back edge, and who is reached by one; for all others labels tell all.

        A path along which labels do not grow goes over a back edge: from one of those to one of these.
        """
        if self._around_back[0] != self.version:
            above, stack = set[int](), [a for a, _ in self.back]
            while stack:
                n = stack.pop()
                if n not in above:
                    above.add(n)
                    stack += self.parents[n]
            self._around_back = (self.version, above, self.descendants(b for _, b in self.back))
        return self._around_back[1:]

    def ancestors_in(self, n: int, wanted: Container[int], lowest: int | None) -> int | None:
        """Return an ancestor of `n` that is in `wanted`; parents labelled below `lowest` are not asked."""
        label, parents = self.label, self.parents
        seen, stack = {n}, [n]
        while stack:
            for parent in parents[stack.pop()]:
                if parent in seen or (lowest is not None and label[parent] < lowest):
                    continue
                if parent in wanted:
                    return parent
                seen.add(parent)
                stack.append(parent)
        return None

    def reaches(self, a: int, b: int) -> bool:
        """Return whether a path of at least one edge leads from `a` to `b`."""
        seen: set[int] = set()
        stack = [a]
        while stack:
            for child in self.children[stack.pop()]:
                if child == b:
                    return True
                if child not in seen:
                    seen.add(child)
                    stack.append(child)
        return False

    def cycle_of(self, n: int) -> list[int]:
        """Return the integers that lie on a cycle with `n`, by label."""
        below = self.descendants([n])
        around, stack = {n}, [n]
        while stack:
            for parent in self.parents[stack.pop()]:
                if parent in below and parent not in around:
                    around.add(parent)
                    stack.append(parent)
        return sorted(around, key=self.label.__getitem__)
