"""A lock on a file that the system takes back when its holder dies, however it dies.

Owns the difference between systems. The file itself stays; whether it is locked is what counts, never whether
it exists. It holds the holder's process id as text, for people.
"""

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

# POSIX locks belong to the process and are lost when *any* descriptor of the file is closed in it, and a
# second lock by the same process succeeds. So what this process holds is written down here, and looked up
# first.
_held: dict[Path, int] = {}
_held_guard = threading.Lock()

# Windows locks bytes against reading too, so a byte far behind the text is locked.
_FAR_BYTE = 1 << 30


class LockHeld(RuntimeError):
    """Raised when another process (or this one) already holds a lock."""

    def __init__(self, path: Path, pid: int | None) -> None:
        super().__init__()
        self.path, self.pid = path, pid

    def __str__(self) -> str:
        holder = f"process {self.pid}" if self.pid else "another process"
        return f"{self.path} is locked by {holder}; stop it first"


class FileLock:
    """An exclusive lock on a path; a context manager, or `acquire` and `release` by hand."""

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.realpath(path))
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """Tell whether this very object holds the lock."""
        return self._descriptor is not None

    def acquire(self) -> None:
        """Take the lock or raise `LockHeld` at once; it never waits."""
        with _held_guard:
            if _held.get(self.path) == os.getpid():
                raise LockHeld(self.path, os.getpid())
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
            try:
                _lock(descriptor)
            except OSError:
                pid = _read_pid(descriptor)
                os.close(descriptor)
                raise LockHeld(self.path, pid) from None
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
            self._descriptor = descriptor
            _held[self.path] = os.getpid()

    def release(self) -> None:
        """Give the lock back; a second time does nothing."""
        with _held_guard:
            if self._descriptor is None:
                return
            os.ftruncate(self._descriptor, 0)
            _unlock(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None
            _held.pop(self.path, None)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _read_pid(descriptor: int) -> int | None:
    text = os.read(descriptor, 20)
    return int(text) if text.isdigit() else None


def _lock(descriptor: int) -> None:
    """Lock for writing or raise OSError."""
    # The modules exist on their own systems only, so they are imported where they are used.
    if os.name == "nt":
        import msvcrt

        os.lseek(descriptor, _FAR_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        import fcntl

        # lockf, not flock: a flock lives on in a forked child of user code after its holder died.
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _unlock(descriptor: int) -> None:
    if os.name == "nt":
        import msvcrt

        os.lseek(descriptor, _FAR_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.lockf(descriptor, fcntl.LOCK_UN)
