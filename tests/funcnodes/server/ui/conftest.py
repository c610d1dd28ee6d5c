"""A UI server of one worker: everything of it that needs no manager."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from funcnodes.server.ui.service import UiServer, UiSettings, open_ui
from funcnodes.server.ui.workers import WorkerAddress
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.token import read_or_make_token

from tests.funcnodes.server.ui.echo_worker import EchoWorker, echo_worker


@pytest.fixture
def base(tmp_path: Path) -> Base:
    """A base folder with a token."""
    base = Base(tmp_path / "base")
    read_or_make_token(base)
    return base


@pytest.fixture
async def worker() -> AsyncIterator[EchoWorker]:
    """A worker's stand-in."""
    async with echo_worker() as worker:
        yield worker


@pytest.fixture
async def ui(base: Base, worker: EchoWorker) -> AsyncIterator[UiServer]:
    """A UI server that relays to the stand-in."""
    settings = UiSettings(base=base, port=0, worker=WorkerAddress("127.0.0.1", worker.port))
    complaints: list[str] = []
    async with open_ui(settings, complaints.append) as server:
        yield server
    assert complaints == []


@pytest.fixture
async def http(ui: UiServer) -> AsyncIterator[aiohttp.ClientSession]:
    """A client without any credential."""
    async with aiohttp.ClientSession(ui.url) as session:
        yield session


@pytest.fixture
def bearer(base: Base) -> dict[str, str]:
    """The header that lets a program in."""
    return {"Authorization": f"Bearer {read_or_make_token(base)}"}
