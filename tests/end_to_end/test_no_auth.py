"""`--no-auth`, the only tests that run without authentication: who gets in then, and who still does not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator

import aiohttp
import pytest

from tests.support.running_system import System, running_system

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Generator[System, None, None]:
    """A system that was told to let in every program on this machine."""
    with running_system(tmp_path_factory.mktemp("no-auth"), ["--no-auth"]) as running:
        yield running


def doors(system: System) -> list[str]:
    """Return the sockets of all three servers."""
    return [f"{system.ui}/manager", f"{system.ui}/worker/{system.uuid}/", system.manager, system.worker]


async def test_a_program_of_this_machine_needs_no_token(system: System) -> None:
    """The original's manager and command line send none; the setting is handed down to workers."""
    async with aiohttp.ClientSession() as http:
        for address in doors(system):
            async with http.ws_connect(address) as socket:
                worker = "worker" in address or address == system.worker
                await socket.send_str('{"type": "cmd", "cmd": "uuid", "id": "1"}' if worker else "ping")
                answer = await asyncio.wait_for(socket.receive_str(), 10)
                assert (json.loads(answer)["result"] == system.uuid) if worker else (answer == "pong")


async def test_a_page_of_this_machine_may_speak_from_any_port(system: System) -> None:
    """The published bundle, wherever it is served here, with its uploads and large requests."""
    origin = {"Origin": "http://localhost:3000"}
    async with aiohttp.ClientSession(headers=origin) as http:
        for address in doors(system):
            async with http.ws_connect(address):
                pass
        form = aiohttp.FormData()
        form.add_field("file", b"hello", filename="ours.txt")
        async with http.post(f"{system.worker}/upload/", data=form) as answer:
            assert answer.status == 200
            assert answer.headers["Access-Control-Allow-Origin"] == origin["Origin"]


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "rebound.example"}], ids=str
)
async def test_strangers_stay_outside(system: System, headers: dict[str, str]) -> None:
    """Pages from elsewhere and rebound names are refused as ever, and simple posts with them."""
    async with aiohttp.ClientSession() as http:
        for address in doors(system):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(address, headers=headers)
            assert refused.value.status == 403
        for path in (f"{system.worker}/message/", f"{system.ui}/worker/{system.uuid}/message/"):
            async with http.post(
                path, data=b"{}", headers={"Content-Type": "text/plain", **headers}
            ) as answer:
                assert answer.status == 403


async def test_the_printed_address_needs_no_code(system: System) -> None:
    """And the page is told that it has a session."""
    assert system.link.rstrip("/") == system.ui
    async with aiohttp.ClientSession() as http, http.get(f"{system.ui}/session") as answer:
        assert (await answer.json())["session"] is True
