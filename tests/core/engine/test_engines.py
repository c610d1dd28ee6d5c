"""Engines: one per event loop, made and forgotten in whichever thread comes by."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable

from funcnodes_core.engine.runner import Engine, current_engine

from tests.core.graphs import fail, inc


class AskedLoop(asyncio.SelectorEventLoop):
    """A loop during whose question "are you closed?" something else happens, once."""

    meanwhile: Callable[[], object] | None = None

    def is_closed(self) -> bool:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return super().is_closed()


async def engine_of_this_loop() -> Engine:
    return current_engine()


def in_a_thread(action: Callable[[], object]) -> None:
    thread = threading.Thread(target=action)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


def test_two_threads_may_make_engines_and_forget_old_ones_at_once() -> None:
    """While one looks which are over, the other has made one and has forgotten those that are."""
    old = AskedLoop()
    old.run_until_complete(engine_of_this_loop())
    old.close()
    old.meanwhile = lambda: in_a_thread(lambda: asyncio.run(engine_of_this_loop()))
    engine = asyncio.run(engine_of_this_loop())
    assert old.meanwhile is None
    assert engine.loop is not old


def test_two_threads_may_block_and_free_nodes_at_once() -> None:
    """Graphs in two threads: who is blocked is kept for all of them in one place."""
    rounds, errors = 60, list[BaseException]()

    async def fail_and_part() -> None:
        for _ in range(rounds):
            broken, below = fail(), inc()
            broken.outputs["out"].connect(below.inputs["a"])
            broken["a"] = -1
            await current_engine().wait_idle()
            assert below.run_state.blocked_by == broken.uuid
            broken.outputs["out"].disconnect()
            assert below.run_state.status == "idle"

    def run() -> None:
        try:
            asyncio.run(fail_and_part())
        except BaseException as error:  # noqa: BLE001 - told below, in the thread of the test
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    interval = sys.getswitchinterval()
    # Threads give way within a loop over a few items, where they would do so once in a thousand times.
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    finally:
        sys.setswitchinterval(interval)
    assert errors == []
