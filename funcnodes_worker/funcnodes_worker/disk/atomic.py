"""Files that are there whole or not at all, also after a power cut.

Owns write, sync and rename, and the names of what is left when a process dies in between. Only this module
renames files. Does not know what it writes.
"""

import contextlib
import os
import secrets
import stat
import time
from pathlib import Path

from funcnodes_worker.disk.faults import Faults, no_faults

_TEMPORARY = ".tmp~"


def write_atomically(
    path: Path, content: bytes | str, *, mode: int = 0o600, faults: Faults = no_faults
) -> None:
    """Return when the file holds exactly this content on disk; before that it holds the old one, never a mix.

    A symbolic link is followed, so a settings file that a person keeps elsewhere stays there.
    """
    target = Path(os.path.realpath(path))
    data = content.encode() if isinstance(content, str) else content
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}{_TEMPORARY}")
    try:
        _write_and_sync(temporary, data, mode, faults)
        faults("atomic:synced")
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    faults("atomic:renamed")
    # The folder too: without this, a power cut right after the rename can bring the old file back.
    sync_folder(target.parent)


def _write_and_sync(path: Path, data: bytes, mode: int, faults: Faults) -> None:
    # O_BINARY exists on Windows only; without it line ends would be rewritten there.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, mode), "wb") as file:
        half = len(data) // 2
        file.write(data[:half])
        file.flush()
        faults("atomic:half_written")
        file.write(data[half:])
        file.flush()
        os.fsync(file.fileno())


def sync_file(path: Path) -> None:
    """Return when the content of a file that was written bit by bit is on disk; then it may be moved."""
    with path.open("rb+") as file:  # Windows syncs only what is open for writing.
        os.fsync(file.fileno())


def open_to_sync(path: Path) -> int:
    """Return a descriptor of a file that another part of this process writes, for `sync_open`."""
    # Windows syncs only what is open for writing.
    return os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))


def sync_open(descriptor: int) -> None:
    """Return when the content of an open file is on disk, and its size, whoever has written it."""
    _sync_content(descriptor)


# Its times may wait. Not every system makes the difference.
_sync_content = getattr(os, "fdatasync", os.fsync)


def sync_folder(folder: Path) -> None:
    """Return when the names in this folder are on disk. Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move(source: Path, target: Path) -> None:
    """Return when the file or folder has its new name on disk; a file of that name is replaced."""
    source.replace(target)
    sync_folder(target.parent)
    if source.parent != target.parent:
        sync_folder(source.parent)


def set_aside(path: Path, reason: str = "damaged") -> Path:
    """Return the new name of a file that is useless but must not be lost: `name.damaged-20260101T120000`."""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    target = path.with_name(f"{path.name}.{reason}-{stamp}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.{reason}-{stamp}-{number}")
    move(path, target)
    return target


def remove_leftovers(folder: Path) -> list[Path]:
    """Return the half-written files of dead writers, now removed. For the owner of the folder only."""
    leftovers = [
        entry
        for entry in folder.glob(f".*{_TEMPORARY}")
        if stat.S_ISREG(entry.lstat().st_mode)  # a link of that name is not ours
    ]
    for entry in leftovers:
        entry.unlink(missing_ok=True)
    return leftovers
