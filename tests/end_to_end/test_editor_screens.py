"""The editor's screens in real Chromium: groups and notes, files, a worker's details, held nodes, modules.

One running system and one browser serve all tests. Each begins with an empty graph in a window of its own.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from funcnodes.server.client import connect
from funcnodes_worker.home.worker_config import WorkerConfig, write_worker_config
from funcnodes_worker.home.worker_home import WorkerHome
from playwright.async_api import Browser, Locator, Page, Route, expect

from tests.support.browser import require_chromium
from tests.support.editor import (
    PHONE,
    SUM,
    Editor,
    added,
    document_of,
    opened,
    picture,
    value,
    wait_for_document,
)
from tests.support.fleet import status_of
from tests.support.running_system import System, running_system
from tests.support.worker_process import put_nodespace

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60), pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Generator[System, None, None]:
    """A running system with one worker; without a browser on this machine it is not started."""
    require_chromium()
    with running_system(tmp_path_factory.mktemp("screens")) as running:
        yield running


async def _drag(page: Page, head: Locator, x: float, y: float) -> None:
    box = await head.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 12, box["y"] + 8)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 12 + x, box["y"] + 8 + y, steps=6)
    await page.mouse.up()


def _places(document: dict[str, Any]) -> dict[str, list[int]]:
    return {name: node["properties"]["frontend:pos"] for name, node in document["nodes"].items()}


async def _group_inputs(editor: Editor) -> Locator:
    """Select both inputs, group them, and return the head of the frame."""
    await editor.select("a")
    await editor.node("b").locator("header").click(position={"x": 6, "y": 6}, modifiers=["Control"])
    await editor.page.keyboard.press("Control+g")
    head = editor.page.locator(".frame-head")
    await expect(head).to_have_count(1)
    return head


async def test_a_group_is_named_and_moves_with_its_nodes_in_one_step(
    browser: Browser, system: System
) -> None:
    """And one undo puts all of them back."""
    async with opened(browser, system, SUM) as editor:
        page = editor.page
        head = await _group_inputs(editor)
        await head.dblclick()
        await page.keyboard.type("Inputs")
        await page.keyboard.press("Enter")
        await expect(head).to_contain_text("Inputs")
        document, before = await wait_for_document(
            editor.worker, lambda document: any("meta" in group for group in document["groups"].values())
        )
        (group,) = document["groups"].values()
        assert (sorted(group["node_ids"]), group["meta"]) == (["a", "b"], {"name": "Inputs"})

        await _drag(page, head, 60, 90)
        moved, after = await wait_for_document(
            editor.worker, lambda document: _places(document) != _places(SUM_DOCUMENT)
        )
        x, y = _places(moved)["a"]
        assert (x > 30, y > 30, after) == (True, True, before + 1)
        assert _places(moved) == {"a": [x, y], "b": [x, 220 + y], "sum": [420, 60]}
        await picture(page, "group")
        await page.keyboard.press("Control+z")
        back, _ = await wait_for_document(
            editor.worker, lambda document: _places(document) == _places(SUM_DOCUMENT)
        )
        assert _places(back) == _places(SUM_DOCUMENT)


SUM_DOCUMENT = {"nodes": {edit["node"]["id"]: edit["node"] for edit in SUM if edit["kind"] == "add_node"}}


async def test_a_group_goes_by_menu_or_key_and_leaves_its_nodes(browser: Browser, system: System) -> None:
    """The menu takes a node out of it, and can take the group away with all that is in it."""
    async with opened(browser, system, SUM) as editor:
        page = editor.page
        head = await _group_inputs(editor)
        await page.keyboard.press("Delete")
        await expect(head).to_have_count(0)
        await expect(page.locator("[data-class-id]")).to_have_count(3)

        head = await _group_inputs(editor)
        await editor.node("b").locator("header").click(button="right", position={"x": 6, "y": 6})
        await page.get_by_role("menuitem", name="Take out of the group").click()
        document, _ = await wait_for_document(
            editor.worker, lambda document: [g["node_ids"] for g in document["groups"].values()] == [["a"]]
        )
        assert [group["node_ids"] for group in document["groups"].values()] == [["a"]]

        await head.click(button="right")
        await page.get_by_role("menuitem", name="Put the selected node in here").click()
        document, _ = await wait_for_document(
            editor.worker,
            lambda document: [g["node_ids"] for g in document["groups"].values()] == [["a", "b"]],
        )
        assert [group["node_ids"] for group in document["groups"].values()] == [["a", "b"]]
        await head.click(button="right")
        await page.get_by_role("menuitem", name="Delete the group with its 2 nodes").click()
        await expect(page.locator("[data-class-id]")).to_have_count(1)
        document, _ = await wait_for_document(editor.worker, lambda document: not document.get("groups"))
        assert (sorted(document["nodes"]), document.get("groups", {})) == (["sum"], {})


async def test_a_note_is_written_moved_resized_and_deleted(browser: Browser, system: System) -> None:
    """Each of it is in the worker's document; undo brings it back."""

    def note_in(document: dict[str, Any]) -> dict[str, Any]:
        notes = [note for key, note in document.get("properties", {}).items() if key.startswith("note:")]
        return notes[0] if notes else {}

    async with opened(browser, system, [added("a", "input.float", 0, 0)]) as editor:
        page = editor.page
        await page.get_by_test_id("canvas").click(position={"x": 300, "y": 150}, button="right")
        await page.get_by_role("menuitem", name="Add a note here").click()
        await expect(page.get_by_label("Text of the note")).to_be_focused()
        await page.keyboard.type("Mind the gap")
        await page.get_by_test_id("canvas").click(position={"x": 60, "y": 300})
        note = page.locator("[data-testid^=note-]")
        await expect(note).to_have_text("Mind the gap")
        document, _ = await wait_for_document(
            editor.worker, lambda document: note_in(document).get("text") == "Mind the gap"
        )
        at, size = note_in(document)["pos"], note_in(document)["size"]

        await _drag(page, note, 80, 40)
        document, _ = await wait_for_document(editor.worker, lambda document: note_in(document)["pos"] != at)
        assert note_in(document)["pos"][0] > at[0]
        await _drag_corner(page)
        document, _ = await wait_for_document(
            editor.worker, lambda document: note_in(document)["size"] != size
        )
        assert note_in(document)["size"][0] > size[0]

        await page.keyboard.press("Delete")
        await expect(note).to_have_count(0)
        await page.keyboard.press("Control+z")
        await expect(note).to_have_text("Mind the gap")
        await note.dblclick()
        await page.keyboard.press("Escape")
        await expect(note).to_have_text("Mind the gap")


async def _drag_corner(page: Page) -> None:
    box = await page.locator(".note-handle.bottom.right").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 4, box["y"] + 4)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 84, box["y"] + 54, steps=5)
    await page.mouse.up()


async def test_files_come_go_are_renamed_and_come_back(
    browser: Browser, system: System, tmp_path: Path
) -> None:
    """Uploaded by the screen, downloaded, renamed into a folder, moved to the trash, restored."""
    for name in ("data.csv", "notes.txt"):
        (tmp_path / name).write_text(f"this is {name}")
    files = WorkerHome(system.base, system.uuid).files
    async with opened(browser, system) as editor:
        page = editor.page
        await page.get_by_role("button", name="Files", exact=True).click()
        await expect(page.get_by_text("No files yet")).to_be_visible()
        await page.get_by_test_id("files-chooser").set_input_files(
            [tmp_path / "data.csv", tmp_path / "notes.txt"]
        )
        await expect(page.get_by_test_id("file-notes.txt")).to_be_visible()
        assert (files / "data.csv").read_text() == "this is data.csv"

        await page.get_by_label("Rename data.csv").click()
        await page.get_by_label("New name").fill("tables/first.csv")
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("file-tables/first.csv")).to_be_visible()
        async with page.expect_download() as started:
            await page.get_by_label("Download tables/first.csv").click()
        download = await started.value
        assert download.suggested_filename == "first.csv"
        assert (await download.path()).read_text() == "this is data.csv"

        await page.get_by_label("Delete notes.txt").click()
        await expect(page.get_by_test_id("file-notes.txt")).to_have_count(0)
        assert not (files / "notes.txt").exists()
        await page.get_by_role("tab", name="Trash").click()
        await picture(page, "trash")
        await page.get_by_label("Restore notes.txt").click()
        await expect(page.get_by_text("The trash is empty")).to_be_visible()
        assert (files / "notes.txt").read_text() == "this is notes.txt"


PIECE = 4 * 1024 * 1024
"""How much of a file the page sends at once."""


async def test_an_upload_goes_on_over_a_cut_connection_and_a_reload(
    browser: Browser, system: System, tmp_path: Path
) -> None:
    """Where it stands, without a hand; after the reload once the same file is chosen again."""
    sent = bytes(range(256)) * (9 * 4096)
    (tmp_path / "large.bin").write_bytes(sent)
    offsets: list[int] = []
    is_cut = asyncio.Event()

    async def hinder(route: Route) -> None:
        if route.request.method != "PATCH":
            return await route.continue_()
        offsets.append(int(route.request.headers["upload-offset"]))
        if len(offsets) == 2:
            return await route.abort("connectionreset")
        if len(offsets) == 4:
            # Never answered: the page is reloaded while it waits.
            return is_cut.set()
        return await route.continue_()

    async with opened(browser, system) as editor:
        page = editor.page
        await page.route("**/uploads/*", hinder)
        await page.get_by_role("button", name="Files", exact=True).click()
        await page.get_by_test_id("files-chooser").set_input_files(tmp_path / "large.bin")
        async with asyncio.timeout(30):
            await is_cut.wait()
        await expect(page.get_by_test_id("uploads")).to_contain_text("large.bin")
        await page.reload()
        await page.get_by_role("button", name="Files", exact=True).click()
        await page.get_by_test_id("files-chooser").set_input_files(tmp_path / "large.bin")
        await expect(page.get_by_test_id("file-large.bin")).to_be_visible()
        assert (WorkerHome(system.base, system.uuid).files / "large.bin").read_bytes() == sent
        assert offsets == [0, PIECE, PIECE, 2 * PIECE, 2 * PIECE]
        # The browser itself writes down that the connection was cut; nothing else may stand there.
        assert ["ERR_CONNECTION_RESET" in complaint for complaint in editor.complaints] == [True]
        editor.complaints.clear()


async def test_a_workers_details_are_shown_and_changed(browser: Browser, system: System) -> None:
    """Its figures, its policy, its limits with what is wrong about one, its log as it grows, its modules."""
    async with opened(browser, system) as editor, connect(system.base) as manager:
        page = editor.page
        await page.get_by_test_id("worker-menu").click()
        await page.get_by_test_id(f"worker-details-{system.uuid}").click()
        await expect(page.get_by_test_id("worker-figures")).to_contain_text("MiB")
        await picture(page, "worker-now")
        await page.get_by_test_id("worker-policy").select_option("always")
        await page.get_by_role("tab", name="Limits").click()
        await page.get_by_test_id("limit-memory_soft").fill("lots")
        await page.get_by_test_id("limits-save").click()
        await expect(page.get_by_test_id("limit-problem")).to_contain_text("a size above 0")
        await page.get_by_test_id("limit-memory_soft").fill("3 GB")
        await page.get_by_test_id("limits-save").click()
        await expect(page.get_by_test_id("limit-problem")).to_have_count(0)
        await expect(page.get_by_test_id("limits-save")).to_be_disabled()
        assert await manager.call("limits", workerid=system.uuid) == {"limits": {"memory_soft": 3 * 10**9}}
        assert (await status_of(manager, system.uuid))["autostart"] == "always"
        await page.get_by_role("tab", name="Log").click()
        log = page.get_by_test_id("worker-log")
        await expect(log).to_be_visible()
        with WorkerHome(system.base, system.uuid).log_file.open("a") as file:
            file.write("written while somebody looks\n")
        await expect(log).to_contain_text("written while somebody looks")
        await picture(page, "worker-log")
        await page.get_by_role("tab", name="Modules").click()
        await expect(page.get_by_test_id("no-environment")).to_contain_text("its own virtual environment")
        await expect(page.get_by_test_id("module-funcnodes-basic")).to_be_visible()


async def test_a_clone_has_the_graph_and_is_opened(browser: Browser, system: System) -> None:
    """By the worker's details; the one it was made from goes on."""
    async with opened(browser, system, SUM) as editor, connect(system.base) as manager:
        page = editor.page
        await page.get_by_test_id("worker-menu").click()
        await page.get_by_test_id(f"worker-details-{system.uuid}").click()
        await page.get_by_test_id("clone-worker").click()
        await page.get_by_test_id("clone-name").fill("twin")
        await page.get_by_test_id("clone-start").click()
        await expect(page.get_by_test_id("worker-menu")).to_contain_text("twin")
        await expect(page.locator("[data-class-id]")).to_have_count(3)
        workers = (await manager.call("status"))["workers"]
        assert sorted(worker["name"] for worker in workers) == ["twin", "victim"]
        (twin,) = [worker["uuid"] for worker in workers if worker["name"] == "twin"]
        await manager.call("delete_worker", workerid=twin)


HELD = "held_0123456789abcdef"


async def test_a_held_node_is_named_and_let_go(browser: Browser, system: System) -> None:
    """Its worker ended twice while it ran: the causes are told, and one click runs it again."""
    home = WorkerHome(system.base, HELD)
    ports = {
        "a": {"is_input": True, "value": 40},
        "b": {"is_input": True, "value": 2},
        "out": {"is_input": False},
    }
    node = {"id": "bad", "node_id": "add_node", "node_name": "Add", "name": "Risky", "io": ports}
    put_nodespace(home, {"backend": {"nodes": [node], "edges": []}})
    write_worker_config(home, WorkerConfig(uuid=HELD, name="Held"))
    end = {"at": time.time(), "sentence": "killed by signal 11", "followed": "started again", "node": "bad"}
    home.ends_file.write_text(f"{json.dumps(end)}\n" * 2)
    async with connect(system.base) as manager:
        await manager.call("start_worker", workerid=HELD)
        assert (await status_of(manager, HELD))["held"] == ["bad"]
        async with opened(browser, system, chosen=HELD, keep=1) as editor:
            page = editor.page
            banner = page.get_by_test_id("node-held-bad")
            await expect(banner).to_contain_text("“Risky” is held")
            await expect(page.get_by_test_id("node-kept-back-bad")).to_contain_text("it ran 2 times")
            await picture(page, "held-node")
            await banner.get_by_role("button", name="What happened").click()
            await expect(page.get_by_test_id("worker-ends")).to_contain_text("Killed by signal 11")
            await expect(page.get_by_test_id("worker-ends")).to_contain_text("Risky was running")
            await page.keyboard.press("Escape")

            await page.get_by_test_id("let-go-bad").click()
            await expect(banner).to_have_count(0)
            await expect(editor.preview("bad")).to_have_text("42")
        await manager.call("delete_worker", workerid=HELD)


async def test_a_figure_is_drawn_in_its_node_and_larger_in_a_window(browser: Browser, system: System) -> None:
    """Lines and bars of Plotly's JSON, by the page itself: no module's code is needed in the browser."""
    bars = {"type": "bar", "x": ["pears", "plums"], "y": [3, -1]}
    line = {"type": "scatter", "mode": "lines", "x": ["pears", "plums"], "y": [1, 2], "name": "line"}
    figure = {"data": [bars, line], "layout": {"title": {"text": "Fruit"}}}
    graph = [added("figure", "input.json", 0, 0), value("figure", "input", json.dumps(figure))]
    async with opened(browser, system, graph) as editor:
        await expect(editor.preview("figure", "json")).to_have_text("plot of 2 series")
        small = editor.node("figure").get_by_test_id("plot")
        await expect(small.locator("path")).to_have_count(1)
        await editor.preview("figure", "json").click()
        window = editor.page.get_by_role("dialog")
        await expect(window).to_contain_text("Fruit")
        await expect(window.get_by_test_id("plot").locator("title").first).to_have_text("pears, 3")
        await picture(editor.page, "plot")


async def test_on_a_phone_the_screens_fit(browser: Browser, system: System) -> None:
    """390 by 844: files, and all about the worker, without a scroll to the side."""
    async with opened(browser, system, SUM, size=PHONE) as editor:
        page = editor.page
        await page.get_by_role("navigation").get_by_label("Files").click()
        await expect(page.get_by_test_id("files")).to_be_in_viewport()
        await picture(page, "phone-files")
        await page.keyboard.press("Escape")
        await page.get_by_test_id("worker-menu").click()
        await page.get_by_test_id(f"worker-details-{system.uuid}").click()
        await expect(page.get_by_test_id("worker-figures")).to_contain_text("MiB")
        await picture(page, "phone-worker")
        dialog = page.get_by_role("dialog")
        wide = await dialog.evaluate("element => element.scrollWidth - element.clientWidth")
        assert wide <= 1
        document, _ = await document_of(editor.worker)
        assert len(document["nodes"]) == 3
