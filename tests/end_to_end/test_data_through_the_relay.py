"""What the page does with large data, through the UI server: parts of values, uploads that go on, files."""

from __future__ import annotations

import base64
import io
from collections.abc import Generator
from typing import Any

import aiohttp
import pytest

from tests.support.running_system import System, running_system

TUS = {"Tus-Resumable": "1.0.0"}
STREAM = {**TUS, "Content-Type": "application/offset+octet-stream"}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Generator[System, None, None]:
    with running_system(tmp_path_factory.mktemp("relay")) as running:
        yield running


async def call(system: System, http: aiohttp.ClientSession, method: str, **params: Any) -> Any:
    async with http.ws_connect(f"{system.ui}/worker/{system.uuid}/") as socket:
        await socket.send_json({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        while (message := await socket.receive_json(timeout=10)).get("id") != 1:
            pass
        return message["result"]


async def test_values_come_in_parts_with_all_their_headers(system: System) -> None:
    text = "0123456789" * 30_000
    async with aiohttp.ClientSession(headers=system.bearer) as http:
        await call(system, http, "add_node", id="input.str", uuid="text/é")
        await call(system, http, "set_io_value", nid="text/é", ioid="input", value=text)
        address = f"{system.ui}/worker/{system.uuid}/values/text%2F%C3%A9/string"
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


async def test_an_upload_begins_goes_on_and_is_there(system: System) -> None:
    content = bytes(range(256)) * 10_000
    async with aiohttp.ClientSession(headers=system.bearer) as http:
        begin = f"{system.ui}/worker/{system.uuid}/uploads/"
        metadata = f"path {base64.b64encode(b'through/relay.bin').decode()}"
        headers = {**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": metadata}
        async with http.post(begin, headers=headers) as answer:
            assert answer.status == 201
            upload = str(answer.url.join(aiohttp.client.URL(answer.headers["Location"])))
        assert upload.startswith(begin)
        for at in range(0, len(content), 1_000_000):
            async with http.head(upload, headers=TUS) as answer:
                assert (answer.status, answer.headers["Upload-Offset"]) == (200, str(at))
            piece = io.BytesIO(content[at : at + 1_000_000])
            async with http.patch(upload, headers={**STREAM, "Upload-Offset": str(at)}, data=piece) as answer:
                assert answer.status == 204
        files = f"{system.ui}/worker/{system.uuid}/files/"
        async with http.get(f"{files}through/relay.bin", headers={"Range": "bytes=256-258"}) as answer:
            assert (answer.status, await answer.read()) == (206, b"\0\1\2")
        async with http.get(files, params={"recursive": "1"}) as answer:
            listed = [entry["path"] for entry in (await answer.json())["files"]]
            assert listed == ["through", "through/relay.bin"]
        as_json = {"Content-Type": "application/json"}
        async with http.delete(f"{files}through/relay.bin", headers=as_json) as answer:
            assert (answer.status, (await answer.json())["path"]) == (200, "through/relay.bin")


@pytest.mark.parametrize("path", ["files/..%2f..%2fworker.log", "files/%2e%2e/%2e%2e/x", "uploads/..%2fx"])
async def test_a_path_means_through_the_relay_what_it_means_at_the_worker(system: System, path: str) -> None:
    """Nothing is put in order on the way, so nothing leads out."""
    async with aiohttp.ClientSession(headers=system.bearer) as http:
        address = aiohttp.client.URL(f"{system.ui}/worker/{system.uuid}/{path}", encoded=True)
        async with http.get(address) as answer:
            assert answer.status in (400, 404, 405)
