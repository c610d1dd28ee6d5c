"""A fleet of real processes: started, stopped, crashed, deaf, left alone, found again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import psutil
import pytest
from funcnodes.server.client import connect
from funcnodes.supervisor.errors import BaseFolderInUse
from funcnodes_worker.home.run_state import RunRecord, write_run_record
from funcnodes_worker.home.token import read_or_make_token
from funcnodes_worker.home.worker_home import WorkerHome

from tests.support.fleet import (
    Line,
    base_in,
    fleet_of,
    line_to,
    manager_of,
    nearly_all_below,
    new_worker,
    start_manager_process,
    status_of,
    wait_for_status,
)
from tests.support.processes import kill_all_of


async def test_start_stop_restart_delete(tmp_path: Path) -> None:
    """A worker runs, ends, runs again as another process, and is gone with its folder."""
    base = base_in(tmp_path)
    async with fleet_of(base) as client:
        uuid = await new_worker(client, "Wet Lab #2")
        running = await status_of(client, uuid)
        await client.call("restart_worker", workerid=uuid)
        again = await status_of(client, uuid)
        await client.call("stop_worker", workerid=uuid)
        stopped = await status_of(client, uuid)
        await client.call("delete_worker", workerid=uuid)
        left = await client.call("status")

    assert uuid.startswith("wet-lab-2_")
    assert (running["phase"], again["phase"], stopped["phase"]) == ("running", "running", "stopped")
    assert running["pid"] != again["pid"]
    assert stopped["pid"] is None
    assert left == {"workers": []}
    assert not WorkerHome(base, uuid).folder.exists()
    assert not WorkerHome(base, uuid).config_file.exists()


@pytest.mark.alone
async def test_an_abort_leaves_others_alone_and_is_listed_with_cause_and_node(tmp_path: Path) -> None:
    """Within a second; the other worker's pings stay under 100 ms all the while."""
    base = base_in(tmp_path)
    async with fleet_of(base) as client:
        victim, other = await new_worker(client, "victim"), await new_worker(client, "other")
        async with line_to(client, victim) as to_victim, line_to(client, other) as to_other:
            pings: list[float] = []
            watching = asyncio.create_task(_ping_forever(to_other, pings))
            start = time.perf_counter()
            await to_victim.run("node-7", "abort")
            told = await wait_for_status(client, victim, lambda s: "node-7" in str(s["reason"]), 5)
            noticed_s = time.perf_counter() - start
            back = await wait_for_status(client, victim, lambda s: s["phase"] == "running")
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    assert noticed_s < 1.0
    assert "killed by signal 6 (SIGABRT) while node `node-7` ran" in str(told["reason"])
    assert "node-7" in str(back["reason"]), "the cause stays readable after the restart"
    log = (base.logs / "funcnodes.log").read_text()
    assert f"worker {victim}: starting started again after it was killed by signal 6" in log
    assert read_or_make_token(base) not in log
    assert nearly_all_below(pings, 0.1)


@pytest.mark.alone
async def test_a_deaf_worker_is_named_and_can_be_killed(tmp_path: Path) -> None:
    """A native call that keeps the interpreter lock: named within 5 s, then killed and back."""
    async with fleet_of(base_in(tmp_path)) as client:
        victim, other = await new_worker(client, "victim"), await new_worker(client, "other")
        before = await status_of(client, victim)
        async with line_to(client, victim) as to_victim, line_to(client, other) as to_other:
            pings: list[float] = []
            watching = asyncio.create_task(_ping_forever(to_other, pings))
            start = time.perf_counter()
            await to_victim.run("regex", "backtrack")
            deaf = await wait_for_status(client, victim, lambda s: s["deaf"], 8)
            named_s = time.perf_counter() - start
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        await client.call("kill_worker", workerid=victim)
        after = await status_of(client, victim)

    assert named_s < 5.0
    assert deaf["running_node"]["node"] == "regex"  # type: ignore[index]
    assert "node `regex` runs. Kill and restart it" in str(deaf["reason"])
    assert nearly_all_below(pings, 0.1)
    assert (after["phase"], after["deaf"]) == ("running", False)
    assert after["pid"] != before["pid"]


@pytest.mark.usefixtures("hurried")
async def test_a_deaf_worker_can_be_stopped(tmp_path: Path) -> None:
    """Stop climbs its ladder to the end when nobody answers."""
    async with fleet_of(base_in(tmp_path)) as client:
        uuid = await new_worker(client, "victim")
        async with line_to(client, uuid) as line:
            await line.run("regex", "backtrack")
            await wait_for_status(client, uuid, lambda s: s["deaf"], 8)
        async with asyncio.timeout(8):
            await client.call("stop_worker", workerid=uuid)
        stopped = await status_of(client, uuid)

    assert (stopped["phase"], stopped["reason"]) == ("stopped", "it did not end when asked, so it was killed")


async def test_a_long_run_that_lets_others_speak_is_shown_and_not_deaf(tmp_path: Path) -> None:
    """A node that sleeps for two seconds is named while it runs; the worker hears."""
    async with fleet_of(base_in(tmp_path)) as client:
        uuid = await new_worker(client, "sleeper")
        async with line_to(client, uuid) as line:
            await line.run("nap", "sleep 2.5")
            shown = await wait_for_status(client, uuid, lambda s: s["running_node"], 5)
            over = await wait_for_status(client, uuid, lambda s: not s["running_node"], 5)

    assert shown["running_node"]["node"] == "nap"  # type: ignore[index]
    assert (shown["deaf"], over["deaf"]) == (False, False)


async def test_a_worker_that_cannot_start_says_why(tmp_path: Path) -> None:
    """The start is answered with the exit code and the last words; nothing is tried again."""
    base = base_in(tmp_path)
    async with fleet_of(base) as client:
        uuid = await new_worker(client, "refuses", start=False)
        (WorkerHome(base, uuid).folder / "refuse-to-start").touch()
        with pytest.raises(Exception, match="exit code 1; its last words: this worker was told to refuse"):
            await client.call("start_worker", workerid=uuid)
        failed = await status_of(client, uuid)

    assert failed["phase"] == "failed"


async def test_a_killed_manager_leaves_workers_and_the_next_has_them(tmp_path: Path) -> None:
    """The same process is listed as running by the next manager, which notices its end too."""
    base = base_in(tmp_path)
    first = await start_manager_process(base)
    try:
        async with connect(base) as client:
            uuid = await new_worker(client, "survivor")
            before = await status_of(client, uuid)
        first.kill()
        await first.wait()
        assert psutil.pid_exists(int(str(before["pid"])))

        async with manager_of(base), connect(base) as client:
            found = await wait_for_status(client, uuid, lambda s: s["phase"] == "running")
            os.kill(int(str(found["pid"])), signal.SIGKILL)
            back = await wait_for_status(
                client, uuid, lambda s: s["phase"] == "running" and s["pid"] != found["pid"]
            )
    finally:
        kill_all_of(base.folder)

    assert found["pid"] == before["pid"]
    assert "an earlier manager had started it" in str(back["reason"])


async def test_a_worker_that_died_with_its_manager_is_started_by_the_next(tmp_path: Path) -> None:
    """The plug was pulled on both at once; a worker that was told to stop before stays stopped."""
    base = base_in(tmp_path)
    first = await start_manager_process(base)
    try:
        async with connect(base) as client:
            uuid = await new_worker(client, "unlucky")
            resting = await new_worker(client, "resting")
            await client.call("stop_worker", workerid=resting)
            before = await status_of(client, uuid)
        first.kill()
        os.kill(int(str(before["pid"])), signal.SIGKILL)
        await first.wait()

        async with manager_of(base), connect(base) as client:
            listed = await status_of(client, uuid)
        async with manager_of(base, autostart=True), connect(base) as client:
            back = await wait_for_status(client, uuid, lambda s: s["phase"] == "running")
            left = await status_of(client, resting)
            await client.call("stop_worker", workerid=uuid)
    finally:
        kill_all_of(base.folder)

    assert listed["phase"] == "stopped", "a command that is a manager for a moment starts nothing"
    assert back["pid"] != before["pid"]
    assert "started again after it ended" in str(back["reason"])
    assert left["phase"] == "stopped"


async def test_a_manager_killed_as_it_launches_leaves_no_second_process(tmp_path: Path) -> None:
    """It had not come to write down which process it is: the next manager looks, and finds it."""
    base = base_in(tmp_path)
    first = await start_manager_process(base)
    try:
        async with connect(base) as client:
            uuid = str((await client.call("new_worker", name="w", in_venv=False, autostart="always"))["uuid"])
            await client.call("start_worker", workerid=uuid)
            before = await status_of(client, uuid)
        # Frozen, it cannot dial: only who looks for it finds it.
        worker = psutil.Process(int(str(before["pid"])))
        worker.suspend()
        first.kill()
        await first.wait()
        write_run_record(WorkerHome(base, uuid), RunRecord(0, time.time()))
        async with manager_of(base, autostart=True), connect(base) as client:
            found = await status_of(client, uuid)
            worker.resume()
            back = await wait_for_status(client, uuid, lambda s: s["phase"] == "running")
    finally:
        kill_all_of(base.folder)

    assert (found["phase"], found["pid"], back["pid"]) == ("starting", before["pid"], before["pid"])


async def test_a_worker_that_waits_to_be_started_again_is_so_by_the_next_manager(tmp_path: Path) -> None:
    """Its manager was killed between crash and restart; a policy that starts nothing else does that."""
    base = base_in(tmp_path)
    first = await start_manager_process(base)
    try:
        async with connect(base) as client:
            uuid = await new_worker(client, "crashing")
            async with line_to(client, uuid) as line:
                await line.run("n", "abort")
            once = await wait_for_status(client, uuid, lambda s: s["reason"] and s["phase"] == "running")
            async with line_to(client, uuid) as line:
                await line.run("m", "abort")
            await wait_for_status(client, uuid, lambda s: s["phase"] == "waiting")
            first.kill()
            await first.wait()
        async with manager_of(base, autostart=True), connect(base) as client:
            back = await wait_for_status(client, uuid, lambda s: s["phase"] == "running")
    finally:
        kill_all_of(base.folder)

    assert once["autostart"] == "on-failure"
    assert back["held"] == [], "each crash counts once"


@pytest.mark.usefixtures("hurried")
async def test_a_deaf_worker_is_found_by_the_next_manager(tmp_path: Path) -> None:
    """It cannot dial, and is not started a second time; it can be killed."""
    base = base_in(tmp_path)
    first = await start_manager_process(base)
    try:
        async with connect(base) as client:
            uuid = await new_worker(client, "survivor")
            before = await status_of(client, uuid)
            async with line_to(client, uuid) as line:
                await line.run("regex", "backtrack")
        first.kill()
        await first.wait()
        async with manager_of(base), connect(base) as client:
            found = await status_of(client, uuid)
            named = await wait_for_status(client, uuid, lambda s: s["running_node"])
            await client.call("kill_worker", workerid=uuid)
            after = await status_of(client, uuid)
    finally:
        kill_all_of(base.folder)

    assert (found["phase"], found["pid"]) == ("starting", before["pid"])
    assert named["running_node"]["node"] == "regex"  # type: ignore[index]
    assert after["phase"] == "running"
    assert after["pid"] != before["pid"]


async def test_a_second_manager_says_who_holds_the_folder(tmp_path: Path) -> None:
    """With process and address."""
    base = base_in(tmp_path)
    first = await start_manager_process(base)
    try:
        with pytest.raises(BaseFolderInUse) as refused:
            async with manager_of(base):
                pass
    finally:
        first.terminate()
        await first.wait()

    assert refused.value.pid == first.pid
    assert f"process {first.pid}, at 127.0.0.1:" in str(refused.value)


async def test_workers_are_left_running_unless_the_manager_is_told_otherwise(tmp_path: Path) -> None:
    """Leaving the block leaves them; the next one in the same folder stops them."""
    base = base_in(tmp_path)
    async with manager_of(base, keep_workers=True), connect(base) as client:
        uuid = await new_worker(client, "survivor")
        pid = int(str((await status_of(client, uuid))["pid"]))
    try:
        assert psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        async with manager_of(base), connect(base) as client:
            again = await wait_for_status(client, uuid, lambda s: s["phase"] == "running")
    finally:
        kill_all_of(base.folder)

    assert again["pid"] == pid
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_autostart_starts_what_is_to_run(tmp_path: Path) -> None:
    """One process for the worker that says so, none for the other."""
    base = base_in(tmp_path)
    async with fleet_of(base) as client:
        eager = (await client.call("new_worker", name="eager", in_venv=False, autostart="always"))["uuid"]
        lazy = (await client.call("new_worker", name="lazy", in_venv=False))["uuid"]
    async with manager_of(base, autostart=True), connect(base) as client:
        await wait_for_status(client, eager, lambda s: s["phase"] == "running")
        other = await status_of(client, lazy)

    assert other["phase"] == "stopped"


@pytest.mark.parametrize("content", [b'{"name": ', b"\xff", b'{"autostart": "sometimes"}', None])
async def test_a_worker_with_broken_settings_is_listed_with_what_to_mend(
    tmp_path: Path, content: bytes | None
) -> None:
    """Listed as failed with the sentence; a start reads the file again."""
    base = base_in(tmp_path)
    async with fleet_of(base) as client:
        uuid = await new_worker(client, "lab", start=False)
        other = await new_worker(client, "other", start=False)
    file = WorkerHome(base, uuid).config_file
    whole = file.read_bytes()
    file.unlink()
    file.mkdir() if content is None else file.write_bytes(content)

    async with manager_of(base, autostart=True), connect(base) as client:
        broken = await status_of(client, uuid)
        with pytest.raises(Exception, match="cannot be read") as refused:
            await client.call("start_worker", workerid=uuid)
        still = await status_of(client, uuid)
        untouched = content is None or file.read_bytes() == content
        if content is None:
            file.rmdir()
        file.write_bytes(whole)
        await client.call("start_worker", workerid=uuid)
        mended = await status_of(client, uuid)
        await client.call("stop_worker", workerid=uuid)
        file.write_bytes(b"{")
        with pytest.raises(Exception, match="cannot be read"):
            await client.call("start_worker", workerid=uuid)
        again = await status_of(client, uuid)
        neighbour = await status_of(client, other)

    assert untouched
    assert broken["phase"] == still["phase"] == again["phase"] == "failed"
    assert str(file) in str(broken["reason"])
    assert "repair or remove that file" in str(refused.value)
    assert (mended["phase"], mended["name"], neighbour["phase"]) == ("running", "lab", "stopped")


async def _ping_forever(line: Line, pings: list[float]) -> None:
    with contextlib.suppress(AssertionError, ConnectionError):
        while True:
            pings.append(await line.ping())
            await asyncio.sleep(0.01)
