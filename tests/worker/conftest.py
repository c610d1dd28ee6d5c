"""One worker process for the tests of a module, each with an empty graph."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator

import pytest

from tests.support.shared_worker import emptied, shared_worker
from tests.support.worker_process import WorkerProcess


@pytest.fixture(scope="module")
def packages() -> tuple[str, ...]:
    """What the process has; a module that needs others has a fixture of this name."""
    return ("funcnodes-lab",)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory, packages: tuple[str, ...]) -> Iterator[WorkerProcess]:
    """One process for all tests that leave it as it is."""
    with shared_worker(tmp_path_factory.mktemp("shared"), packages) as worker:
        yield worker


@pytest.fixture
async def worker(process: WorkerProcess, packages: tuple[str, ...]) -> AsyncGenerator[WorkerProcess]:
    """A worker with an empty graph."""
    async with emptied(process, is_compared=packages == ("funcnodes-lab",)) as worker:
        yield worker
