"""`NoValue`: the one object that says "nothing has arrived yet".

Owns the singleton and its survival of pickle and copy. How it is written as JSON is said in
`utils.serialization`.
"""

from __future__ import annotations

from typing import Any, Final, final

__all__ = ["NoValue", "NoValueType"]


@final
class NoValueType:
    """The type of `NoValue`; calling it always gives that same object."""

    __slots__ = ()
    _only: NoValueType | None = None

    def __new__(cls) -> NoValueType:
        """Return the one instance of this process."""
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __repr__(self) -> str:
        return "<NoValue>"

    def __reduce__(self) -> str:
        # A string tells pickle and copy to look the object up by its name in this module.
        return "NoValue"

    def __copy__(self) -> NoValueType:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> NoValueType:
        return self


NoValue: Final = NoValueType()
"""Nothing has arrived yet. Test with `is`."""
