"""The node as its ports know it, so that ports need nothing of the floors above.

`Owner` is the node itself, `Seat` its place in the engine. A port without a node sits on `LOOSE`, which
does nothing, so that no port ever has to ask whether it has a node before it speaks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from funcnodes_core.io.port import NodeIO

__all__ = ["LOOSE", "Link", "Owner", "Seat"]


class Seat(Protocol):
    """A node's place in the engine."""

    heard: bool
    """Whether anyone listens to the node or its nodespace."""
    port_changed: Callable[[Any], object] | None
    """Where changed ports are noted (the engine's sink), if anywhere."""
    lasting: bool
    """Whether a run of the node lasts beyond the moment, so that setting an output is speaking."""

    def here(self) -> bool:
        """Return whether the calling thread may act on the graph. Called by every set from outside."""
        ...

    def post(self, action: Callable[[], object]) -> None:
        """Let the graph's thread do this. Called by sets from another thread."""
        ...

    def request(self, cause: Any, /) -> None:
        """Ask for a run because this input changed. Called by inputs that trigger, in the graph's thread."""
        ...

    def speak(self, output: Any) -> None:
        """Be told that the running node sets this output. Called before its value goes on."""
        ...

    def hush(self) -> None:
        """Be told that the value has gone on. Called after `speak`."""
        ...

    def linked(self, child: Any) -> None:
        """Be told of an edge to the node that sits there. Called once per connection."""
        ...

    def unlinked(self, child: Any) -> None:
        """Be told that such an edge went. Called once per connection."""
        ...


class Owner(Protocol):
    """A node, as far as its ports go."""

    @property
    def uuid(self) -> str:
        """The node's id."""
        ...

    @property
    def cell(self) -> Seat:
        """Where it sits."""
        ...

    @property
    def in_trigger(self) -> bool:
        """Whether it is about to run or runs."""
        ...

    def tell_port_event(self, io: NodeIO, event: str, message: dict[str, Any], up: bool) -> None:
        """Pass an event of a port on to the node's listeners, and with `up` to its nodespace.

        Called by ports.
        """
        ...

    def ports_changed(self) -> None:
        """Be told that an option of a port changed that the engine keeps a shortcut for. Called by inputs."""
        ...


class _Loose:
    """The seat of ports that belong to no node."""

    __slots__ = ()
    heard: bool = False
    port_changed: Callable[[Any], object] | None = None
    lasting: bool = False

    def here(self) -> bool:
        return True

    def post(self, action: Callable[[], object]) -> None:
        action()

    def request(self, cause: Any, /) -> None:
        pass

    def speak(self, output: Any) -> None:
        pass

    def hush(self) -> None:
        pass

    def linked(self, child: Any) -> None:
        pass

    def unlinked(self, child: Any) -> None:
        pass


LOOSE: Seat = _Loose()
"""The seat of ports that belong to no node."""

Link = list[str | None]
"""`[source node, source port, target node, target port]`."""
