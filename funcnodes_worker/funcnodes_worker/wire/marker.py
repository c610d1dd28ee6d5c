"""The 64 bytes in which a worker says which node runs now, readable when the worker itself cannot speak.

Owns the format and both of its ends: `Marker` is held by the worker; the supervisor reads, once with
`read_marker`, again and again with a `MarkerReader`. Does not know where the file stands (`home/worker_home`)
nor what follows from it (`fleet`).

Bytes 0-7: start of the running node (little-endian double, unix seconds, 0.0 = nothing runs), 8-15: run
number, 16: length of the id, 17-63: node id in utf-8, cut.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from pathlib import Path

import msgspec

SIZE = 64
ID_SIZE = 47
_FORMAT = struct.Struct(f"<dQB{ID_SIZE}s")
_START = struct.Struct("<d")
_READS = 5
_NOTHING = bytes(_START.size)
_JUST_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


class Running(msgspec.Struct, frozen=True):
    """A node that runs: which, since when (unix seconds), and the how-manieth run of this worker it is."""

    node: str
    since: float
    run: int


class Marker:
    """The worker's end: a shared mapping, so that a write costs no system call and survives a kill."""

    def __init__(self, path: Path) -> None:
        """Open the marker at `path`, made when missing; whatever an earlier process left in it is cleared."""
        path.touch(mode=0o600)
        with path.open("r+b") as file:
            file.truncate(SIZE)
            file.flush()
            self._map = mmap.mmap(file.fileno(), SIZE)
        self._run = 0
        self._map[:] = bytes(SIZE)

    def begin(self, node_id: str) -> None:
        """Say that a node begins to run. Called by the runner just before each call of a node's function."""
        self._run += 1
        name = node_id.encode()[:ID_SIZE]
        now = time.time()
        # "Nothing runs" first and the start last: who reads in between is told nothing, never half a name.
        _START.pack_into(self._map, 0, 0.0)
        self._map[_START.size :] = _FORMAT.pack(now, self._run, len(name), name)[_START.size :]
        _START.pack_into(self._map, 0, now)

    def end(self) -> None:
        """Say that nothing runs. Called by the runner when a node's function has returned or raised."""
        _START.pack_into(self._map, 0, 0.0)

    def close(self) -> None:
        """Clear the marker and let go of the file."""
        self.end()
        self._map.close()


class MarkerReader:
    """The reading end for one process: the file is opened once, and a look at it is one system call.

    Made anew for each process of a worker: a later one may have another file by the same name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def read(self) -> Running | None:
        """Return the node that runs now, or None when nothing runs or there is no file yet."""
        if not hasattr(os, "pread"):
            # Windows: an open file could not be taken away there.
            return read_marker(self._path)
        if self._file is None:
            try:
                # Never waiting: whatever else may stand there by this name, it must not stop the supervisor.
                self._file = os.open(self._path, _JUST_READ)
            except FileNotFoundError:
                return None
        # Nearly always nothing runs, and that is said by the first bytes alone.
        content = os.pread(self._file, SIZE, 0)
        if content.startswith(_NOTHING):
            return None
        for _ in range(_READS):
            before, content = content, os.pread(self._file, SIZE, 0)
            if content == before:
                return _understood(content)
        return None

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def read_marker(path: Path) -> Running | None:
    """Return the node that runs according to the file, or None when nothing runs or there is no file yet."""
    return _understood(_read_settled(path))


def _understood(content: bytes) -> Running | None:
    if len(content) < SIZE:
        return None
    since, run, length, name = _FORMAT.unpack(content)
    if since == 0.0:
        return None
    # A cut in the middle of a character leaves a broken last one; it is dropped.
    return Running(name[:length].decode(errors="ignore"), since, run)


def _read_settled(path: Path) -> bytes:
    # The worker writes while we read: a first half of one run and a second half of the next would name the
    # wrong node. Two equal readings in a row were not written in between; a worker too busy for that has no
    # stuck node.
    content = b""
    try:
        with path.open("rb", buffering=0) as file:
            for _ in range(_READS):
                before, content = content, file.read(SIZE)
                if content == before:
                    break
                file.seek(0)
            else:
                return b""
    except FileNotFoundError:
        return b""
    return content
