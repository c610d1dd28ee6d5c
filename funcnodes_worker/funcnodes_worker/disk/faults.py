"""The seam at which a test program breaks a write: a call at each place where a crash would hurt.

Owns the type and the do-nothing default. The rooms that write name their places as `room:place`.
"""

from collections.abc import Callable
from typing import TypeAlias

Faults: TypeAlias = Callable[[str], None]
"""Called with the name of a place just reached; may end the process or raise."""


def no_faults(place: str) -> None:
    """Go on: what everybody but a test hands in."""
