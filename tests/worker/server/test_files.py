"""Files of a real worker: uploads that stop and go on, also over a kill -9; listing, trash, bad paths."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import os
import random
import signal
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.worker_process import Answer, WorkerProcess, make_worker, running_worker, spawn

TUS = {"Tus-Resumable": "1.0.0"}
STREAM = {**TUS, "Content-Type": "application/offset+octet-stream"}


@contextlib.asynccontextmanager
async def http_to(worker: WorkerProcess) -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"{worker.address}/", headers=worker.bearer) as http:
        yield http


async def begin(http: aiohttp.ClientSession, path: str, length: int, **more: str) -> aiohttp.ClientResponse:
    """Return the answer to the beginning of an upload."""
    texts = {"path": path, **more}.items()
    metadata = ",".join(f"{key} {base64.b64encode(text.encode()).decode()}" for key, text in texts)
    headers = {**TUS, "Upload-Length": str(length), "Upload-Metadata": metadata}
    async with http.post("/uploads/", headers=headers) as answer:
        await answer.read()
        return answer


async def offset(http: aiohttp.ClientSession, upload: str) -> int:
    async with http.head(f"/uploads/{upload}", headers=TUS) as answer:
        assert answer.status == 200
        return int(answer.headers["Upload-Offset"])


async def send(http: aiohttp.ClientSession, upload: str, at: int, data: Any) -> aiohttp.ClientResponse:
    body = io.BytesIO(data) if isinstance(data, bytes) else data
    headers = {**STREAM, "Upload-Offset": str(at)}
    async with http.patch(f"/uploads/{upload}", headers=headers, data=body) as answer:
        await answer.read()
        return answer


async def test_an_upload_stops_and_goes_on(tmp_path: Path) -> None:
    """The worker says how much has come; the file is there when all has, and every window is told."""
    content = random.Random(1).randbytes(3_000_000)
    async with (
        running_worker(tmp_path) as worker,
        worker.connect(subscribe=True) as client,
        http_to(worker) as http,
    ):
        begun = await begin(http, "data/numbers.bin", len(content))
        upload = begun.headers["Location"]
        assert (begun.status, begun.headers["Upload-Offset"]) == (201, "0")
        assert (await send(http, upload, 0, content[:1_000_000])).status == 204

        async def breaks_off() -> AsyncIterator[bytes]:
            yield content[1_000_000:1_500_000]
            raise ConnectionResetError

        with pytest.raises((aiohttp.ClientError, ConnectionResetError)):
            await send(http, upload, 1_000_000, breaks_off())
        assert not list(worker.home.files.rglob("*.bin"))
        stands = await until_free(http, upload)
        assert 1_000_000 <= stands <= 1_500_000
        assert (await send(http, upload, 7, b"x")).status == 409
        answer = await send(http, upload, stands, content[stands:])
        assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(len(content)))
        assert (worker.home.files / "data" / "numbers.bin").read_bytes() == content
        assert not list((worker.home.folder / "uploads").iterdir())
        (told,) = await client.wait_for(lambda c: c.notifications("worker"))
        assert told == {"event": "files_changed", "path": "data/numbers.bin"}


async def until_free(http: aiohttp.ClientSession, upload: str) -> int:
    """Return where an upload stands once the request that broke off has let it go."""
    async with asyncio.timeout(10):
        while True:
            stands = await offset(http, upload)
            async with http.patch(
                f"/uploads/{upload}", headers={**STREAM, "Upload-Offset": str(stands)}
            ) as answer:
                if answer.status == 204:
                    return stands
            await asyncio.sleep(0.02)


async def test_kill_9_in_the_middle_leaves_no_half_file_and_the_upload_goes_on(tmp_path: Path) -> None:
    """Both ways to upload; what a form left is taken away, what can go on is kept."""
    content = random.Random(2).randbytes(4_000_000)
    home = make_worker(tmp_path)
    worker = await spawn(home)
    async with http_to(worker) as http:
        upload = (await begin(http, "whole.bin", len(content))).headers["Location"]
        arrived = asyncio.Event()

        async def slowly(begin: int, end: int, held: asyncio.Event) -> AsyncIterator[bytes]:
            for at in range(begin, end, 100_000):
                yield content[at : at + 100_000]
            arrived.set()
            await held.wait()

        never = asyncio.Event()
        form = aiohttp.FormData()
        form.add_field("file", slowly(0, 2_000_000, never), filename="form.bin")
        sending = [
            asyncio.create_task(send(http, upload, 0, slowly(0, 2_000_000, never))),
            asyncio.create_task(http.post("/upload/", data=form).__aenter__()),
        ]
        uploads = home.folder / "uploads"
        async with asyncio.timeout(20):
            while [f.stat().st_size > 900_000 for f in uploads.iterdir()].count(True) < 2:  # noqa: ASYNC110
                # Files of another process have no event to wait for.
                await asyncio.sleep(0.01)
        os.kill(worker.process.pid, signal.SIGKILL)
        await worker.process.wait()
        for result in await asyncio.gather(*sending, return_exceptions=True):
            assert isinstance(result, Exception)
    assert not home.files.exists() or not list(home.files.iterdir())

    home.runstate_file.unlink()
    worker = await spawn(home)
    try:
        async with http_to(worker) as http:
            assert not list(uploads.glob("*.form"))
            stands = await offset(http, upload)
            assert 900_000 < stands <= 2_000_000
            assert (await send(http, upload, stands, content[stands:])).status == 204
        assert {f.name: f.read_bytes() for f in home.files.iterdir()} == {"whole.bin": content}
    finally:
        assert await worker.end() == 0


async def test_what_is_refused_before_the_first_byte(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, http_to(worker) as http:
        (worker.home.files / "a").mkdir(parents=True)
        (worker.home.files / "out").symlink_to(tmp_path)
        (worker.home.files / "there").write_text("old")
        for path in ("../x", "/x", "a/../../x", "out/x", "a", "there/x", "C:\\x", "con", "x\0"):
            assert (await begin(http, path, 1)).status in (400, 409), path
        assert (await begin(http, "there", 1, replace="no")).status == 409
        async with http.get("/files/already") as answer:
            assert answer.status == 404, "whatever it is called"
        assert (await begin(http, "huge", 10**17)).status == 413
        assert (await begin(http, "large", 10 * 1024**3)).status in (201, 507)
        without = {"Upload-Length": "1"}
        async with http.post("/uploads/", headers=without) as answer:
            assert answer.status == 415
        old = {**without, "Tus-Resumable": "0.2.0"}
        async with http.post("/uploads/", headers=old) as answer:
            assert (answer.status, answer.headers["Tus-Version"]) == (412, "1.0.0")
        for headers in ({}, {"Upload-Length": "-1"}, {"Upload-Length": "5", "Upload-Metadata": "path &"}):
            async with http.post("/uploads/", headers={**TUS, **headers}) as answer:
                assert answer.status == 400
        assert (await send(http, "0" * 32, 0, b"x")).status == 404
        assert (await send(http, "..%2f..%2fnodespace.json", 0, b"x")).status == 404
        upload = (await begin(http, "small", 3)).headers["Location"]
        assert (await send(http, upload, 0, b"too much")).status == 413
        async with http.delete(f"/uploads/{upload}", headers=TUS) as answer:
            assert answer.status == 204
        assert (await send(http, upload, 0, b"xyz")).status == 404
        assert sorted(f.name for f in worker.home.files.iterdir()) == ["a", "out", "there"]
        assert not list(tmp_path.glob("x*"))


async def test_an_empty_file_is_there_at_once(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, http_to(worker) as http:
        assert (await begin(http, "empty.txt", 0)).status == 201
        assert (worker.home.files / "empty.txt").read_bytes() == b""


async def test_the_size_limit_is_a_setting(tmp_path: Path) -> None:
    home = make_worker(tmp_path)
    home.base.config_file.write_text('{"uploads": {"max_bytes": 1000}}')
    worker = await spawn(home)
    try:
        async with http_to(worker) as http:
            assert (await begin(http, "a", 1001)).status == 413
            assert (await begin(http, "a", 1000)).status == 201
            form = aiohttp.FormData()
            form.add_field("file", b"x" * 1001, filename="b")
            async with http.post("/upload/", data=form) as answer:
                assert answer.status == 413
            async with worker.connect() as client:
                data = base64.b64encode(b"x" * 1001).decode()
                with pytest.raises(Answer, match="files may have 1000 bytes here; this one has 1001") as told:
                    await client.call("upload", filename="b", data=data)
                assert told.value.code == -32000
        assert not home.files.exists() or not list(home.files.iterdir())
    finally:
        assert await worker.end() == 0


async def test_an_upload_whose_client_fell_silent_can_go_on(tmp_path: Path) -> None:
    """A connection that only seems to stand is given up after a while; what has come is kept."""
    home = make_worker(tmp_path)
    home.base.config_file.write_text('{"uploads": {"silent_s": 0.5}}')
    worker = await spawn(home)
    never = asyncio.Event()

    async def half() -> AsyncIterator[bytes]:
        yield b"x" * 500
        await never.wait()

    try:
        async with http_to(worker) as http:
            upload = (await begin(http, "a", 1000)).headers["Location"]
            async with asyncio.timeout(20):
                silent = await send(http, upload, 0, half())
            assert silent.status == 408
            assert await offset(http, upload) == 500
            assert (await send(http, upload, 500, b"y" * 500)).status == 204
        assert (home.files / "a").read_bytes() == b"x" * 500 + b"y" * 500
    finally:
        assert await worker.end() == 0


async def test_list_rename_delete_restore_download(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, worker.connect() as client, http_to(worker) as http:
        assert (await client.call("list_files"))["files"] == []
        assert await client.cmd("upload", data=base64.b64encode(b"hello").decode(), filename="a/b.txt")
        (worker.home.files / "secret").symlink_to(worker.base.token_file)
        listed = await client.call("list_files", recursive=True)
        assert [(f["path"], f["size"], f.get("folder", False)) for f in listed["files"]] == [
            ("a", 0, True), ("a/b.txt", 5, False),
        ]  # fmt: skip
        async with http.get("/files/", params={"folder": "a"}) as answer:
            assert [f["path"] for f in (await answer.json())["files"]] == ["a/b.txt"]

        async with http.get("/files/a/b.txt", headers={"Range": "bytes=1-2"}) as answer:
            assert (answer.status, await answer.read()) == (206, b"el")
        for ignored in ("bytes=0-1,3-4", "bytes=3-1", "bytes=-", "lines=0-1", "nonsense"):
            async with http.get("/files/a/b.txt", headers={"Range": ignored}) as answer:
                assert (answer.status, await answer.read()) == (200, b"hello"), ignored
        async with http.get("/files/a/b.txt", headers={"Range": "bytes=99-"}) as answer:
            assert answer.status == 416
        async with http.get("/files/a/b.txt?download") as answer:
            assert answer.headers["Content-Disposition"] == "attachment"
        for path in ("secret", "a%2f..%2f..%2fnodespace.json", "nowhere", "a"):
            async with http.get(f"/files/{path}") as answer:
                assert answer.status in (400, 404), path

        moved = await client.call("rename_file", path="a/b.txt", to="c/d.txt")
        assert moved["path"] == "c/d.txt"
        await client.cmd("upload", data="", filename="e.txt")
        with pytest.raises(Answer, match="exists already"):
            await client.call("rename_file", path="e.txt", to="c/d.txt")
        with pytest.raises(Answer, match="into itself"):
            await client.call("rename_file", path="c", to="c/inner")
        for bad in ("../x", "/x"):
            with pytest.raises(Answer, match="refused"):
                await client.call("rename_file", path="e.txt", to=bad)

        deleted = await client.call("delete_file", path="c/d.txt")
        assert deleted["path"] == "c/d.txt"
        async with http.delete("/files/e.txt", headers={"Content-Type": "application/json"}) as answer:
            assert answer.status == 200
        assert [t["path"] for t in await client.call("list_trash")] == ["e.txt", "c/d.txt"]
        await client.call("restore_file", id=deleted["id"])
        assert (worker.home.files / "c" / "d.txt").read_bytes() == b"hello"
        with pytest.raises(Answer, match="in the trash"):
            await client.call("restore_file", id=deleted["id"])
        with pytest.raises(Answer, match="refused"):
            await client.call("restore_file", id="../files")
        assert await client.call("empty_trash") == 1
        assert await client.call("list_trash") == []
        # What a link leads to is not what is deleted: the link is.
        await client.call("delete_file", path="c")
        assert worker.base.token_file.exists()


async def test_a_replaced_file_can_come_back(tmp_path: Path) -> None:
    """Renaming over another one is no loss."""
    async with running_worker(tmp_path) as worker, worker.connect() as client:
        for name in ("old", "new"):
            await client.cmd("upload", data=base64.b64encode(name.encode()).decode(), filename=name)
        await client.call("rename_file", path="new", to="old", replace=True)
        (kept,) = await client.call("list_trash")
        await client.call("restore_file", id=kept["id"], to="older")
        assert {f.name: f.read_text() for f in worker.home.files.iterdir()} == {"old": "new", "older": "old"}
