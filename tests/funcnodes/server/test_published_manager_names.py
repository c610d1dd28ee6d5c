"""Programs that have a manager stand, by the published names."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from funcnodes.server.client import connect
from funcnodes_worker.home.base import resolve_base

import funcnodes
from tests.support.processes import free_port, kill_all_of, make_base, processes_of


async def test_a_program_can_have_a_manager_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is started once, is found the second time, and goes on until it is told to stop."""
    folder = make_base(tmp_path / "base", manager_port=free_port())
    monkeypatch.setenv("FUNCNODES_CONFIG_DIR", str(folder))
    try:
        first = await funcnodes.assert_worker_manager_running(termination_wait=30)
        [process] = processes_of(folder)
        again = await funcnodes.assert_worker_manager_running()

        assert first == again
        assert processes_of(folder) == [process]
        async with connect(resolve_base(folder)) as manager:
            assert await manager.call("status") == {"workers": []}
            await manager.call("stop", workers=True)
        await asyncio.to_thread(process.wait, 20)
    finally:
        kill_all_of(folder)


def test_the_managers_class_is_a_name() -> None:
    with pytest.raises(TypeError, match="start it with 'funcnodes startworkermanager'"):
        funcnodes.WorkerManager()
