"""A disk without room, under a real worker: edits are refused with the reason, and go on with room."""

from __future__ import annotations

import base64
import io
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import pytest
from funcnodes.client.errors import EditRefused
from funcnodes_worker.home.worker_home import WorkerHome

import funcnodes
from tests.support.worker_process import Answer, WorkerProcess, document_on_disk, make_worker, running, spawn

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
            await say_why_nothing_can_be_written(worker)
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
        # The graph had begun to compute with what the disk refused: it has taken it back.
        await lab.wait_idle()
        assert await lab.get("a", "out") == lab.document.nodes["a"].ports["value"].value
        resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (most, most))
        await lab.set("a", "value", "after")
    async with killed_at_the_end(home), funcnodes.connect("lab", base=home.base.folder) as lab:
        assert lab.document.nodes["a"].ports["value"].value == "after"


async def say_why_nothing_can_be_written(worker: WorkerProcess) -> None:
    """Whatever needs the disk is refused with the cause and the next step, not as an error of ours."""
    calls: dict[str, dict[str, object]] = {
        "save": {},
        "update_worker_config": {"name": "other"},
        "export_worker": {},
        "upload": {"filename": "a.bin", "data": base64.b64encode(bytes(1000)).decode()},
    }
    async with worker.connect() as client:
        for method, params in calls.items():
            with pytest.raises(Answer) as told:
                await client.call(method, **params)
            assert told.value.code == -32000, (method, told.value.message)
            assert "disk" in told.value.message
            assert re.search("make room|delete something", told.value.message, re.IGNORECASE), (
                told.value.message
            )
    async with (
        aiohttp.ClientSession(worker.address, headers=worker.bearer) as http,
        http.get("/export") as answer,
    ):
        assert answer.status == 507, await answer.text()
        assert "Make room" in (await answer.json())["error"]


async def edit_until_refused(change: Callable[[str, str, str], Awaitable[None]]) -> str:
    """Return what the first refused edit said."""
    for number in range(2000):
        try:
            await change("a", "value", f"{number} {TEXT}")
        except EditRefused as refused:
            return str(refused)
    raise AssertionError("2000 edits had room")


@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is Linux's")
async def test_uploads_and_imports_stop_before_edits_do(small_disk: Path) -> None:
    """What comes in bulk leaves the room that the journal and the snapshot need."""
    home = make_worker(small_disk)
    free = shutil.disk_usage(small_disk).free
    large = bytes(free - 500_000)
    async with running(home) as worker, aiohttp.ClientSession(worker.address, headers=worker.bearer) as http:
        form = aiohttp.FormData()
        form.add_field("file", io.BytesIO(large), filename="form.bin")
        async with http.post("/upload/", data=form) as answer:
            assert answer.status == 507, await answer.text()
        tus = {"Tus-Resumable": "1.0.0"}
        about = {"Upload-Metadata": f"path {base64.b64encode(b'a.bin').decode()}"}
        headers = {**tus, **about, "Upload-Length": str(len(large))}
        async with http.post("/uploads/", headers=headers) as answer:
            assert answer.status == 507, await answer.text()
        stream = {**tus, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        half = len(large) // 2
        uploads = [await begun(http, {**tus, **about}, half) for _ in "ab"]
        statuses = [await sent(http, upload, stream, half) for upload in uploads]
        # Each had room when it began; the second finds that the first has taken it.
        assert statuses == [204, 507]
        zipped = {"Content-Type": "application/zip"}
        async with http.post("/import", data=io.BytesIO(large), headers=zipped) as answer:
            assert answer.status == 400, await answer.text()
            assert "room" in (await answer.json())["error"]
        async with funcnodes.connect("lab", base=home.base.folder) as lab:
            await lab.add_node("lab.echo", uuid="a")
            for number in range(20):
                await lab.set("a", "value", f"{number} {TEXT}")


async def begun(http: aiohttp.ClientSession, headers: dict[str, str], size: int) -> str:
    async with http.post("/uploads/", headers={**headers, "Upload-Length": str(size)}) as answer:
        assert answer.status == 201, await answer.text()
        return answer.headers["Location"]


async def sent(http: aiohttp.ClientSession, upload: str, headers: dict[str, str], size: int) -> int:
    async with http.patch(f"/uploads/{upload}", data=io.BytesIO(bytes(size)), headers=headers) as answer:
        return answer.status
