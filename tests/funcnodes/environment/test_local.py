"""Modules that lie on this machine: read without running anything, and listed before the published ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from funcnodes.environment import manifest
from funcnodes.environment.catalog import Catalog
from funcnodes.environment.errors import BadRequest
from funcnodes.environment.local import LocalModule, find_local, local_paths, read_local
from funcnodes.environment.request import asked, wanted_by
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.worker_config import PackageWish

PROJECT = """
[project]
name = "My_Bench"
version = "0.1"
description = "A bench."
[project.entry-points."funcnodes.module"]
shelf = "my_bench:SHELF"
"""


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    folder = tmp_path / "work" / "bench"
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "setup.py").write_text("raise SystemExit('nobody runs me')")
    return folder


def test_a_module_is_read_from_its_project(bench: Path) -> None:
    assert read_local(str(bench)) == LocalModule(
        "my-bench", bench, "0.1", "A bench.", {"shelf": "my_bench:SHELF"}
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, r"holds no pyproject\.toml"),
        ("[project", "cannot be used"),
        ("[tool.x]", "cannot be used"),
        ('[project]\nname = "../evil"', "cannot be used"),
    ],
)
def test_what_is_no_module_is_refused_with_the_reason(bench: Path, text: str | None, told: str) -> None:
    file = bench / "pyproject.toml"
    file.unlink() if text is None else file.write_text(text)

    with pytest.raises(BadRequest, match=told):
        read_local(str(bench))


def test_an_address_is_refused_with_what_to_do_instead() -> None:
    """It is no path that lacks its beginning."""
    with pytest.raises(BadRequest, match="is an address"):
        asked([("git+https://lab.example/bench.git", None)], may_link=True)


def test_folders_of_config_json_are_looked_through(bench: Path, tmp_path: Path) -> None:
    """Each is a module, or holds some; what is none, or not there, is passed over."""
    (bench.parent / "notes").mkdir()
    places = local_paths({"modules": {"paths": [str(bench.parent), str(bench), str(tmp_path / "gone")]}})
    catalog = Catalog(Base(tmp_path / "base"), "", places)

    assert [module.name for module in find_local(places)] == ["my-bench"]
    assert [(one.name, one.path) for one in catalog.read()] == [("my-bench", str(bench))]
    assert (catalog.place_of("my_bench"), catalog.place_of("numpy")) == (str(bench), None)
    assert local_paths({}) == local_paths({"modules": []}) == local_paths({"modules": {"paths": "x"}}) == ()


def test_a_path_links_where_it_may_and_is_no_name_elsewhere(bench: Path) -> None:
    """A file that travels, or a client of the worker, cannot name a place of this machine."""
    (linked,) = asked([(str(bench), None)], may_link=True).install
    text = linked.edit(manifest.new_manifest())
    noted = asked([(str(bench), None)], may_link=True).note({})
    pinned = manifest.with_requirement(text, "my-bench==0.1")

    assert f'my-bench = {{path = "{bench}", editable = true}}' in text
    assert noted == {"my-bench": PackageWish("my-bench", None, str(bench))}
    assert wanted_by(noted["my-bench"]) == linked
    assert str(bench) not in pinned + manifest.without(text, "my-bench")
    with pytest.raises(BadRequest, match="is not the name of a package"):
        asked([(str(bench), None)])
    with pytest.raises(BadRequest, match="is not a whole path"):
        asked([("./bench", None)], may_link=True)
