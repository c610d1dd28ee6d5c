"""Who may: a verdict about one request from its headers alone, before any code of ours acts on it.

Owns the rules for token, session cookie, Origin and Host. Pure: no clock, no I/O. `guarded` puts it in front
of every route; the supervisor tells it who has sessions (`set_access`).

The rules: Host is a name of ours (else a foreign name bound to 127.0.0.1 would make its page same-origin with
us). An Origin, when sent, is in the list, whatever else is sent. Without an Origin only the Bearer token
counts. A session cookie `fn_<port>` counts only with the exact Origin of that port, since every service on a
host name receives it.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# Binding to all interfaces gives no name; nothing is bound here.
_WILDCARDS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104
_COOKIE = "fn_"


class Right(enum.Enum):
    """What a method or a route needs."""

    VIEW = "view"
    RUN = "run"
    EDIT = "edit"
    INSTALL = "install"
    ADMIN = "admin"


ALL_RIGHTS = frozenset(Right)


@dataclass(frozen=True)
class Caller:
    """Somebody the gate has let through, and what they may do."""

    rights: frozenset[Right]
    by: Literal["token", "session", "no_auth", "nobody"]
    session: str | None = None
    """The hash of the session, to be able to close its sockets when it is revoked."""

    def may(self, right: Right) -> bool:
        """Tell whether this caller has a right."""
        return right in self.rights


NOBODY = Caller(frozenset(), "nobody")
"""The caller of a route that is open to all."""


@dataclass(frozen=True)
class Presented:
    """The headers of a request that a verdict rests on."""

    host: str
    origin: str | None = None
    authorization: str | None = None
    cookies: Mapping[str, str] = field(default_factory=dict[str, str])


class Refused(Exception):
    """Raised when a request may not pass; `status` is that of the HTTP answer."""

    def __init__(self, status: Literal[401, 403, 415], sentence: str) -> None:
        super().__init__(sentence)
        self.status: Literal[401, 403, 415] = status
        self.sentence = sentence


class Gate:
    """The verdicts of one server."""

    def __init__(
        self,
        token: str,
        *,
        host: str = "localhost",
        fixed_origins: Iterable[str] = (),
        no_auth: bool = False,
    ) -> None:
        """Make a gate for a server bound to `host`; `fixed_origins` are always allowed."""
        assert token, "a gate without a token would let everybody in"
        assert not no_auth or host in _LOOPBACK, "no_auth exists on the loopback interface only"
        self._token = token.encode()
        self._hosts = _LOOPBACK | ({host.lower().strip("[]")} - _WILDCARDS)
        self._fixed = frozenset(fixed_origins)
        self._no_auth = no_auth
        self._origins = self._fixed
        self._sessions: dict[str, frozenset[str]] = {}

    @property
    def origins(self) -> frozenset[str]:
        """The origins whose pages may speak to this server now."""
        return self._origins

    def set_access(self, origins: Iterable[str], sessions: Mapping[str, Iterable[str]]) -> None:
        """Take over who may speak from now on: origins of UI servers, session hashes by cookie name."""
        self._origins = self._fixed | frozenset(origins)
        self._sessions = {cookie: frozenset(hashes) for cookie, hashes in sessions.items()}

    def allow_hosts(self, hosts: Iterable[str]) -> None:
        """Accept further names in the Host header, without port."""
        self._hosts = self._hosts | {host.lower().strip("[]") for host in hosts}

    def session_counts(self, session_hash: str) -> bool:
        """Tell whether a session has not been revoked. Asked for open sockets after `set_access`."""
        return any(session_hash in hashes for hashes in self._sessions.values())

    def check_place(self, presented: Presented) -> None:
        """Refuse a foreign Host or Origin. What every route asks, those open to all included."""
        if host_name(presented.host) not in self._hosts:
            raise Refused(403, "this server does not answer to that host name")
        if presented.origin is not None and not self._origin_is_allowed(presented.origin):
            raise Refused(
                403, "pages of that origin may not speak to this server; see 'allowed_origins' in config.json"
            )

    def judge(self, presented: Presented) -> Caller:
        """Return who calls, or raise `Refused`."""
        self.check_place(presented)
        if self._no_auth:
            return Caller(ALL_RIGHTS, "no_auth")
        if presented.authorization is not None:
            if self._is_token(presented.authorization):
                return Caller(ALL_RIGHTS, "token")
            raise Refused(401, "the token in 'Authorization: Bearer' is not the one of this base folder")
        session = self._session(presented)
        if session is None:
            raise Refused(
                401, "a token is needed: run 'funcnodes link' for a browser, or send 'Authorization: Bearer'"
            )
        return Caller(ALL_RIGHTS, "session", session)

    def _origin_is_allowed(self, origin: str) -> bool:
        if origin in self._origins:
            return True
        # Without tokens the published browser bundle must get in, from whatever local port its page came.
        return self._no_auth and (urlsplit(origin).hostname or "") in _LOOPBACK

    def _is_token(self, authorization: str) -> bool:
        scheme, _, given = authorization.partition(" ")
        # Compared in constant time: an early "no" would tell, byte by byte, how far a guess is right.
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token)

    def _session(self, presented: Presented) -> str | None:
        if presented.origin is None:
            return None
        cookie = f"{_COOKIE}{_port_of(presented.origin)}"
        if (given := presented.cookies.get(cookie)) is None:
            return None
        hashed = hashlib.sha256(given.encode()).hexdigest()
        known = self._sessions.get(cookie, frozenset())
        return hashed if any(hmac.compare_digest(hashed, one) for one in known) else None


def host_name(host_header: str) -> str:
    """Return the name in a Host header: lower case, without port and brackets; empty when it is none."""
    try:
        return (urlsplit(f"//{host_header}").hostname or "").lower()
    except ValueError:
        return ""


def _port_of(origin: str) -> int:
    parts = urlsplit(origin)
    return parts.port or (443 if parts.scheme == "https" else 80)
