"""Codes that bring a browser in once, and the sessions they become.

Owns both files. Only hashes stand in them: who reads a backup of the base folder gets nothing to log in with.
Works with and without a running supervisor, so every change is made under a lock. Does not know cookies or
HTTP.
"""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import TypeVar

import msgspec

from funcnodes_worker.disk.atomic import write_atomically
from funcnodes_worker.home.base import Base, prepare_base
from funcnodes_worker.home.turn import turn_at

CODE_LIFE_S = 600.0
_CODE_BYTES = 24
_SESSION_BYTES = 32


class Code(msgspec.Struct, frozen=True):
    """A code that waits to be exchanged: its hash and the time after which it is worthless."""

    hash: str
    expires: float


class Session(msgspec.Struct, frozen=True):
    """A browser that was let in: the hash of its id, the name of its cookie, and when it came."""

    hash: str
    cookie: str
    created: float


def hash_of(secret: str) -> str:
    """Return the sha256, in hex, under which a code or session id is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def make_code(base: Base, now: float) -> str:
    """Return a new code, good for one exchange within ten minutes. Called by `link` and `runserver`."""
    code = secrets.token_urlsafe(_CODE_BYTES)
    prepare_base(base)
    with turn_at(base.links_lock):
        waiting = [old for old in _read(base.codes_file, Code) if old.expires > now]
        _write(base.codes_file, [*waiting, Code(hash_of(code), now + CODE_LIFE_S)])
    return code


def exchange_code(base: Base, code: str, port: int, now: float) -> str | None:
    """Return the id of a new session for this code, or None when it is used, too old or unknown.

    Called by the supervisor for a UI server on `port`.
    """
    session = secrets.token_urlsafe(_SESSION_BYTES)
    with turn_at(base.links_lock):
        codes = _read(base.codes_file, Code)
        given = hash_of(code)
        if not any(known.hash == given and known.expires > now for known in codes):
            return None
        # The code goes first: a crash between the two writes costs a link, the other order would allow a
        # second use.
        _write(base.codes_file, [known for known in codes if known.hash != given and known.expires > now])
        kept = _read(base.sessions_file, Session)
        _write(base.sessions_file, [*kept, Session(hash_of(session), cookie_name(port), now)])
    return session


def cookie_name(port: int) -> str:
    """Return the name of the session cookie of the UI server on this port."""
    return f"fn_{port}"


def list_sessions(base: Base) -> list[Session]:
    """Return all sessions that count, oldest first."""
    return _read(base.sessions_file, Session)


def revoke_session(base: Base, session_hash: str) -> bool:
    """Return whether there was such a session; it does not count any more."""
    with turn_at(base.links_lock):
        sessions = _read(base.sessions_file, Session)
        kept = [session for session in sessions if session.hash != session_hash]
        if len(kept) == len(sessions):
            return False
        _write(base.sessions_file, kept)
        return True


def sessions_by_cookie(base: Base) -> dict[str, list[str]]:
    """Return the hashes of all sessions by the name of their cookie: the form of `Access.sessions`."""
    by_cookie: dict[str, list[str]] = {}
    for session in list_sessions(base):
        by_cookie.setdefault(session.cookie, []).append(session.hash)
    return by_cookie


_Entry = TypeVar("_Entry", Code, Session)


def _read(file: Path, entry: type[_Entry]) -> list[_Entry]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[entry])
    except FileNotFoundError:
        return []
    except msgspec.MsgspecError:
        # Nothing in these files cannot be made again by `funcnodes link`; a broken one lets nobody in.
        return []


def _write(file: Path, entries: list[_Entry]) -> None:
    write_atomically(file, msgspec.json.encode(entries), mode=0o600)
