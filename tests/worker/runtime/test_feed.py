"""The feed's pace: newest only, a tenth of the thread at most, states before dear values."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from funcnodes_core.utils.serialization import ByteEncoder, BytesEncdata
from funcnodes_worker.runtime import feed as feeds
from funcnodes_worker.runtime.feed import Feed
from funcnodes_worker.runtime.records import Batch, NodeState, Preview


class Dear:
    """A value whose encoder takes its time."""

    cost_s = 0.05

    def __init__(self) -> None:
        self.encodings: list[tuple[float, float]] = []
        """When each began and ended."""

    @property
    def encoded(self) -> int:
        """How often it was encoded."""
        return len(self.encodings)


class Seat:
    """A node's place in the engine as the feed sees it."""

    noted: Any = None


class Node:
    """A node as the feed sees it."""

    def __init__(self, uuid: str) -> None:
        self.uuid, self.cell = uuid, Seat()
        self.inputs: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}


class Port:
    """A port as the feed sees it."""

    noted: Any = None

    def __init__(self, name: str, value: Any = None) -> None:
        self.uuid, self.value, self.node = "out", value, Node(name)
        self.node.outputs["out"] = self

    def is_input(self) -> bool:
        return False


@pytest.fixture(autouse=True)
def dear_encoder() -> Iterator[None]:
    """A module's encoder that keeps the thread busy."""

    def encode(value: Dear, preview: bool = False) -> BytesEncdata:
        begun = time.perf_counter()
        while time.perf_counter() < begun + value.cost_s:
            pass
        value.encodings.append((begun, time.perf_counter()))
        return BytesEncdata(data=b"PNG", handeled=True, mime="image/png")

    ByteEncoder.add_encoder(encode, [Dear])
    yield
    del ByteEncoder.encoder_registry[Dear]


class Heard:
    """What was delivered, and a way to wait for it."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self._grown = asyncio.Event()
        self.feed = Feed(self._take, lambda _: NodeState("running"), lambda _: Batch())
        self.feed.enter()

    def _take(self, batch: Batch) -> None:
        self.batches.append(batch)
        self._grown.set()

    async def wait_for(self, found: Any) -> Any:
        async with asyncio.timeout(10):
            while not (answer := found()):
                self._grown.clear()
                await self._grown.wait()
        return answer

    def values(self, port: Port) -> list[Preview | None]:
        key = port.node.uuid, "out"
        return [batch.values[key] for batch in self.batches if key in batch.values]


async def test_only_the_newest_of_many_values_is_encoded() -> None:
    heard, port = Heard(), Port("a")
    for number in range(1000):
        port.value = number
        heard.feed.port_changed(port)
    (only,) = await heard.wait_for(lambda: heard.values(port))
    assert only is not None
    assert only.data == b"999"


def assert_a_tenth(ports: Sequence[Port]) -> None:
    """Fail unless the thread was free of encoding for nine times as long after each as that one took."""
    encodings = sorted(encoding for port in ports for encoding in port.value.encodings)
    for (begun, ended), (next_begun, _) in pairwise(encodings):
        assert next_begun - ended >= 9 * (ended - begun)


async def test_an_encoders_time_sets_its_own_rate() -> None:
    """Encoding has a tenth of the thread, whatever changes how often; a cheap port is not held up by it."""
    heard, dear, cheap = Heard(), Port("dear", Dear()), Port("cheap", 0)
    async with asyncio.timeout(20):
        while dear.value.encoded < 4:
            heard.feed.port_changed(dear)
            cheap.value += 1
            heard.feed.port_changed(cheap)
            await asyncio.sleep(0.002)
    assert_a_tenth([dear])
    assert len(heard.values(cheap)) > 10


async def test_dear_ports_share_their_tenth() -> None:
    """Ten ports with images would else take all of the thread; each has its turn, also the first time."""
    heard, first = Heard(), Port("first", Dear())
    heard.feed.port_changed(first)
    await heard.wait_for(lambda: heard.values(first))
    ports = [Port(f"p{i}", Dear()) for i in range(10)]
    async with asyncio.timeout(20):
        while sum(port.value.encoded for port in ports) < 3:
            for port in ports:
                heard.feed.port_changed(port)
            await asyncio.sleep(0.01)
    assert_a_tenth([first, *ports])
    assert max(port.value.encoded for port in ports) == 1


@pytest.mark.alone
async def test_a_state_does_not_wait_for_a_dear_value() -> None:
    """After an encoder of 50 ms the next value may come in half a second; a state comes in a thirtieth."""
    heard, dear, node = Heard(), Port("dear", Dear()), Node("n")
    heard.feed.port_changed(dear)
    await heard.wait_for(lambda: heard.values(dear))
    heard.feed.port_changed(dear)
    heard.feed.state_changed(node)
    begun = time.perf_counter()
    await heard.wait_for(lambda: any("n" in batch.states for batch in heard.batches))
    assert time.perf_counter() - begun < 0.3
    assert len(heard.values(dear)) == 1
    await heard.wait_for(lambda: len(heard.values(dear)) == 2)


async def test_what_took_over_a_second_is_shown_on_request_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the port says so; a value of another kind is shown again."""
    monkeypatch.setattr(feeds, "TOO_SLOW_S", 0.02)
    heard, port = Heard(), Port("a", Dear())
    heard.feed.port_changed(port)
    await heard.wait_for(lambda: heard.values(port))
    heard.feed.port_changed(port)
    shown = await heard.wait_for(lambda: heard.values(port)[1:])
    assert [preview.too_slow for preview in shown] == [True]
    assert port.value.encoded == 1
    port.value = "quick"
    heard.feed.port_changed(port)
    shown = await heard.wait_for(lambda: heard.values(port)[2:])
    assert [(preview.too_slow, preview.data) for preview in shown] == [(False, b"quick")]


async def test_the_number_of_a_change_names_one_value() -> None:
    """Before and after it was told."""
    heard, port = Heard(), Port("a", 1)
    assert heard.feed.version(port) == 0
    heard.feed.port_changed(port)
    first = heard.feed.version(port)
    await heard.wait_for(lambda: heard.values(port))
    assert heard.feed.version(port) == first > 0
    heard.feed.port_changed(port)
    assert heard.feed.version(port) > first


async def test_a_change_that_was_asked_for_its_number_is_told_once() -> None:
    """Asking takes no port out of the row, and a later change does not put it in twice."""
    heard, ports = Heard(), [Port("a", 1), Port("b", 2)]
    for port in ports:
        heard.feed.port_changed(port)
    asked = heard.feed.version(ports[0])
    heard.feed.port_changed(ports[0])
    assert heard.feed.untold()[0] == ports
    await heard.wait_for(lambda: heard.values(ports[1]))
    assert [len(heard.values(port)) for port in ports] == [1, 1]
    assert heard.feed.version(ports[0]) > asked
    assert heard.feed.untold() == ([], [])


async def test_a_port_that_was_asked_between_two_changes_is_told_of_the_next() -> None:
    """However often it was asked and changed before: what comes after is never taken for told."""
    heard, port = Heard(), Port("a", 0)
    for value in (1, 2, 3):
        heard.feed.port_changed(port)
        heard.feed.version(port)
        port.value = value
        heard.feed.port_changed(port)
        await heard.wait_for(lambda told=value: len(heard.values(port)) == told)
        preview = heard.values(port)[-1]
        assert preview is not None
        assert preview.data == str(value).encode()


def test_things_come_once_and_the_longest_wait_first() -> None:
    """A port that changes again keeps its place, and its value is read when its turn has come."""
    feed = Feed(lambda _: None, lambda _: NodeState(), lambda _: Batch())
    ports = [Port(name, name) for name in "abc"]
    for port in (*ports, *reversed(ports)):
        feed.port_changed(port)
        feed.state_changed(port.node)
    assert feed.untold() == (ports, [port.node for port in ports])


def test_another_feed_hears_of_what_the_first_has_not_told_yet() -> None:
    """What one feed keeps on a port or a seat is its own."""
    both = [Feed(lambda _: None, lambda _: NodeState(), lambda _: Batch()) for _ in range(2)]
    port = Port("a", 1)
    for feed in both:
        feed.port_changed(port)
        feed.state_changed(port.node)
    assert [feed.untold() for feed in both] == [([port], [port.node])] * 2


def _slowly(_node: Any) -> NodeState:
    until = time.perf_counter() + 0.001
    while time.perf_counter() < until:
        pass
    return NodeState("idle", 1, None, True)


async def test_states_of_very_many_nodes_come_in_slices() -> None:
    """The thread is not held up by a hundred states that are dear to read; all of them arrive, once."""
    batches: list[Batch] = []
    done = asyncio.Event()

    def deliver(batch: Batch) -> None:
        batches.append(batch)
        if sum(len(each.states) for each in batches) == 40:
            done.set()

    feed = Feed(deliver, _slowly, lambda _ports: Batch())
    for number in range(40):
        feed.state_changed(Node(str(number)))
    feed.enter()
    await asyncio.wait_for(done.wait(), 20)

    told = [node for batch in batches for node in batch.states]
    assert told == [str(number) for number in range(40)]
    assert all(len(batch.states) <= feeds.SLICE_S * 1000 + 1 for batch in batches)


async def test_who_waited_for_idle_finds_all_states_told() -> None:
    """Whatever the pace: whoever looks after "nothing runs any more" must see which nodes failed."""
    heard, first = Heard(), Node("first")
    heard.feed.state_changed(first)
    await heard.wait_for(lambda: heard.batches)
    nodes = [Node(f"n{i}") for i in range(1000)]
    for node in nodes:
        heard.feed.state_changed(node)
    heard.feed.tell_states()
    assert set(heard.batches[-1].states) == {node.uuid for node in nodes}
