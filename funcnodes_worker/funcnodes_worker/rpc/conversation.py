"""One client's calls, each in its turn: from a text frame to the answer in the outbox.

Owns the order of calls and answers of one connection, resent ids, batches. A ping and an urgent call never
wait behind a slow one. Does not know sockets nor what methods do; what it needs of a client is the Protocol
`Peer`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Generic, Protocol, TypeVar

from funcnodes_worker.rpc import envelope
from funcnodes_worker.rpc.dispatch import MethodTable, Turn
from funcnodes_worker.rpc.envelope import Batch, Call, Dialect, Malformed
from funcnodes_worker.rpc.errors import CodeTable, Failure, failure_of
from funcnodes_worker.rpc.gate import Caller, Right
from funcnodes_worker.rpc.outbox import Frame
from funcnodes_worker.rpc.repeat import Repeats

MAX_WAITING = 1000
"""Calls that wait for their turn; beyond, the socket is not read, so that the sender slows down."""
MAX_EDITS = 256
"""Edits under way at once: enough to fill one sync to disk."""
IN_A_ROW = 64
"""Calls taken in before other clients get their turn: a few milliseconds of one who sends without pause."""


class Answerable(Protocol):
    """What a handler is given: all that one call needs to know about its client."""

    def answered(self) -> None:
        """Learn that the answer is in the outbox: events may follow now. Called once per call, always."""
        ...


ContextT = TypeVar("ContextT", bound=Answerable)
PeerContextT = TypeVar("PeerContextT", bound=Answerable, covariant=True)


class Peer(Protocol[PeerContextT]):
    """A client as its conversation sees it."""

    caller: Caller

    def context_for(self, call: Call) -> PeerContextT:
        """Return what the handler of this call is given. Called once per call."""
        ...

    def send(self, frame: Frame) -> None:
        """Queue a frame for this client."""
        ...

    def write_result(self, call: Call, result: object) -> Frame:
        """Return the answer to a call. Called once per call that succeeded and wants an answer."""
        ...

    def has_room(self) -> bool:
        """Tell whether this client has read enough of what it asked for. Called before each call."""
        ...

    async def wait_for_room(self) -> None:
        """Return when it has. Called where it had not."""
        ...


class Conversation(Generic[ContextT]):
    """The calls of one connection. Frames are heard inside `running()`."""

    def __init__(
        self, table: MethodTable[ContextT], peer: Peer[ContextT], codes: CodeTable | None = None
    ) -> None:
        self._table, self._peer, self._codes = table, peer, codes
        self._waiting: asyncio.Queue[Call | Batch] = asyncio.Queue(MAX_WAITING)
        self._edits: asyncio.Queue[tuple[Call, ContextT, asyncio.Task[Frame | None]]] = asyncio.Queue(
            MAX_EDITS
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._repeats = Repeats()
        self._queued = self._editing = 0
        """Calls that wait for their turn or have it, and edits under way."""
        self._in_a_row = 0
        self.dialect = Dialect.PUBLISHED
        """The dialect this client last used; it is answered and told news in it."""

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Take calls in turn while the block runs; at its end what is under way is no longer waited for."""
        self._start(self._take_turns())
        self._start(self._answer_edits())
        try:
            yield
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            while not self._edits.empty():
                _, context, edit = self._edits.get_nowait()
                edit.cancel()
                await asyncio.gather(edit, return_exceptions=True)
                context.answered()

    async def hear(self, text: str | bytes) -> None:
        """Take in one text frame. Returns when it has its place in the order, not when it is answered."""
        message = envelope.read(text, self.dialect)
        match message:
            case envelope.Ping():
                self._peer.send(Frame(envelope.PONG))
            case envelope.Ignored():
                pass
            case Malformed():
                self._peer.send(self._write_failure(message.dialect, message.id, message.failure))
            case Call():
                self.dialect = message.dialect
                await self._take_in(message)
            case Batch():
                self.dialect = Dialect.JSONRPC
                await self._queue(message)

    async def serve(self, call: Call) -> None:
        """Return when this call is executed and answered, out of any order. For calls that come by HTTP."""
        context = self._peer.context_for(call)
        try:
            if (frame := await self._outcome(call, context)) is not None:
                self._peer.send(frame)
        finally:
            context.answered()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _turn_of(self, call: Call) -> Turn:
        method = self._table.get(call.method)
        return Turn.READ if method is None else method.turn

    async def _take_in(self, call: Call) -> None:
        """Begin what may begin in this very step; all else waits for its turn."""
        # A task and two queues per call cost more than most answers: half of what a worker can answer.
        method = self._table.get(call.method)
        waits = method is not None and method.waits
        is_next = not self._queued and self._peer.has_room()
        match self._turn_of(call):
            case Turn.URGENT if waits:
                self._start(self._serve(call))
            case Turn.URGENT:
                self._serve_at_once(call)
            case Turn.READ if is_next and not self._editing and not waits:
                self._serve_at_once(call)
            case Turn.EDIT if is_next and not self._edits.full():
                await self._begin_edit(call)
            case _:
                await self._queue(call)
        self._in_a_row += 1
        if self._in_a_row >= IN_A_ROW:
            self._in_a_row = 0
            await asyncio.sleep(0)

    async def _queue(self, message: Call | Batch) -> None:
        self._queued += 1
        await self._waiting.put(message)

    async def _take_turns(self) -> None:
        while True:
            message = await self._waiting.get()
            try:
                await self._peer.wait_for_room()
                await self._take_turn(message)
            finally:
                self._queued -= 1

    async def _take_turn(self, message: Call | Batch) -> None:
        if isinstance(message, Batch):
            await self._edits.join()
            await self._serve_batch(message)
            return
        match self._turn_of(message):
            case Turn.EDIT:
                await self._begin_edit(message)
            case Turn.LONG:
                await self._edits.join()
                self._start(self._serve(message))
            case _:
                await self._edits.join()
                await self._serve(message)

    async def _begin_edit(self, call: Call) -> None:
        if self._is_repeated(call):
            return
        self._editing += 1
        context = self._peer.context_for(call)
        # The first step of a task runs before that of any task made later, and an edit takes its place in the
        # writer's order in its first step: so edits of one connection keep their order and share a sync to
        # disk.
        task = asyncio.get_running_loop().create_task(self._outcome(call, context))
        await self._edits.put((call, context, task))

    async def _answer_edits(self) -> None:
        while True:
            call, context, task = await self._edits.get()
            try:
                self._finish(call, await task)
            finally:
                context.answered()
                self._edits.task_done()
                self._editing -= 1

    async def _serve(self, call: Call) -> None:
        remembers = self._turn_of(call) is Turn.LONG
        if remembers and self._is_repeated(call):
            return
        context = self._peer.context_for(call)
        try:
            frame = await self._outcome(call, context)
            if remembers:
                self._finish(call, frame)
            elif frame is not None:
                self._peer.send(frame)
        finally:
            context.answered()

    def _serve_at_once(self, call: Call) -> None:
        context = self._peer.context_for(call)
        try:
            if (frame := self._outcome_at_once(call, context)) is not None:
                self._peer.send(frame)
        finally:
            context.answered()

    async def _serve_batch(self, batch: Batch) -> None:
        answers: list[bytes] = []
        contexts: list[ContextT] = []
        for message in batch.messages:
            if isinstance(message, Malformed):
                answers.append(self._write_failure(message.dialect, message.id, message.failure).body)
                continue
            context = self._peer.context_for(message)
            contexts.append(context)
            frame = await self._outcome(message, context)
            if frame is not None:
                answers.append(frame.body)
        if answers:
            self._peer.send(Frame(envelope.write_batch(answers)))
        for context in contexts:
            context.answered()

    async def _outcome(self, call: Call, context: ContextT) -> Frame | None:
        try:
            method = self._table.find(call.method, self._peer.caller)
            result = await method.run(context, call.params)
            return self._peer.write_result(call, result) if call.wants_answer else None
        # The last catch of a call: every failure is an answer, and the connection lives on.
        except Exception as error:  # noqa: BLE001
            return self._failed(call, error)

    def _outcome_at_once(self, call: Call, context: ContextT) -> Frame | None:
        try:
            method = self._table.find(call.method, self._peer.caller)
            result = method.run_at_once(context, call.params)
            return self._peer.write_result(call, result) if call.wants_answer else None
        # As above.
        except Exception as error:  # noqa: BLE001
            return self._failed(call, error)

    def _failed(self, call: Call, error: Exception) -> Frame | None:
        failure = failure_of(error, self._codes)
        return self._write_failure(call.dialect, call.id, failure) if call.wants_answer else None

    def _write_failure(self, dialect: Dialect, call_id: envelope.Scalar, failure: Failure) -> Frame:
        if not self._peer.caller.may(Right.EDIT):
            failure = failure.without_traceback()
        return Frame(envelope.write_failure(dialect, call_id, failure))

    def _is_repeated(self, call: Call) -> bool:
        if self._repeats.begin(call, time.monotonic()):
            return False
        # Still under way: one answer will do for both, since they carry the same id.
        if (answer := self._repeats.answer_to(call)) is not None:
            self._peer.send(answer)
        return True

    def _finish(self, call: Call, frame: Frame | None) -> None:
        if frame is None:
            return
        self._repeats.finish(call, frame)
        self._peer.send(frame)
