"""`DataEnum`: a choice whose members may hold anything, also what cannot be hashed."""

from __future__ import annotations

from enum import Enum
from typing import Any, Self

from exposedfunctionality import add_type

__all__ = ["DataEnum"]


class DataEnum(Enum):
    """A choice that is found by member, name, value, or the text of either."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let ports name the class."""
        super().__init_subclass__(**kwargs)
        add_type(cls, cls.__name__)

    @classmethod
    def interfere(cls, value: Any) -> Self:
        """Return the member meant by a member, a name, a value, `str(value)`, or `"Class.NAME"`."""
        if isinstance(value, cls):
            return value
        for member in cls:
            if _means(value, member.name) or _means(value, member.value) or _means(value, str(member.value)):
                return member
        prefix = f"{cls.__name__}."
        # A module may make the same choice twice (`funcnodes_span`), and hand members of one to the other.
        text = f"{type(value).__name__}.{value.name}" if isinstance(value, Enum) else value
        if isinstance(text, str) and text.startswith(prefix) and text.removeprefix(prefix) in cls.__members__:
            return cls[text.removeprefix(prefix)]
        return cls(value)

    @classmethod
    def v(cls, value: Any) -> Any:
        """Return the value behind the member that is meant."""
        return cls.interfere(value).value


def _means(value: Any, candidate: Any) -> bool:
    if value is candidate:
        return True
    if type(value) is not type(candidate):
        return False
    try:
        return bool(value == candidate)
    except Exception:  # noqa: BLE001 - comparing arrays or tables is no plain question
        return False
