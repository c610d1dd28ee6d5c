"""Who may: a verdict about one request from its headers alone, before any code of ours acts on it.

Owns the rules for token, grants, session cookie, Origin and Host. Pure: no clock, no I/O. `guarded` puts it
in front of every route; the supervisor tells it who has sessions and grants (`set_access`), and takes away
what has expired.

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
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from funcnodes_worker.rpc.hosts import LOOPBACK, is_every_interface

_COOKIE = "fn_"


class Right(enum.Enum):
    """What a method or a route needs."""

    VIEW = "view"
    RUN = "run"
    EDIT = "edit"
    INSTALL = "install"
    ADMIN = "admin"


ALL_RIGHTS = frozenset(Right)
RightWord = Literal["view", "run", "edit", "install", "admin"]
"""The same as it is written in files and messages."""


def rights_up_to(right: Right) -> frozenset[Right]:
    """Return a right with all lesser ones: who may edit may run and look."""
    order = list(Right)
    return frozenset(order[: order.index(right) + 1])


class Granted(msgspec.Struct, frozen=True):
    """A token with less than all rights, as its hash, and where it opens doors."""

    hash: str
    right: Right
    worker: str | None = None
    """The only worker it is for."""


class Caller(msgspec.Struct, frozen=True):
    """Somebody the gate has let through, and what they may do."""

    rights: frozenset[Right]
    by: Literal["token", "grant", "session", "no_auth", "nobody"]
    session: str | None = None
    """The hash of the session or grant, to be able to close its sockets when it is revoked."""

    def may(self, right: Right) -> bool:
        """Tell whether this caller has a right."""
        return right in self.rights


NOBODY = Caller(frozenset(), "nobody")
"""The caller of a route that is open to all."""


class Presented(msgspec.Struct, frozen=True):
    """The headers of a request that a verdict rests on."""

    host: str
    origin: str | None = None
    authorization: str | None = None
    cookies: Mapping[str, str] = {}
    worker: str | None = None
    """The worker that the request is to be handed on to, if it is."""


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
        worker: str | None = None,
    ) -> None:
        """Make a gate for a server bound to `host`; `fixed_origins` are always allowed, their hosts too.

        `worker`: whose server it is; a grant for another worker opens nothing here.
        """
        assert token, "a gate without a token would let everybody in"
        assert not no_auth or host in LOOPBACK, "no_auth exists on the loopback interface only"
        self._token = token.encode()
        named = frozenset[str]() if is_every_interface(host) else frozenset({host.lower().strip("[]")})
        self._hosts = LOOPBACK | named
        self._fixed = frozenset(fixed_origins)
        # Pages of that name are believed already, so a name that was made to point here gains nothing.
        self._hosts |= {urlsplit(origin).hostname or "localhost" for origin in self._fixed}
        self._no_auth = no_auth
        self._origins = self._fixed
        self._sessions: dict[str, frozenset[str]] = {}
        self._worker = worker
        self._grants: tuple[Granted, ...] = ()

    @property
    def origins(self) -> frozenset[str]:
        """The origins whose pages may speak to this server now."""
        return self._origins

    def set_access(
        self,
        origins: Iterable[str],
        sessions: Mapping[str, Iterable[str]],
        grants: Iterable[Granted] = (),
    ) -> None:
        """Take over who may speak from now on: origins of UI servers, sessions by cookie name, grants."""
        self._origins = self._fixed | frozenset(origins)
        self._sessions = {cookie: frozenset(hashes) for cookie, hashes in sessions.items()}
        self._grants = tuple(grants)

    def session_counts(self, session_hash: str) -> bool:
        """Tell whether a session or grant still counts. Asked for open sockets after `set_access`."""
        granted = (grant.hash for grant in self._grants)
        return session_hash in granted or any(session_hash in hashes for hashes in self._sessions.values())

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
            return self._grantee(presented.authorization, presented.worker or self._worker)
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
        return self._no_auth and (urlsplit(origin).hostname or "") in LOOPBACK

    def _is_token(self, authorization: str) -> bool:
        scheme, _, given = authorization.partition(" ")
        # Compared in constant time: an early "no" would tell, byte by byte, how far a guess is right.
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token)

    def _grantee(self, authorization: str, worker: str | None) -> Caller:
        scheme, _, given = authorization.partition(" ")
        hashed = hashlib.sha256(given.strip().encode()).hexdigest()
        for grant in self._grants:
            if scheme.lower() == "bearer" and hmac.compare_digest(hashed, grant.hash):
                if grant.worker not in (None, worker):
                    raise Refused(403, "this token is for another worker")
                return Caller(rights_up_to(grant.right), "grant", grant.hash)
        raise Refused(
            401,
            "the token in 'Authorization: Bearer' is not one of this base folder, was revoked or has expired",
        )

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
