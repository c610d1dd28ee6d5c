"""The files of a worker's user: listed, renamed, moved to the trash and back, and put there whole.

Owns the folder `files/` and, beside it, `trash/`: what is deleted can be restored until the trash is emptied.
A path that a client names goes through `disk/inside`, links followed. Everything here waits for the disk:
call it in a thread.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import msgspec

from funcnodes_worker.disk.atomic import move, sync_file, write_atomically
from funcnodes_worker.disk.inside import PathRefused, inside

MOST_LISTED = 10_000
MOST_TRASHED = 1000
"""Things the trash holds; beyond, the oldest are gone for good."""
_CHANGES = threading.Lock()
"""Held by who changes something, so that two do not choose the same free name."""


class FileProblem(Exception):
    """Raised when a file is not there, is there already, or is no file; the sentence says which."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


class FileInTheWay(FileProblem):
    """Raised when a file or folder is where another is to be put."""


class Listed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file or folder as a client sees it."""

    path: str
    """Relative to the files folder, with `/`."""
    size: int
    modified: float
    folder: bool = False


class Trashed(msgspec.Struct, frozen=True):
    """A file or folder that was deleted and can come back."""

    id: str
    path: str
    """Where it stood."""
    size: int
    deleted: float


class Listing(msgspec.Struct, frozen=True):
    """What is in a folder."""

    files: list[Listed]
    cut: bool
    """Whether there are more than are listed."""


class FilesFolder:
    """The files of one worker."""

    def __init__(self, root: Path) -> None:
        """Take the folder of the files; the trash stands beside it."""
        self.root, self.trash = root, root.parent / "trash"

    # Looking

    def list(self, folder: str = "", recursive: bool = False) -> Listing:
        """Return what is in a folder, in the order of the names."""
        top = self._path(folder) if folder else self.root.resolve()
        if not top.is_dir():
            if folder:
                raise FileProblem(f"there is no folder {folder[:200]!r}; it may have been renamed or deleted")
            return Listing([], cut=False)
        found: list[Listed] = []
        for entry in self._walk(top, recursive):
            if len(found) == MOST_LISTED:
                return Listing(found, cut=True)
            found.append(entry)
        return Listing(found, cut=False)

    def _walk(self, folder: Path, recursive: bool) -> Iterator[Listed]:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
        for entry in listed:
            shown = self._listed(Path(entry.path))
            if shown is None:
                continue
            yield shown
            if recursive and shown.folder and not entry.is_symlink():
                yield from self._walk(Path(entry.path), recursive)

    def _listed(self, path: Path) -> Listed | None:
        root = self.root.resolve()
        relative = path.relative_to(root).as_posix()
        try:
            # What nobody may open by its name is not shown: links that lead out, names other systems refuse.
            facts = inside(root, relative).stat()
        except (PathRefused, OSError):
            return None
        if not stat.S_ISREG(facts.st_mode) and not stat.S_ISDIR(facts.st_mode):
            return None
        is_folder = stat.S_ISDIR(facts.st_mode)
        return Listed(relative, 0 if is_folder else facts.st_size, facts.st_mtime, is_folder)

    def file(self, path: str) -> Path:
        """Return where a file stands, or raise `FileProblem` or `PathRefused`."""
        found = self._path(path)
        if not found.is_file():
            raise FileProblem(f"there is no file {path[:200]!r}; it may have been renamed or deleted")
        return found

    def _path(self, path: str) -> Path:
        return inside(self.root, path)

    def _there(self, path: str) -> Path:
        """Return the place of a name, the last link not followed: what is renamed or deleted is the name."""
        self._path(path)
        parts = PurePosixPath(path)
        above = self._path(parts.parent.as_posix()) if len(parts.parts) > 1 else self.root.resolve()
        place = above / parts.name
        if not os.path.lexists(place):
            raise FileProblem(f"there is no file {path[:200]!r}; it may have been renamed or deleted")
        return place

    # Changing

    def place_for(self, path: str, replace: bool = True) -> Path:
        """Return where a new file may be put; its folders are made."""
        target = self._path(path)
        if target.is_dir():
            raise FileInTheWay(f"{path[:200]!r} is a folder; choose another name")
        if not replace and target.exists():
            raise FileInTheWay(f"{path[:200]!r} exists already; choose another name, or replace it")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as problem:
            raise FileInTheWay(
                f"a part of {path[:200]!r} is a file and can hold no other; choose another name"
            ) from problem
        return target

    def put(self, draft: Path, path: str, replace: bool = True) -> str:
        """Return the path of a file that was written elsewhere, now whole in its place and on disk."""
        with _CHANGES:
            target = self.place_for(path, replace)
            sync_file(draft)
            move(draft, target)
        return PurePosixPath(path).as_posix()

    def rename(self, path: str, to: str, replace: bool = False) -> Listed:
        """Return a file or folder under its new name; one of that name is only replaced when told so."""
        with _CHANGES:
            place = self._there(path)
            target = self.place_for(to, replace)
            if target == place or target.is_relative_to(place):
                raise FileInTheWay(f"{path[:200]!r} cannot be moved into itself; choose another place")
            if target.exists():
                self._to_trash(to, target)
            move(place, target)
            listed = self._listed(self.root.resolve() / PurePosixPath(to))
        if listed is None:
            raise FileProblem(f"{to[:200]!r} was moved, and then away by somebody else")
        return listed

    def delete(self, path: str) -> Trashed:
        """Return what was moved to the trash; `restore` brings it back."""
        with _CHANGES:
            return self._to_trash(path, self._there(path))

    def _to_trash(self, path: str, place: Path) -> Trashed:
        entry = self.trash / f"{time.time_ns():020d}-{secrets.token_hex(4)}"
        entry.mkdir(parents=True)
        kept = Trashed(entry.name, PurePosixPath(path).as_posix(), _size(place), time.time())
        # First what it is called: who dies in between leaves an empty entry, never a nameless file.
        write_atomically(entry / "about.json", msgspec.json.encode(kept))
        move(place, entry / "item")
        self._forget_oldest()
        return kept

    def trashed(self) -> list[Trashed]:
        """Return what can be restored, the latest first."""
        if not self.trash.is_dir():
            return []
        kept = (_read_about(entry) for entry in sorted(self.trash.iterdir(), reverse=True))
        return [about for about in kept if about is not None]

    def restore(self, trashed: str, to: str | None = None) -> Listed:
        """Return what came back from the trash, to where it stood or to another name."""
        with _CHANGES:
            entry = inside(self.trash, trashed)
            about = _read_about(entry)
            if about is None or entry.parent != self.trash.resolve():
                raise FileProblem(f"there is no {trashed[:200]!r} in the trash; it may have been restored")
            path = to or about.path
            target = self.place_for(path, replace=False)
            move(entry / "item", target)
            shutil.rmtree(entry, ignore_errors=True)
            listed = self._listed(self.root.resolve() / PurePosixPath(path))
        if listed is None:
            raise FileProblem(f"{path[:200]!r} was restored, and then taken away by somebody else")
        return listed

    def empty(self) -> int:
        """Return how many things are gone for good."""
        with _CHANGES:
            kept = self.trashed()
            shutil.rmtree(self.trash, ignore_errors=True)
        return len(kept)

    def _forget_oldest(self) -> None:
        for entry in sorted(self.trash.iterdir())[:-MOST_TRASHED]:
            shutil.rmtree(entry, ignore_errors=True)


def _read_about(entry: Path) -> Trashed | None:
    try:
        if not os.path.lexists(entry / "item"):
            return None
        return msgspec.json.decode((entry / "about.json").read_bytes(), type=Trashed)
    except (OSError, msgspec.MsgspecError):
        return None


def _size(place: Path) -> int:
    if place.is_symlink() or place.is_file():
        return place.lstat().st_size
    return sum(file.lstat().st_size for file in place.rglob("*") if file.is_file())
