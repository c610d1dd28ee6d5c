"""The main job, end to end: from one command to a result that survives.

A fresh base folder, `runserver` as a subprocess, real Chromium, a real virtual environment, a published
module from the registry, and then the plug is pulled on worker and manager at once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import psutil
import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.browser import open_page, require_chromium
from tests.support.processes import Program, kill_all_of, make_base, processes_of

IMAGES = os.environ.get("FUNCNODES_SCREENSHOTS")
"""Where to put pictures of each stage; nowhere when unset."""


async def _picture(page: Page, name: str) -> None:
    if IMAGES:
        await page.screenshot(path=Path(IMAGES) / f"{name}.png")


async def _drag_node(page: Page, search: str, class_id: str, x: float, y: float) -> Locator:
    """Drag a node from the library onto the canvas and return it."""
    await page.get_by_test_id("library-search").fill(search)
    before = await page.locator(f'[data-class-id="{class_id}"]').count()
    canvas = page.get_by_test_id("canvas")
    await page.get_by_test_id(f"library-node-{class_id}").drag_to(canvas, target_position={"x": x, "y": y})
    nodes = page.locator(f'[data-class-id="{class_id}"]')
    await expect(nodes).to_have_count(before + 1)
    return nodes.nth(before)


async def _node_id(node: Locator) -> str:
    test_id = await node.get_attribute("data-testid")
    assert test_id is not None
    return test_id.removeprefix("node-")


async def _wire(page: Page, source: tuple[str, str], target: tuple[str, str]) -> None:
    """Draw an edge from one port to the other."""
    start = await page.get_by_test_id(f"port-{source[0]}-{source[1]}").bounding_box()
    end = await page.get_by_test_id(f"port-{target[0]}-{target[1]}").bounding_box()
    assert start is not None
    assert end is not None
    await page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    await page.mouse.down()
    await page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=12)
    await page.mouse.up()


async def _type(page: Page, node: str, port: str, text: str) -> None:
    control = page.get_by_test_id(f"input-{node}-{port}")
    await control.fill(text)
    await control.press("Enter")


def _pull_the_plug(base: Path) -> None:
    """`kill -9` on worker and manager, within milliseconds of each other; `runserver` itself lives on."""
    victims = [p for p in processes_of(base) if "runserver" not in p.cmdline()]
    assert any("startworkermanager" in p.cmdline() for p in victims), [p.cmdline() for p in victims]
    assert any("funcnodes_worker.process.main" in p.cmdline() for p in victims), [
        p.cmdline() for p in victims
    ]
    for process in victims:
        os.kill(process.pid, signal.SIGKILL)
    # Some are children of others and are reaped by whoever adopts them; gone is what counts.
    psutil.wait_procs(victims, timeout=5)


@pytest.mark.browser
@pytest.mark.registry
@pytest.mark.timeout(280)
async def test_from_one_command_to_a_result_that_survives(tmp_path: Path) -> None:
    """What was acknowledged is there again after `kill -9`, computed, with the module loaded."""
    require_chromium()
    base = make_base(tmp_path / "base")
    program = await Program.start("--dir", str(base), "runserver", "--no-browser")
    try:
        link = (await program.wait_for_line(r"(http://\S+/session\?code=\S+)")).group(1)
        async with open_page() as (page, complaints):
            await _the_story(page, link, base)
            assert complaints == []
        assert await program.end(signal.SIGINT) == 0
        assert processes_of(base) == []
    finally:
        kill_all_of(base)
        if program.process.returncode is None:
            await program.end(signal.SIGKILL)


async def _the_story(page: Page, link: str, base: Path) -> None:
    expect.set_options(timeout=20_000)
    await page.goto(link)
    await page.get_by_test_id("new-worker").first.click()
    await page.get_by_test_id("new-worker-name").fill("demo")
    await page.get_by_test_id("create-worker").click()
    await expect(page.get_by_test_id("library-search")).to_be_visible(timeout=60_000)
    await _picture(page, "1-worker")

    a = await _node_id(await _drag_node(page, "input.float", "input.float", 120, 120))
    b = await _node_id(await _drag_node(page, "input.float", "input.float", 120, 420))
    added = await _node_id(await _drag_node(page, "add_node", "add_node", 560, 220))
    await _wire(page, (a, "float"), (added, "a"))
    await _wire(page, (b, "float"), (added, "b"))
    await _type(page, a, "input", "2")
    await _type(page, b, "input", "3")
    await expect(page.get_by_test_id(f"preview-{added}-out")).to_contain_text("5")
    await _picture(page, "2-five")

    await page.get_by_test_id("modules-open").click()
    await page.get_by_test_id("module-name").fill("funcnodes-numpy")
    await page.get_by_test_id("module-add").click()
    await expect(page.get_by_test_id("module-progress")).to_be_visible()
    await expect(page.get_by_test_id("module-plan")).to_contain_text("numpy", timeout=60_000)
    await page.get_by_test_id("module-apply").click()
    await _picture(page, "3-module")
    await expect(page.get_by_test_id("module-progress")).to_contain_text("ready", timeout=90_000)
    await page.keyboard.press("Escape")
    ones = await _node_id(await _drag_node(page, "np.ones", "np.ones", 560, 480))
    await _type(page, ones, "shape", "4")
    await expect(page.get_by_test_id(f"preview-{ones}-out")).to_contain_text("1")
    await _picture(page, "4-array")

    await _type(page, a, "input", "40")
    await expect(page.get_by_test_id(f"preview-{added}-out")).to_contain_text("43")
    started = time.monotonic()
    await asyncio.to_thread(_pull_the_plug, base)
    await _picture(page, "5-plug-pulled")

    # `runserver` heals its manager, the manager its worker, the page its socket: nobody lifts a finger.
    await expect(page.get_by_test_id("connection-state")).to_have_attribute(
        "data-state", "connected", timeout=30_000
    )
    await page.reload()
    await expect(page.get_by_test_id(f"preview-{added}-out")).to_contain_text("43", timeout=30_000)
    await expect(page.get_by_test_id(f"preview-{ones}-out")).to_contain_text("1")
    await expect(page.get_by_test_id(f"input-{a}-input")).to_have_value("40")
    await page.get_by_test_id("library-search").fill("np.ones")
    await expect(page.get_by_test_id("library-node-np.ones")).to_be_visible()
    assert time.monotonic() - started < 60
    await _picture(page, "6-survived")
