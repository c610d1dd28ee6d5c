"""The errors of the core, as an outline.

Owns the classes and their families, nothing else: facts are fields, `str()` is the sentence. Published
names and their published base classes (`KeyError`, `ValueError`) are kept, since node authors catch them by
these.
"""

from __future__ import annotations

__all__ = [
    "CycleRunsAway",
    "GraphRunsElsewhere",
    "IONotFoundError",
    "InTriggerError",
    "LibraryError",
    "MultipleConnectionsError",
    "NodeAlreadyDefinedError",
    "NodeClassNotFoundError",
    "NodeConnectionError",
    "NodeError",
    "NodeIOError",
    "NodeIdAlreadyExistsError",
    "NodeKeyError",
    "NodeReadyError",
    "NodeTriggerError",
    "ResultsCannotBePaired",
    "RunTookTooLong",
    "SameNodeConnectionError",
    "ShelfError",
    "ShelfExistsError",
    "ShelfNotFoundError",
    "ShelfPathError",
    "ShelfTypeError",
    "a_kind_of",
]


def a_kind_of(value: object) -> str:
    """Return what a value is, for a sentence: "an int", "a list"."""
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


# --- ports -------------------------------------------------------------------------------------
class NodeIOError(Exception):
    """The family of all mistakes made with ports."""


class NodeConnectionError(NodeIOError):
    """Two ports cannot be connected."""


class MultipleConnectionsError(NodeConnectionError):
    """The port is connected already and takes one connection only."""


class SameNodeConnectionError(NodeConnectionError):
    """Published name; loops are legal, so it is never raised."""


class NodeAlreadyDefinedError(NodeIOError):
    """A port that belongs to one node was given to another."""


class IONotFoundError(KeyError):
    """A node has no port of this id."""

    def __init__(self, io: str, node: str = "", known: tuple[str, ...] = ()) -> None:
        super().__init__(io)
        self.io, self.node, self.known = io, node, known

    def __str__(self) -> str:
        where = f"node {self.node!r}" if self.node else "this node"
        return f"{where} has no port {self.io!r}; it has {', '.join(self.known) or 'none'}"


# --- nodes -------------------------------------------------------------------------------------
class NodeError(Exception):
    """The family of all mistakes made with nodes."""


class NodeTriggerError(NodeError):
    """A node's function failed; the cause is the function's own exception."""


class NodeReadyError(NodeError):
    """A node was called before all its required inputs had a value."""


class InTriggerError(NodeError):
    """A node was triggered while it is about to run or runs."""


class GraphRunsElsewhere(NodeError, RuntimeError):
    """A node was awaited in a thread in which its graph does not run."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return (
            f"{self.name} runs on the event loop of another thread and can be awaited only there; from here, "
            "set values and call request_trigger, or let that loop wait (asyncio.run_coroutine_threadsafe)"
        )


class NodeKeyError(NodeError, KeyError):
    """Something that nodes are looked up by is unknown."""


class NodeIdAlreadyExistsError(NodeError):
    """Two different classes claim the same `node_id`."""


class CycleRunsAway(NodeError):
    """A cycle went round too often without a cause from outside, so it was stopped."""

    def __init__(self, names: tuple[str, ...], limit: int) -> None:
        super().__init__(names, limit)
        self.names, self.limit = names, limit

    def __str__(self) -> str:
        cycle = " -> ".join((*self.names, self.names[0])) if self.names else "?"
        return (
            f"the cycle {cycle} went round {self.limit} times without a cause from outside and was stopped; "
            "break it with a loop node (For, While, Feedback), which goes round as often as it needs to, "
            "or set the property cycle_limit of its nodespace"
        )


class ResultsCannotBePaired(NodeError, TypeError):
    """A function with several outputs returned something that has no parts."""

    def __init__(self, kind: type[object], outputs: tuple[str, ...]) -> None:
        super().__init__(kind, outputs)
        self.kind, self.outputs = kind, outputs

    def __str__(self) -> str:
        given = "None" if self.kind is type(None) else f"a single value ({self.kind.__name__})"
        count = len(self.outputs)
        return (
            f"returned {given}, but has {count} outputs ({', '.join(self.outputs)}): "
            f"return {count} results, as a tuple"
        )


class RunTookTooLong(NodeError):
    """A run took longer than its node's time limit and was ended."""

    def __init__(self, name: str, limit_s: float, done: str) -> None:
        super().__init__(name, limit_s, done)
        self.name, self.limit_s, self.done = name, limit_s, done

    def __str__(self) -> str:
        return f"{self.fact}. Its outputs keep what they have; give it less to do, or raise its time_limit_s"

    @property
    def fact(self) -> str:
        """What happened, without what to do about it: its result may have come all the same."""
        return f"{self.name} took longer than its limit of {self.limit_s:g} s: {self.done}"


# --- library -----------------------------------------------------------------------------------
class LibraryError(Exception):
    """The family of all mistakes made with the library."""


class NodeClassNotFoundError(LibraryError, ValueError):
    """No node class of this id is known."""


class ShelfError(LibraryError, ValueError):
    """The family of all mistakes made with shelves."""


class ShelfExistsError(ShelfError):
    """There is a shelf of this name already."""


class ShelfNotFoundError(ShelfError):
    """There is no such shelf."""


class ShelfPathError(ShelfError):
    """A path of shelf names is empty or leads nowhere."""


class ShelfTypeError(ShelfError, TypeError):
    """Something on a shelf is no node class, or the shelf is no shelf."""
