"""Calls that are sent again: one effect, one answer, on whichever connection they come."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from funcnodes_worker.rpc import envelope
from funcnodes_worker.rpc.conversation import Conversation
from funcnodes_worker.rpc.dispatch import MethodTable, Turn
from funcnodes_worker.rpc.envelope import Batch, Call, Dialect
from funcnodes_worker.rpc.gate import ALL_RIGHTS, Caller, Right
from funcnodes_worker.rpc.outbox import Frame
from funcnodes_worker.rpc.repeat import MAX_BYTES, Repeats, RepeatsOfCallers, is_unique

LONG_ID = "5f0c7b9e-6a57-4b1e-9a55-2f2f6f8f1c11"


class Word(msgspec.Struct):
    word: str


class Context:
    revision: int | None = None

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    def answered(self) -> None:
        pass


class Peer:
    """A client that keeps what it hears; what it writes waits for `gate`."""

    caller = Caller(ALL_RIGHTS, "token")

    def __init__(self, gate: asyncio.Event, begun: list[str]) -> None:
        self.gate, self.begun = gate, begun
        self.said: list[Any] = []
        self.changed = asyncio.Event()

    def context_for(self, call: Call) -> Context:
        return Context(self)

    def send(self, frame: Frame) -> None:
        self.said.append(json.loads(frame.body))
        self.changed.set()

    def write_result(self, call: Call, result: object, revision: int | None) -> Frame:
        return Frame(envelope.write_result(call, result, revision))

    def has_room(self) -> bool:
        return True

    async def wait_for_room(self) -> None:
        return

    async def wait_until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not done():
                self.changed.clear()
                await self.changed.wait()


TABLE: MethodTable[Context] = MethodTable()


@TABLE.method("write", Right.EDIT, Word, Turn.EDIT)
async def write(context: Context, params: Word) -> str:
    context.peer.begun.append(params.word)
    context.peer.changed.set()
    await context.peer.gate.wait()
    return params.word


@TABLE.method("build", Right.INSTALL, Word, Turn.LONG)
async def build(context: Context, params: Word) -> str:
    context.peer.begun.append(params.word)
    context.peer.changed.set()
    await context.peer.gate.wait()
    return params.word


def rpc(method: str, call_id: str, word: str) -> str:
    return json.dumps({"jsonrpc": "2.0", "method": method, "params": {"word": word}, "id": call_id})


@pytest.fixture
def gate() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def begun() -> list[str]:
    return []


async def test_a_client_that_was_cut_off_hears_the_answer_on_its_next_connection(
    gate: asyncio.Event, begun: list[str]
) -> None:
    """The edit was made while nobody listened: it is not made again."""
    gate.set()
    memory = RepeatsOfCallers().of(Peer.caller, 0.0)
    first, second = Peer(gate, begun), Peer(gate, begun)
    async with Conversation(TABLE, first, remembered=memory).running():
        conversation = Conversation(TABLE, first, remembered=memory)
        async with conversation.running():
            await conversation.hear(rpc("write", LONG_ID, "a"))
    again = Conversation(TABLE, second, remembered=memory)
    async with again.running():
        await again.hear(rpc("write", LONG_ID, "a"))
        await second.wait_until(lambda: bool(second.said))
    assert begun == ["a"]
    assert second.said == [{"jsonrpc": "2.0", "result": "a", "id": LONG_ID}]


async def test_one_that_is_still_under_way_is_answered_on_both_connections(
    gate: asyncio.Event, begun: list[str]
) -> None:
    memory = Repeats()
    peers = Peer(gate, begun), Peer(gate, begun)
    talks = [Conversation(TABLE, peer, remembered=memory) for peer in peers]
    async with talks[0].running(), talks[1].running():
        for talk in talks:
            await talk.hear(rpc("write", LONG_ID, "a"))
        gate.set()
        for peer in peers:
            await peer.wait_until(lambda peer=peer: bool(peer.said))
    assert begun == ["a"]
    assert peers[0].said == peers[1].said


async def test_an_id_of_a_connections_own_making_means_nothing_on_the_next(
    gate: asyncio.Event, begun: list[str]
) -> None:
    """A page that was loaded again counts from 1 again, and means another call."""
    gate.set()
    memory = Repeats()
    for _ in range(2):
        peer = Peer(gate, begun)
        talk = Conversation(TABLE, peer, remembered=memory)
        async with talk.running():
            await talk.hear(rpc("write", "t-1", "a"))
            await peer.wait_until(lambda peer=peer: bool(peer.said))
    assert begun == ["a", "a"]
    assert (is_unique("t-1"), is_unique(1), is_unique(LONG_ID)) == (False, False, True)


async def test_another_text_under_the_same_id_is_another_call(gate: asyncio.Event, begun: list[str]) -> None:
    gate.set()
    memory = Repeats()
    peer = Peer(gate, begun)
    talk = Conversation(TABLE, peer, remembered=memory)
    async with talk.running():
        for word in "aba":
            await talk.hear(rpc("write", LONG_ID, word))
        await peer.wait_until(lambda: len(peer.said) == 3)
    assert begun == ["a", "b", "a"]


async def test_a_batch_that_is_sent_again_is_answered_and_not_done_again(
    gate: asyncio.Event, begun: list[str]
) -> None:
    gate.set()
    peer = Peer(gate, begun)
    talk = Conversation(TABLE, peer, remembered=Repeats())
    batch = f"[{rpc('write', LONG_ID, 'a')},{rpc('write', 'b', 'b')}]"
    async with talk.running():
        await talk.hear(batch)
        await talk.hear(batch)
        await peer.wait_until(lambda: len(peer.said) == 2)
    assert begun == ["a", "b"]
    assert peer.said[0] == peer.said[1]


async def test_a_batch_waits_for_what_is_under_way_elsewhere(gate: asyncio.Event, begun: list[str]) -> None:
    memory = Repeats()
    first, second = Peer(gate, begun), Peer(gate, begun)
    one, other = (Conversation(TABLE, peer, remembered=memory) for peer in (first, second))
    message = envelope.read(f"[{rpc('write', LONG_ID, 'a')}]")
    assert isinstance(message, Batch)
    async with one.running(), other.running(), asyncio.timeout(5):
        serving = [asyncio.create_task(talk.serve(message)) for talk in (one, other)]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*serving)
    assert begun == ["a"]
    assert first.said == second.said == [[{"jsonrpc": "2.0", "result": "a", "id": LONG_ID}]]


@pytest.mark.parametrize("form", ["{}", "[{}]"])
async def test_what_was_broken_off_is_done_again(gate: asyncio.Event, begun: list[str], form: str) -> None:
    """A long call whose client leaves ends without an answer: there is nothing to repeat."""
    memory = Repeats()
    first, second = Peer(gate, begun), Peer(gate, begun)
    talk = Conversation(TABLE, first, remembered=memory)
    async with talk.running():
        await talk.hear(form.format(rpc("build", LONG_ID, "a")))
        await first.wait_until(lambda: bool(begun))
    gate.set()
    talk = Conversation(TABLE, second, remembered=memory)
    async with talk.running(), asyncio.timeout(5):
        await talk.hear(form.format(rpc("build", LONG_ID, "a")))
        await second.wait_until(lambda: bool(second.said))
    assert begun == ["a", "a"]


async def test_a_message_over_http_and_one_on_the_socket_are_one_call(
    gate: asyncio.Event, begun: list[str]
) -> None:
    gate.set()
    memory = Repeats()
    peer = Peer(gate, begun)
    talk = Conversation(TABLE, peer, remembered=memory)
    call = envelope.read(rpc("write", LONG_ID, "a"), Dialect.JSONRPC)
    assert isinstance(call, Call)
    async with talk.running():
        await talk.serve(call)
        await talk.hear(rpc("write", LONG_ID, "a"))
        await peer.wait_until(lambda: len(peer.said) == 2)
    assert begun == ["a"]


def test_a_caller_is_forgotten_once_nothing_it_asked_for_counts() -> None:
    """Sessions come and go for months; who is connected keeps one memory for all its connections."""
    callers = RepeatsOfCallers()
    call = Call(Dialect.JSONRPC, "write", {}, LONG_ID)
    connected = callers.of("connected", 0.0)
    for number in range(100):
        gone = callers.of(f"session {number}", float(number))
        assert gone.begin(call, float(number))
        gone.finish(call, Frame(b"answer"))
        del gone
    assert len(callers) < 70
    assert callers.of("connected", 1000.0) is connected
    assert len(callers) == 1


def numbered(number: int) -> Call:
    return Call(Dialect.JSONRPC, "write", {}, f"{LONG_ID} {number}", said=number)


def ask(memory: Repeats, numbers: range, now: float, answer: bytes) -> int:
    """Send these calls in their order, as a client does; return how many were executed."""
    executed = 0
    for number in numbers:
        if memory.begin(numbered(number), now):
            executed += 1
            memory.finish(numbered(number), Frame(answer))
    return executed


def test_all_that_a_client_had_under_way_is_known_when_it_is_sent_again() -> None:
    """Twenty thousand calls in a row, no answer read, the connection lost, all sent again."""
    memory = RepeatsOfCallers().of(Peer.caller, 0.0)
    node = b"n" * 1200
    assert ask(memory, range(20_000), 0.0, node) == 20_000
    assert ask(memory, range(20_100), 30.0, node) == 100


def test_what_is_sent_again_pushes_out_nothing() -> None:
    """Of more than can be remembered the younger calls stay known, whichever are asked for."""
    memory = Repeats(max_bytes=10 * 1400)
    answer = b"n" * 1000
    ask(memory, range(20), 0.0, answer)
    assert ask(memory, range(12, 20), 1.0, answer) == 0
    assert ask(memory, range(12, 20), 2.0, answer) == 0


def test_a_call_is_known_for_a_minute() -> None:
    """A script that sends the same text under the same id an hour later means it."""
    memory = Repeats()
    assert ask(memory, range(1), 0.0, b"") == 1
    assert ask(memory, range(1), 59.0, b"") == 0
    assert ask(memory, range(1), 61.0, b"") == 1


def test_a_call_that_takes_longer_than_that_is_known_while_it_lasts() -> None:
    """An installation takes minutes; a client that asks for it again does not begin a second one."""
    memory = Repeats()
    assert memory.begin(numbered(0), 0.0)
    ask(memory, range(1, 3), 100.0, b"")
    assert not memory.begin(numbered(0), 200.0)
    memory.finish(numbered(0), Frame(b"installed"))
    assert memory.answer_to(numbered(0)) == Frame(b"installed")


def test_no_answer_is_kept_by_a_worker_that_is_idle_for_a_minute() -> None:
    """That of a caller who stays connected is emptied too; it says when there is something to forget."""
    begun: list[str] = []
    callers = RepeatsOfCallers(lambda: begun.append("begun"))
    connected = callers.of("connected", 0.0)
    ask(connected, range(3), 0.0, b"n")
    assert begun == ["begun"]
    assert callers.forget(59.0)
    assert not callers.forget(61.0)
    ask(connected, range(3), 100.0, b"n")
    assert begun == ["begun"] * 2


def test_answers_of_any_size_need_no_more_than_their_bytes() -> None:
    memory = Repeats(MAX_BYTES)
    large = b"v" * (MAX_BYTES // 4)
    ask(memory, range(20), 0.0, large)
    assert ask(memory, range(18, 20), 1.0, large) == 0
    assert ask(memory, range(1), 1.0, large) == 1
