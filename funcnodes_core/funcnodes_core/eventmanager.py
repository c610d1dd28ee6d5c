"""Events: who listens to whom, and how an event is told.

Owns `EventEmitterMixin` and the decorators that tell before and after a method. Telling is synchronous and
in the order of registration; an exception of a listener goes to whoever told. Objects that nobody listens
to pay one test of `listeners` for `None`, which is why the dictionaries are made on first use.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal, TypeVar, cast

__all__ = ["EventEmitterMixin", "Listener", "emit_after", "emit_before"]

Listener = Callable[..., Any]
Wish = Literal["all", "none"] | Sequence[str]
F = TypeVar("F", bound=Callable[..., Any])


class EventEmitterMixin:
    """Something that can be listened to."""

    __slots__ = ()

    default_listeners: ClassVar[dict[str, list[Listener]]] = {}
    default_error_listeners: ClassVar[list[Listener]] = []
    # Plain class attributes, so that emitters need no `__init__` of ours; slotted ones own slots of these
    # names.
    listeners: dict[str, list[Listener]] | None = None
    error_listeners: list[Listener] | None = None

    def on(self, event_name: str, callback: Listener) -> None:
        """Call `callback` at every `event_name` (`"*"`: at every event); a second time changes nothing."""
        table = self._own_listeners()
        callbacks = table.setdefault(event_name, [])
        if callback not in callbacks:
            callbacks.append(callback)
        self.listening_changed()

    def off(self, event_name: str, callback: Listener | None = None) -> None:
        """Forget `callback`, or all callbacks of this event."""
        table = self._own_listeners()
        callbacks = table.get(event_name)
        if callbacks is None:
            return
        if callback is None:
            callbacks.clear()
        elif callback in callbacks:
            callbacks.remove(callback)
        if not callbacks:
            del table[event_name]
        if not table and not self.default_listeners:
            self.listeners = None
        self.listening_changed()

    def once(self, event_name: str, callback: Listener) -> None:
        """Call `callback` at the next `event_name` only."""

        @functools.wraps(callback)
        def only_once(**message: Any) -> Any:
            self.off(event_name, only_once)
            return callback(**message)

        self.on(event_name, only_once)

    def on_error(self, callback: Listener) -> None:
        """Call `callback(error=…, src=…)` in place of raising."""
        callbacks = self._own_error_listeners()
        if callback not in callbacks:
            callbacks.append(callback)

    def off_error(self, callback: Listener | None = None) -> None:
        """Forget `callback`, or all error callbacks."""
        callbacks = self._own_error_listeners()
        if callback is None:
            callbacks.clear()
        elif callback in callbacks:
            callbacks.remove(callback)

    def once_error(self, callback: Listener) -> None:
        """Call `callback` at the next error only."""

        @functools.wraps(callback)
        def only_once(error: Exception, src: EventEmitterMixin) -> Any:
            self.off_error(only_once)
            return callback(error=error, src=src)

        self.on_error(only_once)

    def emit(self, event_name: str, msg: dict[str, Any] | None = None) -> bool:
        """Tell all listeners of this event; return whether there was one."""
        message = dict(msg) if msg else {}
        if message.setdefault("src", self) is not self:
            raise ValueError("the payload of an event names its own source: 'src' is set by the emitter")
        return self.tell(event_name, message)

    def tell(self, event_name: str, message: dict[str, Any]) -> bool:
        """Call the listeners with a message that has its `src`; return whether there was one."""
        table = self.listeners if self.listeners is not None else self.default_listeners
        if not table:
            return False
        special, every = table.get(event_name), table.get("*")
        # Asked before anyone is told: who listens once is gone afterwards, and was a listener all the same.
        was_heard = bool(special or every)
        for callback in tuple(special) if special else ():
            callback(**message)
        for callback in tuple(every) if every else ():
            callback(**{**message, "event": event_name})
        return was_heard

    def error(self, e: Exception) -> bool:
        """Hand an error to the error listeners; raise it when there is none."""
        if not self.error_callbacks:
            raise e
        for callback in self.error_callbacks:
            callback(error=e, src=self)
        return True

    @property
    def error_callbacks(self) -> tuple[Listener, ...]:
        """The callbacks that an error would reach."""
        return tuple(
            self.error_listeners if self.error_listeners is not None else self.default_error_listeners
        )

    def cleanup(self) -> None:
        """Forget all listeners."""
        self.listeners = None
        self.error_listeners = None
        self.listening_changed()

    def listening_changed(self) -> None:
        """Be told that listeners came or went. For subclasses that keep a shortcut."""

    def _own_listeners(self) -> dict[str, list[Listener]]:
        if self.listeners is None:
            self.listeners = {name: list(callbacks) for name, callbacks in self.default_listeners.items()}
        return self.listeners

    def _own_error_listeners(self) -> list[Listener]:
        if self.error_listeners is None:
            self.error_listeners = list(self.default_error_listeners)
        return self.error_listeners


def _wished(include: Wish, kwargs: dict[str, Any]) -> dict[str, Any]:
    if include == "none":
        return {}
    if include == "all":
        return dict(kwargs)
    return {name: value for name, value in kwargs.items() if name in include}


def emit_before(include_kwargs: Wish = "none") -> Callable[[F], F]:
    """Return a decorator that tells `before_<name>` before a method runs."""

    def decorate(method: F) -> F:
        event = f"before_{method.__name__}"

        @functools.wraps(method)
        def telling(self: EventEmitterMixin, *args: Any, **kwargs: Any) -> Any:
            self.emit(event, _wished(include_kwargs, kwargs))
            return method(self, *args, **kwargs)

        @functools.wraps(method)
        async def telling_async(self: EventEmitterMixin, *args: Any, **kwargs: Any) -> Any:
            self.emit(event, _wished(include_kwargs, kwargs))
            return await method(self, *args, **kwargs)

        return cast("F", telling_async if inspect.iscoroutinefunction(method) else telling)

    return decorate


def emit_after(include_kwargs: Wish = "none", include_result: bool = True) -> Callable[[F], F]:
    """Return a decorator that tells `after_<name>` when a method has ended well."""

    def decorate(method: F) -> F:
        event = f"after_{method.__name__}"

        def tell(self: EventEmitterMixin, result: Any, kwargs: dict[str, Any]) -> None:
            message = _wished(include_kwargs, kwargs)
            self.emit(event, {**message, "result": result} if include_result else message)

        @functools.wraps(method)
        def telling(self: EventEmitterMixin, *args: Any, **kwargs: Any) -> Any:
            result = method(self, *args, **kwargs)
            tell(self, result, kwargs)
            return result

        @functools.wraps(method)
        async def telling_async(self: EventEmitterMixin, *args: Any, **kwargs: Any) -> Any:
            result = await method(self, *args, **kwargs)
            tell(self, result, kwargs)
            return result

        return cast("F", telling_async if inspect.iscoroutinefunction(method) else telling)

    return decorate
