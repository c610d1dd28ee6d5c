"""`nodespace.json` as bytes: the whole graph, and a mark saying up to which revision of which epoch it goes.

Owns the mark, the digest and the reading of files that other programs wrote. When to write, and what a file
that is not ours means, is decided in `opening`.
"""

import contextlib
import hashlib
import json
from math import isfinite
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec import Struct

from funcnodes_worker.disk.atomic import write_atomically
from funcnodes_worker.disk.faults import Faults
from funcnodes_worker.store.records import UNREADABLE, Saved

FILE_NAME = "nodespace.json"
_MARK = "journal"


class Mark(Struct, frozen=True):
    """Where in the history a snapshot stands."""

    epoch: str
    revision: int


class SnapshotFile(Struct, frozen=True):
    """A `nodespace.json` as it was found."""

    content: bytes
    digest: str
    saved: Saved | None
    """What it holds, without the mark; None when it is not a JSON object."""
    mark: Mark | None


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of a file's content as text."""
    return hashlib.sha256(content).hexdigest()


def encode_snapshot(saved: Saved, mark: Mark) -> bytes:
    """Return the text of the file: what is saved and, last, the mark."""
    return msgspec.json.encode({**saved, _MARK: mark})


def write_snapshot(folder: Path, content: bytes, faults: Faults) -> None:
    """Return when `nodespace.json` holds this content on disk."""
    write_atomically(folder / FILE_NAME, content, mode=0o600, faults=faults)


def read_snapshot(folder: Path) -> SnapshotFile | None:
    """Return the file of the folder, or None when there is none."""
    try:
        content = (folder / FILE_NAME).read_bytes()
    except FileNotFoundError:
        return None
    return parse_snapshot(content)


def parse_snapshot(content: bytes) -> SnapshotFile:
    """Return what a file's content says, readable or not."""
    parsed = _parse(content)
    if not isinstance(parsed, dict):
        return SnapshotFile(content, digest_of(content), None, None)
    saved = cast("Saved", parsed)
    mark: Mark | None = None
    with contextlib.suppress(msgspec.ValidationError):
        mark = msgspec.convert(saved.pop(_MARK, None), Mark | None)
    return SnapshotFile(content, digest_of(content), saved, mark)


def _parse(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except (*UNREADABLE, RecursionError):
        pass
    try:
        # Other writers put a byte order mark in front, or numbers that JSON does not have; those become null.
        return json.loads(
            content.decode("utf-8-sig"), parse_constant=lambda name: None, parse_float=_finite_or_none
        )
    except (ValueError, RecursionError):
        return None


def _finite_or_none(text: str) -> float | None:
    number = float(text)
    return number if isfinite(number) else None
