"""What a worker asks for: the user's words, our five packages, everything a person wrote kept."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from funcnodes.environment import manifest
from funcnodes.environment.errors import BadRequest, NotInstalled

WHEELS = {name: Path(f"/builds/{name}.whl") for name in manifest.OURS}


def read(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


@pytest.mark.parametrize(
    ("package", "version", "wanted"),
    [
        ("funcnodes_numpy", None, "funcnodes-numpy"),
        ("funcnodes-numpy", "", "funcnodes-numpy"),
        ("funcnodes-numpy", "latest", "funcnodes-numpy"),
        ("funcnodes-numpy", "0.2.12", "funcnodes-numpy==0.2.12"),
        ("Funcnodes.Numpy", ">=0.2,<1", "funcnodes-numpy<1,>=0.2"),
        ("funcnodes-basic", None, "funcnodes-basic"),
    ],
)
def test_a_name_and_a_version_mean_a_requirement(package: str, version: str | None, wanted: str) -> None:
    assert manifest.requirement(package, version) == wanted


@pytest.mark.parametrize(
    ("package", "version"),
    [
        ("--index-url", None),
        ("https://somewhere/x.whl", None),
        ("../evil", None),
        ("name @ file:///etc", None),
        ("name[extra]", None),
        ("name; python_version > '3'", None),
        ("", None),
        ("numpy", "1.0 --pre"),
        ("numpy", "@ file:///x"),
        ("funcnodes-core", "2.4.0"),
    ],
)
def test_anything_but_a_name_and_a_version_is_refused(package: str, version: str | None) -> None:
    """Names come from clients; none of them may become a path, a URL or an option of the installer."""
    with pytest.raises(BadRequest):
        manifest.requirement(package, version)


def test_a_new_worker_asks_for_the_basics() -> None:
    assert manifest.requirements(manifest.new_manifest()) == (
        "funcnodes",
        "funcnodes-basic",
        "funcnodes-worker",
    )


def test_all_five_come_from_the_manager() -> None:
    """As overrides: with plain sources the index would answer what modules require of the others."""
    settings = read(manifest.with_origin(manifest.new_manifest(), WHEELS))["tool"]["uv"]

    assert settings["override-dependencies"] == list(manifest.OURS)
    assert settings["sources"] == {name: {"path": str(path)} for name, path in WHEELS.items()}


def test_what_a_person_wrote_stays() -> None:
    theirs = """# my worker
[project]
name = "lab"
version = "1"
dependencies = ["scipy>=1"] # for the filters

[tool.uv]
override-dependencies = ["tqdm<5"]

[tool.mine]
key = 1
"""
    ours = manifest.with_requirement(manifest.with_origin(theirs, WHEELS), "numpy")

    assert ours.startswith("# my worker")
    assert set(manifest.requirements(ours)) == {"scipy>=1", "funcnodes", "funcnodes-worker", "numpy"}
    assert read(ours)["tool"]["mine"] == {"key": 1}
    assert read(ours)["tool"]["uv"]["override-dependencies"] == [*manifest.OURS, "tqdm<5"]


def test_bringing_in_the_origin_twice_changes_nothing() -> None:
    """The cached lock of a bare worker is found by this text."""
    once = manifest.with_origin(manifest.new_manifest(), WHEELS)

    assert manifest.with_origin(once, WHEELS) == once


def test_a_newer_wish_replaces_the_older_one() -> None:
    text = manifest.with_requirement(manifest.new_manifest(), "numpy==1.26")

    assert "numpy>=2" in manifest.requirements(manifest.with_requirement(text, "numpy>=2"))
    assert "numpy==1.26" not in manifest.requirements(manifest.with_requirement(text, "numpy>=2"))


def test_a_package_is_removed_by_any_spelling() -> None:
    text = manifest.with_requirement(manifest.new_manifest(), "funcnodes-numpy==0.2.12")

    assert manifest.requirements(manifest.without(text, "Funcnodes_Numpy")) == manifest.requirements(
        manifest.new_manifest()
    )


def test_what_is_not_asked_for_cannot_be_removed() -> None:
    with pytest.raises(NotInstalled, match="'numpy' is not among the packages this worker asks for"):
        manifest.without(manifest.new_manifest(), "numpy")


def test_what_every_worker_needs_cannot_be_removed() -> None:
    with pytest.raises(BadRequest, match="needed by every worker"):
        manifest.without(manifest.new_manifest(), "funcnodes-worker")


def test_a_broken_pyproject_is_named() -> None:
    with pytest.raises(BadRequest, match=r"pyproject\.toml"):
        manifest.with_origin("[project", WHEELS)
