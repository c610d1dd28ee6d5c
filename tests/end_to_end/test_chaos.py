"""The storm: workers and manager killed, frozen, stopped, started, changed by dice; then all is as asked."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from pathlib import Path

import pytest
from funcnodes_worker.home.base import Base

from tests.funcnodes.environment.tiny_wheels import make_shelf_of_wheels
from tests.support.chaos import storm
from tests.support.chaos.ground import Ground
from tests.support.chaos.storm import listened_on
from tests.support.chaos.victim import Victim
from tests.support.processes import kill_all_of, make_base, program_environment

pytestmark = pytest.mark.registry
SEED = int(os.environ.get("FUNCNODES_CHAOS_SEED") or random.SystemRandom().randrange(1 << 32))
"""Printed; set the variable to throw the same dice again."""


async def weather(folder: Path, *, workers: int, own: int, seconds: float) -> None:
    """Let a storm go over a fleet and look at what it left."""
    print(f"FUNCNODES_CHAOS_SEED={SEED}")
    shelf = make_shelf_of_wheels(folder / "wheels")
    base = Base(make_base(folder / "base"))
    environment = {**program_environment(), "UV_FIND_LINKS": str(shelf)}
    start = int(environment["FUNCNODES_WS_WORKER_STARTPORT"])
    ports = range(start, int(environment["FUNCNODES_WS_WORKER_ENDPORT"]) + 1)
    ground = Ground(base, environment, folder / "manager.out")
    victims = [
        Victim(
            ground,
            f"v{number}",
            random.Random(f"{SEED} {number}"),
            autostart="on-failure" if number % 4 == 3 else "unless-stopped",
            in_venv=number < own,
        )
        for number in range(workers)
    ]
    began = time.monotonic()
    try:
        await ground.start_manager()
        await asyncio.gather(*(victim.make() for victim in victims))
        ground.note("begun")
        await storm.rage(ground, victims, seconds, random.Random(f"{SEED} manager"))
        ground.note("over")
        await storm.settle(ground, victims)
        ground.note("settled")
        await storm.check_ports(ground, ports)
        await storm.check_wholeness(ground, victims)
        await storm.check_nothing_left(ground, ports)
    finally:
        kill_all_of(base.folder)
        if ground.manager is not None:
            await ground.manager.wait()
        (folder / "told.txt").write_text("\n".join(ground.told))
        print(f"{time.monotonic() - began:.0f} s in all;", dict(sorted(ground.counts.items())))
    assert ground.problems == [], f"seed {SEED}; the story is in {folder / 'told.txt'}"


async def test_ports_of_others_are_not_counted(tmp_path: Path) -> None:
    """Tests of other processes listen where they like; what a process of the storm started is its own."""
    environment = {**program_environment(), "UV_FIND_LINKS": str(tmp_path / "wheels")}
    ground = Ground(Base(tmp_path / "base"), environment, tmp_path / "manager.out")
    listen = (
        "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); "
        "print(s.getsockname()[1], flush=True); sys.stdin.read()"
    )
    listeners = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", listen, *arguments, env=its,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )
        for arguments, its in (
            ((str(ground.base.folder),), program_environment()),
            ((), environment),
            ((), program_environment()),
        )
    ]  # fmt: skip
    try:
        ports = [int(await one.stdout.readline()) for one in listeners if one.stdout is not None]
        found = listened_on(ground)
    finally:
        for one in listeners:
            await one.communicate(b"")
    assert found == {*ports[:2]}


@pytest.mark.timeout(240)
async def test_eight_workers_in_a_storm(tmp_path: Path) -> None:
    """Two of them with environments of their own that are changed meanwhile."""
    await weather(tmp_path, workers=8, own=2, seconds=60)


@pytest.mark.soak
@pytest.mark.timeout(1200)
async def test_twenty_workers_in_a_long_storm(tmp_path: Path) -> None:
    """Ten minutes; five of them with environments of their own."""
    await weather(tmp_path, workers=20, own=5, seconds=600)
