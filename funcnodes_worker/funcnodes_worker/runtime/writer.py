"""The one task that changes the document: check, journal, commit, answer, publish.

Owns the order of edits, the committed document and its revision. What is acknowledged is on disk: `submit`
returns when the journal has the edit. Does not know what follows from one (`on_commit`), nor how it is kept
(`Journal`). Belongs to the server's event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol, TypeAlias

from funcnodes_core.document.edits import Edit
from funcnodes_core.document.history import Purpose
from funcnodes_core.document.model import Document
from funcnodes_core.document.titles import title_of
from funcnodes_core.document.transaction import Transaction, transact
from msgspec import Struct, field

from funcnodes_worker.rpc.tasks import owned
from funcnodes_worker.runtime.ahead import may_go_ahead
from funcnodes_worker.runtime.records import Noted

ANSWER_LIMIT_S = 1.0
"""How long news wait for the answer to go first; a limit for an answer that never comes."""

Plan: TypeAlias = Callable[[Document], Sequence[Edit]]
"""Makes the edits from the document as it is when the writer takes its turn."""


Begin: TypeAlias = Callable[[], None]
"""Has values followed that are written down and not yet safe from a power cut."""


class Journal(Protocol):
    """The journal as the writer sees it."""

    async def keep(self, entries: Sequence[Written], written: Callable[[], None] | None) -> None:
        """Return when all entries are on disk, in this order; all or none. Called one at a time.

        `written` is to be called before, from any thread, when they would survive the death of this process.
        """
        ...


class Written(Struct, frozen=True):
    """One transaction as it goes into the journal."""

    revision: int
    author: str
    edits: tuple[Edit, ...]
    inverse: tuple[Edit, ...]
    time: float
    title: str = ""
    """What it is called in the history."""
    purpose: Purpose | None = None
    """Whether it undoes another one, does it again, or puts an earlier graph in place."""
    call: str = ""
    """The mark of the call that made it."""


class Listener(Protocol):
    """Who follows what is submitted, on disk or not: the history."""

    def entered(self, written: Written) -> None:
        """Take in a transaction that has its place in the order. Called for each, in order."""
        ...

    def gave_up(self) -> None:
        """Learn that transactions which were entered came to nothing: the disk did not take them."""
        ...


class Eager(Protocol):
    """Who may work with values before they are on disk: the living graph."""

    def begin(self, written: Written, document: Document) -> Begin | None:
        """Return what has these edits followed, which only give values; None when they are to wait.

        Called in order, and only while all that was submitted before goes ahead or was told. What is returned
        is called from any thread, in order, when the edits are written down.
        """
        ...

    def take_back(self, begun: Sequence[Written], document: Document, revision: int) -> None:
        """Undo what was begun, first one first: the disk did not take it. This document counts."""
        ...


class Committed(Struct, frozen=True):
    """One transaction that is on disk and in the document."""

    revision: int
    author: str
    edits: tuple[Edit, ...]
    before: Document
    document: Document
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by who submitted it, once the answer is in the outbox: then the others hear of it."""
    was_begun: bool = False
    """Whether it was followed before it was on disk."""


class Past(Struct, frozen=True):
    """A transaction as it is told to a client that missed it."""

    revision: int
    author: str
    edits: tuple[Edit, ...]


class Missed(Struct, frozen=True):
    """What a client missed, in order."""

    transactions: tuple[Past, ...]
    is_all: bool
    """Whether these alone bring its document up to date: node code changed nothing of it meanwhile."""


Observation: TypeAlias = Callable[[Document], Document]
"""Notes in the document what node code changed by itself; the same document when there is nothing to note."""


class _Step(Struct):
    """One step of the document's history that is not yet committed."""

    document: Document
    written: Written | None
    """None for an observation, which is kept but never journaled."""
    waiting: asyncio.Future[Committed] | None = None
    note: Observation | None = None
    noted: Noted | None = None
    begin: Begin | None = None
    """For one that goes ahead of the disk: has the graph follow it."""
    settled: asyncio.Future[bool] | None = None
    """For who waits to learn whether the disk has taken it."""

    def settle(self, *, is_on_disk: bool) -> None:
        """Tell who waits."""
        if self.settled is not None and not self.settled.done():
            self.settled.set_result(is_on_disk)


class WriteFailed(Exception):
    """Raised when the journal could not take an edit: a full disk, a lost mount. Nothing has changed."""

    def __init__(self, problem: BaseException) -> None:
        super().__init__()
        self.problem = problem

    def __str__(self) -> str:
        return (
            f"the edit could not be written to disk ({self.problem}) and was not made; "
            "all earlier edits are safe. Make room or check the disk, then try again"
        )


class Writer:
    """Changes the document, one transaction after the other."""

    def __init__(
        self,
        document: Document,
        revision: int,
        journal: Journal,
        on_commit: Callable[[Committed], None],
        on_observation: Callable[[Document, Noted | None], None] = lambda document, noted: None,
    ) -> None:
        """Begin at a document and its revision. `on_commit` is called for each commit, after its answer."""
        self.document = document
        self.revision = revision
        self._journal, self._on_commit, self._on_observation = journal, on_commit, on_observation
        self._head, self._head_revision = document, revision
        self.listener: Listener | None = None
        self.eager: Eager | None = None
        self._behind = 0
        """Transactions that were submitted, not begun, and not told yet: no value goes ahead of them."""
        self._steps: deque[_Step] = deque()
        self._news: deque[Committed | asyncio.Event] = deque()
        """What is to be told, in order; an event is set when all before it is."""
        self._has_news = asyncio.Event()
        self._grown = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Write while the block runs; at its good end everything submitted is on disk and told."""
        # A bug in who is told of commits ends the worker, which starts again with all that is on disk: edits
        # that are never told, and a stop that waits for a dead task, would be worse.
        async with owned(self._write(), self._tell()):
            yield
            await self.wait_idle()
            await self.wait_told()

    async def submit(
        self,
        edits: Sequence[Edit] | Plan,
        author: str,
        title: str | None = None,
        purpose: Purpose | None = None,
        call: str = "",
    ) -> Committed:
        """Return when the edits are on disk and in the document; raise `EditRejected` and change nothing.

        Its place in the order is taken before it first waits. A caller that stops waiting changes nothing.
        The history calls it by the title, by default by what the edits do. `call` is the mark of the call
        that asks for it, if it can be sent again.
        """
        planned = edits(self._head) if callable(edits) else edits
        outcome = transact(self._head, planned)
        if title is None:
            title = title_of(self._head, outcome.document, outcome.edits)
        step = self._enter(outcome, author, title, purpose, call)
        assert step.waiting is not None
        # A caller that goes away cancels only its waiting: the step is in the deque, and stays there.
        return await step.waiting

    def observe(self, note: Observation, noted: Noted | None = None) -> None:
        """Keep what node code changed by itself; it takes its place after the edits submitted so far.

        `noted` says of which nodes; it is handed on when the observation is in the document.
        """
        after = note(self._head)
        if after is self._head:
            return
        self._head = after
        self._append(_Step(after, None, note=note, noted=noted))

    async def wait_idle(self) -> None:
        """Return when nothing submitted is under way."""
        await self._idle.wait()

    async def wait_durable(self) -> bool:
        """Return True when every value that was begun by now is on disk, False when it was taken back.

        Who has looked at the living graph asks this before telling anybody what was seen.
        """
        last = next((step for step in reversed(self._steps) if step.begin is not None), None)
        if last is None:
            return True
        if last.settled is None:
            last.settled = asyncio.get_running_loop().create_future()
        # Others may wait for the same: who leaves must not end it for them.
        return await asyncio.shield(last.settled)

    async def wait_told(self) -> None:
        """Return when all that is committed now was told: to clients, and to the graph's thread."""
        told = asyncio.Event()
        self._hand_on(told)
        await told.wait()

    @property
    def head(self) -> Document:
        """The document with everything submitted, on disk or not. For plans; answers show `document`."""
        return self._head

    @property
    def pending(self) -> list[Written]:
        """What was submitted and is not on disk yet, in order."""
        return [step.written for step in self._steps if step.written is not None]

    def _enter(
        self, outcome: Transaction, author: str, title: str, purpose: Purpose | None, call: str
    ) -> _Step:
        self._head_revision += 1
        self._head = outcome.document
        written = Written(
            self._head_revision, author, outcome.edits, outcome.inverse, time.time(), title, purpose, call
        )
        if self.listener is not None:
            self.listener.entered(written)
        step = _Step(outcome.document, written, asyncio.get_running_loop().create_future())
        if self.eager is not None and not self._behind and may_go_ahead(written.edits):
            step.begin = self.eager.begin(written, outcome.document)
        if step.begin is None:
            self._behind += 1
        self._append(step)
        return step

    def _append(self, step: _Step) -> None:
        self._steps.append(step)
        self._idle.clear()
        self._grown.set()

    async def _write(self) -> None:
        while True:
            await self._grown.wait()
            self._grown.clear()
            steps = list(self._steps)
            entries = [step.written for step in steps if step.written is not None]
            try:
                if entries:
                    await self._journal.keep(entries, _all_of(steps))
            # Whatever the disk says reaches every caller that waits; the writer lives on for the next edit.
            except Exception as problem:  # noqa: BLE001
                self._give_up(problem)
            else:
                self._commit(steps)
            if not self._steps:
                self._idle.set()

    def _commit(self, steps: Sequence[_Step]) -> None:
        for step in steps:
            self._steps.popleft()
            before, self.document = self.document, step.document
            if step.written is None:
                self._on_observation(step.document, step.noted)
                continue
            written = step.written
            self.revision = written.revision
            committed = Committed(
                written.revision,
                written.author,
                written.edits,
                before,
                step.document,
                was_begun=step.begin is not None,
            )
            step.settle(is_on_disk=True)
            assert step.waiting is not None
            if step.waiting.cancelled():
                committed.answered.set()
            else:
                step.waiting.set_result(committed)
            self._hand_on(committed)

    def _give_up(self, problem: Exception) -> None:
        # Edits that came while we wrote were planned on top of those that failed: they fail with them.
        failed, self._steps = self._steps, deque()
        self._head, self._head_revision = self.document, self.revision
        if self.listener is not None:
            self.listener.gave_up()
        self._take_back(failed)
        for step in failed:
            if step.waiting is not None and not step.waiting.cancelled():
                step.waiting.set_exception(WriteFailed(problem))
                step.waiting.exception()
            elif step.note is not None:
                # What node code did is so, whatever the disk says.
                self.observe(step.note, step.noted)

    def _take_back(self, failed: Iterable[_Step]) -> None:
        begun: list[Written] = []
        for step in failed:
            if step.begin is not None and step.written is not None:
                begun.insert(0, step.written)
                step.settle(is_on_disk=False)
            elif step.written is not None:
                self._behind -= 1
        if begun and self.eager is not None:
            self.eager.take_back(begun, self.document, self.revision)

    def _hand_on(self, news: Committed | asyncio.Event) -> None:
        self._news.append(news)
        self._has_news.set()

    async def _tell(self) -> None:
        while True:
            while not self._news:
                self._has_news.clear()
                await self._has_news.wait()
            committed = self._news.popleft()
            if isinstance(committed, asyncio.Event):
                committed.set()
                continue
            try:
                if not committed.answered.is_set():
                    async with asyncio.timeout(ANSWER_LIMIT_S):
                        await committed.answered.wait()
            except TimeoutError:
                pass
            self._on_commit(committed)
            if not committed.was_begun:
                self._behind -= 1


def _all_of(steps: Sequence[_Step]) -> Begin | None:
    """Return what has all of these followed that go ahead."""
    begins = [step.begin for step in steps if step.begin is not None]
    if len(begins) < 2:
        return begins[0] if begins else None

    def begin() -> None:
        for one in begins:
            one()

    return begin
