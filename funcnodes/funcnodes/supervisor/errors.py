"""What the fleet's owner answers when it cannot do what was asked."""

from __future__ import annotations

from pathlib import Path

from funcnodes_worker.disk.lock import LockHeld

from funcnodes.environment.errors import UNCHANGED


class UnknownWorker(LookupError):
    """Raised when there is no worker with this id."""

    def __init__(self, uuid: str) -> None:
        super().__init__()
        self.uuid = uuid

    def __str__(self) -> str:
        return f"there is no worker {self.uuid[:80]!r}; `funcnodes worker list` shows all"


class WishRefused(Exception):
    """Raised when a wish for a worker did not come true; the reason is a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class NotMade(WishRefused):
    """Raised when a new worker could not be completed; what was there of it is removed again."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"no worker was made: {reason.replace(f' {UNCHANGED}', '')}")


class NotTrusted(WishRefused):
    """Raised when something would be installed for, or copied from, a worker nobody here has trusted yet."""

    def __init__(self, uuid: str) -> None:
        super().__init__(
            f"the flow of worker {uuid!r} came from elsewhere and has not been trusted yet: it is shown, "
            "nothing of it is installed, copied or run; open it, look at it and press Trust first"
        )
        self.uuid = uuid


class BaseFolderInUse(LockHeld):
    """Raised when another process owns the fleet of this base folder."""

    def __init__(self, path: Path, pid: int | None, host: str | None, port: int | None) -> None:
        super().__init__(path, pid)
        self.host, self.port = host, port

    def __str__(self) -> str:
        holder = f"process {self.pid}" if self.pid else "another process"
        where = f", at {self.host}:{self.port}" if self.port else ""
        return (
            f"the base folder {self.path.parent} is managed by {holder}{where} already; "
            "use that one, stop it first, or give another folder with --dir"
        )
