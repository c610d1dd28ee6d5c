"""Tasks with an owner: they live as long as a block, and what goes wrong in one of them ends the block."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def owned(*works: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Run works while the block runs and end them with it.

    A work that fails cancels the block and raises: a bug must be heard, not leave half a program running.
    What the block itself raises is passed on as it is.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work, name=work.__qualname__) for work in works]
            yield
            for task in tasks:
                task.cancel()
    except BaseExceptionGroup as failed:
        if len(failed.exceptions) == 1:
            raise failed.exceptions[0] from None
        raise
