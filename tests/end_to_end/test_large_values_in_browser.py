"""Large values and files in real Chromium: windows of a long table, a picture, a download, an upload."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import urllib.request
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from funcnodes.server.client import connect
from funcnodes_worker.home.worker_config import PackageWish, change_worker_config
from funcnodes_worker.home.worker_home import WorkerHome
from playwright.async_api import Page, expect

from tests.support.browser import open_page, require_chromium
from tests.support.fleet import wait_for_status
from tests.support.running_system import System, running_system
from tests.support.worker_client import WorkerClient, worker_at
from tests.support.worker_process import spawn

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]
PICTURES = os.environ.get("FUNCNODES_PICTURES")
"""A folder to put pictures of what was seen into, for a person to look at."""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Generator[System, None, None]:
    require_chromium()
    with running_system(tmp_path_factory.mktemp("large")) as running:
        yield running


@asynccontextmanager
async def worker_with_large_values(system: System) -> AsyncGenerator[WorkerHome]:
    """Run a worker that has the test's own package; the manager takes it in by its hello."""
    async with connect(system.base) as manager:
        uuid = (await manager.call("new_worker", name="large", in_venv=False))["uuid"]
    home = WorkerHome(system.base, uuid)
    wishes = {"funcnodes-big": PackageWish("funcnodes-big")}
    change_worker_config(home, lambda c: msgspec.structs.replace(c, package_dependencies=wishes))
    worker = await spawn(home, supervised=True)
    try:
        async with connect(system.base) as manager:
            await wait_for_status(manager, uuid, lambda status: status["phase"] == "running")
        yield home
    finally:
        with contextlib.suppress(ProcessLookupError):
            worker.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            await worker.process.wait()


def session(system: System) -> tuple[str, str]:
    body = json.dumps({"code": system.link.partition("?code=")[2]}).encode()
    headers = {"Content-Type": "application/json", "Origin": system.ui}
    request = urllib.request.Request(f"{system.ui}/session", body, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        name, _, rest = answer.headers["Set-Cookie"].partition("=")
    return name, rest.partition(";")[0]


def added(node: str, class_id: str, x: int, y: int) -> dict[str, Any]:
    record = {"id": node, "class_id": class_id, "properties": {"frontend:pos": [x, y]}}
    return {"kind": "add_node", "node": record}


def value(node: str, port: str, given: Any) -> dict[str, Any]:
    return {"kind": "set_value", "node": node, "port": port, "value": given}


GRAPH = [
    added("t", "big.frame", 0, 0),
    value("t", "rows", 250_000),
    added("p", "big.picture", 320, 0),
    value("p", "side", 3000),
    added("r", "big.read", 0, 420),
]


async def show(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png")


async def test_a_long_table_a_picture_and_a_file(system: System, tmp_path: Path) -> None:
    """What is far down is read when it is scrolled to; a file that was dropped is chosen for its input."""
    async with (
        worker_with_large_values(system) as home,
        connect(system.base) as manager,
        worker_at(system.base, manager, home.uuid) as worker,
        open_page(1400, 850) as (page, complaints),
    ):
        await worker.call("edit", edits=GRAPH)
        name, cookie = await asyncio.to_thread(session, system)
        await page.context.add_cookies([{"name": name, "value": cookie, "url": system.ui}])
        expect.set_options(timeout=20_000)
        await page.goto(system.ui)
        await page.get_by_test_id(f"worker-item-{home.uuid}").click()
        await expect(page.get_by_test_id("node-t")).to_be_visible()

        await see_the_table(page)
        await see_the_picture(page)
        await upload_a_file(page, worker, home, tmp_path)
        await page.set_viewport_size({"width": 390, "height": 844})
        await page.get_by_test_id("preview-t-out").first.dispatch_event("click")
        await expect(page.get_by_test_id("windowed-rows").get_by_text("row 3", exact=True)).to_be_visible()
        await show(page, "table-phone")
        assert complaints == []


async def see_the_table(page: Page) -> None:
    await page.get_by_test_id("preview-t-out").click()
    await expect(page.get_by_test_id("value-summary")).to_contain_text("DataFrame · 250,000")
    await expect(page.get_by_test_id("windowed-rows").get_by_text("row 3", exact=True)).to_be_visible()
    await show(page, "table")
    rows = page.get_by_test_id("windowed-rows")
    await rows.evaluate("element => { element.scrollTop = element.scrollHeight }")
    await expect(page.get_by_text("row 249999", exact=True)).to_be_visible()
    assert await page.locator("[data-testid=windowed-rows] .absolute").count() < 120
    await show(page, "table-end")
    async with page.expect_download() as download:
        await page.get_by_test_id("download-csv").click()
    file = await (await download.value).path()
    lines = Path(file).read_text().splitlines()
    assert (len(lines), lines[-1].split(",")[:4]) == (250_001, ["249999", "249999", "1.0", "row 249999"])
    await page.keyboard.press("Escape")


async def see_the_picture(page: Page) -> None:
    await page.get_by_test_id("preview-p-out").click()
    image = page.get_by_alt_text("What this port holds").last
    await expect(image).to_be_visible()
    await expect(image).to_have_js_property("complete", True)
    width = await image.evaluate("element => element.naturalWidth")
    assert 100 < width <= 1024
    await show(page, "picture")
    await page.keyboard.press("Escape")


async def upload_a_file(page: Page, worker: WorkerClient, home: WorkerHome, folder: Path) -> None:
    file = folder / "measured.csv"
    file.write_bytes(b"x" * 9_000_000)
    await page.get_by_test_id("input-r-path-choose").click()
    await expect(page.get_by_text("No files yet")).to_be_visible()
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Upload a file").click()
    await (await chooser.value).set_files(file)
    await expect(page.get_by_test_id("input-r-path")).to_have_value("measured.csv")
    assert (home.files / "measured.csv").stat().st_size == 9_000_000
    # The node opens it by its name.
    await expect(page.get_by_test_id("preview-r-out")).to_have_text("9000000")
    await page.evaluate(
        """() => {
            const files = new DataTransfer();
            files.items.add(new File(["dropped"], "measured.csv"));
            document.querySelector('[data-testid="input-r-path-drop"]').dispatchEvent(
                new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true}));
        }"""
    )
    await expect(page.get_by_test_id("input-r-path")).to_have_value("measured-2.csv")
    await expect(page.get_by_test_id("preview-r-out")).to_have_text("7")
    await page.get_by_test_id("input-r-path-choose").click()
    await expect(page.get_by_test_id("file-list").get_by_text("measured.csv")).to_be_visible()
    await show(page, "files")
    await page.get_by_test_id("file-list").get_by_text("measured.csv").click()
    await expect(page.get_by_test_id("preview-r-out")).to_have_text("9000000")
