"""`worker.log`: what the worker and its nodes say, each line with the node that said it.

Owns the handlers and the tee on stdout and stderr. Old parts are rotated away by size.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from funcnodes_core.engine.states import RUNNING_NODE

MAX_BYTES = 5 * 1024 * 1024
BACKUPS = 5
MAX_LINE = 5000
MAX_WAITING = 10_000
"""Lines that wait for those who follow; of one who prints without pause they get the newest."""
_FORMAT = "%(asctime)s %(levelname)s %(name)s [%(node)s] %(message)s"


class _WithNode(logging.Filter):
    """Adds the node that runs to every record."""

    def __init__(self, running: Callable[[], str | None]) -> None:
        super().__init__()
        self._running = running

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the node; every record passes."""
        # The graph's thread knows best who runs in it; elsewhere the context tells whose run it belongs to.
        inside = threading.current_thread() is threading.main_thread()
        record.node = (self._running() if inside else None) or RUNNING_NODE.get() or "-"
        return True


class _Tee(io.TextIOBase):
    """Passes text on as it comes, and logs it by whole lines."""

    def __init__(self, original: TextIO, logger: logging.Logger, level: int) -> None:
        self._original, self._logger, self._level = original, logger, level
        self._rest = ""
        self._busy = False

    def write(self, text: str) -> int:
        """Write to the original and, line by line, to the log."""
        with contextlib.suppress(ValueError, OSError):
            self._original.write(text)
        # A log handler that fails prints to stderr: that print must not be logged again.
        if self._busy:
            return len(text)
        self._busy = True
        try:
            *lines, self._rest = (self._rest + text).split("\n")
            for line in lines:
                self._logger.log(self._level, "%s", line[:MAX_LINE])
            if len(self._rest) > MAX_LINE:
                self._logger.log(self._level, "%s", self._rest[:MAX_LINE])
                self._rest = ""
        finally:
            self._busy = False
        return len(text)

    def flush(self) -> None:
        """Flush the original."""
        with contextlib.suppress(ValueError, OSError):
            self._original.flush()

    def fileno(self) -> int:
        """Return that of the original: libraries write past us into it."""
        return self._original.fileno()

    def isatty(self) -> bool:
        """Tell whether the original is a terminal."""
        return self._original.isatty()

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The encoding of the original."""
        return self._original.encoding


class _Tap(logging.Handler):
    """Brings lines to an event loop, those of one turn together."""

    def __init__(self, tell: Callable[[list[str]], None], is_heard: Callable[[], bool]) -> None:
        super().__init__()
        self._tell, self._is_heard = tell, is_heard
        self._loop = asyncio.get_running_loop()
        self._lines: deque[str] = deque(maxlen=MAX_WAITING)

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record, from any thread."""
        if not self._is_heard():
            return
        self._lines.append(self.format(record))
        if len(self._lines) == 1:
            with contextlib.suppress(RuntimeError):  # The loop is closed: nobody listens any more.
                self._loop.call_soon_threadsafe(self._pass_on)

    def _pass_on(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if lines:
            self._tell(lines)


@contextmanager
def followed_log(
    tell: Callable[[list[str]], None], is_heard: Callable[[], bool], running: Callable[[], str | None]
) -> Generator[None]:
    """Call `tell` with new lines while the block runs, in the loop that runs now, while anybody hears."""
    tap = _Tap(tell, is_heard)
    tap.setFormatter(logging.Formatter(_FORMAT))
    tap.addFilter(_WithNode(running))
    root = logging.getLogger()
    root.addHandler(tap)
    try:
        yield
    finally:
        root.removeHandler(tap)


@contextmanager
def worker_log(file: Path, running: Callable[[], str | None], level: int = logging.INFO) -> Generator[None]:
    """Log into this file while the block runs; prints of nodes go there too."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(file, maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8")
    file.chmod(0o600)
    handler.setFormatter(logging.Formatter(_FORMAT))
    handler.addFilter(_WithNode(running))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(level)
    out, err = sys.stdout, sys.stderr
    sys.stdout = _Tee(out, logging.getLogger("print"), logging.INFO)
    sys.stderr = _Tee(err, logging.getLogger("print.stderr"), logging.WARNING)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = out, err
        root.setLevel(before)
        root.removeHandler(handler)
        handler.close()
