"""The method table: name, parameters, the right it needs, handler; the only way from a call to code of ours.

Owns finding a method, checking its arguments by type and its right. Does not know sockets nor what methods
do. A server fills one table; a test walks it without a token and with too small a right.
"""

from __future__ import annotations

import enum
import opcode
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, Generic, TypeVar, cast

import msgspec
from msgspec.structs import replace

from funcnodes_worker.rpc.envelope import ByPosition
from funcnodes_worker.rpc.errors import InvalidParams, MethodNotFound, NoRight
from funcnodes_worker.rpc.gate import Caller, Right

ContextT = TypeVar("ContextT")
ParamsT = TypeVar("ParamsT", bound=msgspec.Struct)


class Turn(enum.Enum):
    """When a call gets its turn among the calls of one connection."""

    READ = "read"
    """After all calls before it have been answered."""
    EDIT = "edit"
    """Begins in order; its first step settles its place, so that edits in a row share one sync to disk.

    Its handler waits for nothing but its commit.
    """
    CHANGE = "change"
    """As an edit, for a handler that waits for other things too."""
    ALONE = "alone"
    """After all calls before it and before all after it; sent again, it is answered and not done again."""
    URGENT = "urgent"
    """At once, whatever else is under way: stop, interrupt, status."""
    LONG = "long"
    """Begins in order, and lets the calls after it pass: installs, big files."""


class NoParams(msgspec.Struct, frozen=True):
    """The parameters of a method that takes none."""


class Method(msgspec.Struct, Generic[ContextT], frozen=True):
    """One row of the table."""

    name: str
    right: Right
    params: type[msgspec.Struct]
    handler: Callable[[ContextT, Any], Coroutine[Any, Any, object]]
    turn: Turn
    origin: Callable[..., object]
    """The handler as it was written: its docstring and its result are told to who asks."""
    waits: bool
    """Whether that handler may have to wait; one that never does is answered in the step it is heard in."""
    is_held_back: bool = False
    """Whether a check is made before each call."""

    def behind(self, check: Callable[[ContextT], None]) -> Method[ContextT]:
        """Return this method with a check that is made before each call and may raise."""
        handler = self.handler

        def checked(context: ContextT, params: Any) -> Coroutine[Any, Any, object]:
            check(context)
            return handler(context, params)

        return replace(self, handler=checked, is_held_back=True)

    async def run(self, context: ContextT, params: Mapping[str, Any]) -> object:
        """Return the handler's result for arguments that were checked by type first."""
        return await self.handler(context, self.read_params(params))

    def run_at_once(self, context: ContextT, params: Mapping[str, Any]) -> object:
        """Return the result of a handler that never waits (`waits` is False)."""
        assert not self.waits, f"{self.name!r} may wait"
        try:
            self.handler(context, self.read_params(params)).send(None)
        except StopIteration as end:
            return end.value
        raise AssertionError(f"{self.name!r} waited, though its code has no 'await'")

    def read_params(self, params: Mapping[str, Any]) -> msgspec.Struct:
        """Return the arguments as the method's record, or raise `InvalidParams` with what is wrong."""
        # Read from the class: `msgspec.structs.fields` cost half of each call (py-spy, 300 µs of 690).
        known = self.params.__struct_encode_fields__
        if isinstance(params, ByPosition):
            params = self._by_name(params)
        if unknown := [name for name in params if name not in known]:
            accepted = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
            raise InvalidParams(f"{self.name!r} does not take {', '.join(map(repr, unknown))}; {accepted}")
        try:
            return msgspec.convert(params, self.params, strict=True)
        except msgspec.ValidationError as problem:
            raise InvalidParams(f"{self.name!r}: {problem}{self._known_words(problem)}") from problem

    def _known_words(self, problem: msgspec.ValidationError) -> str:
        from funcnodes_worker.rpc.choices import choices_for

        words = choices_for(problem, self.params)
        return f"; known are: {', '.join(map(repr, words))}" if words else ""

    def _by_name(self, given: ByPosition) -> dict[str, Any]:
        names = self.params.__struct_encode_fields__
        if len(given) > len(names):
            raise InvalidParams(
                f"{self.name!r} takes at most {len(names)} arguments, {len(given)} were given; "
                f"their order is: {', '.join(names) or 'none'}"
            )
        return dict(zip(names, given.values(), strict=False))


class MethodTable(Generic[ContextT]):
    """All methods of a server, on one page per noun."""

    def __init__(self) -> None:
        self._methods: dict[str, Method[ContextT]] = {}

    def method(
        self, name: str, right: Right, params: type[ParamsT], turn: Turn = Turn.READ
    ) -> Callable[
        [Callable[[ContextT, ParamsT], Coroutine[Any, Any, object]]],
        Callable[[ContextT, ParamsT], Coroutine[Any, Any, object]],
    ]:
        """Return a decorator that enters a handler under this name."""

        def enter(
            handler: Callable[[ContextT, ParamsT], Coroutine[Any, Any, object]],
        ) -> Callable[[ContextT, ParamsT], Coroutine[Any, Any, object]]:
            assert name not in self._methods, f"{name!r} is in the table already"
            entry = cast("Callable[[ContextT, Any], Coroutine[Any, Any, object]]", handler)
            self._methods[name] = Method(
                name, right, params, entry, turn, origin=handler, waits=_may_wait(handler)
            )
            return handler

        return enter

    def find(self, name: str, caller: Caller) -> Method[ContextT]:
        """Return the method of this name for a caller who has the right to it."""
        method = self._methods.get(name)
        if method is None:
            raise MethodNotFound(name, tuple(sorted(self._methods)))
        if method.right not in caller.rights:
            raise NoRight(name, method.right.value)
        return method

    def get(self, name: str) -> Method[ContextT] | None:
        """Return the method of this name, whoever may call it."""
        return self._methods.get(name)

    def __iter__(self) -> Iterator[Method[ContextT]]:
        return iter(self._methods.values())

    def __contains__(self, name: object) -> bool:
        return name in self._methods

    def enter(self, method: Method[ContextT]) -> None:
        """Enter a method as it is."""
        assert method.name not in self._methods, f"{method.name!r} is in the table already"
        self._methods[method.name] = method

    def include(self, other: MethodTable[ContextT]) -> None:
        """Enter all methods of another page."""
        for method in other:
            self.enter(method)


_SEND = opcode.opmap["SEND"]
"""The instruction that every `await`, `async for` and `async with` is compiled to."""


def _may_wait(handler: Callable[..., object]) -> bool:
    code = getattr(handler, "__code__", None)
    return code is None or _SEND in code.co_code[::2]
