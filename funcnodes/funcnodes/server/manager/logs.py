"""A worker's log through the manager: its last lines, and each new one to who follows it.

Owns the reading of the file, past its rotations and the worker's restarts. It is read, not asked for: the
last words of a worker that died are there too. Looks only while somebody follows.
"""

from __future__ import annotations

import asyncio
import os
from io import BufferedReader
from pathlib import Path

from funcnodes_worker.rpc import envelope
from funcnodes_worker.rpc.outbox import Frame

from funcnodes.server.manager.client import ManagerClient
from funcnodes.supervisor.errors import UnknownWorker

LOOK_EVERY_S = 0.2
MOST_LINES = 10_000
_MOST_BYTES = 4 * 1024 * 1024
_PIECE_BYTES = 256 * 1024
_LONGEST_LINE = 5000


class LogReader:
    """One reader's place in a log that grows and is rotated. Blocking; used in a thread."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._open: BufferedReader | None = None
        self._rest = b""

    def last(self, lines: int) -> list[str]:
        """Return the last lines; what is read next begins behind them."""
        if not self._reopen():
            return []
        assert self._open is not None
        size = self._open.seek(0, os.SEEK_END)
        begin = max(0, size - _MOST_BYTES)
        self._open.seek(begin)
        found = self._whole_lines(self._open.read(size - begin))
        # Begun in the middle of a line, the first is none.
        return (found[1:] if begin else found)[-lines:] if lines > 0 else []

    def new(self) -> list[str]:
        """Return what was written since, at most one piece; empty when there is nothing."""
        if self._open is None and not self._reopen():
            return []
        assert self._open is not None
        if piece := self._open.read(_PIECE_BYTES):
            return self._whole_lines(piece)
        # All of this file was read. If another stands in its place, it was rotated and goes on there.
        if self._is_moved() and self._reopen():
            return self._whole_lines(self._open.read(_PIECE_BYTES))
        return []

    def close(self) -> None:
        """Let go of the file."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _is_moved(self) -> bool:
        assert self._open is not None
        try:
            now = self._file.stat()
        except OSError:
            return False
        then = os.fstat(self._open.fileno())
        return (now.st_dev, now.st_ino) != (then.st_dev, then.st_ino) or now.st_size < self._open.tell()

    def _reopen(self) -> bool:
        try:
            opened = self._file.open("rb")
        except OSError:
            return False
        self.close()
        self._open = opened
        return True

    def _whole_lines(self, piece: bytes) -> list[str]:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > _PIECE_BYTES:
            lines, self._rest = [*lines, self._rest], b""
        return [line.decode(errors="replace").rstrip("\r")[:_LONGEST_LINE] for line in lines]


async def last_lines(client: ManagerClient, uuid: str, lines: int, follow: bool | None) -> list[str]:
    """Return the last lines of a worker's log; with `follow` this client is told what comes after them."""
    file = client.office.supervisor.member(uuid).home.log_file
    if (former := client.followed.pop(uuid, None)) is not None and follow is not None:
        former.cancel()
    elif former is not None:
        client.followed[uuid] = former
    reader = LogReader(file)
    found = await asyncio.to_thread(reader.last, min(lines, MOST_LINES))
    if follow:
        client.followed[uuid] = client.office.supervisor.spawn(_tell(client, uuid, reader))
    else:
        reader.close()
    return found


async def _tell(client: ManagerClient, uuid: str, reader: LogReader) -> None:
    """Tell what is added, until the client leaves or the worker is deleted. A slow client is waited for."""
    try:
        while client.close_code is None:
            await client.wait_for_room()
            if lines := await asyncio.to_thread(reader.new):
                news = {"workerid": uuid, "lines": lines}
                client.send(Frame(envelope.write_notification("log", news)))
            else:
                client.office.supervisor.member(uuid)
                await asyncio.sleep(LOOK_EVERY_S)
    except UnknownWorker:
        news = {"workerid": uuid, "lines": ["(the worker was deleted)"], "deleted": True}
        client.send(Frame(envelope.write_notification("log", news)))
    finally:
        reader.close()
