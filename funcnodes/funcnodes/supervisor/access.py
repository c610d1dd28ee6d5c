"""Who may speak to manager and workers, as the supervisor hands it out.

Owns the set of origins of the UI servers that are connected now, and the sessions of browsers. Does not judge
anybody (`rpc/gate`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from funcnodes_worker.home import links
from funcnodes_worker.home.base import Base
from funcnodes_worker.wire.control import Access


class AccessBook:
    """The current `Access`; everybody concerned is told when it changes."""

    def __init__(self, base: Base, fixed_origins: Iterable[str] = ()) -> None:
        self._base = base
        self._fixed = tuple(fixed_origins)
        self._origins: dict[object, tuple[str, ...]] = {}
        self._listeners: list[Callable[[], None]] = []
        self.current = self._read()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Have this called after each change."""
        self._listeners.append(listener)

    def ui_came(self, key: object, origins: Iterable[str]) -> None:
        """Let pages of these origins in, as long as this UI server is connected."""
        self._origins[key] = tuple(origins)
        self._renew()

    def ui_went(self, key: object) -> None:
        """Let pages of this UI server in no more."""
        if self._origins.pop(key, None) is not None:
            self._renew()

    def exchange(self, code: str, port: int) -> str | None:
        """Return the id of a new session for this code, or None."""
        session = links.exchange_code(self._base, code, port, time.time())
        self._renew()
        return session

    def revoke(self, session_hash: str) -> None:
        """End a session."""
        links.revoke_session(self._base, session_hash)
        self._renew()

    def _read(self) -> Access:
        origins = {*self._fixed, *(origin for origins in self._origins.values() for origin in origins)}
        return Access(origins=sorted(origins), sessions=links.sessions_by_cookie(self._base))

    def _renew(self) -> None:
        self.current = self._read()
        for listener in self._listeners:
            listener()
