"""A real Chromium for the tests that need one, or a skip that says clearly why.

CI sets FUNCNODES_BROWSER=required: there, a missing browser fails.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Browser, Page, async_playwright

from tests.support.required import required

_ARGUMENTS = (
    # Tests often run as root in a container, where Chromium's own sandbox cannot start.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No process that waits for the next page: a browser that many tests share looks the same after each.
    "--disable-features=SpareRendererForSitePerProcess",
)


def require_chromium() -> str:
    """Return Chromium's path; skip the test (or fail it, where a browser is required) without one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    return required(found, "Chromium", "chromium", "FUNCNODES_BROWSER")


@asynccontextmanager
async def open_browser() -> AsyncGenerator[Browser]:
    """Start Chromium without a window and end it afterwards."""
    path = require_chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def page_of(
    browser: Browser, width: int = 1400, height: int = 850
) -> AsyncGenerator[tuple[Page, list[str]]]:
    """Give a page of this size in a window of its own, and the list that console errors are collected in."""
    page = await browser.new_page(viewport={"width": width, "height": height})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page, complaints
    finally:
        await page.context.close()


@dataclass(frozen=True)
class Watched:
    """A page, and what it asked for and complained of."""

    page: Page
    requests: list[str]
    sockets: list[str]
    complaints: list[str]


@asynccontextmanager
async def open_page_by_tls() -> AsyncGenerator[Watched]:
    """Give a page in a browser of its own that believes a certificate nobody has signed."""
    async with open_browser() as browser:
        context = await browser.new_context(ignore_https_errors=True)
        watched = Watched(await context.new_page(), [], [], [])
        page, complaints = watched.page, watched.complaints
        page.on("request", lambda request: watched.requests.append(request.url))
        page.on("websocket", lambda socket: watched.sockets.append(socket.url))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield watched


@asynccontextmanager
async def open_page(width: int = 1400, height: int = 850) -> AsyncGenerator[tuple[Page, list[str]]]:
    """Give a page in a browser of its own, and the list that its console errors are collected in."""
    async with open_browser() as browser, page_of(browser, width, height) as opened:
        yield opened
