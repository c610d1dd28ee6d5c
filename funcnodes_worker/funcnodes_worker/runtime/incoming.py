"""Uploads that are under way: what has come of each is on disk, so that it goes on after a loss or a crash.

Owns the folder `uploads/` beside the files: per upload its bytes and what it is to become. How much has come
is the length of its file, nothing else says so. Everything here waits for the disk: call it in a thread.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from funcnodes_worker.disk.atomic import write_atomically
from funcnodes_worker.disk.room import room_for_files

KEPT_S = 24 * 3600.0
"""How long an upload waits to go on after the last bytes came."""
MOST = 100
"""Uploads under way at once."""
_AT_ONCE = ".form"
_ID = re.compile(r"[0-9a-f]{32}")


class Wish(msgspec.Struct, frozen=True):
    """What an upload is to become."""

    path: str
    length: int
    replace: bool = True


class UploadRefused(Exception):
    """Raised when an upload cannot begin or go on; `status` is that of the HTTP answer."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence

    def __str__(self) -> str:
        return self.sentence


class Upload(msgspec.Struct, frozen=True):
    """An upload and how much of it has come."""

    id: str
    wish: Wish
    offset: int
    draft: Path


class Incoming:
    """The uploads of one worker."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder, self.limit = folder, limit
        self._busy: set[str] = set()

    def begin(self, wish: Wish) -> Upload:
        """Return a new upload, or raise `UploadRefused`."""
        self.check_size(wish.length)
        self._folder.mkdir(parents=True, exist_ok=True)
        self.forget_old()
        if len(list(self._folder.glob("*.json"))) >= MOST:
            raise UploadRefused(429, f"{MOST} uploads are under way; finish or cancel some first")
        self.find_room(wish.length)
        upload = secrets.token_hex(16)
        self._draft(upload).touch(mode=0o600)
        write_atomically(self._about(upload), msgspec.json.encode(wish))
        return Upload(upload, wish, 0, self._draft(upload))

    def check_size(self, size: int) -> None:
        """Raise `UploadRefused` for more bytes than a file may have."""
        if size > self.limit:
            raise UploadRefused(
                413,
                f"files may have {self.limit} bytes here; this one has {size}. Send a smaller one, or have "
                "'uploads.max_bytes' raised in config.json",
            )

    def find_room(self, size: int) -> None:
        """Raise `UploadRefused` when so many bytes more would take the room that edits need."""
        if size > room_for_files(self._folder):
            raise UploadRefused(507, "the disk has no room for this file; delete something first")

    def write(self, file: BinaryIO, piece: bytes) -> None:
        """Write what has come, while there is room: others may have taken what there was at the beginning."""
        self.find_room(len(piece))
        file.write(piece)

    def find(self, upload: str) -> Upload:
        """Return an upload that is under way, or raise `UploadRefused`."""
        if not _ID.fullmatch(upload):
            raise UploadRefused(404, "there is no such upload; begin one by POST /uploads/")
        try:
            wish = msgspec.json.decode(self._about(upload).read_bytes(), type=Wish)
            offset = self._draft(upload).stat().st_size
        except (OSError, msgspec.MsgspecError) as gone:
            raise UploadRefused(
                404, "there is no such upload; it ended, or waited for too long: begin anew"
            ) from gone
        return Upload(upload, wish, offset, self._draft(upload))

    @contextmanager
    def writing(self, upload: str) -> Generator[None]:
        """Keep a second writer out while the block runs. In the server's thread."""
        if upload in self._busy:
            raise UploadRefused(423, "another request is sending this file; wait for its end")
        self._busy.add(upload)
        try:
            yield
        finally:
            self._busy.discard(upload)

    def open(self, upload: Upload) -> BinaryIO:
        """Return the file to write on from where the upload stands."""
        file = upload.draft.open("r+b")
        file.seek(upload.offset)
        return file

    def drop(self, upload: str) -> None:
        """Forget an upload and what has come of it."""
        self._about(upload).unlink(missing_ok=True)
        self._draft(upload).unlink(missing_ok=True)

    @contextmanager
    def draft(self) -> Generator[Path]:
        """Give a place for a file that comes in one go; what is left of it at the end is removed."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{secrets.token_hex(16)}{_AT_ONCE}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what an earlier process left that cannot go on. Called once, before anything comes."""
        self.forget_old()
        for draft in self._folder.glob(f"*{_AT_ONCE}"):
            draft.unlink(missing_ok=True)

    def forget_old(self) -> None:
        """Forget uploads that have not gone on for a day, and what a crash left of the making of one."""
        if not self._folder.is_dir():
            return
        known = {file.stem for file in self._folder.glob("*.json")}
        for draft in self._folder.glob("*.part"):
            too_old = time.time() - draft.stat().st_mtime > KEPT_S
            if (too_old or draft.stem not in known) and draft.stem not in self._busy:
                self.drop(draft.stem)

    def _about(self, upload: str) -> Path:
        return self._folder / f"{upload}.json"

    def _draft(self, upload: str) -> Path:
        return self._folder / f"{upload}.part"
