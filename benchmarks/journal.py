"""How fast edits get to disk: one at a time, many at once, in a large graph; and how fast a store opens."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from funcnodes_core.document.apply import apply_all
from funcnodes_core.document.edits import AddEdge, AddNode, SetProperty, SetValue
from funcnodes_core.document.filling import new_node
from funcnodes_core.document.model import ClassRecord, Document, Edge, PortRecord
from funcnodes_core.document.serialize import Dumper, load
from funcnodes_core.document.transaction import transact
from funcnodes_worker.store.records import Entry
from funcnodes_worker.store.store import Store

RUNS = 5
NODES = 5000
ADD = ClassRecord(
    class_id="math.add",
    class_name="Add",
    ports=(
        PortRecord(id="a", type="float"),
        PortRecord(id="b", type="float", class_default=1),
        PortRecord(id="sum", is_input=False, type="float"),
    ),
)
CLASSES = {ADD.class_id: ADD}


def graph() -> Document:
    """Return a chain of nodes, each with a place."""
    edits: list[Any] = [
        AddNode(new_node(ADD, f"n{i}", properties={"frontend:pos": [i, i]})) for i in range(NODES)
    ]
    edits += [AddEdge(Edge(f"n{i}", "sum", f"n{i + 1}", "a")) for i in range(NODES - 1)]
    return transact(Document(), edits).document


class Session:
    """An open store and the document that follows it, as the worker's writer has them."""

    def __init__(self, folder: Path) -> None:
        self.opened = Store.open(folder)
        self.store = self.opened.store
        self.document = apply_all(
            load(self.opened.document_saved, CLASSES), [e for entry in self.opened.tail for e in entry.edits]
        )
        self.revision = self.opened.revision

    def next_entry(self) -> Entry:
        """Check, invert and apply the next edit: a value and a place in turn."""
        self.revision += 1
        node = f"n{self.revision % NODES}"
        edit = (
            SetValue(node, "b", self.revision)
            if self.revision % 2
            else SetProperty(node, "frontend:pos", [1, 2])
        )
        done = transact(self.document, [edit])
        self.document = done.document
        return Entry(self.revision, "benchmark", done.edits, done.inverse, time.time())

    async def one_at_a_time(self, count: int) -> None:
        """Each edit waits for the one before it to be on disk."""
        for _ in range(count):
            await self.store.append([self.next_entry()])

    async def many_at_once(self, count: int, window: int) -> None:
        """As a client does that pipelines: at most `window` edits wait for the disk."""
        free = asyncio.Semaphore(window)

        async def append(entry: Entry) -> None:
            await self.store.append([entry])
            free.release()

        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                await free.acquire()
                group.create_task(append(self.next_entry()))


def figure(name: str, values: list[float], unit: str, note: str = "") -> dict[str, Any]:
    """Return one figure in the agreed form."""
    return {
        "name": name,
        "median": statistics.median(values),
        "unit": unit,
        "runs": len(values),
        "all": values,
        "note": note,
    }


async def rate(count: int, work: Callable[[], Any]) -> list[float]:
    """Return edits per second of each run, after one that does not count."""
    rates: list[float] = []
    for number in range(RUNS + 1):
        began = time.perf_counter()
        await work()
        if number:
            rates.append(count / (time.perf_counter() - began))
    return rates


async def measure(folder: Path) -> list[dict[str, Any]]:
    """Return all figures."""
    figures: list[dict[str, Any]] = []
    session = Session(folder)
    document = graph()
    whole = [AddNode(node) for node in document.nodes.values()] + [AddEdge(edge) for edge in document.edges]
    done = transact(Document(), whole)
    session.document, session.revision = done.document, 1
    await session.store.append([Entry(1, "benchmark", done.edits, done.inverse, time.time())])

    rates = await rate(300, lambda: session.one_at_a_time(300))
    figures.append(figure("edits on disk, one at a time", rates, "1/s", f"graph of {NODES} nodes"))
    figures.append(figure("one edit until it is on disk", [1000 / one for one in rates], "ms"))
    for window in (64, 1000):
        rates = await rate(3000, lambda window=window: session.many_at_once(3000, window))
        note = "each durable when its answer comes"
        figures.append(figure(f"edits on disk, {window} under way", rates, "1/s", note))

    dumper, times, sizes = Dumper(), list[float](), list[float]()
    dumper.dump(session.document, CLASSES)
    for _ in range(RUNS):
        await session.one_at_a_time(1)
        began = time.perf_counter()
        saved = dumper.dump(session.document, CLASSES)
        times.append(1000 * (time.perf_counter() - began))
        await session.store.snapshot(saved, session.revision)
        sizes.append(1000 * (time.perf_counter() - began))
    figures.append(figure("make what is saved, after one edit", times, "ms", "in the store's thread"))
    figures.append(figure("snapshot until it is on disk", sizes, "ms", f"graph of {NODES} nodes"))

    await session.many_at_once(2000, 1000)
    expected, text = session.document, msgspec.json.encode(session.document)
    session.store.close()
    starts: list[float] = []
    for _ in range(RUNS):
        began = time.perf_counter()
        session = Session(folder)
        starts.append(1000 * (time.perf_counter() - began))
        session.store.close()
    assert session.document == expected, f"{len(text)} bytes of graph came back different"
    figures.append(figure("open and replay", starts, "ms", f"{NODES} nodes, 2000 edits after the snapshot"))
    return figures


def main() -> None:
    """Measure in a folder of its own and print the figures."""
    with tempfile.TemporaryDirectory(prefix="bench-journal-") as folder:
        figures = asyncio.run(measure(Path(folder) / "worker"))
    json.dump({"figures": figures}, sys.stdout, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
