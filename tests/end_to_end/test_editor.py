"""The editor in real Chromium on a real system: what goes wrong is said, what is done arrives, once.

One running system serves all tests but the one that kills its worker. Each test begins with an empty graph.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import re
import signal
import time
import urllib.request
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from funcnodes.server.client import connect
from playwright.async_api import Locator, Page, expect

from tests.support.browser import open_page, require_chromium
from tests.support.fleet import status_of
from tests.support.running_system import System, running_system
from tests.support.worker_client import WorkerClient, worker_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

PHONE = (390, 844)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Generator[System, None, None]:
    """A running system with one worker; without a browser on this machine it is not started."""
    require_chromium()
    with running_system(tmp_path_factory.mktemp("editor")) as running:
        yield running


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
        start = await _middle(self.page.get_by_test_id(f"port-{source[0]}-{source[1]}"))
        end = await _middle(self.page.get_by_test_id(f"port-{target[0]}-{target[1]}"))
        await self.page.mouse.move(*start)
        await self.page.mouse.down()
        await self.page.mouse.move(*end, steps=8)
        await self.page.mouse.up()

    async def select(self, node: str) -> None:
        """Click on a node's head, beside its name's text field and buttons."""
        await self.node(node).locator("header").click(position={"x": 6, "y": 6})
        await expect(self.page.locator(".react-flow__node.selected")).to_have_count(1)


async def _middle(port: Locator) -> tuple[float, float]:
    box = await port.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def _document(worker: WorkerClient) -> tuple[dict[str, Any], int]:
    """Return the committed document and its revision."""
    answer = await worker.call("subscribe")
    return answer["document"], answer["revision"]


async def _wait_for_document(
    worker: WorkerClient, wanted: Callable[[dict[str, Any]], bool]
) -> tuple[dict[str, Any], int]:
    """Return document and revision once they are as wanted, or as they are after 5 s."""
    deadline = time.monotonic() + 5
    while True:
        document, revision = await _document(worker)
        if wanted(document) or time.monotonic() > deadline:
            return document, revision
        await asyncio.sleep(0.02)  # A poll with a deadline; an answer is not about other people's edits.


def _classes(document: dict[str, Any]) -> list[str]:
    return sorted(node["class_id"] for node in document["nodes"].values())


async def _edits_since(worker: WorkerClient, epoch: str, revision: int) -> list[list[dict[str, Any]]]:
    """Return the transactions after a revision."""
    answer = await worker.call("subscribe", since={"epoch": epoch, "revision": revision})
    return [transaction["edits"] for transaction in answer["edits"]]


def _added(node: str, class_id: str, x: int, y: int) -> dict[str, Any]:
    record = {"id": node, "class_id": class_id, "properties": {"frontend:pos": [x, y]}}
    return {"kind": "add_node", "node": record}


def _value(node: str, port: str, value: Any) -> dict[str, Any]:
    return {"kind": "set_value", "node": node, "port": port, "value": value}


@functools.cache
def _session(ui: str, link: str) -> tuple[str, str]:
    """Return name and value of a session's cookie, made once for each system; links have their own tests."""
    body = json.dumps({"code": link.partition("?code=")[2]}).encode()
    headers = {"Content-Type": "application/json", "Origin": ui}
    with urllib.request.urlopen(urllib.request.Request(f"{ui}/session", body, headers), timeout=10) as answer:
        name, _, rest = answer.headers["Set-Cookie"].partition("=")
    return name, rest.partition(";")[0]


@asynccontextmanager
async def _opened(
    system: System,
    graph: Sequence[dict[str, Any]] = (),
    size: tuple[int, int] = (1400, 850),
    chosen: str | None = None,
) -> AsyncGenerator[Editor]:
    """Open the page on a graph made by these edits; it must not have complained when it is closed."""
    uuid = chosen or system.uuid
    async with connect(system.base) as manager, worker_at(system.base, manager, uuid) as worker:
        # Apart, so that no node of the last test lives on under the same id with its values.
        await worker.call("edit", edits=[{"kind": "replace_graph", "document": {}}])
        if graph:
            await worker.call("edit", edits=[*graph])
        name, value = await asyncio.to_thread(_session, system.ui, system.link)
        async with open_page(*size) as (page, complaints):
            await page.context.add_cookies([{"name": name, "value": value, "url": system.ui}])
            page.set_default_timeout(15_000)
            expect.set_options(timeout=15_000)
            await page.goto(system.ui)
            if chosen is not None:
                await page.get_by_test_id(f"worker-item-{chosen}").click()
            await expect(page.get_by_test_id("canvas")).to_be_visible()
            await expect(page.locator("[data-class-id]")).to_have_count(len(_nodes_of(graph)))
            yield Editor(page, complaints, worker)
            assert complaints == []


def _nodes_of(graph: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [edit for edit in graph if edit["kind"] == "add_node"]


@pytest.fixture
async def sum_of_two(system: System) -> AsyncIterator[Editor]:
    """An editor with two numbers that are not yet wired to a sum."""
    graph = [
        _added("a", "input.float", 0, 0),
        _added("b", "input.float", 0, 220),
        _added("sum", "add_node", 420, 60),
        _value("a", "input", 2),
        _value("b", "input", 3),
    ]
    async with _opened(system, graph) as editor:
        yield editor


async def test_a_failed_node_shows_its_message_and_one_click_away_the_traceback(system: System) -> None:
    """And a run that succeeds takes both away."""
    graph = [_added("div", "div_node", 0, 0), _value("div", "a", 1), _value("div", "b", 0)]
    async with _opened(system, graph) as editor:
        error = editor.page.get_by_test_id("node-error-div")
        await expect(error).to_contain_text("division by zero")
        await expect(editor.node("div")).to_have_attribute("data-status", "failed")
        await error.click()
        await expect(editor.page.get_by_test_id("traceback")).to_contain_text("ZeroDivisionError")
        await expect(editor.page.get_by_test_id("traceback")).to_contain_text("math_nodes.py")
        await editor.page.keyboard.press("Escape")

        await editor.type("div", "b", "4")
        await expect(editor.preview("div")).to_have_text("0.25")
        await expect(error).to_have_count(0)


async def test_a_wire_that_cannot_be_is_refused_with_its_reason(sum_of_two: Editor) -> None:
    """Two outputs, and the same wire twice: a toast says why, and nothing is changed on the worker."""
    toast = sum_of_two.page.get_by_test_id("toast")
    await sum_of_two.draw_wire(("a", "float"), ("b", "float"))
    await expect(toast).to_contain_text("Two outputs cannot be connected")
    await expect(toast).to_have_attribute("data-tone", "error")
    await toast.get_by_label("Dismiss").click()

    await sum_of_two.draw_wire(("a", "float"), ("sum", "a"))
    await expect(sum_of_two.page.locator(".react-flow__edge")).to_have_count(1)
    await sum_of_two.draw_wire(("a", "float"), ("sum", "a"))
    await expect(toast).to_contain_text("connected already")
    document, _ = await _wait_for_document(sum_of_two.worker, lambda document: bool(document.get("edges")))
    assert document["edges"] == [["a", "float", "sum", "a"]]


async def test_a_wire_drawn_to_an_occupied_input_takes_the_place_of_the_old_one(sum_of_two: Editor) -> None:
    """In one step: nobody ever sees an input without a wire in between."""
    await sum_of_two.draw_wire(("a", "float"), ("sum", "a"))
    await expect(sum_of_two.preview("sum", "a")).to_have_text("2")
    before = await sum_of_two.worker.call("subscribe")
    await sum_of_two.draw_wire(("b", "float"), ("sum", "a"))
    await expect(sum_of_two.preview("sum", "a")).to_have_text("3")
    assert await _edits_since(sum_of_two.worker, before["epoch"], before["revision"]) == [
        [
            {"kind": "remove_edge", "edge": ["a", "float", "sum", "a"]},
            {"kind": "add_edge", "edge": ["b", "float", "sum", "a"]},
        ]
    ]


@pytest.mark.parametrize("key", ["Delete", "Backspace"])
async def test_delete_and_backspace_remove_the_selected_node_on_the_worker(
    sum_of_two: Editor, key: str
) -> None:
    """With its wires; in a text field the same key deletes a letter only."""
    await sum_of_two.draw_wire(("a", "float"), ("sum", "a"))
    await expect(sum_of_two.page.locator(".react-flow__edge")).to_have_count(1)
    field = sum_of_two.page.get_by_test_id("input-b-input")
    await field.click()
    await field.press(key)
    await field.press("Escape")
    await sum_of_two.select("a")
    await sum_of_two.page.keyboard.press(key)
    await expect(sum_of_two.page.locator("[data-class-id]")).to_have_count(2)
    document, _ = await _wait_for_document(sum_of_two.worker, lambda document: len(document["nodes"]) == 2)
    assert (sorted(document["nodes"]), document.get("edges", [])) == (["b", "sum"], [])


async def test_a_second_window_sees_what_is_done_in_the_first(sum_of_two: Editor) -> None:
    """Values, wires, places and new nodes, without a reload; and the other way round."""
    browser = sum_of_two.page.context.browser
    assert browser is not None
    # The session's cookie and nothing else: a window of its own.
    other = await browser.new_page(storage_state=await sum_of_two.page.context.storage_state())
    await other.goto(sum_of_two.page.url)
    await expect(other.locator("[data-class-id]")).to_have_count(3)
    await sum_of_two.type("a", "input", "40")
    await sum_of_two.draw_wire(("a", "float"), ("sum", "a"))
    await sum_of_two.draw_wire(("b", "float"), ("sum", "b"))
    await expect(other.get_by_test_id("preview-sum-out")).to_have_text("43")
    await expect(other.get_by_test_id("input-a-input")).to_have_value("40")
    await expect(other.locator(".react-flow__edge")).to_have_count(2)

    await other.get_by_test_id("library-search").fill("mul_node")
    await other.get_by_test_id("library-node-mul_node").dblclick()
    await expect(sum_of_two.page.locator('[data-class-id="mul_node"]')).to_have_count(1)
    await expect(sum_of_two.page.get_by_test_id("preview-sum-out")).to_have_text("43")


async def test_a_node_is_moved_where_the_hand_puts_it(sum_of_two: Editor) -> None:
    """One edit when it is put down, none on the way."""
    _, before = await _document(sum_of_two.worker)
    box = await sum_of_two.node("sum").locator("header").bounding_box()
    assert box is not None
    await sum_of_two.page.mouse.move(box["x"] + 6, box["y"] + 6)
    await sum_of_two.page.mouse.down()
    await sum_of_two.page.mouse.move(box["x"] + 106, box["y"] + 76, steps=10)
    await sum_of_two.page.mouse.up()
    seen, after = await _wait_for_document(
        sum_of_two.worker,
        lambda document: document["nodes"]["sum"]["properties"]["frontend:pos"] != [420, 60],
    )
    x, y = seen["nodes"]["sum"]["properties"]["frontend:pos"]
    assert x > 480
    assert y > 100
    assert after == before + 1


async def test_on_a_phone_a_node_is_added_through_the_palette(system: System) -> None:
    """390 by 844: the plus in the bar below opens it; the library is a sheet from the same bar."""
    async with _opened(system, size=PHONE) as editor:
        bar = editor.page.get_by_role("navigation")
        await bar.get_by_label("Add node").click()
        await editor.page.get_by_test_id("palette-input").fill("Float Input")
        await editor.page.keyboard.press("Enter")
        node = editor.page.locator('[data-class-id="input.float"]')
        await expect(node).to_be_in_viewport(ratio=1)

        await bar.get_by_label("Library").click()
        await editor.page.get_by_test_id("library-search").fill("add_node")
        await expect(editor.page.get_by_test_id("library-node-add_node")).to_be_in_viewport()
        await editor.page.get_by_test_id("library-node-add_node").dblclick()
        await expect(editor.page.locator('[data-class-id="add_node"]')).to_be_visible()
        document, _ = await _wait_for_document(editor.worker, lambda document: len(document["nodes"]) == 2)
        assert _classes(document) == ["add_node", "input.float"]
        wide = await editor.page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= PHONE[0]


async def test_a_page_without_a_session_says_how_to_get_a_link(system: System) -> None:
    """No worker, no graph, no errors: the one command to type."""
    async with open_page() as (page, complaints):
        await page.goto(system.ui)
        await expect(page.get_by_test_id("no-session")).to_contain_text("funcnodes link")
        await expect(page.get_by_test_id("canvas")).to_have_count(0)
        assert complaints == []


@pytest.fixture
def own_system(tmp_path: Path) -> Generator[System, None, None]:
    """A running system for one test: a worker that comes back after a kill is another process."""
    require_chromium()
    with running_system(tmp_path) as running:
        yield running


async def test_an_edit_typed_while_the_worker_was_killed_arrives_once(own_system: System) -> None:
    """The word for the connection changes and comes back by itself; one revision for each edit."""
    graph = [_added("a", "input.float", 0, 0), _value("a", "input", 2)]
    async with _opened(own_system, graph) as editor, connect(own_system.base) as manager:
        await expect(editor.connection).to_have_attribute("data-state", "connected")
        _, before = await _document(editor.worker)
        pid = (await status_of(manager, own_system.uuid))["pid"]
        assert isinstance(pid, int)
        os.kill(pid, signal.SIGKILL)
        await expect(editor.connection).not_to_have_attribute("data-state", "connected")
        await editor.type("a", "input", "7")
        await editor.page.keyboard.press("Control+k")
        await editor.page.get_by_test_id("palette-input").fill("mul_node")
        await editor.page.keyboard.press("Enter")
        await expect(editor.page.locator('[data-class-id="mul_node"]')).to_have_count(1)

        await expect(editor.connection).to_have_attribute("data-state", "connected", timeout=30_000)
        await expect(editor.preview("a", "float")).to_have_text("7")
        async with worker_at(own_system.base, manager, own_system.uuid) as worker:
            document, after = await _wait_for_document(worker, lambda document: len(document["nodes"]) == 2)
        assert document["nodes"]["a"]["ports"]["input"]["value"] == 7
        assert _classes(document) == ["input.float", "mul_node"]
        assert after == before + 2


@pytest.mark.registry
@pytest.mark.timeout(120)
async def test_a_module_that_does_not_exist_fails_with_a_reason(system: System) -> None:
    """The dialog says which one and that nothing has changed; the worker goes on."""
    name = "funcnodes-there-is-no-such-module"
    async with connect(system.base) as manager:
        uuid = (await manager.call("new_worker", name="own", in_venv=True))["uuid"]
        await manager.call("start_worker", workerid=uuid)
        try:
            async with _opened(system, chosen=uuid) as editor:
                await expect(editor.page.get_by_test_id("worker-menu")).to_contain_text("own")
                await editor.page.get_by_test_id("modules-open").click()
                await editor.page.get_by_test_id("module-name").fill(name)
                await editor.page.get_by_test_id("module-add").click()
                progress = editor.page.get_by_test_id("module-progress")
                await expect(progress).to_have_attribute("data-phase", "failed", timeout=60_000)
                await expect(progress).to_contain_text(f"Add {name}: this could not be done.")
                await editor.page.keyboard.press("Escape")
                await expect(editor.connection).to_have_attribute("data-state", "connected")
        finally:
            await manager.call("delete_worker", workerid=uuid)


async def test_undo_and_redo_by_keys_and_buttons_and_going_back_in_the_history(sum_of_two: Editor) -> None:
    """What another window built upon is not undone, which a notice says; a text field keeps its own undo."""
    page, worker = sum_of_two.page, sum_of_two.worker
    await sum_of_two.draw_wire(("a", "float"), ("sum", "a"))
    await sum_of_two.type("a", "input", "40")
    await expect(sum_of_two.preview("sum", "a")).to_have_text("40")

    await page.get_by_test_id("canvas").click(position={"x": 700, "y": 600})
    await page.keyboard.press("Control+z")
    await expect(sum_of_two.preview("sum", "a")).to_have_text("2")
    await page.keyboard.press("Control+z")
    await expect(page.locator(".react-flow__edge")).to_have_count(0)
    await page.keyboard.press("Control+Shift+Z")
    await expect(page.locator(".react-flow__edge")).to_have_count(1)
    await page.get_by_label("Redo (Ctrl Shift Z)").click()
    await expect(sum_of_two.preview("sum", "a")).to_have_text("40")

    await worker.call("edit", edits=[_value("a", "input", 50)])
    await expect(sum_of_two.preview("sum", "a")).to_have_text("50")
    await page.get_by_label("Undo (Ctrl Z)").click()
    toast = page.get_by_test_id("toast")
    await expect(toast).to_contain_text("This can not be undone")
    await expect(toast).to_contain_text("somebody else's later change")
    await expect(sum_of_two.preview("sum", "a")).to_have_text("50")

    await page.get_by_label("History").click()
    lines = page.get_by_test_id("history").locator("li")
    await expect(lines.first).to_contain_text("Somebody else")
    await lines.filter(has_text=re.compile("Connected")).first.get_by_role("button").click()
    await page.get_by_role("button", name="Restore", exact=True).click()
    await expect(lines.first).to_contain_text("Restored the graph of revision")
    if folder := os.environ.get("FUNCNODES_SCREENSHOTS"):
        await page.screenshot(path=f"{folder}/history.png")
    await page.keyboard.press("Escape")
    await expect(sum_of_two.preview("sum", "a")).to_have_text("2")
