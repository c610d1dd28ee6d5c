"""Which packages a worker has in its library: those it was asked to have, and what came along with them."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Generator
from pathlib import Path

import pytest
from funcnodes_core.lib.library import Library
from funcnodes_core.lib.modules import AVAILABLE_MODULES
from funcnodes_worker.runtime.library_loader import LibraryLoader

from tests.funcnodes.environment.tiny_wheels import make_wheel


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None, None, None]:
    """A plotter that needs pictures, which need arrays; and a stranger."""
    wheels, site = tmp_path / "wheels", tmp_path / "site"
    needs = ["fnneed_Pictures>=1 ; python_version > '3'", "fnneed.absent (>=2)"]
    make_wheel(wheels, "fnneed-plotter", "1.0", "", requires=needs, has_nodes=True)
    make_wheel(wheels, "fnneed-pictures", "1.0", "", requires=["fnneed-arrays[fast]"], has_nodes=True)
    make_wheel(wheels, "fnneed-arrays", "1.0", "", requires=["fnneed-plotter"], has_nodes=True)
    make_wheel(wheels, "fnneed-stranger", "1.0", "", has_nodes=True)
    make_wheel(wheels, "fnneed-plain", "1.0", "")
    for wheel in wheels.iterdir():
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
    known = dict(AVAILABLE_MODULES)
    monkeypatch.syspath_prepend(str(site))
    yield
    AVAILABLE_MODULES.clear()
    AVAILABLE_MODULES.update(known)
    for name in [name for name in sys.modules if name.startswith("fnneed_")]:
        del sys.modules[name]


@pytest.mark.usefixtures("installed")
def test_what_a_package_needs_is_loaded_with_it_at_every_start() -> None:
    """Else nodes of what came along would have no class after a restart."""
    loader = LibraryLoader(Library())
    assert loader.load(["fnneed-plotter"]) == {}
    assert list(loader.loaded.shelves) == ["fnneed-plotter", "fnneed-pictures", "fnneed-arrays"]


@pytest.mark.usefixtures("installed")
def test_what_nobody_asked_for_is_not_loaded() -> None:
    loader = LibraryLoader(Library())
    assert loader.load(["fnneed_arrays", "fnneed-arrays"]) == {}
    assert "fnneed-stranger" not in loader.loaded.shelves


@pytest.mark.usefixtures("installed")
def test_a_package_without_nodes_is_no_problem_and_one_that_is_not_there_is() -> None:
    """Users add what their nodes need, too."""
    loader = LibraryLoader(Library())
    assert loader.load(["fnneed_plain", "fnneed-gone"]) == {
        "fnneed-gone": "fnneed-gone is not installed in this worker's environment; add it again"
    }
