"""An editor in real Chromium for tests: a page on a worker's graph, and beside it a client of that worker."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import time
import urllib.request
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from funcnodes.server.client import connect
from playwright.async_api import Browser, Locator, Page, expect

from tests.support.browser import page_of
from tests.support.running_system import System
from tests.support.worker_client import WorkerClient, worker_at

PHONE = (390, 844)


@dataclass(frozen=True)
class Editor:
    """An open page and, beside it, a client of the same worker."""

    page: Page
    complaints: list[str]
    worker: WorkerClient

    def node(self, node: str) -> Locator:
        """The node on the canvas."""
        return self.page.get_by_test_id(f"node-{node}")

    def preview(self, node: str, port: str = "out") -> Locator:
        """The line that shows a port's newest value."""
        return self.page.get_by_test_id(f"preview-{node}-{port}")

    @property
    def connection(self) -> Locator:
        """The word for how the connection is."""
        return self.page.get_by_test_id("connection-state")

    async def type(self, node: str, port: str, text: str) -> None:
        """Type into an input's control, and Enter."""
        control = self.page.get_by_test_id(f"input-{node}-{port}")
        await control.fill(text)
        await control.press("Enter")

    async def draw_wire(self, source: tuple[str, str], target: tuple[str, str]) -> None:
        """Draw a wire with the mouse."""
        start = await middle_of(self.page.get_by_test_id(f"port-{source[0]}-{source[1]}"))
        end = await middle_of(self.page.get_by_test_id(f"port-{target[0]}-{target[1]}"))
        await self.page.mouse.move(*start)
        await self.page.mouse.down()
        await self.page.mouse.move(*end, steps=8)
        await self.page.mouse.up()

    async def select(self, node: str) -> None:
        """Click on a node's head, beside its name's text field and buttons."""
        await self.node(node).locator("header").click(position={"x": 6, "y": 6})
        await expect(self.page.locator(".react-flow__node.selected")).to_have_count(1)


async def middle_of(port: Locator) -> tuple[float, float]:
    box = await port.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def document_of(worker: WorkerClient) -> tuple[dict[str, Any], int]:
    """Return the committed document and its revision."""
    answer = await worker.call("subscribe")
    return answer["document"], answer["revision"]


async def wait_for_document(
    worker: WorkerClient, wanted: Callable[[dict[str, Any]], bool]
) -> tuple[dict[str, Any], int]:
    """Return document and revision once they are as wanted, or as they are after 5 s."""
    deadline = time.monotonic() + 5
    while True:
        document, revision = await document_of(worker)
        if wanted(document) or time.monotonic() > deadline:
            return document, revision
        await asyncio.sleep(0.02)  # A poll with a deadline; an answer is not about other people's edits.


def classes(document: dict[str, Any]) -> list[str]:
    return sorted(node["class_id"] for node in document["nodes"].values())


async def edits_since(worker: WorkerClient, epoch: str, revision: int) -> list[list[dict[str, Any]]]:
    """Return the transactions after a revision."""
    answer = await worker.call("subscribe", since={"epoch": epoch, "revision": revision})
    return [transaction["edits"] for transaction in answer["edits"]]


def added(node: str, class_id: str, x: int, y: int) -> dict[str, Any]:
    record = {"id": node, "class_id": class_id, "properties": {"frontend:pos": [x, y]}}
    return {"kind": "add_node", "node": record}


def value(node: str, port: str, value: Any) -> dict[str, Any]:
    return {"kind": "set_value", "node": node, "port": port, "value": value}


SUM = (
    added("a", "input.float", 0, 0),
    added("b", "input.float", 0, 220),
    added("sum", "add_node", 420, 60),
    value("a", "input", 2),
    value("b", "input", 3),
)
"""Two numbers that are not yet wired to a sum."""


@functools.cache
def _session(ui: str, link: str) -> tuple[str, str]:
    """Return name and value of a session's cookie, made once for each system; links have their own tests."""
    body = json.dumps({"code": link.partition("?code=")[2]}).encode()
    headers = {"Content-Type": "application/json", "Origin": ui}
    with urllib.request.urlopen(urllib.request.Request(f"{ui}/session", body, headers), timeout=10) as answer:
        name, _, rest = answer.headers["Set-Cookie"].partition("=")
    return name, rest.partition(";")[0]


@asynccontextmanager
async def opened(
    browser: Browser,
    system: System,
    graph: Sequence[dict[str, Any]] = (),
    size: tuple[int, int] = (1400, 850),
    chosen: str | None = None,
    keep: int | None = None,
) -> AsyncGenerator[Editor]:
    """Open the page on a graph made by these edits, or on the `keep` nodes that the worker has.

    It must not have complained when it is closed.
    """
    uuid = chosen or system.uuid
    async with connect(system.base) as manager, worker_at(system.base, manager, uuid) as worker:
        # Apart, so that no node of the last test lives on under the same id with its values.
        if keep is None:
            await worker.call("edit", edits=[{"kind": "replace_graph", "document": {}}])
        if graph:
            await worker.call("edit", edits=[*graph])
        name, cookie = await asyncio.to_thread(_session, system.ui, system.link)
        async with page_of(browser, *size) as (page, complaints):
            await page.context.add_cookies([{"name": name, "value": cookie, "url": system.ui}])
            page.set_default_timeout(15_000)
            expect.set_options(timeout=15_000)
            await page.goto(system.ui)
            if chosen is not None:
                await page.get_by_test_id(f"worker-item-{chosen}").click()
            await expect(page.get_by_test_id("canvas")).to_be_visible()
            await expect(page.locator("[data-class-id]")).to_have_count(keep or len(_nodes_of(graph)))
            yield Editor(page, complaints, worker)
            assert complaints == []


def _nodes_of(graph: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [edit for edit in graph if edit["kind"] == "add_node"]


async def picture(page: Page, name: str) -> None:
    """Keep what is seen where a person asked for it."""
    if folder := os.environ.get("FUNCNODES_SCREENSHOTS"):
        await page.screenshot(path=f"{folder}/{name}.png")
