"""The environment of a flow, resolved as it was made where uv cannot run; `test_as_made` has uv's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from funcnodes.environment.errors import Conflict, NotAsMade, NotCached
from funcnodes.environment.venv import Pip
from funcnodes_worker.home.flow_lock import LockedPackage, lock_of

from tests.funcnodes.environment.place import MADE, Place, with_package

# Some thirty runs of pip; what is made of its words is tested in every run (`test_venv_words`).
pytestmark = [pytest.mark.registry, pytest.mark.soak, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def pip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pip") / "pip"


@pytest.fixture
def place(tmp_path: Path, pip_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """One little index; pip's own environment is shared."""
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "cache"))
    place = Place(tmp_path, Pip(pip_folder))
    monkeypatch.setenv("PIP_INDEX_URL", place.index.url)
    place.installer = Pip(pip_folder)
    yield place
    place.index.go_away()


async def test_the_very_versions_are_taken_and_installed(place: Place, tmp_path: Path) -> None:
    """Not the newest ones; what uv locked serves pip, and what pip locked says as much."""
    assert await place.resolve(MADE) == {"fntest-library": "1.0", "fntest-module": "1.0"}
    made = lock_of(place.text)
    assert made is not None
    assert [(package.name, sorted(package.files)) for package in made.packages] == [
        ("fntest-library", ["fntest_library-1.0-py3-none-any.whl"]),
        ("fntest-module", ["fntest_module-1.0-py3-none-any.whl"]),
    ]

    (place.folder / "uv.lock").unlink()
    assert await place.resolve(made) == {"fntest-library": "1.0", "fntest-module": "1.0"}
    assert lock_of(place.text) == made
    there = tmp_path / "there"
    await place.installer.sync(place.folder, there, wanted="it", say=lambda _: None, only_add=False)
    assert len([*there.rglob("fntest_library-1.0.dist-info")]) == 1


async def test_what_cannot_be_had_is_told_and_the_nearest_may_be_chosen(place: Place) -> None:
    """All that can be held is held: the module does not go to its newest version with its library."""
    place.withdraw("fntest_library-1.0-py3-none-any.whl")
    problem = await place.refusal(MADE)
    assert isinstance(problem, NotAsMade)
    assert problem.missing == (
        "fntest-library 1.0 is not to be had for this Python and platform (2.0 would take its place)",
    )
    assert await place.resolve(MADE, exactly=False) == {"fntest-library": "2.0", "fntest-module": "1.0"}


async def test_a_file_with_another_hash_is_not_taken(place: Place) -> None:
    name = "fntest_library-1.0-py3-none-any.whl"
    other = with_package(MADE, LockedPackage("fntest-library", "1.0", {name: "f" * 64}))
    problem = await place.refusal(other)
    assert isinstance(problem, NotAsMade)
    assert problem.missing == (f"the file {name} is not the one it was made with: its hash is another",)


async def test_a_dead_index_and_a_package_that_nobody_offers_are_told(place: Place) -> None:
    gone = await place.refusal(MADE, asks=', "fntest-gone"')
    assert isinstance(gone, NotAsMade)
    assert not gone.is_nearest_possible
    assert "fntest-gone" in str(gone)
    place.index.go_away()
    dead = await place.refusal(MADE)
    assert isinstance(dead, NotCached)


async def test_a_conflict_is_told_in_plain_words(place: Place) -> None:
    problem = await place.refusal(MADE, asks=', "fntest-module>=2", "fntest-old"')
    assert isinstance(problem, NotAsMade)
    assert "fntest-old==1.0 depends on fntest-library<2" in str(problem)
    with pytest.raises(Conflict) as raised:
        await place.installer.lock(place.folder, wanted="fntest-old", upgrade=(), say=lambda _: None)
    assert raised.value.plainly == (
        "`fntest-module` needs fntest-library>=2, `fntest-old` needs fntest-library<2: "
        "they cannot share one worker; make a second"
    )
