"""What tests of the core stand on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from funcnodes_core.engine import invariants
from funcnodes_core.engine.runner import Engine, current_engine


@pytest_asyncio.fixture
async def engine() -> AsyncIterator[Engine]:
    """Return the engine of the test's loop; what holds between two words is checked when the test ends."""
    engine = current_engine()
    yield engine
    await engine.wait_idle()
    invariants.check(engine.scheduler)
    assert engine.scheduler.idle
    assert not engine.lasting.runs
