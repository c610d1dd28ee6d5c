"""The storm itself: victims, the manager that is hit too, somebody who counts processes, and the end."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import Sequence

import psutil
from funcnodes_worker.home.supervisor_file import read_supervisor_file

from tests.funcnodes.environment.looking import versions
from tests.support.chaos.ground import Ground
from tests.support.chaos.victim import RUNNING, STOPPED, Victim
from tests.support.processes import processes_of

LOOK_EVERY_S = 0.25
SETTLE_S = 45.0


async def rage(ground: Ground, victims: Sequence[Victim], seconds: float, dice: random.Random) -> None:
    """Return when the storm has gone over the fleet for so long."""
    ground.ends_at = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        for victim in victims:
            group.create_task(victim.suffer())
        group.create_task(_hit_manager(ground, victims, dice))
        group.create_task(_count_processes(ground, victims))


async def _hit_manager(ground: Ground, victims: Sequence[Victim], dice: random.Random) -> None:
    while True:
        # The more there are, and the busier the machine, the longer it takes until a new manager has looked
        # after them all: one that is never let do anything shows nothing.
        begun = ground.answered
        await asyncio.sleep(dice.uniform(0.2, 0.75) * len(victims))
        # A poll with a limit, the end of the storm.
        while ground.answered < begun + len(victims) // 2 and not ground.is_over:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        if ground.is_over:
            return
        if dice.random() < 0.8:
            ground.note("kill manager")
            await ground.end_manager(signal.SIGKILL)
        else:
            ground.note("end manager")
            for victim in victims:
                if victim.autostart == "on-failure":
                    victim.asked = None
            await ground.end_manager(signal.SIGTERM)
        await asyncio.sleep(dice.uniform(0, 1))
        await ground.start_manager()


async def _count_processes(ground: Ground, victims: Sequence[Victim]) -> None:
    """Blame whoever lets one worker have two processes, seen twice in a row."""
    before: dict[str, set[int]] = {}
    while not ground.is_over:
        now = await asyncio.to_thread(_workers_of, ground)
        for uuid, pids in now.items():
            both = pids & before.get(uuid, set())
            if len(both) > 1:
                ground.blame(f"{uuid} has processes {sorted(both)}")
        before = now
        await asyncio.sleep(LOOK_EVERY_S)


def _workers_of(ground: Ground) -> dict[str, set[int]]:
    """Return the processes that run a worker, by the worker."""
    found: dict[str, set[int]] = {}
    for process in processes_of(ground.base.folder):
        with contextlib.suppress(psutil.Error, ValueError, IndexError):
            words = process.cmdline()
            if "funcnodes_worker.process.main" in words:
                found.setdefault(words[words.index("--uuid") + 1], set()).add(process.pid)
    return found


async def settle(ground: Ground, victims: Sequence[Victim]) -> None:
    """Return when every worker is in the state last asked for, one process each and none besides."""
    wrong: list[str] = []
    deadline = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline:
        wrong = await _not_as_asked(ground, victims)
        if not wrong:
            return
        await asyncio.sleep(0.1)  # A poll with a limit: backoff, and what was begun goes on.
    ground.problems.extend(wrong)


async def _not_as_asked(ground: Ground, victims: Sequence[Victim]) -> list[str]:
    shown = {worker["uuid"]: worker for worker in (await ground.ask("status"))["workers"]}
    wrong = [f"{uuid} is there and nobody wants it" for uuid in shown.keys() - {v.uuid for v in victims}]
    processes = await asyncio.to_thread(processes_of, ground.base.folder)
    wanted = {ground.manager.pid} if ground.manager else set[int]()
    for victim in victims:
        status = shown.get(victim.uuid, {})
        phase, pid = status.get("phase"), status.get("pid")
        if phase not in ((victim.asked,) if victim.asked else (RUNNING, STOPPED)):
            wrong.append(f"{victim.uuid} is {phase}, asked for was {victim.asked}: {status.get('reason')}")
        if phase == RUNNING:
            wanted.add(pid)
    there = {process.pid: process for process in processes}
    for pid in there.keys() - wanted:
        with contextlib.suppress(psutil.Error):
            wrong.append(f"an orphan: {pid} {' '.join(there[pid].cmdline())[:300]}")
    wrong += [f"process {pid} is shown and does not live" for pid in wanted - there.keys()]
    return wrong


async def check_ports(ground: Ground, ports: range) -> None:
    """Blame whoever listens and is no worker that runs."""
    listening = await asyncio.to_thread(listened_on, ground)
    workers = (await ground.ask("status"))["workers"]
    known = {worker["port"] for worker in workers if worker["phase"] == RUNNING}
    address = read_supervisor_file(ground.base)
    known.add(address.port if address else 0)
    for port in sorted((listening & set(ports)) - known):
        ground.blame(f"port {port} is listened on and belongs to no worker")
    for port in sorted(known - listening):
        ground.blame(f"port {port} is shown and nobody listens")


def listened_on(ground: Ground) -> set[int]:
    """Return the ports on which this storm's processes listen; others of the machine may listen anywhere."""
    found = psutil.net_connections("tcp")
    listening = [one for one in found if one.status == psutil.CONN_LISTEN and one.laddr]
    return {int(one.laddr[1]) for one in listening if _is_of(ground, one.pid)}


def _is_of(ground: Ground, pid: int | None) -> bool:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid) if pid else None
        # What a worker itself starts need not name the folder, but has its environment.
        return process is not None and (
            str(ground.base.folder) in " ".join(process.cmdline())
            or process.environ().get("UV_FIND_LINKS") == ground.environment["UV_FIND_LINKS"]
        )
    return False


async def check_wholeness(ground: Ground, victims: Sequence[Victim]) -> None:
    """Start everybody; blame whoever lost what it had answered for."""
    for victim in victims:
        await victim.start()
        nodes: dict[str, str] | None = None
        async with victim.line() as line:
            if line is not None:
                saved = await line.call("get_save_state")
                nodes = {n["id"]: n["io"]["input"].get("value", "") for n in saved["backend"]["nodes"]}
        if nodes is None:
            ground.blame(f"{victim.uuid} does not answer at the end")
            continue
        for node, values in victim.values.items():
            if nodes.get(node) not in values:
                ground.blame(f"{victim.uuid}: node {node} holds {nodes.get(node)!r}, not one of {values}")
        for node in nodes.keys() - victim.values.keys() - victim.unsure:
            ground.blame(f"{victim.uuid}: node {node} was never asked for")
        if victim.in_venv:
            found = (await asyncio.to_thread(versions, victim.home)).get("fntest-module")
            if found != victim.package:
                ground.blame(f"{victim.uuid} has fntest-module {found}, asked for was {victim.package}")


async def check_nothing_left(ground: Ground, ports: range) -> None:
    """End the manager; blame whatever is left of it and its fleet."""
    await ground.end_manager(signal.SIGTERM)
    for process in await asyncio.to_thread(processes_of, ground.base.folder):
        ground.blame(f"left at the end: {' '.join(process.cmdline())[:300]}")
    for port in sorted(await asyncio.to_thread(listened_on, ground) & set(ports)):
        ground.blame(f"port {port} is still listened on at the end")
