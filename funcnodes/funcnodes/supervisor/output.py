"""`output.log` of a worker: what its process wrote to stdout and stderr, kept short while it runs.

Owns the bound, and reading the last words. The process writes into the file by itself, so that it can go on
without a manager; whichever manager looks after it cuts the file. Blocking, but short: at most the part that
is kept is read and written.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

MOST_BYTES = 5 * 1024 * 1024
KEPT_BYTES = 1024 * 1024
"""The end of what was cut off; it stands in `output.log.1`."""
_LAST_LINES = 3
_TAIL_BYTES = 4096
_AS_IT_IS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def begin(file: Path) -> None:
    """Take away what an earlier process wrote, before the next one is launched."""
    # A link would lead the next process into a file of somebody else's choice: the folder may be a copy.
    for former in (file, _former(file)):
        former.unlink(missing_ok=True)


def keep_short(file: Path) -> None:
    """Cut a file that is above the bound to nothing, its end kept beside it. Called with each look."""
    # Nearly always there is nothing to do, and this is all it costs.
    try:
        if os.lstat(file).st_size <= MOST_BYTES:
            return
    except OSError:
        return
    with contextlib.suppress(OSError), os.fdopen(os.open(file, os.O_RDWR | _AS_IT_IS), "r+b") as output:
        output.seek(-KEPT_BYTES, os.SEEK_END)
        end = output.read(KEPT_BYTES)
        # A full disk is a reason to cut, not to leave it.
        with contextlib.suppress(OSError):
            _former(file).write_bytes(end)
        # The process appends: what it writes next stands at the beginning. What it wrote since it was read
        # above is lost.
        output.truncate(0)


def last_lines(file: Path) -> tuple[str, ...]:
    """Return the last words of the process that wrote this."""
    end = _end_of(file)
    if len(end) < _TAIL_BYTES:
        end = _end_of(_former(file)) + end
    lines = end.decode(errors="replace").splitlines()
    return tuple(line.strip() for line in lines if line.strip())[-_LAST_LINES:]


def _former(file: Path) -> Path:
    return file.with_name(f"{file.name}.1")


def _end_of(file: Path) -> bytes:
    try:
        with file.open("rb") as output:
            output.seek(max(0, os.fstat(output.fileno()).st_size - _TAIL_BYTES))
            return output.read(_TAIL_BYTES)
    except OSError:
        return b""
