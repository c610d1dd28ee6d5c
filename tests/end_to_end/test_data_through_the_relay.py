"""Large data, as the page moves it, through UI server and manager: parts of values, uploads, files."""

from __future__ import annotations

import base64
import io
from collections.abc import Generator
from typing import Any

import aiohttp
import pytest
from yarl import URL

from tests.support.running_system import System, running_system

TUS = {"Tus-Resumable": "1.0.0"}
STREAM = {**TUS, "Content-Type": "application/offset+octet-stream"}


DOORS = pytest.mark.parametrize("door", ["ui", "manager"])


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Generator[System, None, None]:
    with running_system(tmp_path_factory.mktemp("relay")) as running:
        yield running


async def call(hub: str, http: aiohttp.ClientSession, method: str, **params: Any) -> Any:
    async with http.ws_connect(f"{hub}/") as socket:
        await socket.send_json({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        while True:
            pushed = await socket.receive(timeout=10)
            if pushed.type is aiohttp.WSMsgType.TEXT and (message := pushed.json()).get("id") == 1:
                return message["result"]


@DOORS
async def test_values_come_in_parts_with_all_their_headers(system: System, door: str) -> None:
    hub = f"{system.address(door)}/worker/{system.uuid}"
    text = "0123456789" * 30_000
    async with aiohttp.ClientSession(headers=system.bearer) as http:
        await call(hub, http, "add_node", id="input.str", uuid=f"text/é {door}")
        await call(hub, http, "set_io_value", nid=f"text/é {door}", ioid="input", value=text)
        await call(hub, http, "wait_idle")
        address = URL(f"{hub}/values/text%2F%C3%A9%20{door}/string", encoded=True)
        async with http.get(address, headers={"Range": "bytes=100000-100009"}) as answer:
            assert (answer.status, await answer.text()) == (206, "0123456789")
            assert answer.headers["Content-Range"] == "bytes 100000-100009/300000"
            assert answer.headers["Content-Security-Policy"] == "sandbox"
            tag = answer.headers["ETag"]
        async with http.get(address, headers={"If-None-Match": tag}) as answer:
            assert answer.status == 304
        async with http.head(address) as answer:
            assert (answer.status, answer.headers["Content-Length"]) == (200, "300000")
        async with http.get(address, params={"rows": "x"}) as answer:
            assert (answer.status, "number" in await answer.text()) == (400, True)


@DOORS
async def test_an_upload_begins_goes_on_and_is_there(system: System, door: str) -> None:
    hub = f"{system.address(door)}/worker/{system.uuid}"
    folder = f"through_{door}"
    content = bytes(range(256)) * 10_000
    async with aiohttp.ClientSession(headers=system.bearer) as http:
        begin = f"{hub}/uploads/"
        metadata = f"path {base64.b64encode(f'{folder}/relay.bin'.encode()).decode()}"
        headers = {**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": metadata}
        async with http.post(begin, headers=headers) as answer:
            assert answer.status == 201
            upload = str(answer.url.join(URL(answer.headers["Location"])))
        assert upload.startswith(begin)
        for at in range(0, len(content), 1_000_000):
            async with http.head(upload, headers=TUS) as answer:
                assert (answer.status, answer.headers["Upload-Offset"]) == (200, str(at))
            piece = io.BytesIO(content[at : at + 1_000_000])
            async with http.patch(upload, headers={**STREAM, "Upload-Offset": str(at)}, data=piece) as answer:
                assert answer.status == 204
        files = f"{hub}/files/"
        async with http.get(f"{files}{folder}/relay.bin", headers={"Range": "bytes=256-258"}) as answer:
            assert (answer.status, await answer.read()) == (206, b"\0\1\2")
        async with http.get(files, params={"recursive": "1"}) as answer:
            listed = [entry["path"] for entry in (await answer.json())["files"]]
            assert [path for path in listed if path.startswith(folder)] == [folder, f"{folder}/relay.bin"]
        as_json = {"Content-Type": "application/json"}
        async with http.delete(f"{files}{folder}/relay.bin", headers=as_json) as answer:
            assert (answer.status, (await answer.json())["path"]) == (200, f"{folder}/relay.bin")


@DOORS
@pytest.mark.parametrize("path", ["files/..%2f..%2fworker.log", "files/%2e%2e/%2e%2e/x", "uploads/..%2fx"])
async def test_a_path_means_through_the_relay_what_it_means_at_the_worker(
    system: System, path: str, door: str
) -> None:
    """Nothing is put in order on the way, so nothing leads out."""
    async with aiohttp.ClientSession(headers=system.bearer) as http:
        address = URL(f"{system.address(door)}/worker/{system.uuid}/{path}", encoded=True)
        async with http.get(address) as answer:
            assert answer.status in (400, 404, 405)
