"""`.fnw`: a flow that travels. A zip of `config`, `state`, `pyproject.toml`, `pylock.toml` and `files/…`.

Owns the entries, the limits and the refusals. What comes in is somebody else's: it is judged whole before
anything is written, unpacked beside its place under the limits it declared, and moved there file by file with
a way back. Large files go through in pieces, never whole through memory. Does not know what a state means.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, cast

import msgspec

from funcnodes_worker.disk.atomic import move, set_aside
from funcnodes_worker.disk.inside import PathRefused, inside
from funcnodes_worker.disk.room import room_for_files

CONFIG, STATE, PROJECT, FILES = "config", "state", "pyproject.toml", "files/"
LOCK = "pylock.toml"
"""Ours alone: published programs read the entries they know by name and pass over it."""
_CHUNK = 1024 * 1024
_MIB = 1024 * 1024
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Limits(msgspec.Struct, frozen=True):
    """How much may come in."""

    state: int = 256 * _MIB
    settings: int = 1 * _MIB
    """Of `config` and of `pyproject.toml`."""
    lock: int = 8 * _MIB
    files: int = 64 * 1024 * _MIB
    count: int = 100_000
    ratio: int = 200
    """How many times smaller than its content an entry may be packed, beyond a size that cannot hurt."""
    harmless: int = 64 * _MIB


LIMITS = Limits()


class FnwRefused(ValueError):
    """Raised when a file is no flow that may come in; nothing was changed."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason

    def __str__(self) -> str:
        return f"this .fnw file is refused: {self.reason}; nothing was changed"


class Parcel(msgspec.Struct, frozen=True):
    """What a file holds, judged."""

    config: dict[str, Any]
    state: dict[str, Any]
    project: str | None
    files: tuple[str, ...]
    """Paths below the folder of files."""
    size: int
    """Bytes of all files together."""
    lock: str | None = None


# Going out


def write_fnw(
    target: Path,
    config: bytes,
    state: bytes,
    project: str | None,
    files: Path | None,
    lock: str | None = None,
) -> tuple[str, ...]:
    """Write an archive, uncompressed as published; return the files that were left out, with the reason."""
    left_out: list[str] = []
    with zipfile.ZipFile(
        target, "w", zipfile.ZIP_STORED, allowZip64=True, strict_timestamps=False
    ) as archive:
        archive.writestr(CONFIG, config)
        archive.writestr(STATE, state)
        if project is not None:
            archive.writestr(PROJECT, project)
        if lock is not None:
            archive.writestr(LOCK, lock)
        for path in () if files is None else _walk(files):
            name = path.relative_to(files or path).as_posix()
            try:
                _add(archive, path, FILES + name)
            except OSError as problem:
                if problem.errno in _NO_ROOM:
                    # It is the archive that cannot be written, not the file that cannot be read.
                    raise
                left_out.append(f"{name}: {problem.strerror or problem}")
    return tuple(left_out)


def _walk(folder: Path) -> Iterator[Path]:
    """Give the regular files of a folder. No links: what they lead to is another's, or was not meant."""
    for root, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        for name in sorted(names):
            path = Path(root) / name
            is_ours = name.startswith((".upload-", ".import-"))
            with contextlib.suppress(OSError):
                if not is_ours and stat.S_ISREG(path.lstat().st_mode):
                    yield path


def _add(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    with path.open("rb") as source:
        info = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
        # Who may read it here says nothing elsewhere.
        info.external_attr = (stat.S_IFREG | 0o644) << 16
        with archive.open(info, "w", force_zip64=info.file_size > 1 << 31) as into:
            shutil.copyfileobj(source, into, _CHUNK)


# Coming in


def read_fnw(path: Path, folder: Path, limits: Limits = LIMITS) -> Parcel:
    """Return what an archive holds, or raise `FnwRefused`; `folder` is where its files would go."""
    with _opened(path) as archive:
        entries = {info.filename: info for info in _checked(archive, folder, limits)}
        for name in (CONFIG, STATE):
            if name not in entries:
                raise FnwRefused(f"it holds no {name!r}, so it is no exported flow")
        files = [info for name, info in entries.items() if name.startswith(FILES)]
        project, lock = entries.get(PROJECT), entries.get(LOCK)
        return Parcel(
            config=_object(archive, entries[CONFIG], limits.settings),
            state=_object(archive, entries[STATE], limits.state),
            project=None if project is None else _text(archive, project, limits.settings),
            files=tuple(info.filename.removeprefix(FILES) for info in files),
            size=sum(info.file_size for info in files),
            lock=None if lock is None else _lock_text(archive, lock, limits.lock),
        )


@contextlib.contextmanager
def _opened(path: Path) -> Generator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except FnwRefused:
        raise
    # What zipfile and its decoders raise for bytes that are not what they say: a ValueError, or EINVAL of the
    # system, for an offset that leads before the file.
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, ValueError) as problem:
        raise FnwRefused(f"it is no whole zip archive ({problem})") from problem
    except (RuntimeError, zlib.error, struct.error, OverflowError) as problem:
        raise FnwRefused(f"it cannot be unpacked ({problem})") from problem
    except OSError as problem:
        if problem.errno != errno.EINVAL:
            raise
        raise FnwRefused("it is no whole zip archive (an entry is not where it says)") from problem


def _checked(archive: zipfile.ZipFile, folder: Path, limits: Limits) -> Iterator[zipfile.ZipInfo]:
    infos = archive.infolist()
    if len(infos) > limits.count:
        raise FnwRefused(f"it holds {len(infos)} entries; {limits.count} are allowed")
    seen: set[str] = set()
    folders: set[str] = set()
    size = 0
    for info in infos:
        _check_kind(info, limits)
        if info.is_dir():
            continue
        name = info.filename
        if name.startswith(FILES):
            _check_path(folder, name.removeprefix(FILES))
            size += info.file_size
        folded = name.casefold()
        if folded in seen:
            raise FnwRefused(f"it holds {name!r} twice")
        seen.add(folded)
        folders.update(parent.as_posix() for parent in PurePosixPath(folded).parents)
        yield info
    if both := sorted(seen & folders):
        raise FnwRefused(f"{both[0]!r} is a file and a folder in it")
    if size > limits.files:
        raise FnwRefused(f"its files have {size} bytes; {limits.files} are allowed")


def _check_kind(info: zipfile.ZipInfo, limits: Limits) -> None:
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise FnwRefused(f"{info.filename!r} is a link or a device")
    if info.flag_bits & 0x1:
        raise FnwRefused(f"{info.filename!r} is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FnwRefused(f"{info.filename!r} is packed in a way that is not taken; store it uncompressed")
    # The archive itself has the central directory's word; what is really unpacked is counted against it.
    if info.file_size > limits.harmless and info.file_size > info.compress_size * limits.ratio:
        raise FnwRefused(f"{info.filename!r} would grow {limits.ratio} times and more: a zip bomb")


def _check_path(folder: Path, name: str) -> None:
    try:
        inside(folder, name)
    except PathRefused as refused:
        raise FnwRefused(f"the file name {name!r} is not taken, {refused.reason}") from refused


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    if info.file_size > limit:
        raise FnwRefused(f"{info.filename!r} has {info.file_size} bytes; {limit} are allowed")
    with archive.open(info) as entry:
        content = entry.read(limit + 1)
    if len(content) > limit:
        raise FnwRefused(f"{info.filename!r} is larger than it says")
    return content


def _text(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> str:
    try:
        return _read(archive, info, limit).decode()
    except UnicodeDecodeError as problem:
        raise FnwRefused(f"{info.filename!r} is no text") from problem


def _lock_text(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> str:
    # Whether it is good is not judged here: a flow whose lock is damaged can still be opened.
    return _read(archive, info, limit).decode(errors="replace")


def _object(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(_read(archive, info, limit))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise FnwRefused(f"{info.filename!r} is no JSON ({problem})") from problem
    if not isinstance(found, dict):
        raise FnwRefused(f"{info.filename!r} is no JSON object")
    return cast("dict[str, Any]", found)


# Unpacking


class Unpacked:
    """Files that were moved into place, with the way back."""

    def __init__(self) -> None:
        self._moved: list[tuple[Path, Path | None]] = []
        self.kept: list[str] = []
        """Names under which files that were there before are kept."""

    def put(self, source: Path, target: Path) -> None:
        """Move a file into its place; another one that is there is kept under a new name."""
        target.parent.mkdir(parents=True, exist_ok=True)
        before: Path | None = None
        if target.exists():
            if _is_same(source, target):
                return
            before = set_aside(target, "before-import")
            self.kept.append(before.name)
        try:
            move(source, target)
        except OSError:
            if before is not None:
                move(before, target)
            raise
        self._moved.append((target, before))

    def undo(self) -> None:
        """Bring back what was there before."""
        while self._moved:
            target, before = self._moved.pop()
            target.unlink(missing_ok=True)
            if before is not None:
                move(before, target)
        self.kept.clear()


def unpack_files(
    path: Path, parcel: Parcel, folder: Path, draft: Path, told: Callable[[float], None]
) -> Unpacked:
    """Put the files of a judged archive into the folder, all or none; `draft` is a new folder beside it."""
    room = room_for_files(folder)
    if parcel.size > room:
        raise FnwRefused(f"its files have {parcel.size} bytes and there is room for {room} on the disk")
    done = Unpacked()
    draft.mkdir()
    try:
        with _opened(path) as archive:
            _unpack_to(archive, parcel, draft, told)
        for name in parcel.files:
            target = inside(folder, name)
            if target.is_dir():
                raise FnwRefused(f"{name!r} is a folder here")
            done.put(draft / Path(*PurePosixPath(name).parts), target)
    except (OSError, PathRefused) as problem:
        done.undo()
        raise FnwRefused(f"its files cannot be unpacked: {problem}") from problem
    except BaseException:
        done.undo()
        raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return done


def _unpack_to(archive: zipfile.ZipFile, parcel: Parcel, draft: Path, told: Callable[[float], None]) -> None:
    written = 0
    for name in parcel.files:
        info = archive.getinfo(FILES + name)
        target = draft / Path(*PurePosixPath(name).parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        left = info.file_size
        with archive.open(info) as source, target.open("xb") as into:
            while chunk := source.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise FnwRefused(f"{info.filename!r} is larger than it says")
                into.write(chunk)
                written += len(chunk)
                told(written / max(1, parcel.size))
            into.flush()
            os.fsync(into.fileno())


def _is_same(one: Path, other: Path) -> bool:
    if not other.is_file() or one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as mine, other.open("rb") as theirs:
        while chunk := mine.read(_CHUNK):
            if chunk != theirs.read(_CHUNK):
                return False
    return True


def shown(names: Sequence[str], most: int = 5) -> str:
    """Return names as a sentence shows them: a few, and how many more."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
