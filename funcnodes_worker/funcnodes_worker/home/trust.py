"""Whether a flow may run: the record of a user's trust, in the worker's folder, good for that folder only.

Owns the record, its seal and the rule that reads it. A flow is *held* until its folder has a record that was
sealed here, for this worker, in this base folder, for the very line of history that is opened. Copied along
with a folder, the record means nothing: the seal is made with a secret of this base folder over the worker's
id, the base folder's path and the epoch. Does not know what is kept back while a flow is held.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path

import msgspec

from funcnodes_worker.disk.atomic import write_atomically
from funcnodes_worker.home.base import Base, BaseUnwritable, prepare_base
from funcnodes_worker.home.worker_home import WorkerHome

_KEY_BYTES = 32


class TrustRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What was trusted."""

    epoch: str | None = None
    """The line of history; None for a worker that was made here and has not begun one yet."""
    snapshot: str | None = None
    """SHA-256 of the `nodespace.json` such a worker was made with; None when it was made empty."""


class _Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it lies in the file."""

    epoch: str | None = None
    snapshot: str | None = None
    seal: str


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """How a line of history began when its folder was opened just now."""

    digest: str | None
    """SHA-256 of the `nodespace.json` it stands on; None when it begins with what no file gave."""
    continues: str | None = None
    """The line whose own entries and snapshots it was rebuilt from, when the journal was damaged."""


def covers(
    record: TrustRecord | None, epoch: str, beginning: Beginning | None, *, is_empty: bool = False
) -> bool:
    """Tell whether a sealed record covers what was opened: the same history, or what was made here.

    A `nodespace.json` that somebody put into the folder began a history that nobody has trusted yet. In an
    empty graph there is nothing of anybody's.
    """
    if record is None:
        return False
    if is_empty:
        return True
    if beginning is None:
        return record.epoch == epoch
    if record.epoch is None:
        return beginning.digest is not None and beginning.digest == record.snapshot
    return beginning.continues == record.epoch


def vouch(home: WorkerHome, record: TrustRecord) -> None:
    """Put a record into the worker's folder, sealed. For who makes a worker, and for a user's word."""
    sealed = _Sealed(epoch=record.epoch, snapshot=record.snapshot, seal=_seal(home, _key(home.base), record))
    write_atomically(home.trust_file, msgspec.json.encode(sealed), mode=0o600)


def read_trust(home: WorkerHome) -> TrustRecord | None:
    """Return the record of the worker's folder; None when there is none that was sealed for it here."""
    try:
        found = msgspec.json.decode(home.trust_file.read_bytes(), type=_Sealed)
        key = home.base.trust_key_file.read_bytes()
    except (OSError, msgspec.MsgspecError, ValueError):
        return None
    record = TrustRecord(epoch=found.epoch, snapshot=found.snapshot)
    is_ours = len(key) == _KEY_BYTES and hmac.compare_digest(_seal(home, key, record), found.seal)
    return record if is_ours else None


def is_vouched(home: WorkerHome) -> bool:
    """Tell whether somebody here has trusted this folder at all; what lies in it now may be newer.

    Enough to build and use the folder's environment, which only ever changes by a user's word. Whether the
    graph may run is decided when it is opened (`covers`).
    """
    return read_trust(home) is not None


def sealing_key(home: WorkerHome) -> bytes:
    """Return the secret with which this worker seals what it keeps: it counts only where it was made."""
    return hmac.new(_key(home.base), b"kept\0" + home.uuid.encode(), hashlib.sha256).digest()


def _seal(home: WorkerHome, key: bytes, record: TrustRecord) -> str:
    # The path too: a whole base folder that somebody hands over carries its secret with it.
    said = msgspec.json.encode([1, home.uuid, _place(home.base.folder), record.epoch, record.snapshot])
    return hmac.new(key, said, hashlib.sha256).hexdigest()


def _place(folder: Path) -> str:
    return os.path.normcase(os.path.realpath(folder))


def _key(base: Base) -> bytes:
    with contextlib.suppress(FileNotFoundError):
        key = base.trust_key_file.read_bytes()
        if len(key) == _KEY_BYTES:
            return key
    return _make_key(base)


def _make_key(base: Base) -> bytes:
    prepare_base(base)
    draft = base.folder / f".trust-key-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # Two programs may need the first key at the same time: a link appears whole and only once.
        with contextlib.suppress(FileExistsError):
            os.link(draft, base.trust_key_file)
        key = base.trust_key_file.read_bytes()
    except OSError as problem:
        raise BaseUnwritable(base.folder, problem.strerror or str(problem)) from problem
    finally:
        draft.unlink(missing_ok=True)
    if len(key) != _KEY_BYTES:
        raise BaseUnwritable(base.folder, f"{base.trust_key_file.name} is damaged; remove it")
    return key
