"""What travels with a flow, and what stays: nothing of a person, a machine or a secret."""

from __future__ import annotations

import tomllib

from funcnodes_worker.home.worker_config import PackageWish, WorkerConfig
from funcnodes_worker.runtime.external_config import ExternalWorkerConfig
from funcnodes_worker.runtime.external_workers import FuncNodesExternalWorker
from funcnodes_worker.runtime.travel import (
    config_for_export,
    external_for_export,
    packages_of,
    project_for_export,
)
from pydantic import Field

CONFIG = WorkerConfig(
    uuid="w",
    name="Wet lab",
    data_path="/srv/ann/data",
    env_path="/srv/ann/.funcnodes/workers/worker_w/.venv",
    pid=4711,
    host="localhost",
    port=9382,
    package_dependencies={
        "funcnodes-numpy": PackageWish("funcnodes-numpy", ">=1.2"),
        "odd": PackageWish("odd", "@ https://ann:secret@example.org/odd.whl"),
        "local": PackageWish("/srv/ann/local", None),
    },
    worker_dependencies={"labkit": {"module": "labkit", "path": "/srv/ann/labkit"}, "other": "/srv/ann/x"},
    extra={"python_path": "/srv/ann/bin/python", "api_key": "secret"},
)


WITHOUT_BASIC = 'project.dependencies = ["funcnodes", "funcnodes-worker"]'


def test_settings_travel_without_paths_ports_and_unknown_keys() -> None:
    assert config_for_export(CONFIG, WITHOUT_BASIC) == {
        "type": "WSWorker",
        "name": "Wet lab",
        "worker_dependencies": {"labkit": {"module": "labkit"}, "other": None},
        "package_dependencies": {
            "funcnodes-numpy": {"package": "funcnodes-numpy", "version": ">=1.2"},
            "odd": {"package": "odd", "version": None},
        },
        "autostart": CONFIG.autostart,
        "update_on_startup": {},
    }


def test_the_basic_nodes_are_named_where_they_are() -> None:
    """The original has them only where settings name them."""
    with_basic = WITHOUT_BASIC.replace("[", '["Funcnodes_Basic>=3", ', 1)
    bare = WorkerConfig(uuid="w")
    found = [config_for_export(bare, text)["package_dependencies"] for text in (None, with_basic)]
    assert found == [{"funcnodes-basic": {"package": "funcnodes-basic", "version": None}}] * 2
    assert config_for_export(bare, WITHOUT_BASIC)["package_dependencies"] == {}


def test_a_project_travels_as_names_and_versions_only() -> None:
    """Ours without: the original puts this in its worker's place, whose index has no such release."""
    text = """
[project]
name = "wet-lab"
authors = [{ name = "Ann", email = "ann@example.org" }]
dependencies = ["funcnodes", "funcnodes_worker>=3", "scipy>=1.10", 'pandas; python_version > "3.10"',
                "mine @ file:///srv/ann/mine"]
[tool.uv.sources]
funcnodes = { path = "/srv/ann/.funcnodes/cache/build/x/funcnodes.whl" }
[[tool.uv.index]]
url = "https://ann:secret@index.example.org"
"""
    out = project_for_export(text)
    assert out is not None
    for word in ("ann", "Ann", "secret", "wet-lab", "index"):
        assert word not in out
    assert tomllib.loads(out)["project"]["dependencies"] == [
        "funcnodes",
        "funcnodes-worker",
        "scipy>=1.10",
        'pandas; python_version > "3.10"',
    ]
    assert project_for_export("not toml [") is not None
    assert project_for_export(None) is None


def test_packages_come_in_by_name_and_version_never_by_place() -> None:
    config = {
        "package_dependencies": {
            "funcnodes-numpy": {"package": "funcnodes-numpy", "version": "1.2"},
            "funcnodes": {"package": "funcnodes", "version": "1.7.1"},
            "evil": {"package": "evil", "version": "@ https://example.org/evil.whl"},
            "--index-url": {"package": "--index-url=http://x", "version": None},
        },
        "shelves_dependencies": {"a": {"module": "old_shelf"}},
    }
    project = """
[project]
dependencies = ["funcnodes_numpy>=9", "scipy[all]>=1.10 ; python_version > '3'", "funcnodes-core==2.4",
                "there @ git+https://example.org/x", "-e ."]
"""
    wishes, refused = packages_of(config, project)
    assert wishes == [
        PackageWish("old-shelf", None),
        PackageWish("funcnodes-numpy", "1.2"),
        PackageWish("scipy", ">=1.10"),
    ]
    assert len(refused) == 4


class PumpConfig(ExternalWorkerConfig):
    port: str = "COM3"
    password: str = Field(default="", json_schema_extra={"export": False})


class Pump(FuncNodesExternalWorker):
    NODECLASSID = "travel.pump"
    NAME = "Pump"
    config_cls = PumpConfig


def test_secret_settings_of_external_workers_stay() -> None:
    pump = Pump("p1", {"port": "COM4", "password": "hidden"}, name="Left")
    saved = {
        "travel.pump": [
            {
                "uuid": "p1",
                "nodeclassid": "travel.pump",
                "name": "Left",
                "config": {"port": "COM4", "password": "hidden"},
            }
        ],
        "gone.away": [{"uuid": "g", "config": {"token": "hidden"}}, "bare"],
    }
    out = external_for_export(saved)
    assert "hidden" not in str(out)
    assert out["travel.pump"][0]["config"] == {"port": "COM4"}
    assert out["gone.away"] == [{"uuid": "g", "config": {}}, "bare"]
    kept = external_for_export(saved, keep_unknown=True)
    assert kept["gone.away"] == saved["gone.away"]
    assert "password" not in str(kept["travel.pump"])
    del pump
