"""Values that give trouble: each made anew, by name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

__all__ = ["UNWRITABLE", "VALUES"]


class Refuses:
    """Raises whatever it is asked: it can be handed on, and nothing else."""

    def _no(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("asked what must not be asked")

    __eq__ = __ne__ = __lt__ = __bool__ = __len__ = __iter__ = __contains__ = _no  # type: ignore[assignment]
    __repr__ = __str__ = __format__ = __int__ = __float__ = __index__ = __add__ = _no  # type: ignore[assignment]
    __copy__ = __deepcopy__ = __reduce_ex__ = __reduce__ = _repr_json_ = _no  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]


class Answers:
    """Has whatever attribute it is asked for, as a mock has."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: self


class ComparesToMany:
    """`==` gives many answers, whose truth nobody can tell; as arrays do."""

    def __eq__(self, other: object) -> Any:
        return ManyAnswers()

    __hash__ = None  # type: ignore[assignment]


class ManyAnswers:
    def __bool__(self) -> bool:
        raise ValueError("the truth of many answers is ambiguous")


class Liar:
    """Says that it is of another class."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return dict


class Sends:
    """Can be pickled, but not read back."""

    def __reduce__(self) -> Any:
        return _refuse, ()


def _refuse() -> Any:
    raise RuntimeError("cannot be made again")


class WrongText:
    """Its texts are no texts."""

    def __repr__(self) -> Any:
        return 5

    __str__ = __repr__


def _in_itself() -> Any:
    here: list[Any] = [1]
    here.append(here)
    return here


def _dicts_in_each_other() -> Any:
    one: dict[str, Any] = {}
    one["other"] = {"back": one}
    return one


def _deep(kind: str, depth: int = 50_000) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if kind == "list" else {"a": value} if kind == "dict" else (value,)
    return value


VALUES: dict[str, Callable[[], Any]] = {
    "not a number": lambda: float("nan"),
    "infinity": lambda: float("-inf"),
    "huge int": lambda: 10**5000,
    "int beyond json": lambda: 2**70,
    "half a character": lambda: "\ud800 and \x00",
    "bytes": lambda: b"\xff\x00" * 10,
    "refuses all": Refuses,
    "list of what refuses": lambda: [Refuses(), {"a": Refuses()}],
    "answers all": Answers,
    "compares to many": ComparesToMany,
    "liar": Liar,
    "wrong text": WrongText,
    "cannot be read back": Sends,
    "lock": threading.Lock,
    "generator": lambda: (i for i in range(3)),
    "itself in a list": _in_itself,
    "dicts in each other": _dicts_in_each_other,
    "deep list": lambda: _deep("list"),
    "deep dict": lambda: _deep("dict"),
    "deep tuple": lambda: _deep("tuple"),
    "odd keys": lambda: {(1, 2): 1, float("nan"): 2, None: 3, b"x": 4, frozenset({1}): 5},
    "a class": lambda: Refuses,
    "a function": lambda: _deep,
    "an exception class": lambda: StopIteration,
    "an exception": lambda: KeyboardInterrupt("not raised"),
    "a module": lambda: threading,
    "not implemented": lambda: NotImplemented,
    "dots": lambda: ...,
}

UNWRITABLE: dict[str, str] = {
    "itself in a list": "contains itself",
    "dicts in each other": "contains itself",
    "deep list": "nested this deep",
    "deep dict": "nested this deep",
    "deep tuple": "nested this deep",
}
"""Values that no JSON can say, and what the error says of them."""
