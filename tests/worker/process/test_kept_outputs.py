"""What was computed before a restart is there after it, and is computed again only where it would differ."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.store.kept import FILE_NAME

from tests.support.worker_process import PACKAGES, WorkerClient, WorkerProcess, make_worker, spawn


@asynccontextmanager
async def worker_of(home: WorkerHome, packages: Path = PACKAGES) -> AsyncGenerator[WorkerProcess]:
    worker = await spawn(home, packages=packages)
    try:
        yield worker
        if worker.process.returncode is None:
            assert await worker.end() == 0, worker.log()
    finally:
        if worker.process.returncode is None:
            worker.process.kill()
            await worker.process.wait()
        home.runstate_file.unlink(missing_ok=True)


class Bench:
    """A worker home whose nodes write their runs into one file."""

    def __init__(self, folder: Path) -> None:
        self.home = make_worker(folder, ("funcnodes-kept",))
        self.log = folder / "runs.txt"
        self.log.touch()

    def ran(self) -> Counter[str]:
        """Return who ran since this was asked last."""
        lines = self.log.read_text().split()
        self.log.write_text("")
        return Counter(lines)

    async def add(self, client: WorkerClient, kind: str, node: str, **values: Any) -> None:
        await client.call("add_node", id=f"kept.{kind}", uuid=node)
        for port, value in values.items():
            await client.call("set_io_value", nid=node, ioid=port, value=value)
        await client.call("set_io_value", nid=node, ioid="log", value=str(self.log))


async def wire(client: WorkerClient, one: str, other: str) -> None:
    (src, out), (trg, port) = one.split("."), other.split(".")
    await client.call("add_edge", src_nid=src, src_ioid=out, trg_nid=trg, trg_ioid=port)


def rows(home: WorkerHome) -> int:
    if not (home.folder / FILE_NAME).exists():
        return 0
    connection = sqlite3.connect(home.folder / FILE_NAME)
    try:
        return connection.execute("SELECT COUNT(*) FROM nodes").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()


async def wait_kept(home: WorkerHome, count: int) -> None:
    """Return when so many nodes are kept."""
    async with asyncio.timeout(15):
        while rows(home) != count:  # noqa: ASYNC110
            # A database of another process has no event to wait for.
            await asyncio.sleep(0.02)


async def shown(client: WorkerClient) -> dict[str, Any]:
    return (await client.call("subscribe"))["feed"]


async def test_after_a_restart_nothing_runs_and_all_is_there(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    async with worker_of(bench.home) as worker, worker.connect(subscribe=True) as client:
        await bench.add(client, "pair", "p", value={"a": [1, 2.5]})
        await bench.add(client, "numbers", "n", count=1000)
        await bench.add(client, "total", "t")
        await bench.add(client, "in_thread", "i")
        await wire(client, "n.array", "t.array")
        await wire(client, "p.both", "i.value")
        # What a user set is kept whether it is the default or not.
        await client.call("set_io_value", nid="p", ioid="seconds", value=0)
        await client.call("set_io_value", nid="n", ioid="count", value=1000, set_default=True)
        await client.wait_for(lambda c: c.value("t", "sum") == 499500 and c.value("i", "out"))
        before = (await shown(client))["values"]
        assert not any(state["kept"] for state in (await shown(client))["states"].values())
    assert bench.ran().keys() == {"pair", "numbers", "total", "in_thread"}
    for _ in range(2):
        async with worker_of(bench.home) as worker, worker.connect(subscribe=True) as client:
            await client.wait_for(lambda c: c.value("t", "sum") == 499500)
            after = await shown(client)
            assert {node: after["states"][node]["kept"] for node in "pnti"} == dict.fromkeys("pnti", True)
            assert outputs_of(after["values"]) == outputs_of(before)
            assert bench.ran() == {}
            nodes = (await client.call("subscribe"))["document"]["nodes"]
            assert nodes["p"]["ports"]["seconds"]["value"] == 0
            assert nodes["n"]["ports"]["count"]["default"] == 1000
            assert await client.call("get_io_value", nid="p", ioid="both") == [{"a": [1, 2.5]}, "pair"]
    # It lives: a new value goes all the way.
    async with worker_of(bench.home) as worker, worker.connect(subscribe=True) as client:
        await client.call("set_io_value", nid="n", ioid="count", value=3)
        await client.wait_for(lambda c: c.value("t", "sum") == 3)
        assert bench.ran() == {"numbers": 1, "total": 1}
        states = (await shown(client))["states"]
        assert [states[node]["kept"] for node in "pnti"] == [True, False, False, True]
        # What is asked for runs, and what hangs on it, though it was kept.
        await client.call("trigger_node", nid="p")
        await client.wait_for(lambda c: c.state("i").get("run"))
        assert bench.ran() == {"pair": 1, "in_thread": 1}


OUTPUTS = (("p", "both"), ("n", "array"), ("t", "sum"), ("i", "out"))


def outputs_of(values: dict[str, Any]) -> list[Any]:
    return [values[node][port] for node, port in OUTPUTS]


async def test_a_value_changed_in_the_last_moment_counts(tmp_path: Path) -> None:
    """Killed between the edit and the run: the node runs, what hangs on it too, the rest does not."""
    bench = Bench(tmp_path)
    async with worker_of(bench.home) as worker, worker.connect(subscribe=True) as client:
        await bench.add(client, "pair", "slow", value=1)
        await bench.add(client, "in_thread", "behind")
        await bench.add(client, "pair", "other", value=2)
        await wire(client, "slow.both", "behind.value")
        await client.wait_for(lambda c: c.value("behind", "out") == [1, "pair"])
        await wait_kept(bench.home, 3)
        await client.call("set_io_value", nid="slow", ioid="seconds", value=60)
        await client.call("set_io_value", nid="slow", ioid="value", value=5)
        worker.process.send_signal(signal.SIGKILL)
        await worker.process.wait()
    bench.ran()
    async with worker_of(bench.home) as worker, worker.connect(subscribe=True) as client:
        await client.wait_for(lambda c: c.state("slow").get("status") == "running")
        # Shown though the graph's thread is busy from its first moment.
        assert (await shown(client))["states"]["other"]["kept"]
        await client.call("interrupt")
        await client.call("set_io_value", nid="slow", ioid="seconds", value=0)
        await client.wait_for(lambda c: c.value("behind", "out") == [5, "pair"])
        assert "other" not in [*bench.ran()]


async def test_a_node_that_cannot_be_kept_runs_and_what_it_feeds_only_if_it_differs(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    async with worker_of(bench.home) as worker, worker.connect(subscribe=True) as client:
        await bench.add(client, "numbers", "big", count=100_000)  # cheap for its size: not kept
        await bench.add(client, "total", "sum", seconds=0.2)
        await bench.add(client, "pair", "after")
        await wire(client, "big.array", "sum.array")
        await wire(client, "sum.sum", "after.value")
        await bench.add(client, "thing", "thing")  # what nobody can compare
        await bench.add(client, "weigh", "weigh")
        await wire(client, "thing.thing", "weigh.thing")
        await client.wait_for(lambda c: c.value("after", "both") and c.value("weigh", "weight"))
        await wait_kept(bench.home, 2)
    bench.ran()
    async with worker_of(bench.home) as worker, worker.connect(subscribe=True) as client:
        await client.wait_for(lambda c: c.state("big").get("run") and c.state("weigh").get("run"))
        await client.wait_for(lambda c: c.value("after", "both") == [4999950000.0, "pair"])
        assert bench.ran() == {"numbers": 1, "thing": 1, "weigh": 1}
        states = (await shown(client))["states"]
        assert [states[node]["kept"] for node in ("big", "sum", "after", "weigh")] == [
            False,
            True,
            True,
            False,
        ]


async def test_changed_code_runs_again_and_other_packages_do_not(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    packages = tmp_path / "packages"
    shutil.copytree(PACKAGES, packages)
    source = packages / "kept_nodes" / "__init__.py"
    async with worker_of(bench.home, packages) as worker, worker.connect(subscribe=True) as client:
        await bench.add(client, "pair", "p", value=1)
        await client.wait_for(lambda c: c.value("p", "both") == [1, "pair"])
    bench.ran()
    changed = source.read_text().replace('return [value, "pair"]', "return [value, kept_words.word()]")
    source.write_text(changed.replace("import time\n", "import time\n\nimport kept_words\n"))
    scripts = bench.home.local_scripts
    scripts.mkdir(exist_ok=True)
    (scripts / "kept_words.py").write_text("import kept_word\n\ndef word():\n    return kept_word.WORD\n")
    for word in ("new", "newer"):
        # The second time it is not the node's own package: a script that one imports which it imports.
        (scripts / "kept_word.py").write_text(f"WORD = {word!r}\n")
        async with worker_of(bench.home, packages) as worker, worker.connect(subscribe=True) as client:
            await client.wait_for(lambda c, word=word: c.value("p", "both") == [1, word])
            assert bench.ran() == {"pair": 1}


async def test_what_must_run_runs(tmp_path: Path) -> None:
    """A class that says so, a node that failed, one behind a value that differs."""
    bench = Bench(tmp_path)
    async with worker_of(bench.home) as worker, worker.connect(subscribe=True) as client:
        await bench.add(client, "restless", "r")
        await bench.add(client, "total", "fails", array="nothing")
        await bench.add(client, "unsteady", "u")
        await bench.add(client, "total", "behind")
        await wire(client, "u.number", "behind.array")
        await client.wait_for(lambda c: c.value("r", "out") and c.value("behind", "sum"))
        await client.wait_for(lambda c: c.state("fails").get("status") == "failed")
        await wait_kept(bench.home, 1)
    bench.ran()
    async with worker_of(bench.home) as worker, worker.connect(subscribe=True) as client:
        await client.wait_for(lambda c: c.state("behind").get("run") and c.state("r").get("run"))
        await client.wait_for(lambda c: c.state("fails").get("status") == "failed")
        assert bench.ran() == {"restless": 1, "unsteady": 1, "total": 2}


@pytest.mark.parametrize("rounds", [1, pytest.param(12, marks=pytest.mark.soak)])
async def test_killed_at_any_moment_what_is_kept_is_true(tmp_path: Path, rounds: int) -> None:
    bench = Bench(tmp_path)
    async with worker_of(bench.home) as worker, worker.connect(subscribe=True) as client:
        await bench.add(client, "numbers", "n", count=5)
        await bench.add(client, "total", "t")
        await wire(client, "n.array", "t.array")
        await client.wait_for(lambda c: c.value("t", "sum") == 10)
    for number in range(rounds):
        count = 10 + number
        async with worker_of(bench.home) as worker, worker.connect(subscribe=True) as client:
            await client.call("set_io_value", nid="n", ioid="count", value=count)
            await client.wait_for(lambda c, n=count: c.value("t", "sum") == n * (n - 1) / 2)
            await asyncio.sleep(0.98 + 0.01 * number)  # not for luck: any moment of writing will do
            worker.process.send_signal(signal.SIGKILL)
            await worker.process.wait()
        async with worker_of(bench.home) as worker, worker.connect(subscribe=True) as client:
            await client.wait_for(lambda c, n=count: c.value("t", "sum") == n * (n - 1) / 2)
