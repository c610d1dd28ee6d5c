"""How fast a worker is over its socket, authentication on: trips, edits on disk, events, start, memory."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from tests.support.worker_process import WorkerClient, WorkerProcess, make_worker, spawn

RUNS = 9
PIPELINED = 3000
CHAIN = 10


def _figure(name: str, values: list[float], unit: str, note: str = "") -> dict[str, Any]:
    median = statistics.median(values)
    return {"name": name, "median": median, "unit": unit, "runs": len(values), "all": values, "note": note}


async def _start(folder: Path) -> tuple[list[float], list[float], WorkerProcess]:
    """Start a worker several times; return seconds until ready, memory, and the last one, running."""
    ready: list[float] = []
    memory: list[float] = []
    worker = None
    for run in range(RUNS + 1):
        home = make_worker(folder / f"run-{run}", ("funcnodes-lab",))
        begun = time.perf_counter()
        worker = await spawn(home)
        if run:
            ready.append(time.perf_counter() - begun)
            memory.append(psutil.Process(worker.process.pid).memory_info().rss / 2**20)
        if run < RUNS:
            await worker.end()
    assert worker is not None
    return ready, memory, worker


async def _round_trips(client: WorkerClient) -> list[float]:
    await client.cmd("uuid")
    found: list[float] = []
    for _ in range(500):
        begun = time.perf_counter()
        await client.cmd("get_runstate")
        found.append((time.perf_counter() - begun) * 1000)
    return found


async def _pipelined(client: WorkerClient, method: str, kwargs: dict[str, Any]) -> list[float]:
    rates: list[float] = []
    for _ in range(3):
        begun = time.perf_counter()
        futures: list[asyncio.Future[dict[str, Any]]] = []
        for _ in range(PIPELINED):
            message = {"type": "cmd", "cmd": method, "kwargs": kwargs}
            futures.append(client.begin(message))
            await client.socket.send_str(json.dumps(message))
        await asyncio.gather(*futures)
        rates.append(PIPELINED / (time.perf_counter() - begun))
    return rates


async def _one_by_one(client: WorkerClient) -> list[float]:
    rates: list[float] = []
    for _ in range(5):
        begun = time.perf_counter()
        for _ in range(100):
            await client.cmd("add_node", id="lab.add")
        rates.append(100 / (time.perf_counter() - begun))
    await client.cmd("clear")
    return rates


async def _through_a_chain(client: WorkerClient) -> list[float]:
    """Milliseconds from setting the first input to hearing the last output."""
    for place in range(CHAIN):
        await client.call("add_node", id="lab.add", uuid=f"c{place}")
    for place in range(CHAIN - 1):
        ends = {"src_nid": f"c{place}", "src_ioid": "sum", "trg_nid": f"c{place + 1}", "trg_ioid": "left"}
        await client.call("add_edge", **ends)
    found: list[float] = []
    for value in range(200):
        # Past the client's rate, so that no run waits for the tick of the one before.
        await asyncio.sleep(0.05)
        begun = time.perf_counter()
        await client.call("set_io_value", nid="c0", ioid="left", value=value)
        wanted = value + CHAIN
        await client.wait_for(lambda c, wanted=wanted: c.value(f"c{CHAIN - 1}", "sum") == wanted)
        found.append((time.perf_counter() - begun) * 1000)
    return found


async def _main() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-worker-") as name:
        ready, memory, worker = await _start(Path(name))
        try:
            async with worker.connect() as client:
                trips = await _round_trips(client)
                await client.cmd("add_node", id="lab.add", uuid="a")
                reads = await _pipelined(client, "get_node_status", {"nid": "a"})
                sets = await _pipelined(client, "set_io_value", {"nid": "a", "ioid": "left", "value": 1})
                adds = await _one_by_one(client)
            async with worker.connect(subscribe=True) as client:
                chain = await _through_a_chain(client)
        finally:
            await worker.end()
    bytecode = "written" if not sys.dont_write_bytecode else "not written"
    return {
        "figures": [
            _figure("round trip of a command", trips, "ms", "p50 of 500"),
            _figure("pipelined reads", reads, "1/s", f"{PIPELINED} in a row"),
            _figure("pipelined edits, each on disk", sets, "1/s", f"{PIPELINED} in a row"),
            _figure("nodes added one by one, each on disk", adds, "1/s", "100 in a row"),
            _figure("from an input set to the last output of a chain of ten", chain, "ms"),
            _figure("ready after the process is started", ready, "s", f"bytecode {bytecode}"),
            _figure("memory of an idle worker", memory, "MiB", "resident, with the basic nodes loaded"),
        ]
    }


if __name__ == "__main__":
    json.dump(asyncio.run(_main()), sys.stdout)
