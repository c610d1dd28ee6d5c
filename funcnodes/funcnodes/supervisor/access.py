"""Who may speak to manager and workers, as the supervisor hands it out.

Owns the set of origins of the UI servers that are connected now, the sessions of browsers, and the grants.
Does not judge anybody (`rpc/gate`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from funcnodes_worker.home import grants, links
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.grants import Grant
from funcnodes_worker.rpc.gate import RightWord
from funcnodes_worker.wire.control import Access, AccessGrant

CallAt = Callable[[float, Callable[[], None]], object]
"""Has something called after so many seconds: a loop's `call_later`."""


class AccessBook:
    """The current `Access`; everybody concerned is told when it changes."""

    def __init__(self, base: Base, fixed_origins: Iterable[str] = ()) -> None:
        self._base = base
        self._fixed = tuple(fixed_origins)
        self._origins: dict[object, tuple[str, ...]] = {}
        self._listeners: list[Callable[[], None]] = []
        self._call_at: CallAt | None = None
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

    def grant(
        self, right: RightWord, *, worker: str | None, lasts_s: float | None, name: str
    ) -> tuple[Grant, str]:
        """Return a new token with these rights, and what is known of it."""
        made = grants.make_grant(
            self._base, right, now=time.time(), worker=worker, lasts_s=lasts_s, name=name
        )
        self._renew()
        return made

    def grants(self) -> list[Grant]:
        """Return all tokens that were given away."""
        return grants.list_grants(self._base)

    def withdraw(self, grant_id: str) -> bool:
        """End a token; False when there is none with this id."""
        found = grants.revoke_grant(self._base, grant_id)
        self._renew()
        return found

    def expire_as_time_goes(self, call_at: CallAt) -> None:
        """Take away what expires, when it does. `call_at` is told the next time, in seconds from now."""
        self._call_at = call_at
        self._await_next()

    def _await_next(self) -> None:
        now = time.time()
        times = [
            grant.expires
            for grant in grants.list_grants(self._base)
            if grant.expires and grant.counts_at(now)
        ]
        if times and self._call_at is not None:
            self._call_at(min(times) - now, self._renew)

    def _read(self) -> Access:
        now = time.time()
        counting = [
            AccessGrant(hash=grant.hash, right=grant.right, worker=grant.worker)
            for grant in grants.list_grants(self._base)
            if grant.counts_at(now)
        ]
        origins = {*self._fixed, *(origin for origins in self._origins.values() for origin in origins)}
        return Access(origins=sorted(origins), sessions=links.sessions_by_cookie(self._base), grants=counting)

    def _renew(self) -> None:
        self.current = self._read()
        self._await_next()
        for listener in self._listeners:
            listener()
