"""How fast a worker is over its socket, authentication on: start, idleness, trips, edits, events, data, end.

The measuring client is `_wire` (a websocket by hand, in a process of its own), so that what is measured is
the worker; what a user's program sees with `funcnodes.connect` is measured beside it. What the disk takes for
one sync is reported by itself, since an edit that is answered is on disk.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import signal
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
from funcnodes_worker.home.token import read_or_make_token

import funcnodes
from benchmarks._wire import Wire, frame, frames
from tests.support.worker_process import WorkerProcess, document_on_disk, make_worker, spawn

RUNS = 5
TRIPS = 1000
PIPELINED, ADDED = 20_000, 3000
CHAIN = 10
KILLS = 5
IDLE_S = 3.0
MILLION = 1_000_000

Figures = list[dict[str, Any]]


def figure(name: str, values: Sequence[float], unit: str, note: str = "") -> dict[str, Any]:
    """Return one figure in the agreed form."""
    median = statistics.median(values)
    return {
        "name": name,
        "median": median,
        "unit": unit,
        "runs": len(values),
        "all": list(values),
        "note": note,
    }


def wire_to(worker: WorkerProcess) -> Wire:
    """Return a measuring connection."""
    return Wire(worker.port, read_or_make_token(worker.base))


def timed(work: Callable[[], object]) -> float:
    """Return the seconds a piece of work takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


async def life(folder: Path) -> tuple[Figures, WorkerProcess]:
    """Start and stop a worker several times; return the figures and the last one, running."""
    ready: list[float] = []
    memory: list[float] = []
    stop: list[float] = []
    home = make_worker(folder, ("funcnodes-lab",))
    for run in range(RUNS + 1):
        begun = time.perf_counter()
        worker = await spawn(home)
        if run:
            ready.append(time.perf_counter() - begun)
            memory.append(psutil.Process(worker.process.pid).memory_info().rss / 2**20)
        begun = time.perf_counter()
        await worker.end()
        if run:
            stop.append(time.perf_counter() - begun)
    worker = await spawn(home)
    bytecode = "bytecode written" if not sys.dont_write_bytecode else "bytecode not written"
    found = [
        figure("ready after the process is started", ready, "s", bytecode),
        figure("memory of an idle worker", memory, "MiB", "resident, with the basic nodes loaded"),
        figure("stop", stop, "s", "from the signal to the end of the process, all on disk"),
    ]
    return found, worker


def idleness(worker: WorkerProcess) -> Figures:
    """Return what an idle worker with a connected window uses."""
    wire = wire_to(worker)
    wire.call("subscribe")
    time.sleep(3.0)
    process = psutil.Process(worker.process.pid)
    before, woken = sum(process.cpu_times()[:2]), process.num_ctx_switches().voluntary
    time.sleep(IDLE_S)
    used = sum(process.cpu_times()[:2]) - before
    wire.close()
    return [
        figure(
            "processor of an idle worker", [100 * used / IDLE_S], "%", f"over {IDLE_S:g} s, a window open"
        ),
        figure(
            "wake-ups of an idle worker",
            [process.num_ctx_switches().voluntary - woken],
            "times",
            "main thread",
        ),
    ]


def sync_of_the_disk(folder: Path) -> float:
    """Return the median milliseconds of committing one row as the journal does, alone."""
    connection = sqlite3.connect(folder / "sync.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE rows (data BLOB)")

    def commit() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO rows VALUES (?)", (bytes(300),))
        connection.execute("COMMIT")

    found = [timed(commit) for _ in range(200)]
    connection.close()
    return statistics.median(found) * 1000


def trips(wire: Wire, method: str, params: dict[str, Any], count: int) -> list[float]:
    """Return the milliseconds of calls one after the other."""
    asked = [{"type": "cmd", "cmd": method, "kwargs": params, "id": f"t{n}"} for n in range(count)]
    found: list[float] = []
    for message in map(frame, asked):
        begun = time.perf_counter()
        wire.send(message)
        wire.receive_until(_is_answer)
        found.append((time.perf_counter() - begun) * 1000)
    return found


def pipelined(wire: Wire, method: str, params: Sequence[dict[str, Any]]) -> list[float]:
    """Return calls per second, of several runs; every call must be answered with a result."""
    rates: list[float] = []
    for run in range(4):
        data = frames(
            {"type": "cmd", "cmd": method, "kwargs": one, "id": f"p{run}-{n}"} for n, one in enumerate(params)
        )
        begun = time.perf_counter()
        sending = threading.Thread(target=wire.send, args=(data,))
        sending.start()
        for _ in params:
            answer = wire.receive_until(_is_answer)
            assert answer.startswith(b'{"type":"result"'), answer[:300]
        if run:
            rates.append(len(params) / (time.perf_counter() - begun))
        sending.join()
    return rates


def _is_answer(message: bytes) -> bool:
    return message.startswith((b'{"type":"result"', b'{"type":"error"'))


def traffic(worker: WorkerProcess) -> Figures:
    """Return how fast commands and edits are."""
    wire = wire_to(worker)
    found = [
        figure("round trip of `uuid`", trips(wire, "uuid", {}, TRIPS), "ms", f"p50 of {TRIPS}"),
        figure(
            "pipelined `uuid`",
            pipelined(wire, "uuid", [dict[str, Any]()] * PIPELINED),
            "1/s",
            f"{PIPELINED} in a row, none dropped",
        ),
    ]
    alone = trips(wire, "add_node", {"id": "lab.add"}, 300)
    wire.call("clear")
    note = "each on disk before its answer, which holds the full node"
    found.append(figure("`add_node` one by one", [1000 / one for one in alone], "1/s", note))
    added: list[float] = []
    for _ in range(2):
        added += pipelined(wire, "add_node", [{"id": "lab.add"}] * ADDED)
        wire.call("clear")
    found.append(figure("`add_node` pipelined", added, "1/s", f"{ADDED} in a row, {note}"))
    wire.call("add_node", id="lab.add", uuid="a")
    sets = [{"nid": "a", "ioid": "left", "value": n} for n in range(ADDED)]
    found.append(
        figure("`set_io_value` pipelined", pipelined(wire, "set_io_value", sets), "1/s", "each on disk")
    )
    wire.call("clear")
    wire.close()
    return found


def through_a_chain(worker: WorkerProcess, sync_ms: float) -> Figures:
    """Return milliseconds from setting the first input to hearing the last output."""
    wire = wire_to(worker)
    for place in range(CHAIN):
        wire.call("add_node", id="lab.add", uuid=f"c{place}")
    for place in range(CHAIN - 1):
        ends = {"src_nid": f"c{place}", "src_ioid": "sum", "trg_nid": f"c{place + 1}", "trg_ioid": "left"}
        wire.call("add_edge", **ends)
    wire.call("subscribe")
    last = f'"c{CHAIN - 1}"'.encode()
    found: list[float] = []
    for value in range(200):
        # Past the client's rate, so that no run waits for the tick of the one before.
        time.sleep(0.04)
        message = frame({"jsonrpc": "2.0", "id": 0, "method": "set_io_value",
                         "params": {"nid": "c0", "ioid": "left", "value": value}})  # fmt: skip
        wanted = re.compile(rf'"value":{value + CHAIN}[,}}]'.encode())
        begun = time.perf_counter()
        wire.send(message)
        wire.receive_until(lambda heard, wanted=wanted: last in heard and wanted.search(heard) is not None)
        found.append((time.perf_counter() - begun) * 1000)
    wire.call("clear")
    wire.close()
    note = "from an input set to the event of the last output"
    return [
        figure("through a chain of ten", found, "ms", f"{note}, the disk's sync included"),
        figure("through a chain of ten, without the sync", [one - sync_ms for one in found], "ms", note),
    ]


async def with_the_client(worker: WorkerProcess) -> Figures:
    """Return what a user's program sees."""
    found: list[float] = []
    async with funcnodes.connect("lab", base=worker.base.folder) as lab:
        for _ in range(TRIPS):
            begun = time.perf_counter()
            await lab.call("uuid")
            found.append((time.perf_counter() - begun) * 1000)
        await lab.add_node("lab.floats", uuid="many")
        await lab.set("many", "count", MILLION)
        await lab.wait_idle()
        whole: list[float] = []
        for _ in range(RUNS):
            begun = time.perf_counter()
            assert len(await lab.get("many", "out")) == MILLION
            whole.append(time.perf_counter() - begun)
        await lab.call("clear")
    return [
        figure("round trip of `uuid` with funcnodes.connect", found, "ms", "with an event loop"),
        figure("a million floats with funcnodes.connect", whole, "s", "a list, read into a list"),
    ]


async def data(worker: WorkerProcess) -> Figures:
    """Return how long a large value takes to a client that only receives it."""
    wire = wire_to(worker)
    wire.call("add_node", id="lab.floats", uuid="list")
    wire.call("set_io_value", nid="list", ioid="count", value=MILLION)
    wire.call("wait_idle")
    found = [timed(lambda: wire.call_raw("get_io_full_value", nid="list", ioid="out")) for _ in range(RUNS)]
    fetched = [timed(lambda: _fetch(worker, "/values/list/out")) for _ in range(RUNS)]
    wire.call("clear")
    wire.close()
    return [
        figure("a million floats to the client", found, "s", "a list, whole, as JSON on the socket"),
        figure("a million floats over HTTP", fetched, "s", "a list, whole, as JSON from `/values/…`"),
    ]


def _fetch(worker: WorkerProcess, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=60)
    connection.request("GET", path, headers=worker.bearer)
    response = connection.getresponse()
    assert response.status == 200, response.status
    whole = response.read()
    connection.close()
    return whole


async def kills(folder: Path) -> Figures:
    """Return how many acknowledged edits are missing after a kill -9 in the middle of a burst."""
    lost: list[float] = []
    for run in range(KILLS):
        home = make_worker(folder / f"kill-{run}", ("funcnodes-lab",))
        worker = await spawn(home)
        acknowledged = await asyncio.to_thread(_burst, worker)
        worker.process.send_signal(signal.SIGKILL)
        await worker.process.wait()
        on_disk = document_on_disk(home).nodes
        lost.append(sum(name not in on_disk for name in acknowledged))
    return [
        figure("acknowledged edits lost to kill -9", [sum(lost)], "edits", f"{KILLS} kills within a burst")
    ]


def _burst(worker: WorkerProcess) -> list[str]:
    wire = wire_to(worker)
    wire.send(
        frames({"type": "cmd", "cmd": "add_node", "kwargs": {"id": "lab.add"}, "id": n} for n in range(1000))
    )
    answers = [json.loads(wire.receive_until(_is_answer)) for _ in range(200)]
    return [answer["result"]["id"] for answer in answers]


async def main() -> Figures:
    """Return all figures."""
    with tempfile.TemporaryDirectory(prefix="bench-worker-") as name:
        folder = Path(name)
        found, worker = await life(folder)
        try:
            sync_ms = await asyncio.to_thread(sync_of_the_disk, folder)
            found.append(
                figure("one sync of this disk", [sync_ms], "ms", "SQLite, one row, as the journal does")
            )
            found += await asyncio.to_thread(idleness, worker)
            found += await asyncio.to_thread(traffic, worker)
            found += await asyncio.to_thread(through_a_chain, worker, sync_ms)
            found += await data(worker)
            found += await with_the_client(worker)
        finally:
            await worker.end()
        return found + await kills(folder)


if __name__ == "__main__":
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    print(f"load of the machine before: {load:.2f}", file=sys.stderr)
    json.dump({"figures": asyncio.run(main())}, sys.stdout)
