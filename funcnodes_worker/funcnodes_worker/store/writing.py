"""The thread in which the journal is written: everything that waits shares one sync.

Owns the queue between an event loop and the journal. Appends that have gathered while the last sync ran go
into one transaction; other work (a snapshot, a read) takes its turn between them, in order.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeAlias

from msgspec import Struct

from funcnodes_worker.store.records import Row, StoreFailed

MAX_BATCH = 1000
"""Entries in one transaction; more wait for the next, so that no answer waits for too many others."""


class Append(Struct, frozen=True, eq=False):
    """Rows to be written, the large values they bring, and who waits for it."""

    rows: Sequence[Row]
    contents: Mapping[str, bytes]
    uses: Sequence[tuple[str, int]]
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[None]
    written: Callable[[], None] | None = None
    """Called in the thread as soon as the rows would survive the death of this process."""


class _Call(Struct, frozen=True, eq=False):
    """Any other work for the thread."""

    run: Callable[[], Any]
    done: Future[Any]


_Work: TypeAlias = Append | _Call | None


class WritingThread:
    """One thread with one queue. `write` is given all appends that wait and takes all or none."""

    def __init__(self, write: Callable[[Sequence[Append]], None]) -> None:
        self._write = write
        self._queue: queue.SimpleQueue[_Work] = queue.SimpleQueue()
        self._is_closed = False
        self._guard = threading.Lock()
        # A daemon: a program that dies of an error it did not catch must not hang on its journal.
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    async def append(
        self,
        rows: Sequence[Row],
        contents: Mapping[str, bytes],
        uses: Sequence[tuple[str, int]],
        written: Callable[[], None] | None = None,
    ) -> None:
        """Return when the rows are on disk. A caller that stops waiting changes nothing."""
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        self._put(Append(rows, contents, uses, loop, done, written))
        # No shield: one who stops waiting cancels a future of its own, which `_answer` passes over.
        await done

    def call(self, run: Callable[[], Any]) -> Future[Any]:
        """Run something in the thread, after everything that was handed in before."""
        done: Future[Any] = Future()
        self._put(_Call(run, done))
        return done

    def close(self) -> None:
        """Return when everything handed in is done and the thread has ended; a second time does nothing."""
        with self._guard:
            if not self._is_closed:
                self._is_closed = True
                self._queue.put(None)
        self._thread.join()

    def _put(self, work: Append | _Call) -> None:
        with self._guard:
            if self._is_closed:
                raise StoreFailed("the store is closed")
            self._queue.put(work)

    def _run(self) -> None:
        work: _Work = self._queue.get()
        while work is not None:
            if isinstance(work, _Call):
                _finish(work)
                work = self._queue.get()
            else:
                batch, work = self._gather(work)
                self._commit(batch)
                if work is _NOTHING:
                    work = self._queue.get()

    def _gather(self, first: Append) -> tuple[list[Append], _Work]:
        """Return all appends that wait now, and the work that came behind them."""
        batch, size = [first], len(first.rows)
        while size < MAX_BATCH:
            try:
                work = self._queue.get_nowait()
            except queue.Empty:
                return batch, _NOTHING
            if not isinstance(work, Append):
                return batch, work
            batch.append(work)
            size += len(work.rows)
        return batch, _NOTHING

    def _commit(self, batch: Sequence[Append]) -> None:
        try:
            self._write(batch)
        # Whoever waits must hear of it, whatever it is; the thread lives on for the next edit.
        except BaseException as problem:  # noqa: BLE001
            _tell(batch, problem)
        else:
            _tell(batch, None)


def _tell(batch: Sequence[Append], problem: BaseException | None) -> None:
    """Answer all who wait, waking each event loop once: once per append would cost more than the sync."""
    for loop in {append.loop for append in batch}:
        mine = [append.done for append in batch if append.loop is loop]
        # A loop that is closed has nobody left who waits.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_answer, mine, problem)


def _answer(waiting: Sequence[asyncio.Future[None]], problem: BaseException | None) -> None:
    for done in waiting:
        if done.done():
            continue
        if problem is None:
            done.set_result(None)
        else:
            done.set_exception(problem)


def _finish(call: _Call) -> None:
    try:
        result = call.run()
    except BaseException as error:  # noqa: BLE001 - as above
        call.done.set_exception(error)
    else:
        call.done.set_result(result)


_NOTHING = _Call(lambda: None, Future())
"""Stands for an empty queue, where None means the end."""
