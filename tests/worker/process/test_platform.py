"""Signals reach a worker that does nothing."""

from __future__ import annotations

import asyncio
import signal
import threading

import pytest
from funcnodes_worker.process.platform import woken_by_signals


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="a signal to one thread")
async def test_a_signal_that_another_thread_was_given_is_heard_by_a_loop_that_waits() -> None:
    heard = asyncio.Event()
    loop = asyncio.get_running_loop()
    waits = threading.Event()

    def take_it() -> None:
        waits.wait(10)
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda _number, _frame: heard.set())
    other = threading.Thread(target=take_it)
    other.start()
    try:
        with woken_by_signals():
            loop.call_soon(waits.set)
            # Nothing else happens in this loop before the limit has passed.
            begun = loop.time()
            await asyncio.wait_for(heard.wait(), 10)
            assert loop.time() - begun < 8, "heard when the limit woke the loop"
        assert signal.set_wakeup_fd(-1) == -1, "it is as it was"
    finally:
        other.join()
        signal.signal(signal.SIGUSR1, before)
