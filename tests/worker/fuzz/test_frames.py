"""Random and mutated frames in all dialects, random HTTP requests: each is answered, none does harm."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import random
import zipfile
from pathlib import Path
from typing import Any, cast

import aiohttp
import msgspec
import psutil
import pytest
from funcnodes_worker.server.methods.table import make_table

from tests.support.worker_process import WorkerProcess, running_worker

NOT_CALLED = {"stop_worker"}
"""Answered, and then nobody is there to answer the rest."""
DOCUMENTED = {
    "update_node_input": ("uuid", "input_id", "io_id", "value"),
    "update_node": ("uuid", "data", "id"),
    "add_node": ("node_id", "uuid", "pos"),
    "remove_node": ("uuid",),
    "add_edge": ("src_node", "src_io", "trg_node", "trg_io"),
    "group_nodes": ("nodes", "node_ids", "name"),
    "import_worker": ("data",),
    "add_package_dependency": ("package", "version"),
    "start_local_worker": ("class_id", "worker"),
    "list_local_workers": (),
}
"""Names of the documentation, with arguments of theirs and near to them."""
FORM = b'--x\r\nContent-Disposition: form-data; name="file"; filename="../a"\r\n\r\nz\r\n--x--\r\n'


def _archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("state", '{"backend": {"nodes": [], "edges": []}, "view": {}}')
        archive.writestr("config", "{}")
        archive.writestr("files/a", "x" * 100)
    return buffer.getvalue()


ARCHIVE = _archive()
"""A flow as `.fnw`, to be cut off and changed."""
BATCH = 50
ANSWER_S = 20.0
MAX_GROWTH_MIB = 25.0
DIALECTS = ("published", "jsonrpc", "documented")
WORDS: list[Any] = [
    None, True, False, 0, -1, 1, 2**63, 1e308, "", "a", "left", "lab.add", "lab.echo", "\u0000", "🧪" * 20,
    "x" * 3000, [], [[]], [1, "a", None], {}, {"a": {"b": []}}, {"$stored": "0" * 64}, {"kind": "add_node"},
    "<NoValue>", {"kind": "set_value", "node": "a", "port": "left", "value": 3}, "../../etc/passwd", "n1",
]  # fmt: skip


class Fuzzer:
    """Makes frames; the same seed makes the same."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        table = make_table()
        self.methods = {
            method.name: [field.encode_name for field in msgspec.structs.fields(method.params)]
            for method in table
            if method.name not in NOT_CALLED
        }
        self.number = 0

    def value(self, depth: int = 2) -> Any:
        """Return any JSON value."""
        kind = self.dice.random()
        if depth and kind < 0.1:
            return [self.value(depth - 1) for _ in range(self.dice.randint(0, 4))]
        if depth and kind < 0.2:
            return {
                str(self.dice.choice(WORDS))[:20]: self.value(depth - 1)
                for _ in range(self.dice.randint(0, 4))
            }
        return self.dice.choice(WORDS)

    def call(self, dialect: str) -> dict[str, Any]:
        """Return a call of a real method with arguments that are right, wrong, missing or too many."""
        self.number += 1
        name = self.dice.choice(list(self.methods))
        params = {field: self.value() for field in self.methods[name] if self.dice.random() < 0.7}
        if "limit_s" in params:
            params["limit_s"] = 0.1
        if self.dice.random() < 0.1:
            params[str(self.value(0))[:20]] = self.value()
        if self.dice.random() < 0.05:
            name = str(self.value(0))[:30]
        call_id = f"f-{self.number}"
        match dialect:
            case "jsonrpc":
                return {"jsonrpc": "2.0", "id": call_id, "method": name, "params": params}
            case "documented":
                name = self.dice.choice(list(DOCUMENTED))
                params = {field: self.value() for field in DOCUMENTED[name] if self.dice.random() < 0.8}
                return {"type": "cmd", "cmd": name, "id": call_id, "kwargs": params}
            case _:
                return {"type": "cmd", "cmd": name, "id": call_id, "kwargs": params}

    def frame(self) -> tuple[str | bytes, str | None]:
        """Return a frame, and the id that must be answered."""
        kind = self.dice.random()
        if kind < 0.6:
            call = self.call(self.dice.choice(DIALECTS))
            return json.dumps(call), call["id"]
        if kind < 0.7:
            calls: list[Any] = [self.call("jsonrpc") for _ in range(self.dice.randint(1, 4))]
            return json.dumps([*calls, *([self.value()] if self.dice.random() < 0.3 else [])]), None
        text = json.dumps(self.call(self.dice.choice(DIALECTS)))
        if kind < 0.9:
            return self.mutated(text), None
        if kind < 0.95:
            return json.dumps(self.value()), None
        return self.dice.randbytes(self.dice.randint(0, 300)), None

    def mutated(self, text: str) -> str:
        """Return a text with something cut, doubled, changed or nested."""
        place, length = self.dice.randrange(len(text)), self.dice.randint(1, 8)
        match self.dice.randrange(5):
            case 0:
                return text[:place] + text[place + length :]
            case 1:
                return text[: place + length] + text[place:]
            case 2:
                return text[:place] + chr(self.dice.randint(1, 0x2FFF)) + text[place + 1 :]
            case 3:
                return "[" * self.dice.randint(1, 2000) + text
            case _:
                return text[:place]


class Talker:
    """A connection that is opened again when the worker closes it, with a reason."""

    def __init__(self, worker: WorkerProcess) -> None:
        self.worker = worker
        self.answered: set[str] = set()
        self.closed: list[int | None] = []
        """Codes of connections that the worker closed."""
        self.leaving = False
        self.news = asyncio.Event()

    async def talk(self, frames: list[tuple[str | bytes, str | None]]) -> None:
        """Send frames; return when each is answered, or the connection was closed with a reason."""
        async with (
            aiohttp.ClientSession(headers=self.worker.bearer) as http,
            http.ws_connect(f"{self.worker.address}/", max_msg_size=0) as socket,
        ):
            listening = asyncio.create_task(self.listen(socket))
            for frame, _ in frames:
                if isinstance(frame, str):
                    await socket.send_str(frame.encode("utf-8", "replace").decode())
                else:
                    await socket.send_bytes(frame)
            last = {"jsonrpc": "2.0", "id": "last", "method": "get_node_status", "params": {"nid": "?"}}
            await socket.send_str(json.dumps(last))
            wanted = {call_id for _, call_id in frames if call_id is not None} | {"last"}
            async with asyncio.timeout(ANSWER_S):
                while not (wanted <= self.answered or listening.done()):
                    self.news.clear()
                    await self.news.wait()
            self.leaving = True
            await socket.close()
            await listening
        self.leaving = False
        self.answered.clear()

    async def listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                heard: Any = json.loads(message.data)
                answers = cast("list[dict[str, Any]]", heard if isinstance(heard, list) else [heard])
                self.answered.update(str(one.get("id")) for one in answers)
                self.news.set()
            elif message.type is aiohttp.WSMsgType.BINARY:
                head = message.data.partition(b"\r\n\r\n")[0].decode(errors="replace")
                self.answered.update(part[3:] for part in head.split(";") if part.startswith("id="))
                self.news.set()
        if not self.leaving:
            self.closed.append(socket.close_code)
        self.news.set()


async def fuzz(worker: WorkerProcess, count: int, seed: int) -> None:
    """Send so many frames; memory stays flat, nobody is left without an answer."""
    fuzzer, talker = Fuzzer(seed), Talker(worker)
    process = psutil.Process(worker.process.pid)
    size = 0.0
    for number in range(0, count, BATCH):
        await talker.talk([fuzzer.frame() for _ in range(BATCH)])
        if number % 1000 == 0:
            await reset(worker)
        # What grows by being used once (buffers, caches, the pages of the journal) has grown by then.
        if number == min(count // 4, 5000) // BATCH * BATCH:
            size = process.memory_info().rss / 2**20
    await reset(worker)
    grown = process.memory_info().rss / 2**20 - size
    assert grown < MAX_GROWTH_MIB, f"{grown:.1f} MiB more than after a quarter"
    assert talker.closed == [], "every frame is answered, none ends the connection"


async def reset(worker: WorkerProcess) -> None:
    async with worker.connect() as client:
        await client.call("clear")
        await client.call("wait_idle", limit_s=20)


async def knock(worker: WorkerProcess, count: int, seed: int) -> None:
    """Send so many random requests to the HTTP routes; each has a status, none is our own error."""
    dice, fuzzer = random.Random(seed), Fuzzer(seed)
    paths = [
        "/",
        "/message/",
        "/message/0",
        "/upload/",
        "/values/",
        "/values/n1/left",
        "/files/",
        "/files/a",
        "/uploads/",
        f"/uploads/{'0' * 32}",
        "/uploads/a",
        "/export",
        "/import",
        "/nothing",
        "/uploads/that was begun last",
    ]
    types = [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/octet-stream",
        "application/offset+octet-stream",
        "application/zip",
        "",
    ]
    async with aiohttp.ClientSession() as http:
        for _ in range(count):
            path = dice.choice(paths)
            headers = dict(worker.bearer) if dice.random() < 0.8 else {}
            if dice.random() < 0.8:
                headers["Content-Type"] = dice.choice(types)
            if "uploads" in path and dice.random() < 0.8:
                headers["Tus-Resumable"] = "1.0.0"
                headers["Upload-Length"] = str(dice.choice([0, 1, 10, 2000, -1, 10**30, "x"]))
                headers["Upload-Offset"] = str(dice.choice([0, 0, 1, -1, "x"]))
                name = dice.choice(["a", "b/c", "../a", "", "\x00", "a" * 300])
                headers["Upload-Metadata"] = dice.choice(
                    [f"path {base64.b64encode(name.encode()).decode()}", "path !", "path", "", "a b,c d"]
                )
            if dice.random() < 0.2:
                headers[dice.choice(["Range", "Origin", "X-Odd"])] = (
                    str(fuzzer.value(0))[:50].encode("ascii", "replace").decode().replace("\x00", "")
                )
            body = dice.choice(
                [
                    lambda: json.dumps(fuzzer.call("jsonrpc")).encode(),
                    lambda: dice.randbytes(dice.randint(0, 2000)),
                    lambda: FORM,
                    lambda: ARCHIVE[: dice.choice([len(ARCHIVE), dice.randint(0, len(ARCHIVE))])],
                ]
            )()
            path += dice.choice(["", "", "?rows=a", "?rows=0:10", "/../..", "%00"])
            method = dice.choice(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
            async with asyncio.timeout(ANSWER_S):
                async with http.request(
                    method,
                    worker.address + path,
                    data=body if method not in ("GET", "HEAD") else None,
                    headers=headers,
                ) as response:
                    await response.read()
                    if response.status == 201:
                        paths[-1] = f"/uploads/{response.headers['Location']}"
                    assert response.status < 500, (method, path, headers, body[:200], await response.text())


async def test_five_thousand_frames_are_all_answered_and_cost_nothing(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker:
        await fuzz(worker, 5000, seed=1)
        assert_no_error_of_ours(worker)


async def test_requests_to_all_routes_are_all_answered(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker:
        await knock(worker, 500, seed=1)
        assert_no_error_of_ours(worker)


@pytest.mark.parametrize("body", [b"no form", b"--x\r\n\xff\xfe: \xff\r\n\r\nz", b"--x\r\nA\r\n\r\n", b"--x"])
async def test_a_form_that_is_none_is_refused_with_a_reason(process: WorkerProcess, body: bytes) -> None:
    """Found by random requests: it was answered as an error of ours."""
    async with aiohttp.ClientSession(headers=process.bearer) as http:
        form = {"Content-Type": "multipart/form-data; boundary=x"}
        async with http.post(f"{process.address}/upload/", data=body, headers=form) as response:
            assert (response.status, bool((await response.json())["error"])) == (400, True)


def assert_no_error_of_ours(worker: WorkerProcess) -> None:
    lines = [line for line in worker.log().splitlines() if "Traceback" in line or "error of our own" in line]
    assert lines == [], worker.log()[-3000:]


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_a_hundred_thousand_frames_are_all_answered_and_cost_nothing(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker:
        await fuzz(worker, int(os.environ.get("FUZZ_FRAMES", "100000")), seed=2)
        await knock(worker, 5000, seed=2)
