"""A flow from elsewhere in real Chromium: the banner says so, the button lets it go, and it runs."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest
from funcnodes.server.client import connect
from funcnodes_worker.home.worker_config import WorkerConfig, write_worker_config
from funcnodes_worker.home.worker_home import WorkerHome
from playwright.async_api import Page, expect

from tests.support.browser import open_page, require_chromium
from tests.support.running_system import System, funcnodes, running_system

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

FLOW = {
    "backend": {
        "nodes": [
            {"id": "a", "node_id": "add_node", "node_name": "Add", "name": "Sum of two",
             "io": {"a": {"is_input": True, "value": 40}, "b": {"is_input": True, "value": 2},
                    "out": {"is_input": False}},
             "properties": {"frontend:pos": [120, 120]}},
        ],
        "edges": [],
    },
}  # fmt: skip


def test_a_foreign_flow_is_shown_and_runs_after_the_word(tmp_path: Path) -> None:
    require_chromium()
    with running_system(tmp_path) as system:
        asyncio.run(look_and_trust(system))


async def look_and_trust(system: System) -> None:
    home = WorkerHome(system.base, "foreign_0123456789abcdef")
    home.folder.mkdir(parents=True)
    home.nodespace_file.write_text(json.dumps(FLOW))
    write_worker_config(home, WorkerConfig(uuid=home.uuid, name="From a friend"))
    async with connect(system.base) as manager:
        # The page opens the only worker that runs.
        await manager.call("stop_worker", workerid=system.uuid)
        await manager.call("start_worker", workerid=home.uuid)
        async with open_page() as (page, complaints):
            await page.goto(system.link)
            await page.wait_for_selector("#root[data-ready=true]", timeout=30_000)
            banner = page.get_by_test_id("held-banner")
            await expect(banner).to_contain_text("has not been trusted yet", timeout=20_000)
            await expect(page.get_by_test_id("node-a")).to_contain_text("Sum of two")
            await asyncio.to_thread(keep_picture, await page.screenshot())
            await page.get_by_test_id("trust-flow").click()
            await expect(banner).to_have_count(0)
            await expect(page.get_by_test_id("preview-a-out")).to_have_text("42", timeout=20_000)
            assert complaints == []
        await manager.call("stop_worker", workerid=home.uuid)
        await manager.call("start_worker", workerid=home.uuid)
        async with open_page() as (page, complaints):
            await page.goto(await asyncio.to_thread(new_link, system))
            await expect(page.get_by_test_id("kept-a")).to_be_visible(timeout=20_000)
            await expect(page.get_by_test_id("held-banner")).to_have_count(0)
            await out_and_in(page, home)
            assert complaints == []


async def out_and_in(page: Page, home: WorkerHome) -> None:
    """Export the flow by the menu, change the graph, import the file again."""
    await page.get_by_test_id("worker-menu").click()
    async with page.expect_download() as started:
        await page.get_by_test_id("export-flow").click()
    download = await started.value
    assert download.suggested_filename == "From a friend.fnw"
    archive = home.folder / "downloaded.fnw"
    await download.save_as(archive)
    await page.get_by_test_id("node-a").click()
    await page.keyboard.press("Delete")
    await expect(page.get_by_test_id("node-a")).to_have_count(0)
    await page.get_by_test_id("worker-menu").click()
    await page.get_by_test_id("import-file").set_input_files(archive)
    await expect(page.get_by_test_id("preview-a-out")).to_have_text("42", timeout=20_000)


def new_link(system: System) -> str:
    """Return another link: the code in the first was used."""
    return funcnodes(system.base.folder, "link").split()[-1]


def keep_picture(picture: bytes) -> None:
    """Keep the screenshot where a person asked for it."""
    if folder := os.environ.get("FUNCNODES_SCREENSHOTS"):
        Path(folder, "held.png").write_bytes(picture)
