"""Which modules exist: read without importing, fetched without ever raising."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from funcnodes.environment.catalog import (
    LIST_URL,
    AvailableModule,
    Catalog,
    installed_modules,
    list_url,
    parse_list,
)
from funcnodes_worker.home.base import Base

LIST = """package_name,version,description,entry_point__module,entry_point__shelf,last_updated,homepage,\
source,summary,entry_point__external_worker,official,releases
funcnodes_numpy,0.2.12,"Arrays\\nand more",funcnodes_numpy,funcnodes_numpy:NODE_SHELF,2026-01-01,https://home,\
,Arrays,,True,"0.2.11,0.2.12"
,1,nobody,,,,,,,,,
"""
NUMPY = AvailableModule(
    name="funcnodes-numpy",
    version="0.2.12",
    description="Arrays\nand more",
    summary="Arrays",
    homepage="https://home",
    releases=("0.2.11", "0.2.12"),
    official=True,
    entry_points={"module": "funcnodes_numpy", "shelf": "funcnodes_numpy:NODE_SHELF"},
)


class Site:
    """A server with one page that can change or break."""

    def __init__(self) -> None:
        self.text, self.status = LIST, 200
        self.url = ""

    async def answer(self, _request: web.Request) -> web.Response:
        return web.Response(text=self.text, status=self.status)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    page, app = Site(), web.Application()
    app.router.add_get("/modules.csv", page.answer)
    async with TestServer(app) as server:
        page.url = str(server.make_url("/modules.csv"))
        yield page


def test_a_list_is_read_line_by_line() -> None:
    assert parse_list(LIST) == (NUMPY,)


async def test_a_fetched_list_stays_for_the_next_time(tmp_path: Path, site: Site) -> None:
    catalog = Catalog(Base(tmp_path), site.url)
    assert catalog.read() == ()

    assert await catalog.refresh()

    assert (Catalog(Base(tmp_path), "").read(), catalog.statement) == ((NUMPY,), "")
    assert not await catalog.refresh()


@pytest.mark.parametrize(("status", "text"), [(500, LIST), (200, "<html>login</html>"), (200, "")])
async def test_a_failure_keeps_the_stored_list_and_says_so(
    tmp_path: Path, site: Site, status: int, text: str
) -> None:
    catalog = Catalog(Base(tmp_path), site.url)
    await catalog.refresh()
    site.status, site.text = status, text

    assert not await catalog.refresh()

    assert catalog.read() == (NUMPY,)
    assert catalog.statement.startswith("The list of modules could not be fetched")
    assert catalog.statement.endswith("the stored one is shown.")


async def test_without_network_and_list_only_installed_modules_are_known(tmp_path: Path) -> None:
    catalog = Catalog(Base(tmp_path), "http://127.0.0.1:9/modules.csv")

    assert not await catalog.refresh()

    assert catalog.read() == ()
    assert catalog.statement.endswith("only installed modules are shown.")


async def test_a_file_is_no_address(tmp_path: Path) -> None:
    catalog = Catalog(Base(tmp_path), "file:///etc/passwd")

    assert not await catalog.refresh()
    assert "not one of http or https" in catalog.statement


def test_the_address_comes_from_the_settings() -> None:
    assert list_url({}) == LIST_URL
    assert list_url({"modules": {"list_url": "http://mine/list.csv"}}) == "http://mine/list.csv"
    assert list_url({"modules": {"list_url": ""}}) == ""


def test_installed_modules_are_read_without_importing_them() -> None:
    """The manager never imports user code."""
    program = (
        "import sys; from funcnodes.environment.catalog import installed_modules; "
        "print([m.name for m in installed_modules()], 'funcnodes_basic' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert said.strip() == "['funcnodes-basic'] False"


def test_modules_of_another_environment_are_read_from_its_folder(tmp_path: Path) -> None:
    info = tmp_path / "funcnodes_mine-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: funcnodes_mine\nVersion: 1.2\nSummary: Mine\n"
    )
    (info / "entry_points.txt").write_text("[funcnodes.module]\nmodule = funcnodes_mine\n")

    found = installed_modules(tmp_path)

    assert [(m.name, m.version, m.summary, m.entry_points) for m in found] == [
        ("funcnodes-mine", "1.2", "Mine", {"module": "funcnodes_mine"})
    ]
