"""How fast a worker is over its socket, authentication on: start, idleness, trips, edits, events, data, end.

Each worker is a process started by its command, as a manager starts it: none is forked from a warm one, as
those of tests are. The measuring client is `_wire` (a websocket by hand, in a process of its own), so that
what is measured is the worker; what a program sees with `funcnodes.connect` is measured beside it. What
the disk takes for one sync is reported by itself, since an edit that is answered is on disk.
"""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import os
import re
import signal
import statistics
import sys
import tempfile
import threading
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from funcnodes_worker.home.token import read_or_make_token
from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.store.journal import Journal
from funcnodes_worker.store.records import Row

import funcnodes
from benchmarks._wire import Wire, frame, frames
from tests.support.processes import wakeups
from tests.support.worker_process import (
    WorkerProcess,
    document_on_disk,
    make_worker,
    packages_as_installed,
    spawn,
)

RUNS = 5
TRIPS = 1000
PIPELINED, ADDED = 20_000, 3000
CHAIN = 10
GROWN = 600
"""Rows until a journal's log has its full length, 1000 pages: the worker's has, when its chain is asked."""
KILLS = 5
SETTLE_S, IDLE_S = 1.5, 5.0
MILLION = 1_000_000

Figures = list[dict[str, Any]]


def figure(name: str, values: Sequence[float], unit: str, note: str = "", target: str = "") -> dict[str, Any]:
    """Return one figure in the agreed form; the note begins with what is to be reached."""
    return {
        "name": name,
        "median": statistics.median(values),
        "unit": unit,
        "runs": len(values),
        "all": list(values),
        "note": "; ".join(part for part in (target and f"to reach: {target}", note) if part),
    }


def processor_s(worker: WorkerProcess) -> float:
    """Return the seconds of processor time a worker has used: a busy machine hardly changes them."""
    used = psutil.Process(worker.process.pid).cpu_times()
    return used.user + used.system


def wire_to(worker: WorkerProcess) -> Wire:
    """Return a measuring connection."""
    return Wire(worker.port, read_or_make_token(worker.base))


async def started(home: WorkerHome, packages: str) -> WorkerProcess:
    """Return a worker that its command has started: a forked one would say nothing of starts and memory."""
    return await spawn(home, packages=packages, is_forked=False)


def timed(work: Callable[[], object]) -> float:
    """Return the seconds a piece of work takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


async def life(folder: Path, packages: str) -> tuple[Figures, WorkerProcess]:
    """Start and stop a worker several times; return the figures and the last one, running."""
    ready: list[float] = []
    memory: list[float] = []
    stop: list[float] = []
    home = make_worker(folder, ("funcnodes-basic", "funcnodes-lab"))
    for run in range(RUNS + 1):
        begun = time.perf_counter()
        worker = await started(home, packages)
        wire = wire_to(worker)
        wire.call("uuid")
        took = time.perf_counter() - begun
        wire.call("full_state")
        held = psutil.Process(worker.process.pid).memory_info().rss / 2**20
        wire.close()
        begun = time.perf_counter()
        await worker.end()
        if run:
            ready.append(took)
            memory.append(held)
            stop.append(time.perf_counter() - begun)
    worker = await started(home, packages)
    bytecode = (
        "from its command to its first answer; bytecode written by a start before, as a manager's workers"
    )
    held = "resident, basic nodes loaded, a client has read its whole state"
    found = [
        figure("ready after the process is started", ready, "s", bytecode, "≤ 0.6"),
        figure("memory of an idle worker", memory, "MiB", held, "≤ 50"),
        figure("stop", stop, "s", "from the signal to the end of the process, all on disk", "≤ 0.3"),
    ]
    return found, worker


def idleness(worker: WorkerProcess) -> Figures:
    """Return what an idle worker with a connected window uses, once what its start left to do is done."""
    wire = wire_to(worker)
    wire.call("subscribe")
    process = psutil.Process(worker.process.pid)
    woken = -1
    while (now := wakeups(process.pid)) != woken:
        woken = now
        time.sleep(SETTLE_S)
    before = sum(process.cpu_times()[:2])
    time.sleep(IDLE_S)
    used = sum(process.cpu_times()[:2]) - before
    wire.close()
    note = f"over {IDLE_S:g} s, a window open"
    return [
        figure("processor of an idle worker", [100 * used / IDLE_S], "%", note, "0.0"),
        figure("wake-ups of an idle worker", [wakeups(process.pid) - woken], "times", "of all its threads"),
    ]


class Disk:
    """What one sync of a row takes right now, in a journal of its own; writing the row is not counted."""

    def __init__(self, folder: Path) -> None:
        self._journal = Journal(folder / "sync.sqlite3")
        self._epoch = self._journal.begin_epoch("new", 0, None, b"{}")
        self._revision = 0
        # As long as the log grows, a sync writes down its new length too: one that is worked with has grown.
        for _ in range(GROWN):
            self.sync_ms()

    def sync_ms(self) -> float:
        """Return the milliseconds in which one row, written before, comes to be on disk."""
        self._revision += 1
        self._journal.append(self._epoch, [Row(self._revision, "me", bytes(150), bytes(150), 0.0)])
        return timed(self._journal.sync) * 1000

    def close(self) -> None:
        """Let the file go."""
        self._journal.close()


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


@dataclass
class Pipelined:
    """What calls in a row cost: how many a second, and the processor's time for each, on both sides."""

    rates: list[float] = field(default_factory=list[float])
    worker_us: list[float] = field(default_factory=list[float])
    client_us: list[float] = field(default_factory=list[float])
    answers: list[bytes] = field(default_factory=list[bytes])
    """Those of the last run, whole."""

    @property
    def costs(self) -> str:
        """The processor's time for one call, in words."""
        mine, theirs = statistics.median(self.client_us), statistics.median(self.worker_us)
        return f"{theirs:.0f} µs of the worker's processor time each, {mine:.0f} µs of the client's"


def pipelined(
    worker: WorkerProcess, wire: Wire, method: str, params: Sequence[dict[str, Any]], runs: int = 3
) -> Pipelined:
    """Return what several runs took, after one that does not count; every call must be answered."""
    found = Pipelined()
    for run in range(runs + 1):
        data = frames(
            {"type": "cmd", "cmd": method, "kwargs": one, "id": f"p{run}-{n}"} for n, one in enumerate(params)
        )
        worker_s, client_s, begun = processor_s(worker), time.process_time(), time.perf_counter()
        sending = threading.Thread(target=wire.send, args=(data,))
        sending.start()
        found.answers = [wire.receive_until(_is_answer) for _ in params]
        took, mine = time.perf_counter() - begun, time.process_time() - client_s
        sending.join()
        _check(found.answers, run)
        if run:
            found.rates.append(len(params) / took)
            found.worker_us.append((processor_s(worker) - worker_s) * 1e6 / len(params))
            found.client_us.append(mine * 1e6 / len(params))
    return found


def _check(answers: Sequence[bytes], run: int) -> None:
    """Fail unless every call was answered once, in order, with a result."""
    for number, answer in enumerate(answers):
        assert answer.startswith(b'{"type":"result"'), answer[:300]
        assert f'"id":"p{run}-{number}"'.encode() in answer[-60:], answer[-60:]


def _is_answer(message: bytes) -> bool:
    return message.startswith((b'{"type":"result"', b'{"type":"error"'))


def traffic(worker: WorkerProcess) -> Figures:
    """Return how fast commands and edits are."""
    wire = wire_to(worker)
    quick = pipelined(worker, wire, "uuid", [dict[str, Any]()] * PIPELINED)
    note = f"{PIPELINED} in a row, none dropped, {quick.costs}"
    found = [
        figure("round trip of `uuid`", trips(wire, "uuid", {}, TRIPS), "ms", f"p50 of {TRIPS}", "≤ 0.15"),
        figure("pipelined `uuid`", quick.rates, "1/s", note, "≥ 20,000"),
    ]
    alone = trips(wire, "add_node", {"id": "lab.add"}, 300)
    wire.call("clear")
    note = "each on disk before its answer, which holds the full node"
    found.append(figure("`add_node` one by one", [1000 / one for one in alone], "1/s", note))
    added = pipelined(worker, wire, "add_node", [{"id": "lab.add"}] * ADDED, 4)
    nodes = {_whole_node(answer) for answer in added.answers}
    assert len(nodes) == ADDED, f"{len(nodes)} nodes of {ADDED}"
    note = f"{ADDED} in a row, {note}; {added.costs}"
    found.append(figure("`add_node` pipelined", added.rates, "1/s", note, "≥ 5,000"))
    wire.call("clear")
    wire.call("add_node", id="lab.add", uuid="a")
    sets = [{"nid": "a", "ioid": "left", "value": n} for n in range(ADDED)]
    values = pipelined(worker, wire, "set_io_value", sets)
    found.append(figure("`set_io_value` pipelined", values.rates, "1/s", f"each on disk, {values.costs}"))
    wire.call("clear")
    wire.close()
    return found


def _whole_node(answer: bytes) -> str:
    """Return the id of the node in an answer, which holds all of it."""
    node = json.loads(answer)["result"]
    assert [port["id"] for port in node["io"]] == ["left", "right", "_triggerinput", "sum", "_triggeroutput"]
    assert node["status"]["inputs"].keys() == {"left", "right", "_triggerinput"}
    return node["id"]


def through_a_chain(worker: WorkerProcess, disk: Disk) -> Figures:
    """Return milliseconds from setting the first input to hearing the last output."""
    wire = wire_to(worker)
    for place in range(CHAIN):
        wire.call("add_node", id="lab.add", uuid=f"c{place}")
    for place in range(CHAIN - 1):
        ends = {"src_nid": f"c{place}", "src_ioid": "sum", "trg_nid": f"c{place + 1}", "trg_ioid": "left"}
        wire.call("add_edge", **ends)
    wire.call("subscribe", rate=1000)
    last = f'"c{CHAIN - 1}"'.encode()
    found: list[float] = []
    syncs: list[float] = []
    for value in range(200):
        # Past the feed's pause, which is a little longer than the client's, so that no run waits for it.
        time.sleep(0.01)
        syncs.append(disk.sync_ms())
        message = frame({"jsonrpc": "2.0", "id": 0, "method": "set_io_value",
                         "params": {"nid": "c0", "ioid": "left", "value": value}})  # fmt: skip
        wanted = re.compile(rf'"value":{value + CHAIN}[,}}]'.encode())
        begun = time.perf_counter()
        wire.send(message)
        wire.receive_until(lambda heard, wanted=wanted: last in heard and wanted.search(heard) is not None)
        found.append((time.perf_counter() - begun) * 1000)
    wire.call("clear")
    wire.close()
    sync_ms = statistics.median(syncs)
    note = "from an input set to the event of the last output"
    return [
        figure("one sync of this disk, in between", syncs, "ms", "of one row, in a journal of its own"),
        figure("through a chain of ten", found, "ms", f"{note}, the disk's sync included"),
        figure(
            "through a chain of ten, without the sync", [one - sync_ms for one in found], "ms", note, "≤ 0.8"
        ),
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
    packed = "/values/list/out?format=npy"
    answer = json.loads(wire.call_raw("get_io_full_value", nid="list", ioid="out"))["result"]
    whole = json.loads(base64.b64decode(answer["data"]))
    for found in (_numbers(wire), _fetch(worker, packed)):
        numbers = array("d", found[-8 * MILLION :])
        assert len(numbers) == len(whole) == MILLION
        assert numbers.tolist() == whole, "all ways bring the same numbers"
    text = [timed(lambda: wire.call_raw("get_io_full_value", nid="list", ioid="out")) for _ in range(RUNS)]
    fetched = [timed(lambda: _fetch(worker, "/values/list/out")) for _ in range(RUNS)]
    over_http = [timed(lambda: _fetch(worker, packed)) for _ in range(RUNS)]
    sent = [timed(lambda: _numbers(wire)) for _ in range(RUNS)]
    wire.call("clear")
    wire.close()
    return [
        figure("a million floats to the client", sent, "s", "a list, whole, as npy on the socket", "≤ 0.05"),
        figure("a million floats as npy over HTTP", over_http, "s", "a list, whole, from `/values/…`"),
        figure("a million floats as JSON on the socket", text, "s", "a list, whole, in base64"),
        figure("a million floats as JSON over HTTP", fetched, "s", "a list, whole, from `/values/…`"),
    ]


def _numbers(wire: Wire) -> bytes:
    """Return the frame with a list of numbers as they lie in memory."""
    wanted = {"nid": "list", "ioid": "out", "mime": "application/x-npy"}
    command = {"type": "cmd", "cmd": "get_io_full_value", "kwargs": wanted, "as_bytes": True, "id": "f"}
    wire.send(frame(command))
    return wire.receive_until(lambda message: b"type=result" in message[:200] and b"id=f" in message[:200])


def _fetch(worker: WorkerProcess, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=60)
    connection.request("GET", path, headers=worker.bearer)
    response = connection.getresponse()
    assert response.status == 200, response.status
    whole = response.read()
    connection.close()
    return whole


async def kills(folder: Path, packages: str) -> Figures:
    """Return how many acknowledged edits are missing after a kill -9 in the middle of a burst."""
    lost: list[float] = []
    for run in range(KILLS):
        home = make_worker(folder / f"kill-{run}", ("funcnodes-lab",))
        worker = await started(home, packages)
        acknowledged = await asyncio.to_thread(_burst, worker)
        worker.process.send_signal(signal.SIGKILL)
        await worker.process.wait()
        on_disk = document_on_disk(home).nodes
        lost.append(sum(name not in on_disk for name in acknowledged))
    return [
        figure(
            "acknowledged edits lost to kill -9", [sum(lost)], "edits", f"{KILLS} kills within a burst", "0"
        )
    ]


def _burst(worker: WorkerProcess) -> list[str]:
    wire = wire_to(worker)
    wire.send(
        frames({"type": "cmd", "cmd": "add_node", "kwargs": {"id": "lab.add"}, "id": n} for n in range(1000))
    )
    answers = [json.loads(wire.receive_until(_is_answer)) for _ in range(200)]
    return [answer["result"]["id"] for answer in answers]


class Clock:
    """Says on standard error what is being measured, and how long it took."""

    def __init__(self) -> None:
        self._begun = self._last = time.perf_counter()

    def say(self, done: str) -> None:
        """Tell that a part is over."""
        now = time.perf_counter()
        print(f"  {done}: {now - self._last:.1f} s ({now - self._begun:.0f} s)", file=sys.stderr, flush=True)
        self._last = now


async def main() -> Figures:
    """Return all figures."""
    # As managers start workers (design, 6): the first one, which does not count, leaves its bytecode.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    clock = Clock()
    with tempfile.TemporaryDirectory(prefix="bench-worker-") as name:
        folder = Path(name)
        disk, packages = Disk(folder), packages_as_installed(folder)
        found, worker = await life(folder, packages)
        clock.say("start and stop")
        try:
            found += await asyncio.to_thread(idleness, worker)
            clock.say("idleness")
            found += await asyncio.to_thread(traffic, worker)
            clock.say("calls and edits")
            found += await asyncio.to_thread(through_a_chain, worker, disk)
            clock.say("chain")
            found += await data(worker)
            clock.say("large data")
            found += await with_the_client(worker)
            clock.say("funcnodes.connect")
        finally:
            await worker.end()
            disk.close()
        found += await kills(folder, packages)
        clock.say("kills")
        return found


if __name__ == "__main__":
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    print(f"load of the machine before: {load:.2f}", file=sys.stderr)
    json.dump({"figures": asyncio.run(main())}, sys.stdout)
