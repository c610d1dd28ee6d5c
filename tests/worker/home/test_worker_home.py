"""A worker's name and place, settings and run files."""

from __future__ import annotations

import json
import os
import re
import stat
import threading
from pathlib import Path

import msgspec
import pytest
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.run_state import read_run_text, remove_run_files, write_run_word
from funcnodes_worker.home.worker_config import (
    BadAutostart,
    PackageWish,
    WorkerConfig,
    WorkerConfigBroken,
    change_worker_config,
    read_autostart,
    read_worker_config,
    write_worker_config,
)
from funcnodes_worker.home.worker_home import BadWorkerUuid, WorkerHome, find_workers, make_uuid


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("Wet Lab #2", r"wet-lab-2_[0-9a-f]{16}"),
        ("Größe & Maß", r"groe-ma_[0-9a-f]{16}"),
        ("a name much longer than sixteen", r"a-name-much-long_[0-9a-f]{16}"),
        ("...", r"[0-9a-f]{32}"),
        ("", r"[0-9a-f]{32}"),
        (None, r"[0-9a-f]{32}"),
    ],
)
def test_ids_are_made_from_names(name: str | None, pattern: str) -> None:
    """A slug of up to 16 characters, and chance."""
    made = make_uuid(name)

    assert re.fullmatch(pattern, made)
    assert made != make_uuid(name)


@pytest.mark.parametrize(
    "uuid", ["", ".", "..", "../../escape", "a/b", "a\\b", "a\0b", "-rf", ".hidden", "a" * 129, "ä"]
)
def test_an_id_that_would_leave_its_folder_is_refused(tmp_path: Path, uuid: str) -> None:
    """Before any path is made of it."""
    with pytest.raises(BadWorkerUuid):
        WorkerHome(Base(tmp_path), uuid)


def test_workers_are_found_by_their_settings(tmp_path: Path) -> None:
    """A folder alone is none, nor is a file whose name is no id."""
    base = Base(tmp_path)
    for uuid in ("b", "a"):
        write_worker_config(WorkerHome(base, uuid), WorkerConfig(uuid=uuid))
    (base.workers / "worker_only-a-folder").mkdir()
    (base.workers / "worker_.json").touch()
    (base.workers / "worker_..json").touch()

    assert [home.uuid for home in find_workers(base)] == ["a", "b"]


def test_settings_have_the_published_form(tmp_path: Path) -> None:
    """Indented, for the owner's eyes only, keys in their order, unknown ones kept."""
    home = WorkerHome(Base(tmp_path), "tank-3")
    saved = {
        "type": "WSWorker",
        "uuid": "tank-3",
        "name": "Tank 3",
        "data_path": None,
        "env_path": "/srv/.venv",
        "worker_dependencies": {},
        "package_dependencies": {"funcnodes-numpy": {"package": "funcnodes-numpy", "version": ">=0.2"}},
        "pid": 4711,
        "autostart": "never",
        "update_on_startup": {"funcnodes": True, "funcnodes-core": True, "funcnodes-worker": False},
        "host": "localhost",
        "port": 9384,
        "ssl": False,
        "colour": {"of": "the sea"},
    }
    home.folder.mkdir(parents=True)
    home.config_file.write_text(json.dumps(saved))

    config = change_worker_config(home, lambda config: msgspec.structs.replace(config, port=9385))

    text = home.config_file.read_text()
    assert json.loads(text) == {**saved, "port": 9385}
    assert list(json.loads(text)) == list(saved)
    assert text.startswith('{\n  "type": "WSWorker",\n')
    assert stat.S_IMODE(home.config_file.stat().st_mode) == 0o600
    assert read_worker_config(home) == config
    assert config.in_venv


def test_settings_of_old_are_understood(tmp_path: Path) -> None:
    """Missing keys, boolean autostart, lists of modules, `shelves_dependencies`; the id is the file's."""
    home = WorkerHome(Base(tmp_path), "old")
    home.folder.mkdir(parents=True)
    old = {
        "uuid": "../../elsewhere",
        "autostart": True,
        "worker_dependencies": ["labkit", {"module": "pumps"}],
        "shelves_dependencies": [
            {"module": "funcnodes_files"},
            {"module": "x", "package": "y", "version": "1"},
        ],
        "package_dependencies": {"funcnodes-numpy": None},
        "python_path": "/usr/bin/python",
    }
    home.config_file.write_text(json.dumps(old))

    config = read_worker_config(home)

    assert (config.uuid, config.autostart, config.type) == ("old", "unless-stopped", "WSWorker")
    assert list(config.worker_dependencies) == ["labkit", "pumps"]
    assert config.package_dependencies == {
        "funcnodes-files": PackageWish("funcnodes-files"),
        "y": PackageWish("y", "1"),
        "funcnodes-numpy": PackageWish("funcnodes-numpy"),
    }
    assert config.extra == {"python_path": "/usr/bin/python"}
    assert not config.in_venv


def test_a_broken_file_is_said_and_a_missing_one_too(tmp_path: Path) -> None:
    """Apart from each other."""
    home = WorkerHome(Base(tmp_path), "w")
    with pytest.raises(FileNotFoundError):
        change_worker_config(home, lambda config: config)
    assert not home.folder.exists(), "the lock makes no folder for a worker that is gone"
    home.folder.mkdir(parents=True)
    home.config_file.write_text("{")
    with pytest.raises(WorkerConfigBroken, match=r"worker_w\.json cannot be read"):
        read_worker_config(home)


def test_two_writers_do_not_lose_each_others_change(tmp_path: Path) -> None:
    """Manager and worker change different fields at the same time."""
    home = WorkerHome(Base(tmp_path), "w")
    write_worker_config(home, WorkerConfig(uuid="w"))

    def add(key: str) -> None:
        for number in range(20):
            wish = {f"{key}-{number}": PackageWish(key)}
            change_worker_config(
                home,
                lambda config, wish=wish: msgspec.structs.replace(
                    config, package_dependencies={**config.package_dependencies, **wish}
                ),
            )

    writers = [threading.Thread(target=add, args=(key,)) for key in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert len(read_worker_config(home).package_dependencies) == 40


@pytest.mark.parametrize(
    ("given", "policy"), [(None, "never"), (False, "never"), (True, "unless-stopped"), ("always", "always")]
)
def test_autostart_in_all_its_forms(given: object, policy: str) -> None:
    """Words, and what old commands send."""
    assert read_autostart(given) == policy


def test_an_autostart_that_does_not_exist_is_refused() -> None:
    """With those that do."""
    with pytest.raises(BadAutostart, match="use one of never, on-failure, unless-stopped, always"):
        read_autostart("sometimes")


def test_run_files_are_for_others_to_read(tmp_path: Path) -> None:
    """A bare pid, and a word with its detail."""
    home = WorkerHome(Base(tmp_path), "w")
    home.folder.mkdir(parents=True)
    write_run_word(home, "starting", "loading funcnodes-numpy")

    assert home.pid_file.read_text() == str(os.getpid())
    assert read_run_text(home) == "starting - loading funcnodes-numpy"
    remove_run_files(home)
    assert (home.pid_file.exists(), home.runstate_file.exists(), read_run_text(home)) == (False, False, "")
