"""The order of calls and answers of one connection, in both dialects."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import msgspec
from funcnodes_worker.rpc import envelope
from funcnodes_worker.rpc.conversation import Conversation
from funcnodes_worker.rpc.dispatch import MethodTable, NoParams, Turn
from funcnodes_worker.rpc.envelope import Call, Dialect
from funcnodes_worker.rpc.errors import NotFound
from funcnodes_worker.rpc.gate import ALL_RIGHTS, Caller, Right
from funcnodes_worker.rpc.outbox import Frame


class Word(msgspec.Struct):
    word: str
    times: int = 1


class Context:
    revision: int | None = None

    def __init__(self, peer: "SmallPeer") -> None:
        self.peer = peer

    def answered(self) -> None:
        self.peer.note(self.peer.said, "answered")


class SmallPeer:
    """A client that keeps what it hears."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.said: list[Any] = []
        self.begun: list[str] = []
        self.gate = asyncio.Event()
        self.changed = asyncio.Event()

    def note(self, what: list[Any], thing: object) -> None:
        what.append(thing)
        self.changed.set()

    async def wait_until(self, done: Callable[[], bool]) -> None:
        while not done():
            self.changed.clear()
            await self.changed.wait()

    def context_for(self, call: Call) -> Context:
        return Context(self)

    def send(self, frame: Frame) -> None:
        self.note(self.said, json.loads(frame.body))

    def write_result(self, call: Call, result: object, revision: int | None) -> Frame:
        return Frame(envelope.write_result(call, result, revision))

    def has_room(self) -> bool:
        return True

    async def wait_for_room(self) -> None:
        return


TABLE: MethodTable[Context] = MethodTable()


@TABLE.method("say", Right.VIEW, Word)
async def say(context: Context, params: Word) -> str:
    return params.word * params.times


@TABLE.method("write", Right.EDIT, Word, Turn.EDIT)
async def write(context: Context, params: Word) -> str:
    context.peer.note(context.peer.begun, params.word)
    await context.peer.gate.wait()
    return params.word


@TABLE.method("build", Right.INSTALL, Word, Turn.LONG)
async def build(context: Context, params: Word) -> str:
    context.peer.note(context.peer.begun, params.word)
    await context.peer.gate.wait()
    return params.word


@TABLE.method("stop", Right.ADMIN, NoParams, Turn.URGENT)
async def stop(context: Context, params: NoParams) -> bool:
    return True


@TABLE.method("lose", Right.VIEW, NoParams)
async def lose(context: Context, params: NoParams) -> None:
    raise NotFound("there is no such thing; make one")


@TABLE.method("break", Right.VIEW, NoParams)
async def break_(context: Context, params: NoParams) -> None:
    raise ZeroDivisionError("ours")


def cmd(name: str, call_id: object, **kwargs: object) -> str:
    return json.dumps({"type": "cmd", "cmd": name, "id": call_id, "kwargs": kwargs})


def rpc(name: str, call_id: object, **params: object) -> str:
    return json.dumps({"jsonrpc": "2.0", "method": name, "id": call_id, "params": params})


async def talk(
    *texts: str,
    rights: frozenset[Right] = ALL_RIGHTS,
    hold: bool = False,
    until: int | None = None,
    begun: int = 0,
) -> SmallPeer:
    """Say these frames to a fresh conversation and return what came back."""
    peer = SmallPeer(Caller(rights, "token"))
    if not hold:
        peer.gate.set()
    conversation = Conversation(TABLE, peer)
    async with conversation.running(), asyncio.timeout(5):
        for text in texts:
            await conversation.hear(text)
        wanted = len(texts) if until is None else until
        await peer.wait_until(lambda: len(heard(peer)) >= wanted and len(peer.begun) >= begun)
    return peer


def heard(peer: SmallPeer) -> list[Any]:
    return [said for said in peer.said if said != "answered"]


async def test_answers_come_in_order_and_before_their_events() -> None:
    peer = await talk(
        cmd("say", 1, word="a"), cmd("write", 2, word="b"), cmd("write", 3, word="c"), cmd("say", 4, word="d")
    )
    assert [s if s == "answered" else s["result"] for s in peer.said] == [
        "a", "answered", "b", "answered", "c", "answered", "d", "answered",
    ]  # fmt: skip


async def test_edits_in_a_row_are_under_way_together() -> None:
    """They share a sync to disk; a read after them waits, an urgent call does not."""
    peer = await talk(
        cmd("write", 1, word="a"),
        cmd("write", 2, word="b"),
        cmd("say", 3, word="c"),
        cmd("stop", 4),
        hold=True,
        until=1,
        begun=2,
    )
    assert heard(peer) == [{"type": "result", "id": 4, "result": True}]
    assert peer.begun == ["a", "b"]


async def test_what_never_waits_is_answered_in_the_step_it_is_heard_in() -> None:
    """No task, no queue: the answer is there before the reader of the socket goes on."""
    peer = SmallPeer(Caller(ALL_RIGHTS, "token"))
    conversation = Conversation(TABLE, peer)
    async with conversation.running(), asyncio.timeout(5):
        await conversation.hear(cmd("say", 1, word="a"))
        assert [a["result"] for a in heard(peer)] == ["a"]
        await conversation.hear(cmd("write", 2, word="b"))
        await conversation.hear(cmd("say", 3, word="c"))
        assert len(heard(peer)) == 1, "a read waits for the edits before it"
        peer.gate.set()
        await peer.wait_until(lambda: len(heard(peer)) == 3)
        await conversation.hear(cmd("say", 4, word="d"))
    assert [a["result"] for a in heard(peer)] == ["a", "b", "c", "d"]


async def test_one_who_sends_without_pause_lets_others_have_their_turn() -> None:
    peer = SmallPeer(Caller(ALL_RIGHTS, "token"))
    conversation = Conversation(TABLE, peer)
    turns: list[int] = []

    async def take_turns() -> None:
        while True:
            turns.append(len(peer.said))
            await asyncio.sleep(0)

    async with conversation.running(), asyncio.timeout(5):
        other = asyncio.create_task(take_turns())
        for number in range(1000):
            await conversation.hear(cmd("say", number, word="a"))
        other.cancel()
    assert len(turns) >= 10


async def test_a_long_call_lets_others_pass() -> None:
    peer = await talk(cmd("build", 1, word="a"), cmd("say", 2, word="b"), hold=True, until=1)
    assert heard(peer) == [{"type": "result", "id": 2, "result": "b"}]


async def test_a_resent_edit_is_executed_once() -> None:
    first, other = cmd("write", "id-1", word="a"), cmd("write", "id-2", word="a")
    peer = await talk(first, first, other, until=2)
    answers = heard(peer)
    assert peer.begun == ["a", "a"]
    assert [a["id"] for a in answers if a["id"] == "id-2"] == ["id-2"]
    assert {json.dumps(a) for a in answers if a["id"] == "id-1"} == {
        json.dumps({"type": "result", "result": "a", "id": "id-1"})
    }


async def test_a_value_that_is_set_back_under_the_same_id_is_no_repetition() -> None:
    """A simple script numbers nothing: there, and back, and there again are three edits."""
    peer = await talk(*(cmd("write", 1, word=word) for word in "aba"))
    assert peer.begun == ["a", "b", "a"]
    assert [answer["result"] for answer in heard(peer)] == ["a", "b", "a"]


async def test_failures_in_the_published_form() -> None:
    peer = await talk(
        cmd("nope", 1),
        cmd("say", 2),
        cmd("say", 3, word=4),
        cmd("say", 4, word="a", loud=True),
        cmd("lose", 5),
        '{"type":"cmd","cmd":"say","kwargs":null,"id":6}',
        '{"type":"cmd","id":7}',
        '{"nonsense',
        '{"type":"ping"}',
    )
    answers = {a.get("id"): a for a in heard(peer) if a["type"] == "error"}
    assert {k: a["error"] for k, a in answers.items() if k != 1} == {
        2: "'say': Object missing required field `word`",
        3: "'say': Expected `str`, got `int` - at `$.word`",
        4: "'say' does not take 'loud'; it takes times, word",
        5: "there is no such thing; make one",
        6: "'kwargs' of 'say' is an object with the arguments by name",
        7: "a command needs its name in 'cmd'",
        None: answers[None]["error"],
    }
    assert "known are: break, build" in answers[1]["error"]
    assert "not JSON" in answers[None]["error"]
    assert {"type": "pong"} in heard(peer)


async def test_failures_in_json_rpc() -> None:
    peer = await talk(rpc("nope", 1), rpc("say", 2), rpc("lose", 3), '{"jsonrpc":"1.0"}', "{broken")
    assert sorted(a["error"]["code"] for a in heard(peer)) == [-32700, -32602, -32601, -32600, -32001]


async def test_our_own_error_shows_its_traceback_only_to_who_may_edit() -> None:
    (seen,) = heard(await talk(cmd("break", 1)))
    assert any("ZeroDivisionError" in line for line in seen["tb"])
    (hidden,) = heard(await talk(cmd("break", 1), rights=frozenset({Right.VIEW})))
    assert hidden["tb"] == []


async def test_a_call_beyond_ones_rights_is_refused() -> None:
    peer = await talk(rpc("write", 1, word="a"), rights=frozenset({Right.VIEW}))
    assert heard(peer)[0]["error"]["code"] == -32002
    assert peer.begun == []


async def test_batches_and_notifications() -> None:
    batch = (
        "["
        + ",".join([rpc("say", 1, word="a"), '{"jsonrpc":"2.0","method":"say","params":{"word":"x"}}', "5"])
        + "]"
    )
    peer = await talk('{"jsonrpc":"2.0","method":"lose"}', batch, until=1)
    (answers,) = heard(peer)
    assert answers[0] == {"jsonrpc": "2.0", "result": "a", "id": 1}
    assert answers[1]["error"]["code"] == -32600
    assert len(answers) == 2


async def test_what_takes_long_in_a_batch_does_not_keep_the_news_of_what_went_before() -> None:
    """A batch of an edit and `wait_idle` waited a second for itself: the graph had not heard of the edit."""
    peer = SmallPeer(Caller(ALL_RIGHTS, "token"))
    conversation = Conversation(TABLE, peer)
    async with conversation.running(), asyncio.timeout(5):
        await conversation.hear(f"[{rpc('say', 1, word='a')},{rpc('build', 2, word='b')}]")
        await peer.wait_until(lambda: bool(peer.begun))
        assert peer.said == ["answered"]
        peer.gate.set()
        await peer.wait_until(lambda: len(peer.said) == 3)
    assert [answer["result"] for answer in peer.said[1]] == ["a", "b"]


async def test_a_batch_that_is_broken_off_lets_the_news_of_it_go_out() -> None:
    peer = SmallPeer(Caller(ALL_RIGHTS, "token"))
    conversation = Conversation(TABLE, peer)
    async with conversation.running(), asyncio.timeout(5):
        await conversation.hear(f"[{rpc('write', 1, word='a')}]")
        await peer.wait_until(lambda: bool(peer.begun))
    assert peer.said == ["answered"]


async def test_who_leaves_in_the_middle_leaves_nothing_running() -> None:
    peer = SmallPeer(Caller(ALL_RIGHTS, "token"))
    conversation = Conversation(TABLE, peer)
    before = len(asyncio.all_tasks())
    async with conversation.running(), asyncio.timeout(5):
        for number in range(5):
            await conversation.hear(cmd("write", number, word="a"))
        await conversation.hear(cmd("build", 9, word="b"))
        await peer.wait_until(lambda: len(peer.begun) == 5)
    assert len(asyncio.all_tasks()) == before
    assert peer.said == ["answered"] * 5


def fails_to_understand(call: Call, last: Dialect) -> Call:
    if call.params.get("word") == "??":
        raise TypeError("a mistake of ours")
    return call


async def test_a_call_that_cannot_be_understood_is_answered_and_the_others_live_on() -> None:
    """Whatever goes wrong in the reading of a call is that call's answer, alone and in a batch."""
    peer = SmallPeer(Caller(ALL_RIGHTS, "token"))
    peer.gate.set()
    talk = Conversation(TABLE, peer, understand=fails_to_understand)

    def rpc(call_id: int | None, word: str, method: str = "write") -> dict[str, Any]:
        call = {"jsonrpc": "2.0", "method": method, "params": {"word": word}}
        return call if call_id is None else {**call, "id": call_id}

    def told() -> list[Any]:
        return [one for one in peer.said if one != "answered"]

    async with talk.running(), asyncio.timeout(5):
        await talk.hear(json.dumps(rpc(None, "??")))
        await talk.hear(json.dumps(rpc(1, "??")))
        await talk.hear(json.dumps({"type": "cmd", "cmd": "say", "kwargs": {"word": "??"}, "id": 2}))
        await talk.hear(json.dumps([rpc(3, "a"), rpc(4, "??"), rpc(None, "??"), rpc(5, "b")]))
        await peer.wait_until(lambda: len(told()) == 3)
    alone, published, batch = told()
    assert (alone["id"], alone["error"]["code"], alone["error"]["data"]["kind"]) == (1, -32099, "TypeError")
    assert (published["type"], published["id"]) == ("error", 2)
    assert [(one["id"], "error" in one) for one in batch] == [(3, False), (4, True), (5, False)]
    assert peer.begun == ["a", "b"]
