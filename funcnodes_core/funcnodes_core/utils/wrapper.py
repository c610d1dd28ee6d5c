"""Wrappers that look like what they wrap."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from exposedfunctionality import controlled_wrapper

__all__ = ["controlled_wrapper", "signaturewrapper"]

F = TypeVar("F", bound=Callable[..., Any])


def signaturewrapper(func: Callable[..., Any]) -> Callable[[F], F]:
    """Return a decorator that gives a function the name, docstring and signature of `func`."""

    def decorate(wrapper: F) -> F:
        controlled_wrapper(func)(wrapper)
        wrapper.__signature__ = inspect.signature(func)  # type: ignore[attr-defined]
        return wrapper

    return decorate
