"""What goes into the store and what comes out of it when it is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from funcnodes_core.document.edits import Edit, decode_edits, encode_edits
from funcnodes_core.document.history import Purpose
from msgspec import Struct


class Entry(Struct, frozen=True):
    """One committed transaction of the journal."""

    revision: int
    author: str
    edits: tuple[Edit, ...]
    inverse: tuple[Edit, ...]
    time: float
    title: str = ""
    """What it is called in the history; empty in journals that are older than that."""
    purpose: Purpose | None = None
    """Whether it undoes another entry, does it again, or puts an earlier graph in place."""
    call: str = ""
    """The mark of the call that made it, so that the call is known when it is sent again after a kill."""


class _About(Struct, frozen=True, omit_defaults=True):
    """What an entry says about itself."""

    title: str = ""
    purpose: Purpose | None = None
    call: str = ""


_NO_WORD = _About()
_encode_about = msgspec.json.Encoder().encode
_decode_about = msgspec.json.Decoder(_About).decode


class Row(Struct, frozen=True):
    """An entry as it lies in the journal: its edits as JSON text, so that a caller's mistake shows early."""

    revision: int
    author: str
    edits: bytes
    inverse: bytes
    time: float
    about: bytes | None = None

    @classmethod
    def of(cls, entry: Entry) -> Row:
        """Return the row of an entry; raises when an edit is not JSON."""
        edits, inverse = encode_edits(entry.edits), encode_edits(entry.inverse)
        said = _About(entry.title, entry.purpose, entry.call)
        about = _encode_about(said) if said != _NO_WORD else None
        return cls(entry.revision, entry.author, edits, inverse, entry.time, about)

    def entry(self) -> Entry:
        """Return the entry; raises `msgspec.DecodeError` when the text is not a list of edits."""
        about = _NO_WORD if self.about is None else _decode_about(self.about)
        edits, inverse = decode_edits(self.edits), decode_edits(self.inverse)
        words = about.title, about.purpose, about.call
        return Entry(self.revision, self.author, edits, inverse, self.time, *words)

    @property
    def call(self) -> str:
        """The mark of the call that made this entry, or nothing."""
        return "" if self.about is None else _decode_about(self.about).call


class LineOfHistory(Struct, frozen=True):
    """One epoch: a line of history that a replaced `nodespace.json` ended, or the current one."""

    epoch: str
    begun: float
    reason: str
    """`new`, `opened`, `replaced` or `salvaged`."""
    first: int
    """The earliest revision that can be restored."""
    last: int
    is_current: bool


class Notice(Struct, frozen=True):
    """Something a person should know about how the store was opened."""

    kind: str
    """`replaced`, `snapshot_damaged`, `snapshot_missing`, `journal_damaged` or `journal_missing`."""
    message: str
    set_aside: tuple[Path, ...] = ()
    """Files that could not be used and were kept under these names."""


class StoreFailed(Exception):
    """Raised when the disk did not take an edit or a snapshot; what was acknowledged before is safe."""

    def __init__(self, problem: BaseException | str) -> None:
        super().__init__()
        self.problem = problem

    def __str__(self) -> str:
        return (
            f"the disk did not take it: {self.problem}; all acknowledged edits are safe, "
            "make room or check the disk and try again"
        )


class JournalTooNew(Exception):
    """Raised when a newer release of FuncNodes has written the journal."""

    def __init__(self, path: Path, version: int, known: int) -> None:
        super().__init__()
        self.path, self.version, self.known = path, version, known

    def __str__(self) -> str:
        return (
            f"{self.path} was written by a newer release (format {self.version}, known is {self.known}); "
            "nothing was changed, open it with that release"
        )


Saved = dict[str, Any]
"""A parsed `nodespace.json`."""

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError)
"""What decoding raises for bytes that are not what they should be."""
