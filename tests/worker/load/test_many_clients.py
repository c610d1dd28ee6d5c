"""Many clients at once, each editing, some leaving and coming back: in the end all see the worker's graph."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from pathlib import Path

import pytest
from funcnodes.client.asynchronous import AsyncWorker
from funcnodes.client.errors import EditRefused, NotFound
from funcnodes_core.document.model import Document
from msgspec import convert

import funcnodes
from tests.support.worker_process import WorkerProcess, running_worker


async def crowd(worker: WorkerProcess, clients: int, edits: int, limit_s: float) -> int:
    """Let clients make so many edits together; return how many events all were told."""
    told = 0
    async with contextlib.AsyncExitStack() as stack:
        everybody = [
            await stack.enter_async_context(funcnodes.connect("lab", base=worker.base.folder))
            for _ in range(clients)
        ]
        begun = time.monotonic()
        async with asyncio.timeout(limit_s), asyncio.TaskGroup() as group:
            for number, client in enumerate(everybody):
                group.create_task(edit(client, random.Random(number), edits // clients))
        await everybody[0].wait_idle()
        shown = await everybody[0].call("subscribe")
        document, revision = convert(shown["document"], Document), shown["revision"]
        async with asyncio.timeout(limit_s):
            for client in everybody:
                await client.wait_for(lambda client: client.revision >= revision)
        seconds = time.monotonic() - begun
        for client in everybody:
            assert client.document == document
            told += client.revision
    assert revision >= edits * 0.8, "most edits were possible"
    print(f"{revision} edits by {clients} clients, {told} told in {seconds:.1f} s: {told / seconds:.0f}/s")
    return told


async def edit(client: AsyncWorker, dice: random.Random, count: int) -> None:
    """Add, wire, set and remove nodes that others add, wire, set and remove."""
    for _ in range(count):
        nodes = list(client.document.nodes)
        with contextlib.suppress(EditRefused, NotFound):
            match dice.randrange(8) if len(nodes) > 5 else 0:
                case 0:
                    await client.add_node("lab.add")
                case 1 if len(nodes) > 40:
                    await client.remove_node(dice.choice(nodes))
                case 2:
                    await client.add_edge(dice.choice(nodes), "sum", dice.choice(nodes), "left")
                case _:
                    await client.set(dice.choice(nodes), "right", dice.randint(0, 9))


async def test_fifty_clients_end_with_the_same_graph(tmp_path: Path) -> None:
    """Far more than ten thousand events are told."""
    async with running_worker(tmp_path) as worker:
        assert await crowd(worker, clients=50, edits=400, limit_s=60) > 10_000


@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_fifty_clients_end_with_the_same_large_graph(tmp_path: Path) -> None:
    """Ten thousand edits, each told to fifty."""
    async with running_worker(tmp_path) as worker:
        await crowd(worker, clients=50, edits=10_000, limit_s=600)
