"""The history of ends: what it tells of suspects, to the next manager and to a copy of the worker."""

from __future__ import annotations

from pathlib import Path

from funcnodes.supervisor.ends import carry_suspects, last_ends, note_end, quarantine_of
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.worker_home import WorkerHome

from tests.support.fleet import base_in, fleet_of, line_to, new_worker, status_of, wait_for_status


def home_in(folder: Path, uuid: str) -> WorkerHome:
    home = WorkerHome(Base(folder / "base"), uuid)
    home.folder.mkdir(parents=True)
    return home


def test_a_copy_suspects_whom_the_worker_suspected(tmp_path: Path) -> None:
    """As often as it did, who was let go there is free, and none of it is an end of the copy's own."""
    home, copy = home_in(tmp_path, "one"), home_in(tmp_path, "two")
    for node in ("blur", "once", "free", "blur", "free"):
        note_end(home, node=node, sentence=f"killed at {node}", followed="started again")
    note_end(home, node="free")
    carry_suspects(home, copy)
    held = quarantine_of(copy)

    assert (
        held.held
        == quarantine_of(home).held
        == {"blur": "it ran 2 times when its worker ended, at last: killed at blur"}
    )
    assert held.blame("once", "killed again")
    assert last_ends(copy, 10) == []
    note_end(copy, node="blur")
    assert quarantine_of(copy).held == {}


async def test_a_cloned_worker_holds_the_node_that_was_held(tmp_path: Path) -> None:
    """From its first start, and not after two ends of its own."""
    async with fleet_of(base_in(tmp_path)) as client:
        uuid = await new_worker(client, "first")
        for _ in range(2):
            pid = (await status_of(client, uuid))["pid"]
            async with line_to(client, uuid) as line:
                await line.run("node-1", "abort")
            await wait_for_status(
                client, uuid, lambda s, old=pid: s["phase"] == "running" and s["pid"] != old
            )
        copy = str((await client.call("clone_worker", workerid=uuid, name="twin"))["uuid"])
        made = str(
            (await client.call("new_worker", name="too", in_venv=False, reference=uuid, copy_graph=True))[
                "uuid"
            ]
        )

        assert [(await status_of(client, each))["held"] for each in (uuid, copy, made)] == [["node-1"]] * 3
        await client.call("start_worker", workerid=copy)
        assert (await status_of(client, copy))["held"] == ["node-1"]
        assert (await client.call("ends", workerid=copy))["ends"] == []


async def test_a_kill_by_hand_is_in_the_history(tmp_path: Path) -> None:
    """Of a worker that hears; the node that ran is named, and not suspected for it by the next manager."""
    base = base_in(tmp_path)
    async with fleet_of(base) as client:
        uuid = await new_worker(client, "well")
        for _ in range(2):
            async with line_to(client, uuid) as line:
                await line.run("nap", "sleep 30")
                await wait_for_status(client, uuid, lambda s: s["running_node"])
            await client.call("kill_worker", workerid=uuid)
        ends = (await client.call("ends", workerid=uuid))["ends"]

    assert [end["sentence"].split(" (")[0] for end in ends] == ["killed by hand while node `nap` ran"] * 2
    assert [end["followed"] for end in ends] == ["started again"] * 2
    assert quarantine_of(WorkerHome(base, uuid)).suspects == {}
