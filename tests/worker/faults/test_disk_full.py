"""A disk without room, under a real worker: edits are refused with the reason, and go on with room."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from funcnodes.client.errors import EditRefused
from funcnodes_worker.home.worker_home import WorkerHome

import funcnodes
from tests.support.worker_process import WorkerProcess, document_on_disk, make_worker, spawn

TEXT = "x" * 20_000
"""Small enough to stand in the journal itself, large enough that a few thousand fill what is left."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give the folder of a file system of 12 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    made = subprocess.run(mount, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"mounting needs root: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def filled(folder: Path) -> Generator[None]:
    """Leave no byte free while the block runs."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    try:
        yield
    finally:
        filler.unlink()


@asynccontextmanager
async def killed_at_the_end(home: WorkerHome) -> AsyncGenerator[WorkerProcess]:
    """Give a worker that is killed without warning at the end."""
    # What an earlier one that was killed left there is no word of this one.
    home.runstate_file.unlink(missing_ok=True)
    worker = await spawn(home)
    try:
        yield worker
    finally:
        if worker.process.returncode is None:
            os.kill(worker.process.pid, signal.SIGKILL)
            await worker.process.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is Linux's")
async def test_a_full_disk_refuses_edits_and_loses_none(small_disk: Path) -> None:
    """On a real file system of 12 MB that is filled to the last byte."""
    home = make_worker(small_disk)
    async with killed_at_the_end(home) as worker, funcnodes.connect("lab", base=home.base.folder) as lab:
        await lab.add_node("lab.echo", uuid="a")
        await lab.set("a", "value", "before")
        with filled(small_disk):
            refusals = await edit_until_refused(lab.set)
            assert "could not be written to disk" in refusals
            assert "full" in refusals
            assert await lab.call("uuid") == home.uuid
            held = lab.document
            assert (await lab.call("get_node", id="a"))["id"] == "a"
        await lab.set("a", "value", "after")
        await lab.add_node("lab.echo", uuid="b")
        assert held.nodes["a"].ports["value"].value != "after"
        known = lab.document
    assert document_on_disk(home).nodes.keys() == known.nodes.keys()
    assert document_on_disk(home).nodes["a"].ports["value"].value == "after"
    async with killed_at_the_end(home) as worker, funcnodes.connect("lab", base=home.base.folder) as lab:
        assert lab.document.nodes["a"].ports["value"].value == "after"
        assert "damaged" not in worker.log()


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are set as Linux sets them")
async def test_a_file_that_may_not_grow_refuses_edits_and_loses_none(tmp_path: Path) -> None:
    """The same by a limit of the process, where nothing can be mounted."""
    home = make_worker(tmp_path)
    async with killed_at_the_end(home) as worker, funcnodes.connect("lab", base=home.base.folder) as lab:
        await lab.add_node("lab.echo", uuid="a")
        await lab.set("a", "value", "before")
        _, most = resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (600_000, most))
        refused = await edit_until_refused(lab.set)
        assert "could not be written to disk" in refused
        resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (most, most))
        await lab.set("a", "value", "after")
    async with killed_at_the_end(home), funcnodes.connect("lab", base=home.base.folder) as lab:
        assert lab.document.nodes["a"].ports["value"].value == "after"


async def edit_until_refused(change: Callable[[str, str, str], Awaitable[None]]) -> str:
    """Return what the first refused edit said."""
    for number in range(2000):
        try:
            await change("a", "value", f"{number} {TEXT}")
        except EditRefused as refused:
            return str(refused)
    raise AssertionError("2000 edits had room")
