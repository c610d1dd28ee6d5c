"""Whatever windows do and whenever they lose their connection: in the end all show the worker's document."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from funcnodes_core.document.apply import apply_all
from funcnodes_core.document.edits import SetProperty
from funcnodes_core.document.filling import new_node
from funcnodes_core.document.model import Document, PortRecord
from funcnodes_core.document.refusals import EditRejected
from funcnodes_worker.process.telling import Teller
from funcnodes_worker.rpc.gate import Caller, Right
from funcnodes_worker.runtime.board import Board
from funcnodes_worker.runtime.noted import note_batch
from funcnodes_worker.runtime.records import Batch, Noted
from funcnodes_worker.runtime.writer import Missed, WriteFailed, Writer, Written
from funcnodes_worker.server.client import Client
from funcnodes_worker.server.hub import Hub
from funcnodes_worker.server.methods.live import Since, Subscription, subscribe
from funcnodes_worker.store.records import Entry
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.follower import Follower
from tests.support.random_edits import ADD, random_edit
from tests.support.worker_process import Answer, WorkerClient, WorkerProcess, classes_of_lab, running_worker

# By the real writer and the real news, without sockets: every order of things is tried


class Rig:
    """A writer with its news, a disk that is full now and then, and three windows."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.journal: list[Entry] = []
        self.saved: Document = Document()
        self.saved_at = 0
        self.start()
        self.clients: dict[Follower, Client | None] = {Followed(): None for _ in range(3)}

    def start(self) -> None:
        """Begin as a worker does: with the last snapshot and the edits since."""
        self.board, self.hub = Board(), Hub()
        self.board.listen(self.hub.batch)
        tail = [edit for entry in self.journal[self.saved_at :] for edit in entry.edits]
        document, revision = apply_all(self.saved, tail), len(self.journal)
        self.teller = Teller(self.board, self.hub, lambda _: None, lambda: None, revision, self.kept)
        self.writer = Writer(document, revision, self, self.teller.committed, self.teller.observed)
        self.teller.writer = self.writer

    def kept(self, first: int, last: int) -> list[Entry]:
        # Old steps go in the end.
        return self.journal[max(first - 1, len(self.journal) - 20) : last]

    async def keep(self, entries: Sequence[Written], written: Callable[[], None] | None) -> None:
        await asyncio.sleep(0)
        if self.dice.randint(0, 9) == 0:
            raise OSError("no space left on device")
        self.journal += [
            Entry(one.revision, one.author, one.edits, one.inverse, one.time, one.title, one.purpose)
            for one in entries
        ]

    @property
    def epoch(self) -> str:
        return "e"

    def missed_since(self, epoch: str, revision: int) -> Missed | None:
        # As the worker; sometimes the past is too short.
        return None if self.dice.randint(0, 3) == 0 else self.teller.missed_since(revision)

    async def connect(self, follower: Follower) -> None:
        client = Client(Caller(frozenset(Right), "token"), None, None)  # type: ignore[arg-type]
        since = Since("e", follower.revision) if follower.revision >= 0 else None
        services = SimpleNamespace(process=self, writer=self.writer, board=self.board)
        context: Any = SimpleNamespace(services=services, client=client)
        answer = await subscribe(context, Subscription(since=since))
        self.hub.join(client)
        follower.begin(msgspec.json.decode(msgspec.json.encode(answer)))
        self.clients[follower] = client

    async def read(self, follower: Follower) -> None:
        """Have a window hear what waits for it."""
        client = self.clients[follower]
        while client is not None and len(client.outbox):
            frame = await client.outbox.get()
            assert frame is not None
            follower.heard(json.loads(frame.body))

    async def leave(self, follower: Follower) -> None:
        client = self.clients[follower]
        assert client is not None
        for _ in range(self.dice.randint(0, 3)):
            if len(client.outbox):
                frame = await client.outbox.get()
                assert frame is not None
                follower.heard(json.loads(frame.body))
        self.hub.leave(client)
        client.change_news(None)
        self.clients[follower] = None

    async def edit(self) -> None:
        edits = [random_edit(self.writer.head, self.dice) for _ in range(self.dice.randint(1, 2))]
        try:
            committed = await self.writer.submit(edits, "somebody")
        except (EditRejected, WriteFailed):
            return
        for _ in range(self.dice.randint(0, 3)):
            await asyncio.sleep(0)
        committed.answered.set()

    def observe(self) -> None:
        nodes = list(self.writer.head.nodes)
        if not nodes:
            return
        name, node = self.dice.choice(nodes), new_node(ADD, "x")
        ports = list(node.ports.values())[: self.dice.randint(1, 4)]
        ports.append(PortRecord(id=f"made_{self.dice.randint(0, 3)}"))
        batch = Batch(ports={name: tuple(ports)}, own_values={(name, "a"): self.dice.randint(0, 9)})
        committed = self.writer.document
        noted = Noted(ports=(name,), values=(name,))
        self.writer.observe(lambda head: note_batch(head, committed, batch, set()), noted)

    async def live(self, steps: int) -> None:
        while steps > 0:
            length = self.dice.randint(1, steps) if self.dice.randint(0, 1) else steps
            steps -= length
            await self.live_until_the_next_start(length)
            if steps > 0:
                await self.start_anew()
        await self.end_equal()

    async def start_anew(self) -> None:
        """Leave everybody where they are; what node code did since the snapshot is lost."""
        for follower, client in self.clients.items():
            if client is not None:
                await self.leave(follower)
        self.start()

    async def live_until_the_next_start(self, steps: int) -> None:
        editing: set[asyncio.Task[None]] = set()
        async with self.writer.running():
            for _ in range(steps):
                follower = self.dice.choice(list(self.clients))
                match self.dice.randint(0, 6):
                    case 0 if self.clients[follower] is None:
                        await self.connect(follower)
                    case 0:
                        await self.leave(follower)
                    case 1:
                        await self.read(follower)
                    case 2:
                        self.observe()
                    case 3 if self.dice.randint(0, 3) == 0:
                        self.saved, self.saved_at = self.writer.document, self.writer.revision
                    case _:
                        editing.add(asyncio.create_task(self.edit()))
                await asyncio.sleep(0)
            await asyncio.gather(*editing)
            await self.writer.wait_idle()

    async def end_equal(self) -> None:
        for follower, client in self.clients.items():
            if client is None:
                await self.connect(follower)
            await self.read(follower)
            assert follower.revision == self.writer.revision
            assert follower.document == self.writer.document
            assert list(follower.document.nodes) == list(self.writer.document.nodes)


class Followed(Follower):
    """A follower by its identity."""

    __hash__ = object.__hash__


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 80))
def test_three_windows_end_equal_whatever_happens_in_whatever_order(seed: int, steps: int) -> None:
    dice = random.Random(seed)
    asyncio.run(Rig(dice).live(steps))


# Over real sockets, with nodes that run and change their own ports


class Window:
    """A person's window: edits, is cut off, comes back."""

    def __init__(self, worker: WorkerProcess, author: str, dice: random.Random) -> None:
        self.worker, self.author, self.dice = worker, author, dice
        self.follower = Follower()

    async def live(self, edits: int) -> None:
        while edits > 0:
            async with self.worker.connect() as client:
                await self._subscribe(client)
                for _ in range(self.dice.randint(5, 40)):
                    await self._edit(client)
                    edits -= 1
                    self._hear(client)
                if self.dice.randint(0, 1):
                    # Cut off in the middle of what it is told.
                    await client.socket.close(code=1001)

    async def _subscribe(self, client: WorkerClient) -> None:
        client.pushed.clear()
        answer = await client.call("subscribe", author=self.author, **self.follower.since)
        self.follower.begin(answer)

    def _hear(self, client: WorkerClient) -> None:
        heard, client.pushed[:] = client.pushed[:], []
        for message in heard:
            self.follower.heard(message)

    async def _edit(self, client: WorkerClient) -> None:
        try:
            match self.dice.randint(0, 8):
                case 0:
                    await client.call("undo")
                case 1:
                    await client.call("redo")
                case 2:
                    name = f"o{self.dice.randint(0, 3)}"
                    choices = [str(n) for n in range(self.dice.randint(1, 4))]
                    offer = new_node(classes_of_lab()["lab.offer"], name)
                    edits = [
                        {"kind": "add_node", "node": msgspec.to_builtins(offer)},
                        {"kind": "set_value", "node": name, "port": "choices", "value": choices},
                    ]
                    await client.call("edit", edits=edits[self.dice.randint(0, 1) :])
                case _:
                    edit = random_edit(self.follower.document, self.dice)
                    if isinstance(edit, SetProperty) and edit.key == "frontend:pos":
                        # Documents may hold anything there; of a client only a place is taken.
                        edit = SetProperty(edit.node, edit.key, [self.dice.randint(0, 900), 2.5])
                    await client.call("edit", edits=[msgspec.to_builtins(edit)])
        except Answer as answer:
            if answer.code not in (-32000, -32001):
                raise

    async def settle(self, revision: int) -> None:
        """Come back, hear all there is, and stand at this revision."""
        async with self.worker.connect() as client:
            await self._subscribe(client)
            await client.call("uuid")
            self._hear(client)
            assert self.follower.revision == revision


async def converge(worker: WorkerProcess, seed: int, edits: int) -> None:
    windows = [Window(worker, author, random.Random(f"{seed}{author}")) for author in ("ann", "bob", "cara")]
    async with worker.connect() as watching:
        # One that is there all the time and only looks: it is told everything and never given a whole.
        looks = Follower()
        looks.begin(await watching.call("subscribe"))
        await asyncio.gather(*(window.live(edits) for window in windows))
        await say_last_word(watching)
        shown = await watching.call("subscribe")
        told = watching.pushed[:]
        for message in told:
            looks.heard(message)
    document = msgspec.convert(shown["document"], Document)
    assert looks.document == document
    assert looks.wholes == 1
    assert {"ann", "bob", "cara"} <= set(looks.authors)
    for window in windows:
        await window.settle(shown["revision"])
        assert window.follower.document == document


async def say_last_word(client: WorkerClient) -> None:
    """Return when all has run, and what nodes noted of their own ports is in the document and told.

    Changes of ports are told in the order they came in: once the last one is, none before it waits.
    """
    await client.call("wait_idle")
    await client.call("add_node", id="lab.echo", uuid="last")
    await client.call("set_io_value", nid="last", ioid="value", value="word")
    await client.wait_for(lambda c: c.value("last", "out") == "word")
    await client.call("wait_idle")


async def test_three_windows_over_real_sockets_end_equal(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker:
        await converge(worker, seed=20261121, edits=120)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
async def test_three_windows_over_real_sockets_end_equal_for_long(tmp_path: Path, seed: int) -> None:
    async with running_worker(tmp_path) as worker:
        await converge(worker, seed=seed, edits=600)
