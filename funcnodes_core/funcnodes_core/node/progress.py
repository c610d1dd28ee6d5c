"""Progress bars that tell their node instead of printing. Imported on first use, since tqdm costs time."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from tqdm import tqdm

__all__ = ["NodeProgress"]


class NodeProgress(tqdm):  # type: ignore[type-arg]  # tqdm is generic in its stubs only
    """A tqdm that hands every refresh on as plain data."""

    # tqdm's watcher thread looks after bars that print; these do not.
    monitor_interval = 0

    def __init__(self, *args: Any, tell: Callable[[dict[str, Any]], object], **kwargs: Any) -> None:
        self._tell = tell
        kwargs.setdefault("file", io.StringIO())
        super().__init__(*args, **kwargs)

    # tqdm itself returns True; only its stubs say None.
    def display(self, msg: str | None = None, pos: int | None = None) -> bool:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Hand the present figures on; called by tqdm as often as it would print."""
        # `tell` is missing when tqdm closes a bar whose `__init__` failed.
        tell = getattr(self, "_tell", None)
        if tell is not None:
            tell(dict(self.format_dict))
        return True

    def close(self) -> None:
        """End the bar with a last word."""
        if not self.disable:
            self.display()
        super().close()
