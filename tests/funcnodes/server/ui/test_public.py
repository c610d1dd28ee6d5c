"""The address that a proxy in front gives us: what may be one, and what it changes."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest
from funcnodes.cli.link import make_link
from funcnodes.server.ui.public import BadAddress, read_address
from funcnodes.server.ui.service import UiSettings, open_ui
from funcnodes.server.ui.workers import WorkerAddress
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.token import read_or_make_token

from tests.funcnodes.server.ui.echo_worker import echo_worker


@pytest.mark.parametrize(
    ("text", "origin", "path"),
    [
        ("https://lab.example/funcnodes/", "https://lab.example", "/funcnodes/"),
        ("https://Lab.Example:443/a/b", "https://lab.example", "/a/b/"),
        (" http://lab.example:8443 ", "http://lab.example:8443", "/"),
        ("http://[2001:DB8::1]:80/x", "http://[2001:db8::1]", "/x/"),
    ],
)
def test_an_address_is_read_as_a_browser_says_it(text: str, origin: str, path: str) -> None:
    read = read_address(text)
    assert (read.origin, read.path) == (origin, path)
    assert read.url == f"{origin}{path}".rstrip("/")


@pytest.mark.parametrize(
    "text",
    ["lab.example", "ftp://lab.example/", "https:///x", "https://a/?q", "https://u:p@a/", "https://a/../b",
     "https://a/{x}", "https://a/x%2Fy", "https://a/a;Path=/", "https://a:99999/", "//a/b"],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadAddress, match=r"https://lab\.example/funcnodes/"):
        read_address(text)


async def test_all_is_served_below_the_path_whether_the_proxy_leaves_it_or_takes_it_away(
    tmp_path: Path,
) -> None:
    """The cookie is for the path alone: what else the host serves gets none; and it counts there."""
    base = Base(tmp_path / "base")
    token = {"Authorization": f"Bearer {read_or_make_token(base)}"}
    public = read_address("https://lab.example/tools/funcnodes/")
    async with echo_worker() as worker:
        direct = WorkerAddress("127.0.0.1", worker.port)
        settings = UiSettings(base=base, port=0, worker=direct, public=public)
        async with open_ui(settings, pytest.fail) as ui, aiohttp.ClientSession() as http:
            assert ui.shown_url == "https://lab.example/tools/funcnodes"
            here = {"Host": "lab.example", "Origin": public.origin}
            for begin in (ui.url, f"{ui.url}/tools/funcnodes"):
                code = make_link(base, ui.shown_url).partition("?code=")[2]
                async with http.post(f"{begin}/session", json={"code": code}, headers=here) as answer:
                    cookie = answer.headers["Set-Cookie"]
                    assert answer.status == 200
                assert "Path=/tools/funcnodes/" in cookie
                assert cookie.startswith("fn_443=")
                assert "Secure" in cookie
                mine = {**here, "Cookie": cookie.partition(";")[0]}
                async with http.ws_connect(f"{begin}/worker/w_1/", headers=mine) as socket:
                    await socket.send_str("hello")
                    assert await socket.receive_str() == "hello"
                headers = {**token, "Host": "lab.example"}
                async with http.post(f"{begin}/worker/w_1/message/", headers=headers, json={}) as answer:
                    assert answer.status == 200
            for path in (
                "/tools/worker/w_1/message/",
                "/other/worker/w_1/message/",
                "/tools%2Ffuncnodes/worker/w_1/message/",
            ):
                url = aiohttp.client.URL(f"{ui.url}{path}", encoded=True)
                async with http.post(url, headers=token, json={}) as answer:
                    assert answer.status == 404
    assert len(worker.bodies) == 2
