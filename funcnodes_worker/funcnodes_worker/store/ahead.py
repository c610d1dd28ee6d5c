"""SQLite's write-ahead log as it lies there before it is read: whether all that was committed in it is used.

SQLite reads the log up to the first frame that is not whole and forgets the rest without a word. That is
right after a kill in the middle of a write, and hides damage. Owns telling the two apart, by the form of the
file (https://www.sqlite.org/fileformat2.html, 4): only damage leaves a commit behind that is not used.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import struct
from pathlib import Path

from funcnodes_worker.disk.atomic import set_aside, sync_file
from funcnodes_worker.store.records import Notice

_HEADER, _FRAME = 32, 24
_MAGIC = (0x377F0682, 0x377F0683)
_FORMER = 1_000_000
"""The first salt grows by one whenever the log begins anew: what lies behind the log is from not long ago."""


def look_after_log(database: Path) -> Notice | None:
    """Return what to say when a part of the log cannot be used; it is kept under another name then."""
    log = database.with_name(f"{database.name}-wal")
    if not database.exists() or not log.exists() or log.stat().st_size == 0:
        return None
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        try:
            _, used, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.DatabaseError:
            return None  # The database itself is damaged; whoever opens it says so.
        if not _is_damaged(log.read_bytes(), used):
            return None
        # Before the connection is closed: with it, SQLite takes the log away.
        copy = log.with_name(f"{log.name}-as-found")
        shutil.copyfile(log, copy)
        sync_file(copy)
        aside = set_aside(copy)
    return Notice(
        "journal_damaged",
        "the end of the journal could not be read: its file is cut off or overwritten, and the last edits "
        f"may be missing; the file as it was is kept as {aside.name}. After a power cut this is a write that "
        "was not acknowledged yet, and nothing is missing",
        (aside,),
    )


def _is_damaged(content: bytes, used: int) -> bool:
    if len(content) < _HEADER or not _header_is_whole(content[:_HEADER]):
        return True
    page, salt = struct.unpack(">I", content[8:12])[0], content[16:24]
    size = _FRAME + page
    count, rest = divmod(len(content) - _HEADER, size)
    # A kill between its two writes leaves the head of a frame, never a part of its page.
    if rest not in (0, _FRAME):
        return True
    first = int.from_bytes(salt[:4], "big")
    for place in range(max(used, 0), count):
        at = _HEADER + place * size
        number, after, frame_salt = struct.unpack(">II8s", content[at : at + 16])
        if frame_salt == salt:
            if after:
                return True  # A commit that is not used: something before it is not whole.
        elif number == 0 or (first - int.from_bytes(frame_salt[:4], "big")) % 2**32 > _FORMER:
            return True  # No frame of an earlier log either.
    return False


def _header_is_whole(header: bytes) -> bool:
    (magic,) = struct.unpack(">I", header[:4])
    if magic not in _MAGIC:
        return False
    words = struct.unpack(f"{'>' if magic & 1 else '<'}6I", header[:24])
    one = two = 0
    for place in range(0, 6, 2):
        one = (one + words[place] + two) & 0xFFFFFFFF
        two = (two + words[place + 1] + one) & 0xFFFFFFFF
    return struct.unpack(">II", header[24:]) == (one, two)
