"""The faults of the original that concern manager, environment and command line (contract 19), not ours.

`SHOWN_BY` says for every number which test shows it, here or where it stood already. The worker's are in
`tests/worker/server/test_not_to_be_copied.py`; together they are the page `docs/design/not-to-be-copied.md`.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from funcnodes.environment.manifest import new_manifest
from funcnodes.server.client import connect
from funcnodes_worker.home.run_state import RunRecord, write_run_record
from funcnodes_worker.home.token import read_or_make_token
from funcnodes_worker.home.worker_home import WorkerHome

from tests.support.fleet import base_in, manager_of, new_worker, status_of
from tests.support.processes import program_environment
from tests.worker.server.test_not_to_be_copied import SHOWN_BY as THE_WORKERS

ROOT = Path(__file__).parents[4]
PAGE = ROOT / "docs" / "design" / "not-to-be-copied.md"
HERE = "tests/funcnodes/server/manager/test_not_to_be_copied.py"
FLEET = "tests/funcnodes/supervisor/test_fleet_with_processes.py"
MATRIX = "tests/end_to_end/test_security_matrix.py"
PROVISION = "tests/funcnodes/environment/test_provision.py"
IDLE = "tests/funcnodes/server/manager/test_idle.py::test_more_idle_workers_wake_the_manager_no_more_often"
NOT_OURS = {
    27: "the browser: the page asks its own origin only, whatever its address says",
}
SHOWN_BY: dict[int, str] = {
    1: IDLE,
    2: f"{MATRIX}::test_without_a_token_401",
    3: f"{MATRIX}::test_a_foreign_origin_403",
    4: "tests/funcnodes/server/ui/test_app.py::test_a_path_that_leads_out_is_not_found",
    5: f"{HERE}::test_5_what_settings_call_the_data_path_is_never_removed",
    6: "tests/funcnodes/supervisor/test_foreign_folders.py"
    "::test_an_environment_is_built_after_the_word_and_the_worker_starts_in_it",
    8: "tests/end_to_end/test_trust_in_browser.py::test_a_foreign_flow_is_shown_and_runs_after_the_word",
    9: f"{HERE}::test_9_a_new_environment_names_nobody",
    11: f"{HERE}::test_11_12_a_command_touches_its_base_folder_only_and_no_env_file_overrides",
    12: f"{HERE}::test_11_12_a_command_touches_its_base_folder_only_and_no_env_file_overrides",
    13: f"{FLEET}::test_start_stop_restart_delete",
    14: "tests/funcnodes/server/manager/test_methods.py::test_many_starts_at_once_make_one_process",
    15: f"{HERE}::test_15_a_deleted_worker_leaves_nothing",
    23: "tests/funcnodes/server/manager/test_published.py::test_mistakes_are_answered_and_change_nothing",
    24: f"{PROVISION}::test_removing_takes_what_only_it_needed",
    26: "tests/funcnodes/cli/test_worker.py::test_the_verbs_with_a_manager",
    28: f"{HERE}::test_28_a_request_that_is_none_ends_nothing",
    29: f"{HERE}::test_29_a_number_that_was_used_again_is_nobody_of_ours",
    31: f"{PROVISION}::test_progress_arrives_while_it_happens",
    32: f"{PROVISION}::test_a_worker_is_made_without_network_once_there_was_one",
    33: IDLE,
    38: f"{HERE}::test_29_a_number_that_was_used_again_is_nobody_of_ours",
}


def test_every_number_has_its_test_and_stands_on_the_page() -> None:
    assert {*SHOWN_BY, *THE_WORKERS, *NOT_OURS} == set(range(1, 40))
    written = PAGE.read_text()
    for number in range(1, 40):
        places = [table[number] for table in (THE_WORKERS, SHOWN_BY) if number in table]
        row = re.search(rf"^\| {number} \|.*$", written, re.MULTILINE)
        assert row is not None, f"{PAGE.name} has no row {number}"
        assert all(place.removeprefix("tests/") in row[0] for place in places), (number, places, row[0])
        for place in places:
            file, _, name = place.partition("::")
            assert f"def {name}(" in (ROOT / file).read_text(), place


async def test_5_what_settings_call_the_data_path_is_never_removed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    base = base_in(tmp_path)
    async with manager_of(base), connect(base) as client:
        uuid = await new_worker(client, "named", start=False)
        file = WorkerHome(base, uuid).config_file
        file.write_text(json.dumps({**json.loads(file.read_text()), "data_path": str(precious)}))
        await client.call("delete_worker", workerid=uuid)
        assert (precious.is_dir(), file.exists()) == (True, False)


def test_9_a_new_environment_names_nobody() -> None:
    assert not re.search(r"author|email|@[a-z]+\.", new_manifest("3.11"))


def test_11_12_a_command_touches_its_base_folder_only_and_no_env_file_overrides(tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    (elsewhere / ".env").write_text(f"FUNCNODES_CONFIG_DIR={tmp_path / 'from_file'}\nPATH=/nowhere\n")
    environment = {
        **program_environment(),
        "HOME": str(home),
        "FUNCNODES_CONFIG_DIR": str(tmp_path / "variable"),
    }
    for options in (["--dir", str(tmp_path / "option")], []):
        command = [sys.executable, "-m", "funcnodes", *options, "worker", "list"]
        subprocess.run(command, check=True, capture_output=True, timeout=60, env=environment, cwd=elsewhere)
    assert list(home.iterdir()) == []
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {"home", "elsewhere", "option", "variable"}


async def test_15_a_deleted_worker_leaves_nothing(tmp_path: Path) -> None:
    """One that runs: also what its own end writes is gone, and nothing comes back."""
    base = base_in(tmp_path)
    async with manager_of(base), connect(base) as client:
        uuid = await new_worker(client, "gone")
        pid = (await status_of(client, uuid))["pid"]
        await client.call("delete_worker", workerid=uuid)
        assert not psutil.pid_exists(int(str(pid)))
        assert list(base.workers.iterdir()) == []


async def test_28_a_request_that_is_none_ends_nothing(tmp_path: Path) -> None:
    """No type, another type, a list, a number, half of a JSON: the socket goes on."""
    base = base_in(tmp_path)
    headers = {"Authorization": f"Bearer {read_or_make_token(base)}"}
    async with manager_of(base) as manager, aiohttp.ClientSession(headers=headers) as http:
        url = f"http://127.0.0.1:{manager.port}/"
        async with http.ws_connect(url) as socket:
            for frame in (
                "{}",
                '{"type": 5}',
                '{"type": "set_active"}',
                "[1]",
                "7",
                '{"type',
                "word",
                '{"type": {}}',
            ):
                await socket.send_str(frame)
            await socket.send_str("ping")
            async with asyncio.timeout(10):
                while (await socket.receive_str()) != "pong":
                    pass


async def test_29_a_number_that_was_used_again_is_nobody_of_ours(tmp_path: Path) -> None:
    """The record of a worker names a pid that is another's by now: it is neither adopted nor ended."""
    base = base_in(tmp_path)
    async with manager_of(base), connect(base) as client:
        uuid = await new_worker(client, "former", start=False)
    stranger = await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(120)")
    try:
        started = psutil.Process(stranger.pid).create_time()
        home = WorkerHome(base, uuid)
        write_run_record(home, RunRecord(stranger.pid, started - 3600))
        home.pid_file.write_text(str(stranger.pid))
        async with manager_of(base), connect(base) as client:
            before: dict[str, Any] = await status_of(client, uuid)
            assert (before["phase"], before["pid"]) == ("stopped", None)
            await client.call("start_worker", workerid=uuid)
            running = await status_of(client, uuid)
            assert running["pid"] not in (None, stranger.pid, os.getpid())
            await client.call("stop_worker", workerid=uuid)
        assert stranger.returncode is None
        assert list(base.workers.rglob("*.tmp*")) == []
    finally:
        stranger.kill()
        await stranger.wait()
