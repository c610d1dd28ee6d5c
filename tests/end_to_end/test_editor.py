"""The editor in real Chromium on a real system: what goes wrong is said, what is done arrives, once.

One running system and one browser serve all tests. Each begins with an empty graph in a window of its own.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import AsyncIterator, Generator
from pathlib import Path

import pytest
import pytest_asyncio
from funcnodes.server.client import connect
from funcnodes_worker.home.worker_home import WorkerHome
from playwright.async_api import Browser, Locator, Page, expect

from tests.funcnodes.environment.tiny_wheels import make_shelf_of_wheels, make_wheel
from tests.support.browser import page_of, require_chromium
from tests.support.editor import (
    PHONE,
    SUM,
    Editor,
    added,
    classes,
    document_of,
    edits_since,
    opened,
    picture,
    value,
    wait_for_document,
)
from tests.support.fleet import new_worker, status_of
from tests.support.running_system import System, running_system
from tests.support.worker_client import worker_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60), pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Generator[System, None, None]:
    """A running system with one worker; without a browser on this machine it is not started."""
    require_chromium()
    folder = tmp_path_factory.mktemp("editor")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_FIND_LINKS", str(make_shelf_of_wheels(folder / "wheels")))
        with running_system(folder) as running:
            yield running


@pytest_asyncio.fixture(loop_scope="module")
async def sum_of_two(browser: Browser, system: System) -> AsyncIterator[Editor]:
    """An editor with two numbers that are not yet wired to a sum."""
    async with opened(browser, system, SUM) as editor:
        yield editor


async def test_a_failed_node_shows_its_message_and_one_click_away_the_traceback(
    browser: Browser, system: System
) -> None:
    """And a run that succeeds takes both away."""
    graph = [added("div", "div_node", 0, 0), value("div", "a", 1), value("div", "b", 0)]
    async with opened(browser, system, graph) as editor:
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
    document, _ = await wait_for_document(sum_of_two.worker, lambda document: bool(document.get("edges")))
    assert document["edges"] == [["a", "float", "sum", "a"]]


async def test_a_wire_drawn_to_an_occupied_input_takes_the_place_of_the_old_one(sum_of_two: Editor) -> None:
    """In one step: nobody ever sees an input without a wire in between."""
    await sum_of_two.draw_wire(("a", "float"), ("sum", "a"))
    await expect(sum_of_two.preview("sum", "a")).to_have_text("2")
    before = await sum_of_two.worker.call("subscribe")
    await sum_of_two.draw_wire(("b", "float"), ("sum", "a"))
    await expect(sum_of_two.preview("sum", "a")).to_have_text("3")
    assert await edits_since(sum_of_two.worker, before["epoch"], before["revision"]) == [
        [
            {"kind": "remove_edge", "edge": ["a", "float", "sum", "a"]},
            {"kind": "add_edge", "edge": ["b", "float", "sum", "a"]},
        ]
    ]


async def test_a_graph_is_made_by_the_keyboard_alone(browser: Browser, system: System) -> None:
    """Nodes, a value, a wire and its end, deleting, undo; and where the keyboard is can be seen."""
    async with opened(browser, system) as editor:
        page, keys = editor.page, editor.page.keyboard
        wires = page.locator(".react-flow__edge")
        number = await add_by_keys(page, "input.float")
        await keys.press("Tab")
        await expect(page.get_by_label("Run this node")).to_be_focused()
        await keys.press("Tab")
        await keys.type("5")
        await keys.press("Enter")
        await expect(editor.preview(number, "float")).to_have_text("5")
        # From a field Space is a space; the node itself is two steps back.
        await keys.press("Shift+Tab")
        await keys.press("Shift+Tab")
        total = await add_by_keys(page, "add_node")
        await keys.press("c")
        await expect(page.get_by_test_id("wires-input")).to_be_focused()
        await picture(page, "wires")
        await keys.press("Enter")
        await expect(wires).to_have_count(1)
        await expect(editor.preview(total, "a")).to_have_text("5")
        await expect(page.get_by_test_id(f"rf__node-{total}")).to_be_focused()
        await editor.type(total, "b", "2")
        await expect(editor.preview(total)).to_have_text("7")

        await page.get_by_test_id(f"connect-{total}-a").focus()
        await keys.press("Enter")
        await expect(page.get_by_test_id("wires")).to_contain_text("Take off")
        await keys.press("ArrowUp")
        await keys.press("Enter")
        await expect(wires).to_have_count(0)
        await expect(page.get_by_test_id(f"connect-{total}-a")).to_be_focused()
        await page.get_by_test_id(f"rf__node-{total}").focus()
        await keys.press("Delete")
        await expect(editor.node(total)).to_have_count(0)
        await keys.press("Control+z")
        await keys.press("Control+z")
        await expect(wires).to_have_count(1)
        document, _ = await wait_for_document(editor.worker, lambda document: len(document["edges"]) == 1)
        assert document["edges"] == [[number, "float", total, "a"]]


async def add_by_keys(page: Page, class_id: str) -> str:
    """Add a node by the palette; return its id, once the keyboard is at it and that can be seen."""
    await page.keyboard.press("Space")
    await expect(page.get_by_test_id("palette-input")).to_be_focused()
    await page.keyboard.type(class_id)
    first = page.locator("[cmdk-item][data-selected=true]")
    await expect(first).to_have_attribute("data-value", class_id)
    await page.keyboard.press("Enter")
    wrapper = page.locator(".react-flow__node", has=page.locator(f"[data-class-id='{class_id}']"))
    await expect(wrapper).to_be_focused()
    await expect(wrapper).to_have_css("outline-style", "solid")
    return await wrapper.get_attribute("data-id") or ""


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
    document, _ = await wait_for_document(sum_of_two.worker, lambda document: len(document["nodes"]) == 2)
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
    await other.context.close()


async def test_a_node_is_moved_where_the_hand_puts_it(sum_of_two: Editor) -> None:
    """One edit when it is put down, none on the way."""
    _, before = await document_of(sum_of_two.worker)
    box = await sum_of_two.node("sum").locator("header").bounding_box()
    assert box is not None
    await sum_of_two.page.mouse.move(box["x"] + 6, box["y"] + 6)
    await sum_of_two.page.mouse.down()
    await sum_of_two.page.mouse.move(box["x"] + 106, box["y"] + 76, steps=10)
    await sum_of_two.page.mouse.up()
    seen, after = await wait_for_document(
        sum_of_two.worker,
        lambda document: document["nodes"]["sum"]["properties"]["frontend:pos"] != [420, 60],
    )
    x, y = seen["nodes"]["sum"]["properties"]["frontend:pos"]
    assert x > 480
    assert y > 100
    assert after == before + 1


async def test_what_cannot_be_a_number_stays_in_its_field_with_the_reason(sum_of_two: Editor) -> None:
    """Nothing of it reaches the worker: `1e400` arrived as none, and letters went away without a word."""
    page = sum_of_two.page
    _, before = await document_of(sum_of_two.worker)
    field, reason = page.get_by_test_id("input-a-input"), sum_of_two.node("a").get_by_role("alert")
    await sum_of_two.type("a", "input", "abc")
    await expect(reason).to_have_text("“abc” is not a number")
    await expect(field).to_have_value("abc")
    await sum_of_two.type("a", "input", "1e400")
    await expect(reason).to_contain_text("1.8e308")
    await field.press("Escape")
    await expect(reason).to_have_count(0)
    await expect(field).to_have_value("2")

    await sum_of_two.select("a")
    await page.get_by_test_id("reset-inputs").check()
    document, after = await wait_for_document(
        sum_of_two.worker, lambda document: "reset_inputs_on_trigger" in document["nodes"]["a"]
    )
    assert (document["nodes"]["a"]["reset_inputs_on_trigger"], after) == (True, before + 1)


async def test_on_a_phone_a_node_is_added_through_the_palette(browser: Browser, system: System) -> None:
    """390 by 844: the plus in the bar below opens it; the library is a sheet from the same bar."""
    async with opened(browser, system, size=PHONE) as editor:
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
        document, _ = await wait_for_document(editor.worker, lambda document: len(document["nodes"]) == 2)
        assert classes(document) == ["add_node", "input.float"]
        wide = await editor.page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= PHONE[0]


async def test_a_page_without_a_session_says_how_to_get_a_link(browser: Browser, system: System) -> None:
    """No worker, no graph, no errors: the one command to type."""
    async with page_of(browser) as (page, complaints):
        await page.goto(system.ui)
        await expect(page.get_by_test_id("no-session")).to_contain_text("funcnodes link")
        await expect(page.get_by_test_id("canvas")).to_have_count(0)
        assert complaints == []


async def test_an_edit_typed_while_the_worker_was_killed_arrives_once(
    browser: Browser, system: System
) -> None:
    """The word for the connection changes and comes back by itself; one revision for each edit."""
    graph = [added("a", "input.float", 0, 0), value("a", "input", 2)]
    async with connect(system.base) as manager:
        uuid = await new_worker(manager, "mortal")
        async with opened(browser, system, graph, chosen=uuid) as editor:
            await expect(editor.connection).to_have_attribute("data-state", "connected")
            _, before = await document_of(editor.worker)
            pid = (await status_of(manager, uuid))["pid"]
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
            async with worker_at(system.base, manager, uuid) as worker:
                document, after = await wait_for_document(
                    worker, lambda document: len(document["nodes"]) == 2
                )
            assert document["nodes"]["a"]["ports"]["input"]["value"] == 7
            assert classes(document) == ["input.float", "mul_node"]
            assert after == before + 2
        await manager.call("delete_worker", workerid=uuid)


@pytest.mark.registry
@pytest.mark.timeout(240)
async def test_the_environment_of_a_worker_is_changed_upgraded_and_repaired(
    browser: Browser, system: System
) -> None:
    """What cannot be is told in plain words and changes nothing; what can be is planned, done and shown."""
    async with connect(system.base) as manager:
        uuid = (await manager.call("new_worker", name="own", in_venv=True))["uuid"]
        await manager.call("start_worker", workerid=uuid)
        try:
            async with opened(browser, system, chosen=uuid) as editor:
                await expect(editor.page.get_by_test_id("worker-menu")).to_contain_text("own")
                await editor.page.get_by_test_id("modules-open").click()
                await _no_such_module(editor)
                await _add(editor)
                await _modules_that_conflict(editor)
                await _upgrade(editor, system.base.folder.parent / "wheels")
                await _repair(editor, WorkerHome(system.base, uuid))
                await editor.page.keyboard.press("Escape")
                await expect(editor.connection).to_have_attribute("data-state", "connected")
        finally:
            await manager.call("delete_worker", workerid=uuid)


async def _ask_for_module(editor: Editor, text: str) -> Locator:
    await editor.page.get_by_test_id("module-name").fill(text)
    await editor.page.get_by_test_id("module-add").click()
    return editor.page.get_by_test_id("module-progress")


async def _no_such_module(editor: Editor) -> None:
    name = "funcnodes-there-is-no-such-module"
    progress = await _ask_for_module(editor, name)
    await expect(progress).to_have_attribute("data-phase", "failed", timeout=60_000)
    await expect(progress).to_contain_text(f"Add {name}: this could not be done.")
    progress = await _ask_for_module(editor, "/there/is/no/such/folder")
    await expect(progress).to_contain_text("holds no pyproject.toml")
    await editor.page.get_by_test_id("module-name").fill("two words")
    await expect(editor.page.get_by_role("alert")).to_contain_text("the whole path")


async def _add(editor: Editor) -> None:
    progress = await _ask_for_module(editor, "fntest-module >= 2")
    await expect(progress).to_have_attribute("data-phase", "planned", timeout=60_000)
    await expect(progress).to_contain_text("fntest-library2.0")
    await expect(progress).to_contain_text("The worker goes on running meanwhile.")
    await editor.page.get_by_test_id("module-apply").click()
    await expect(progress).to_have_attribute("data-phase", "ready", timeout=60_000)
    await expect(editor.page.get_by_test_id("module-fntest-module")).to_contain_text("fntest-module2.0")


async def _upgrade(editor: Editor, shelf: Path) -> None:
    make_wheel(shelf, "fntest-library", "3.0", "VERSION = '3.0'")
    await editor.page.get_by_test_id("upgrade-all").click()
    progress = editor.page.get_by_test_id("module-progress")
    await expect(progress).to_contain_text("Upgrade everything?", timeout=60_000)
    await expect(progress).to_contain_text("fntest-library2.0 → 3.0")
    await expect(progress).to_contain_text("it starts again with its graph")
    await picture(editor.page, "upgrade")
    await editor.page.get_by_test_id("module-apply").click()
    await expect(progress).to_have_attribute("data-phase", "ready", timeout=60_000)


async def _modules_that_conflict(editor: Editor) -> None:
    progress = await _ask_for_module(editor, "fntest-old")
    await expect(progress).to_have_attribute("data-phase", "planned", timeout=60_000)
    await expect(progress).to_contain_text("fntest-old: this cannot be")
    await expect(progress).to_contain_text("they cannot share one worker; make a second")
    await expect(editor.page.get_by_test_id("module-apply")).to_have_count(0)
    await picture(editor.page, "conflict")
    await progress.get_by_role("button", name="Close").click()
    await expect(progress).to_have_count(0)


async def _repair(editor: Editor, home: WorkerHome) -> None:
    (damaged,) = (home.folder / ".venv").glob("**/site-packages/fntest_library.py")
    damaged.write_text("VERSION = ")
    await editor.page.get_by_test_id("repair-environment").click()
    progress = editor.page.get_by_test_id("module-progress")
    await expect(progress).to_have_attribute("data-phase", "ready", timeout=60_000)
    await expect(progress).to_contain_text("Damaged files were found in fntest-library and replaced.")
    await picture(editor.page, "repaired")


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

    await worker.call("edit", edits=[value("a", "input", 50)])
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
    await picture(page, "history")
    await page.keyboard.press("Escape")
    await expect(sum_of_two.preview("sum", "a")).to_have_text("2")
