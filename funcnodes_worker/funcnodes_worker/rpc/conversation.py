"""One client's calls, each in its turn: from a text frame to the answer in the outbox.

Owns the order of calls and answers of one connection, resent ids, batches. A ping and an urgent call never
wait behind a slow one. Does not know sockets nor what methods do; what it needs of a client is the Protocol
`Peer`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Generic, Protocol, TypeVar

from msgspec.structs import replace

from funcnodes_worker.rpc import envelope
from funcnodes_worker.rpc.dispatch import Method, MethodTable, Turn
from funcnodes_worker.rpc.envelope import Batch, Call, Dialect, Malformed
from funcnodes_worker.rpc.errors import CodeTable, Failure, failure_of
from funcnodes_worker.rpc.gate import Caller, Right
from funcnodes_worker.rpc.outbox import Frame
from funcnodes_worker.rpc.repeat import Repeats, is_unique
from funcnodes_worker.rpc.under_way import UnderWay, result_of

MAX_WAITING = 1000
"""Calls that wait for their turn; beyond, the socket is not read, so that the sender slows down."""
MAX_EDITS = 256
"""Edits under way at once: enough to fill one sync to disk."""
LAST_EDITS_S = 5.0
"""How long the edits of a client that has left are waited for; a healthy disk takes milliseconds."""
IN_A_ROW = 64
"""Calls taken in before other clients get their turn: a few milliseconds of one who sends without pause."""


class Answerable(Protocol):
    """What a handler is given: all that one call needs to know about its client."""

    @property
    def revision(self) -> int | None:
        """The revision of the edit this call made, if it made one. Asked once, when its answer is written."""
        ...

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

    def write_result(self, call: Call, result: object, revision: int | None) -> Frame:
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
        self,
        table: MethodTable[ContextT],
        peer: Peer[ContextT],
        codes: CodeTable | None = None,
        *,
        dialect: Dialect = Dialect.PUBLISHED,
        understand: Callable[[Call, Dialect], Call] | None = None,
        remembered: Repeats | None = None,
    ) -> None:
        """`understand` turns other names of commands into those of the table; it is told the last dialect.

        `remembered` holds what this caller has asked for on other connections.
        """
        self._table, self._peer, self._codes = table, peer, codes
        self._understand = understand
        self._waiting: asyncio.Queue[Call | Batch] = asyncio.Queue(MAX_WAITING)
        self._edits: deque[UnderWay[ContextT]] = deque()
        """Edits under way, in order."""
        self._fewer = asyncio.Event()
        """Set whenever an edit has been answered."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._own_repeats = Repeats()
        self._shared_repeats = remembered or self._own_repeats
        self._queued = 0
        """Calls that wait for their turn or have it."""
        self._in_a_row = 0
        self.dialect = dialect
        """The dialect this client last used; it is answered and told news in it."""

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Take calls in turn while the block runs; at its end edits are finished, all else is broken off."""
        turns = self._start(self._take_turns())
        try:
            yield
        finally:
            turns.cancel()
            # Their place in the writer's order is taken: they are made whatever we do. Their answers are kept
            # for a client that was cut off and sends them again.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_EDITS_S):
                    await self._wait_edited()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for edit in self._edits:
                edit.break_off()
            self._answer_edits()

    async def hear(self, text: str | bytes) -> None:
        """Take in one text frame. Returns when it has its place in the order, not when it is answered."""
        message = envelope.read(text, self.dialect)
        match message:
            case envelope.Ping():
                self._peer.send(Frame(envelope.PONG))
            case envelope.Ignored():
                pass
            case Malformed():
                self._peer.send(self._write_malformed(message))
            case Call():
                message = self.understood(message)
                self.dialect = message.dialect
                await self._take_in(message)
            case Batch():
                self.dialect = Dialect.JSONRPC
                await self._queue(message)

    def understood(self, call: Call) -> Call:
        """Return a call by the name that the table knows it by."""
        if self._understand is None:
            return call
        try:
            return self._understand(call, self.dialect)
        # A failure is the answer to this call, told in its turn: the connection and its other calls live on.
        except Exception as error:  # noqa: BLE001
            return replace(call, problem=error)

    async def serve(self, message: Call | Batch) -> None:
        """Return when this is executed and answered, out of any order. For what comes by HTTP."""
        if isinstance(message, Batch):
            await self._serve_batch(message)
        else:
            await self._serve(message)

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _turn_of(self, call: Call) -> Turn:
        method = self._table.get(call.method)
        return Turn.READ if method is None else method.turn

    async def _take_in(self, call: Call) -> None:
        """Begin what may begin in this very step; all else waits for its turn."""
        # A task and two queues per call cost more than most answers: half of what a worker can answer.
        method = self._table.get(call.method)
        waits = method is not None and method.waits
        is_next = not self._queued and self._peer.has_room()
        match Turn.READ if method is None else method.turn:
            case Turn.EDIT if is_next and len(self._edits) < MAX_EDITS:
                self._begin_edit(call, Turn.EDIT)
            case Turn.READ if is_next and not self._edits and not waits:
                self._serve_at_once(call)
            case Turn.URGENT if waits:
                self._start(self._serve(call))
            case Turn.URGENT:
                self._serve_at_once(call)
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
            await self._wait_edited()
            await self._serve_batch(message)
            return
        match turn := self._turn_of(message):
            case Turn.EDIT | Turn.CHANGE:
                if len(self._edits) >= MAX_EDITS:
                    await self._wait_edited(MAX_EDITS - 1)
                self._begin_edit(message, turn)
                if turn is Turn.CHANGE:
                    await asyncio.sleep(0)  # Its task takes the first step before the next call has its turn.
            case Turn.LONG:
                await self._wait_edited()
                self._start(self._serve(message))
            case _:
                await self._wait_edited()
                await self._serve(message)

    async def _wait_edited(self, left: int = 0) -> None:
        """Return when so few edits are under way."""
        while len(self._edits) > left:
            self._fewer.clear()
            await self._fewer.wait()

    def _begin_edit(self, call: Call, turn: Turn) -> None:
        if self._is_repeated(call):
            return
        context = self._peer.context_for(call)
        outcome = self._outcome(call, context)
        if turn is Turn.CHANGE:
            outcome = result_of(asyncio.get_running_loop().create_task(outcome))
        # An edit takes its place in the writer's order in its first step, which is made right here: so edits
        # of one connection keep their order and share a sync to disk.
        edit = UnderWay(call, context, outcome, self._answer_edits)
        self._edits.append(edit)
        edit.begin()

    def _answer_edits(self) -> None:
        """Answer those edits that have ended, in the order in which they began."""
        while self._edits and self._edits[0].has_ended:
            edit = self._edits.popleft()
            try:
                if edit.is_broken_off:
                    self._repeats_of(edit.call).give_up(edit.call)
                else:
                    self._finish(edit.call, edit.answer)
            finally:
                edit.context.answered()
                self._fewer.set()

    async def _serve(self, call: Call) -> None:
        remembers = self._turn_of(call) in CHANGING
        if remembers and self._is_repeated(call):
            return
        context = self._peer.context_for(call)
        try:
            frame = await self._outcome(call, context)
            if remembers:
                self._finish(call, frame)
            elif frame is not None:
                self._peer.send(frame)
        except asyncio.CancelledError:
            self._repeats_of(call).give_up(call)
            raise
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
        try:
            for message in batch.messages:
                if isinstance(message, Malformed):
                    answers.append(self._write_malformed(message).body)
                elif (frame := await self._part_of_batch(self.understood(message), contexts)) is not None:
                    answers.append(frame.body)
            if answers:
                self._peer.send(Frame(envelope.write_batch(answers)))
        finally:
            _let_news_go(contexts)

    async def _part_of_batch(self, call: Call, contexts: list[ContextT]) -> Frame | None:
        if (known := await self._known_answer(call)) is not None:
            return known
        method = self._table.get(call.method)
        if method is not None and method.waits and method.turn is not Turn.EDIT:
            # It may wait for the graph, and the graph hears of the edits before it only when these count as
            # answered; so do all others.
            _let_news_go(contexts)
        contexts.append(context := self._peer.context_for(call))
        try:
            frame = await self._outcome(call, context)
        except asyncio.CancelledError:
            self._repeats_of(call).give_up(call)
            raise
        if frame is not None:
            self._repeats_of(call).finish(call, frame)
        return frame

    async def _known_answer(self, call: Call) -> Frame | None:
        """Return the answer to a part of a batch that was sent again."""
        if self._turn_of(call) not in CHANGING:
            return None
        repeats = self._repeats_of(call)
        while not repeats.begin(call, time.monotonic(), self):
            if (answer := repeats.answer_to(call)) is not None:
                return answer
            # Under way on another connection of this caller.
            future: asyncio.Future[Frame | None] = asyncio.get_running_loop().create_future()
            repeats.wait_too(call, future, lambda frame, future=future: _settle(future, frame))
            if (answer := await future) is not None:
                return answer
        return None

    async def _outcome(self, call: Call, context: ContextT) -> Frame | None:
        try:
            method = self._method_for(call)
            result = await method.run(context, call.params)
            return self._peer.write_result(call, result, context.revision) if call.wants_answer else None
        # The last catch of a call: every failure is an answer, and the connection lives on.
        except Exception as error:  # noqa: BLE001
            return self._failed(call, error)

    def _outcome_at_once(self, call: Call, context: ContextT) -> Frame | None:
        try:
            method = self._method_for(call)
            result = method.run_at_once(context, call.params)
            return self._peer.write_result(call, result, context.revision) if call.wants_answer else None
        # As above.
        except Exception as error:  # noqa: BLE001
            return self._failed(call, error)

    def _method_for(self, call: Call) -> Method[ContextT]:
        if call.problem is not None:
            raise call.problem
        return self._table.find(call.method, self._peer.caller)

    def _failed(self, call: Call, error: Exception) -> Frame | None:
        if not call.wants_answer:
            return None
        failure = self._shown(failure_of(error, self._codes))
        return Frame(envelope.write_failure(call.dialect, call.id, failure, call.spoken or call.method))

    def _write_malformed(self, message: Malformed) -> Frame:
        return Frame(envelope.write_failure(message.dialect, message.id, self._shown(message.failure)))

    def _shown(self, failure: Failure) -> Failure:
        return failure if self._peer.caller.may(Right.EDIT) else failure.without_traceback()

    def _repeats_of(self, call: Call) -> Repeats:
        return self._shared_repeats if is_unique(call.id) else self._own_repeats

    def _is_repeated(self, call: Call) -> bool:
        repeats = self._repeats_of(call)
        if repeats.begin(call, time.monotonic(), self):
            return False
        if (answer := repeats.answer_to(call)) is not None:
            self._peer.send(answer)
        else:
            # Still under way: on this connection one answer will do for both, since they carry the same id.
            repeats.wait_too(call, self, self._send_if_any)
        return True

    def _send_if_any(self, frame: Frame | None) -> None:
        if frame is not None:
            self._peer.send(frame)

    def _finish(self, call: Call, frame: Frame | None) -> None:
        if frame is None:
            return
        self._repeats_of(call).finish(call, frame)
        self._peer.send(frame)


CHANGING = (Turn.EDIT, Turn.CHANGE, Turn.ALONE, Turn.LONG)
"""Turns of methods that change something: sent again, they are answered and not done again."""


def _let_news_go(contexts: list[ContextT]) -> None:
    while contexts:
        contexts.pop(0).answered()


def _settle(future: asyncio.Future[Frame | None], frame: Frame | None) -> None:
    if not future.done():
        future.set_result(frame)
