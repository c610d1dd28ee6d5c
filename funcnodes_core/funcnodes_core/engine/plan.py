"""How the function of a node class is to be called: decided once per class, read at every run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from types import FunctionType
from typing import Any, Literal

__all__ = ["Kind", "Plan"]

Kind = Literal["inline", "coroutine", "thread", "process"]


@dataclass(slots=True)
class Plan:
    """One class's function and where it runs. Nothing in it changes but `disputed`."""

    func: Any
    """What stands under `func` on the class.

    When something else stands there at run time, that is called instead.
    """
    function: Callable[..., Any]
    """What is called with the inputs by name: the author's own function, or `func` with the node in front."""
    kind: Kind
    outputs: tuple[str, ...] | None
    """The outputs that take the result, by position; None when the function sets its outputs itself."""
    wants_node: bool = False
    """Whether the node is handed in as `node`."""
    wants_self: bool = False
    """Whether the node is handed in as first argument."""
    streams: bool = False
    """Whether the function yields: its outputs are set for each item."""
    latest: bool = False
    """Whether it is asked for its next item at once, not only when the last has settled."""
    disputed: bool = False
    """Whether someone ever put another function in its place, so that each run looks what stands there."""
    is_async: bool = field(init=False)
    """Whether the function is an `async def` itself: calling it runs none of its code yet."""

    parameters: list[str] = field(init=False)
    """A Python function's parameters that may be given by position; none of anything else's are known."""

    def __post_init__(self) -> None:
        self.is_async = iscoroutinefunction(self.function)
        self.parameters = _parameters_of(self.function)


def _parameters_of(function: Callable[..., Any]) -> list[str]:
    if type(function) is not FunctionType or function.__code__.co_posonlyargcount:
        return []
    return list(function.__code__.co_varnames[: function.__code__.co_argcount])
