"""`output.log`: bounded while the worker runs, also one that wrote while nobody managed it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from funcnodes.server.client import connect
from funcnodes.supervisor.output import KEPT_BYTES, MOST_BYTES, begin, keep_short, last_lines
from funcnodes_worker.home.worker_home import WorkerHome

from tests.support.fleet import Line, base_in, manager_of, new_worker, status_of, wait_for_status
from tests.support.processes import kill_all_of


def test_a_file_above_the_bound_begins_anew_and_its_end_is_kept(tmp_path: Path) -> None:
    """Whoever writes goes on at the new beginning, by the descriptor it has; the last words are found."""
    file = tmp_path / "output.log"
    with file.open("ab", buffering=0) as output:
        output.write(b"small\n")
        keep_short(file)
        small = file.read_bytes()
        output.write(b"x" * MOST_BYTES + b"\nlast one\n")
        keep_short(file)
        bare, before = file.read_bytes(), last_lines(file)
        output.write(b"after\n")

    former = file.with_name("output.log.1").read_bytes()
    assert (small, bare, file.read_bytes()) == (b"small\n", b"", b"after\n")
    assert (len(former), former[-10:]) == (KEPT_BYTES, b"\nlast one\n")
    assert before[-1:] == ("last one",)
    assert last_lines(file)[-2:] == ("last one", "after")
    begin(file)
    assert last_lines(file) == ()


def test_what_a_link_leads_to_is_left_alone(tmp_path: Path) -> None:
    """A folder that was copied in may hold a link in place of the file."""
    treasure, file = tmp_path / "treasure", tmp_path / "output.log"
    treasure.write_bytes(b"x" * (MOST_BYTES + 1))
    file.symlink_to(treasure)
    keep_short(file)
    begin(file)

    assert treasure.stat().st_size == MOST_BYTES + 1
    assert not file.is_symlink()


async def test_a_worker_that_prints_without_end_fills_no_disk(tmp_path: Path) -> None:
    """Not with what it wrote while there was no manager either; it goes on writing, and its end tells why."""
    base = base_in(tmp_path)
    try:
        async with manager_of(base, keep_workers=True), connect(base) as client:
            uuid = await new_worker(client, "talker")
            before = await status_of(client, uuid)
        file = WorkerHome(base, uuid).output_file
        line = Line(*await asyncio.open_connection("127.0.0.1", int(str(before["port"]))))
        await line.run("flood", "print 20")
        await _until(lambda: _size(file) >= 20 << 20 and "these were 20 MiB" in last_lines(file))
        async with manager_of(base), connect(base) as client:
            adopted = await wait_for_status(client, uuid, lambda s: s["phase"] == "running")
            await _until(lambda: _size(file) < MOST_BYTES)
            await line.run("more", "print 6")
            await _until(lambda: _size(file) < MOST_BYTES and "these were 6 MiB" in last_lines(file))
            together = _size(file) + _size(file.with_name("output.log.1"))
            await line.run("end", "exit 3")
            ended = await wait_for_status(client, uuid, lambda s: "its last words" in str(s["reason"]))
        line.close()
    finally:
        kill_all_of(base.folder)

    assert adopted["pid"] == before["pid"]
    assert together < MOST_BYTES + KEPT_BYTES
    assert "exit code 3" in str(ended["reason"])
    assert "these were 6 MiB" in str(ended["reason"])


def _size(file: Path) -> int:
    return file.stat().st_size


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        # A poll with a limit: a file tells nobody when it grows.
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
