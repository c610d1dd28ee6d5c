"""What tests of the core stand on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from funcnodes_core.engine import invariants
from funcnodes_core.engine.runner import Engine, current_engine


@pytest_asyncio.fixture
async def engine() -> AsyncIterator[Engine]:
    """Return the engine of the test's loop; what holds between two words is checked when the test ends."""
    engine = current_engine()
    yield engine
    # With a limit: a test that failed halfway may have left a run that waits for it.
    await asyncio.wait_for(engine.wait_idle(), timeout=10)
    invariants.check(engine.scheduler)
    assert engine.scheduler.idle
    assert not engine.lasting.runs
