"""When outputs are kept: after a second of quiet, in another thread while the graph goes on, and on stop.

Owns the pace and the order: which nodes ran, their values handed over by the graph's thread, written
elsewhere, and dropped if something has run meanwhile that could have changed them. Nothing happens while
nothing runs. Belongs to the server's loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from funcnodes_core.novalue import NoValue

from funcnodes_worker.home.trust import sealing_key
from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.rpc.errors import GraphBusy
from funcnodes_worker.runtime.graph_thread import GraphThread
from funcnodes_worker.runtime.kept import Candidate, Kept
from funcnodes_worker.runtime.kept_values import NO_VALUE, Buffers, encode, fingerprint_of, hash_of
from funcnodes_worker.runtime.living import LivingGraph
from funcnodes_worker.runtime.records import Batch
from funcnodes_worker.store.kept import KeptOutput, KeptRecord, KeptStore

_log = logging.getLogger("funcnodes.worker")
QUIET_S = 1.0
LAST_S = 0.25
"""How long a stop waits for what has run just before it."""
AT_ONCE = 500
"""Nodes that are looked at in one go, so that no answer waits for thousands."""


class OutputKeeper:
    """The one who keeps what nodes gave."""

    def __init__(self, home: WorkerHome, graph: GraphThread, living: LivingGraph) -> None:
        self._store = KeptStore(home.folder, sealing_key(home))
        self._graph, self._living = graph, living
        self._ran: dict[str, None] = {}
        self._grown = asyncio.Event()

    def kept(self) -> Kept:
        """Return what an earlier process left. Called in the graph's thread, before anything is kept."""
        return self._store.records(), self._store.content

    def batch(self, batch: Batch) -> None:
        """Note which nodes ran."""
        ran = [node for node, state in batch.states.items() if state.status != "running" and state.run]
        if ran:
            self._ran.update(dict.fromkeys(ran))
            self._grown.set()

    async def run(self) -> None:
        """Keep until cancelled."""
        while True:
            await self._grown.wait()
            while self._grown.is_set():
                self._grown.clear()
                await asyncio.sleep(QUIET_S)
            await self._try()

    async def finish(self) -> None:
        """Keep what has run just now, if that is quickly done, and close."""
        try:
            if self._ran:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LAST_S):
                        await self._try()
        finally:
            await asyncio.to_thread(self._store.close)

    async def _try(self) -> None:
        try:
            await self._keep()
        except GraphBusy:
            pass  # What keeps it busy will be told of when it has ended.
        # Values, and how they are read, are code of others: nothing but this cache depends on it.
        except Exception:  # noqa: BLE001
            _log.exception("outputs could not be kept; their nodes run again when the flow is opened")

    async def _keep(self) -> None:
        waiting, self._ran = list(self._ran), {}
        for begin in range(0, len(waiting), AT_ONCE):
            nodes = waiting[begin : begin + AT_ONCE]
            found, stamp = await self._graph.ask(lambda nodes=nodes: self._living.worth_keeping(nodes))
            records, contents = await asyncio.to_thread(encode_all, found)
            if not await self._graph.ask(lambda stamp=stamp: self._living.is_quiet_since(stamp)):
                # A node that ran meanwhile may have written into an array while it was read. What is running
                # will be told of when it has ended: then it is their turn again.
                fixed = {one.node for one in found if one.is_fixed}
                records = [record for record in records if record.node in fixed]
                self._ran.update(dict.fromkeys(one.node for one in found if one.node not in fixed))
                nodes = [node for node in nodes if node not in self._ran]
            named = {output.hash for record in records for output in record.outputs.values()}
            kept = {identity: data for identity, data in contents.items() if identity in named}
            gone = set(nodes) - {record.node for record in records}
            await asyncio.to_thread(self._write, records, kept, gone)

    def _write(
        self, records: Sequence[KeptRecord], contents: Mapping[str, bytes], gone: Iterable[str]
    ) -> None:
        self._store.forget(gone)
        self._store.put(records, contents)


def encode_all(candidates: Iterable[Candidate]) -> tuple[list[KeptRecord], dict[str, bytes]]:
    """Return what is worth keeping of these nodes, and the bytes it names."""
    known: dict[int, tuple[str, Buffers] | None] = {}
    holding: list[Any] = []

    def encoded(value: Any) -> tuple[str, Buffers] | None:
        # An output of one node is the input of the next: encoded once, while it is surely the same object.
        if id(value) not in known:
            holding.append(value)
            known[id(value)] = encode(value)
        return known[id(value)]

    records: list[KeptRecord] = []
    contents: dict[str, bytes] = {}
    for one in candidates:
        _add(one, encoded, records, contents)
    return records, contents


def _add(
    one: Candidate,
    encoded: Callable[[Any], tuple[str, Buffers] | None],
    records: list[KeptRecord],
    contents: dict[str, bytes],
) -> None:
    outputs: dict[str, KeptOutput] = {}
    size = 0
    for name, value in one.outputs.items():
        if value is NoValue:
            continue
        found = encoded(value)
        if found is None:
            return
        kind, buffers = found
        size += sum(memoryview(part).nbytes for part in buffers)
        if size > one.allowed:
            return
        identity = hash_of(buffers)
        outputs[name] = KeptOutput(kind, identity)
        if identity not in contents:
            contents[identity] = b"".join(buffers)
    inputs: dict[str, str] = {}
    for name, value in one.inputs.items():
        found = (NO_VALUE, ()) if value is NoValue else encoded(value)
        if found is None:
            return
        inputs[name] = NO_VALUE if value is NoValue else fingerprint_of(*found)
    records.append(KeptRecord(one.node, one.code, inputs, outputs))
