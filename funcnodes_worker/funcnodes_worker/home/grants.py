"""Tokens with less than all rights: for a colleague, a script, a display in the corridor.

Owns `grants.json` (0600). Only hashes stand in it. Works with and without a running supervisor, so every
change is made under a lock. Does not judge anybody (`rpc/gate`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import msgspec

from funcnodes_worker.disk.atomic import write_atomically
from funcnodes_worker.home.base import Base, prepare_base
from funcnodes_worker.home.links import hash_of
from funcnodes_worker.home.turn import turn_at
from funcnodes_worker.rpc.gate import RightWord

RIGHT_WORDS: tuple[RightWord, ...] = ("view", "run", "edit", "install", "admin")
"""From the least to the most; each includes those before it."""
_SECRET_BYTES = 32
_ID_BYTES = 4


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A token that was given away."""

    id: str
    hash: str
    right: RightWord
    worker: str | None = None
    """The uuid of the only worker it opens; None means all, and the manager."""
    expires: float | None = None
    """Seconds since the epoch."""
    name: str = ""
    """What it is for, in the giver's words."""
    created: float = 0.0

    def counts_at(self, now: float) -> bool:
        """Tell whether it has not expired."""
        return self.expires is None or now < self.expires


def shown_grant(grant: Grant) -> dict[str, Any]:
    """Return what may be shown of a grant: all but its hash."""
    shown = msgspec.to_builtins(grant)
    del shown["hash"]
    return shown


def make_grant(
    base: Base,
    right: RightWord,
    *,
    now: float,
    worker: str | None = None,
    lasts_s: float | None = None,
    name: str = "",
) -> tuple[Grant, str]:
    """Return a new grant and its token, which is shown once and stored nowhere."""
    token = f"fn-{secrets.token_urlsafe(_SECRET_BYTES)}"
    grant = Grant(
        id=secrets.token_hex(_ID_BYTES),
        hash=hash_of(token),
        right=right,
        worker=worker,
        expires=None if lasts_s is None else now + lasts_s,
        name=name,
        created=now,
    )
    prepare_base(base)
    _change(base, lambda grants: [*(old for old in grants if old.counts_at(now)), grant])
    return grant, token


def list_grants(base: Base) -> list[Grant]:
    """Return all grants, the expired ones too until the next is made; oldest first."""
    try:
        return msgspec.json.decode(base.grants_file.read_bytes(), type=list[Grant])
    except FileNotFoundError:
        return []
    except msgspec.MsgspecError:
        # A broken file lets nobody in; new grants can be made at any time.
        return []


def revoke_grant(base: Base, grant_id: str) -> bool:
    """Return whether there was such a grant; its token opens nothing any more."""
    found = any(grant.id == grant_id for grant in list_grants(base))
    if found:
        _change(base, lambda grants: [grant for grant in grants if grant.id != grant_id])
    return found


def _change(base: Base, change: Callable[[list[Grant]], list[Grant]]) -> None:
    with turn_at(base.links_lock):
        write_atomically(base.grants_file, msgspec.json.encode(change(list_grants(base))), mode=0o600)
