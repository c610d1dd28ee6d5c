"""The published manager protocol, as an original client speaks it."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from funcnodes_worker.home.token import read_or_make_token

from tests.support.fleet import base_in, manager_of

RESET = {"type": "progress", "message": "", "status": "info", "progress": 1.0, "blocking": False}


class Original:
    """A client that speaks only the published forms."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, word: str) -> None:
        await self.socket.send_str(word)

    async def ask(self, **fields: Any) -> None:
        await self.socket.send_json(fields)

    async def hear(self, kind: str) -> dict[str, Any]:
        return (await self.hear_until(kind))[-1]

    async def hear_until(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        heard: list[dict[str, Any]] = []
        while True:
            message = msgspec.json.decode(await self.socket.receive_str(timeout=10))
            heard.append(message)
            if message.get("type") == kind and message.items() >= fields.items():
                return heard


@asynccontextmanager
async def original(folder: Path, host: str = "localhost") -> AsyncGenerator[Original]:
    async with manager_of(base_in(folder)) as manager, aiohttp.ClientSession() as http:
        headers = {"Authorization": f"Bearer {read_or_make_token(manager.base)}", "Host": host}
        async with http.ws_connect(f"http://127.0.0.1:{manager.port}/", headers=headers) as socket:
            yield Original(socket)


async def test_bare_words(tmp_path: Path) -> None:
    """`ping` is answered by the bare word, `identify` without a type, `worker_status` with both arrays."""
    async with original(tmp_path) as client:
        await client.say("ping")
        pong = await client.socket.receive_str()
        await client.say("identify")
        identity = await client.socket.receive_json()
        await client.say("worker_status")
        status = await client.socket.receive_json()

    assert pong == "pong"
    assert identity == {"class": "WorkerManager", "py": sys.executable}
    assert status == {"type": "worker_status", "active": [], "inactive": []}


async def test_a_worker_from_new_to_deleted(tmp_path: Path) -> None:
    """Each request ends with its answer and the reset; the lists follow."""
    async with original(tmp_path) as client:
        kwargs = {"name": "Tank 3", "in_venv": False, "copyLib": False, "copyNS": False, "data_path": "/etc"}
        await client.ask(type="new_worker", kwargs=kwargs)
        uuid = (await client.hear("worker_created"))["uuid"]
        assert (await client.hear("progress")) == RESET

        await client.ask(type="set_active", workerid=uuid)
        sequence = await client.hear_until("progress", message="")
        set_worker = next(message for message in sequence if message["type"] == "set_worker")
        await client.say("worker_status")
        listed = await client.hear("worker_status")

        await client.ask(type="restart_worker", workerid=uuid)
        restarted = await client.hear_until("progress", message="")
        await client.ask(type="stop_worker", workerid=uuid)
        await client.hear_until("progress", message="")
        await client.say("worker_status")
        stopped = (await client.hear_until("worker_status", active=[]))[-1]

        await client.ask(type="delete_worker", workerid=uuid)
        deleted = await client.hear("worker_deleted")

    progress = [message["progress"] for message in sequence if message["type"] == "progress"]
    assert progress[:2] == [0.1, 0.4]
    assert progress == sorted(progress)
    assert sequence[-1] == RESET
    entry = listed["active"][0]
    assert set_worker["data"] == entry
    assert entry["type"] == "WSWorker"
    assert (entry["uuid"], entry["name"], entry["host"], entry["ssl"]) == (uuid, "Tank 3", "localhost", False)
    assert (entry["data_path"], entry["autostart"], entry["env_path"]) == (None, "never", None)
    assert isinstance(entry["port"], int)
    assert isinstance(entry["pid"], int)
    assert any(message["type"] == "set_worker" for message in restarted), "a restarted worker runs again"
    assert [worker["uuid"] for worker in stopped["inactive"]] == [uuid]
    assert deleted == {"type": "worker_deleted", "uuid": uuid}


async def test_a_host_is_shown_as_the_client_reached_us(tmp_path: Path) -> None:
    """A client that came by 127.0.0.1 finds the worker there."""
    async with original(tmp_path, "127.0.0.1:9380") as client:
        await client.ask(type="new_worker", kwargs={"in_venv": False})
        uuid = (await client.hear("worker_created"))["uuid"]
        await client.ask(type="set_active", workerid=uuid)
        data = (await client.hear("set_worker"))["data"]

    assert data["host"] == "127.0.0.1"


async def test_mistakes_are_answered_and_change_nothing(tmp_path: Path) -> None:
    """Unknown workers, ids that leave the folder, foreign worker types; what is no request is passed over."""
    async with original(tmp_path) as client:
        errors: list[str] = []
        for request in (
            {"type": "set_active", "workerid": "nobody"},
            {"type": "delete_worker"},
            {"type": "stop_worker", "workerid": "nobody"},
            {"type": "new_worker", "kwargs": {"uuid": "../../escape", "in_venv": False}},
            {"type": "new_worker", "kwargs": {"workertype": "Evil", "in_venv": False}},
            {"type": "new_worker", "kwargs": {"name": 5}},
            {"type": "new_worker", "kwargs": {"reference": "nobody", "in_venv": False}},
        ):
            await client.ask(**request)
            errors.append((await client.hear("error"))["message"])
            assert (await client.hear("progress")) == RESET
        for nothing in ('{"type":"dance"}', "dance", "[]", "{}"):
            await client.say(nothing)
        await client.say("worker_status")
        status = await client.hear("worker_status")

    assert "nobody" in errors[0]
    assert "cannot be a worker's id" in errors[3]
    assert "Evil" in errors[4]
    assert status == {"type": "worker_status", "active": [], "inactive": []}
    assert [path.name for path in tmp_path.iterdir()] == ["base"]
