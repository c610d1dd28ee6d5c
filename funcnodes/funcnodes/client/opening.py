"""`funcnodes.connect(…)`: the one door to a worker, for scripts with and without an event loop."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from funcnodes.client.address import Find, finder
from funcnodes.client.asynchronous import AsyncWorker
from funcnodes.client.blocking import Worker

PATIENCE_S = 30.0
"""How long a lost connection is dialled again before calls fail: a worker that starts anew takes a second."""


class Connecting:
    """A connection to be opened: by `with`, by `async with`, or by `open()` and the worker's `close()`."""

    def __init__(self, find: Find, author: str | None, rate: float, patience_s: float) -> None:
        self._find, self._author, self._rate, self._patience_s = find, author, rate, patience_s
        self._blocking: Worker | None = None
        self._asynchronous: AsyncWorker | None = None

    def _make(self) -> AsyncWorker:
        return AsyncWorker(self._find, self._author, self._rate, self._patience_s)

    def open(self) -> Worker:
        """Return the worker, connected; whoever calls this calls its `close()`."""
        return Worker(self._make())

    def __enter__(self) -> Worker:
        assert self._blocking is None, "this connection is open already"
        self._blocking = self.open()
        return self._blocking

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._blocking is not None
        worker, self._blocking = self._blocking, None
        worker.close()

    async def __aenter__(self) -> AsyncWorker:
        assert self._asynchronous is None, "this connection is open already"
        worker = self._make()
        await worker.open()
        self._asynchronous = worker
        return worker

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._asynchronous is not None
        worker, self._asynchronous = self._asynchronous, None
        await worker.close()


def connect(
    worker: str,
    *,
    base: str | Path | None = None,
    token: str | None = None,
    author: str | None = None,
    rate: float = 30.0,
    patience_s: float = PATIENCE_S,
    trusted: str | Path | None = None,
) -> Connecting:
    """Return a connection to a running worker, to be opened with `with` or `async with`.

    `worker` is its name, its id, the beginning of its id, or its URL. `base` is the base folder (as for the
    command line: `FUNCNODES_CONFIG_DIR`, else `~/.funcnodes`), whose token is shown unless another is given.
    `author` is whose edits these are, for undo; `rate` is how often a second values are told at most.
    `trusted` is a file of certificates (PEM) to believe at an `https` address, besides those of the system;
    without it, `tls.trusted` of the settings.
    """
    return Connecting(finder(worker, base, token, trusted), author, rate, patience_s)
