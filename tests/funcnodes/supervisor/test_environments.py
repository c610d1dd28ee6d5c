"""Environments of real workers, over the manager's socket: planned, changed, upgraded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from funcnodes.server.client import ManagerRefused, connect
from funcnodes_worker.home.worker_config import read_worker_config
from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.rpc.errors import INSTALLATION_FAILED

from tests.funcnodes.environment.looking import versions
from tests.funcnodes.environment.tiny_wheels import make_shelf_of_wheels
from tests.support.fleet import base_in, manager_of, status_of

pytestmark = [pytest.mark.registry, pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shelf = make_shelf_of_wheels(tmp_path / "wheels")
    monkeypatch.setenv("UV_FIND_LINKS", str(shelf))
    return shelf


async def test_what_a_plan_says_is_what_happens(tmp_path: Path) -> None:
    base = base_in(tmp_path)
    async with manager_of(base, program=None) as manager, connect(base) as client:
        uuid = str((await client.call("new_worker", name="demo"))["uuid"])
        home = WorkerHome(manager.base, uuid)
        await client.call("start_worker", workerid=uuid)
        first = await status_of(client, uuid)
        bare = versions(home)
        wish: dict[str, Any] = {"install": [{"package": "fntest-module", "version": "1.0"}]}

        planned = await client.call("plan", workerid=uuid, **wish)
        untouched = (versions(home), await status_of(client, uuid))
        applied = await client.call("apply", workerid=uuid, **wish)
        live = await status_of(client, uuid)

        conflict = await client.call("plan", workerid=uuid, install=[{"package": "fntest-old"}], upgrade=True)
        with pytest.raises(ManagerRefused) as refused:
            await client.call("plan", workerid=uuid, install=[{"package": "../evil"}])

        upgraded = await client.call("upgrade", workerid=uuid, packages=["fntest-module"])
        after = versions(home)
        wishes = read_worker_config(home).package_dependencies
        restarted = await status_of(client, uuid)
        removed = await client.call("apply", workerid=uuid, remove=["fntest-module"])

        assert planned["added"][1] == {"name": "fntest-module", "version": "1.0"} | {
            "size": planned["added"][1]["size"]
        }
        assert (planned["live"], planned["modules"]) == (True, [])
        assert planned["download"] == sum(entry["size"] for entry in planned["added"]) > 0
        assert untouched == (bare, first)
        assert applied["summary"] == planned["summary"] == "adds fntest-library 2.0, fntest-module 1.0"
        assert live["pid"] == first["pid"]
        assert conflict["conflicts"] == []
        assert refused.value.code == INSTALLATION_FAILED
        assert upgraded["changed"] == [{"name": "fntest-module", "before": "1.0", "after": "2.0"}]
        assert (after["fntest-module"], wishes["fntest-module"].version) == ("2.0", None)
        assert restarted["pid"] != first["pid"]
        assert removed["summary"] == "removes fntest-library 2.0, fntest-module 2.0"
        assert versions(home) == bare
        assert "fntest" not in home.project_file.read_text() + home.lock_file.read_text()
