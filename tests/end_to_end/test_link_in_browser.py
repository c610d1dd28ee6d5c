"""The link in a real browser: it lets in, leaves no trace of its code, and a second browser is told so."""

from __future__ import annotations

import json
from collections.abc import Generator

import pytest
from playwright.async_api import Page, expect

from tests.support.browser import open_page, require_chromium
from tests.support.running_system import System, funcnodes, running_system

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SPEAK_TO_MANAGER = """
() => new Promise((resolve, reject) => {
  const socket = new WebSocket(`ws://${location.host}/manager`);
  socket.onopen = () => socket.send("ping");
  socket.onmessage = (message) => resolve(message.data);
  socket.onerror = () => reject(new Error("refused"));
})
"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Generator[System, None, None]:
    """A running system; without a browser on this machine it is not started."""
    require_chromium()
    with running_system(tmp_path_factory.mktemp("link")) as running:
        yield running


async def _cookies(page: Page) -> list[dict[str, object]]:
    return json.loads(json.dumps(await page.context.cookies()))


async def test_the_link_lets_in_and_leaves_no_trace_of_its_code(system: System) -> None:
    """Not in the address, not in the history, not readable by scripts; the page's socket is open to it."""
    code = system.link.partition("?code=")[2]
    async with open_page() as (page, complaints):
        requests: list[str] = []
        page.on(
            "request", lambda request: requests.append(f"{request.url} {request.headers.get('referer', '')}")
        )
        await page.goto(system.link)
        await page.wait_for_url(f"{system.ui}/")
        assert await page.evaluate(SPEAK_TO_MANAGER) == "pong"
        assert f"fn_{system.ui_port}" not in await page.evaluate("() => document.cookie")
        cookie = next(c for c in await _cookies(page) if c["name"] == f"fn_{system.ui_port}")
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        later = [line for line in requests if "/session?code=" not in line.split()[0]]
        assert later
        assert not any(code in line for line in later)
        await page.go_back()
        assert code not in page.url
        # An editor that is not built is said by the page itself, with a status that the console repeats.
        assert [text for text in complaints if "503" not in text] == []


async def test_a_used_link_says_how_to_get_another(system: System) -> None:
    """A sentence instead of a blank page; and the browser that is in already simply stays in."""
    link = funcnodes(system.base.folder, "link").strip()
    assert link.startswith(f"{system.ui}/session?code=")
    async with open_page() as (page, _):
        await page.goto(link)
        await page.wait_for_url(f"{system.ui}/")
        await page.goto(link)
        await page.wait_for_url(f"{system.ui}/")
    async with open_page() as (page, _):
        await page.goto(link)
        await expect(page.get_by_text("funcnodes link")).to_be_visible()


async def test_a_page_of_another_port_gets_nothing_though_its_browser_has_a_session(system: System) -> None:
    """The cookie goes to all ports of a host name; the origin tells who asks."""
    link = funcnodes(system.base.folder, "link").strip()
    async with open_page() as (page, _):
        await page.goto(link)
        await page.wait_for_url(f"{system.ui}/")
        # The worker's server is another origin on the same host name, with a page that scripts can run in.
        await page.goto(f"{system.worker}/message/none")
        outcome = await page.evaluate(
            """(ui) => new Promise((resolve) => {
              const socket = new WebSocket(`${ui.replace("http", "ws")}/manager`);
              socket.onopen = () => resolve("let in");
              socket.onerror = () => resolve("refused");
            })""",
            system.ui,
        )
        assert outcome == "refused"
        assert (
            await page.evaluate(
                "(ui) => fetch(`${ui}/session`).then(() => 'read', () => 'refused')", system.ui
            )
            == "refused"
        )
