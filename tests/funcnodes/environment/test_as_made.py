"""The environment of a flow, resolved as it was made: from the cache alone, or told what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from funcnodes.environment.as_made import deviations, is_for_here, suited
from funcnodes.environment.errors import NotAsMade, NotCached
from funcnodes.environment.installer import find_installer
from funcnodes.environment.manifest import new_manifest
from funcnodes_worker.home.flow_lock import FlowLock, LockedPackage, lock_of

from tests.funcnodes.environment.place import MADE, Place, with_package


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A cache of its own: nothing is known of an index before."""
    place = Place(tmp_path)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_DEFAULT_INDEX", place.index.url)
    place.installer = find_installer(tmp_path)
    yield place
    place.index.go_away()


@pytest.mark.parametrize("how", ["offline", "dead"])
async def test_what_the_cache_has_needs_no_network(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    """Resolved and installed; what it lacks is named, whether uv is told or finds out."""
    assert await place.resolve(MADE) == {"fntest-library": "1.0", "fntest-module": "1.0"}
    first = tmp_path / "first"
    await place.installer.sync(place.folder, first, wanted="it", say=lambda _: None, only_add=False)
    made = lock_of(place.text)
    assert made is not None
    place.index.go_away()
    if how == "offline":
        monkeypatch.setenv("UV_OFFLINE", "1")
        place.installer = find_installer(tmp_path)

    (place.folder / "uv.lock").unlink()
    assert await place.resolve(made) == {"fntest-library": "1.0", "fntest-module": "1.0"}
    second = tmp_path / "second"
    await place.installer.sync(place.folder, second, wanted="it", say=lambda _: None, only_add=False)
    assert lock_of(place.text) == made
    assert [*second.rglob("fntest_library-1.0.dist-info")] != []

    newer = with_package(made, LockedPackage("fntest-library", "1.5"))
    lacking = await place.refusal(newer)
    unknown = with_package(made, LockedPackage("fntest-unheard-of", "4.2"))
    unheard = await place.refusal(unknown, asks=', "fntest-unheard-of"')
    assert isinstance(lacking, NotCached)
    assert isinstance(unheard, NotCached)
    assert (lacking.packages, unheard.packages) == (("fntest-library 1.5",), ("fntest-unheard-of 4.2",))
    assert "the cache of this machine lacks fntest-library 1.5." in str(lacking)


async def test_files_that_the_cache_lacks_are_named(place: Place, tmp_path: Path) -> None:
    """What can be resolved from the cache may still have to be fetched: all of it is told."""
    await place.resolve(MADE)
    place.index.go_away()
    lacking = await place.installer.lacking(place.folder, tmp_path / "trial")
    assert sorted(lacking) == ["fntest-library", "fntest-module"]


async def test_what_cannot_be_had_is_told_and_the_nearest_may_be_chosen(place: Place) -> None:
    """With what was known before, and what would be taken instead."""
    place.withdraw("fntest_library-1.0-py3-none-any.whl")
    problem = await place.refusal(MADE, "it needs Python 3.98, and there is 3.11")

    assert isinstance(problem, NotAsMade)
    assert problem.missing == (
        "it needs Python 3.98, and there is 3.11",
        "fntest-library 1.0 is not to be had for this Python and platform (2.0 would take its place)",
    )
    assert "Nothing was installed. Choose: `--versions nearest` builds it" in str(problem)
    assert "`--versions none` opens the flow without it" in str(problem)
    assert await place.resolve(MADE, "it needs Python 3.98", exactly=False) == {
        "fntest-library": "2.0",
        "fntest-module": "1.0",
    }


async def test_a_package_that_nobody_offers_leaves_one_choice(place: Place) -> None:
    problem = await place.refusal(MADE, asks=', "fntest-gone"')
    assert isinstance(problem, NotAsMade)
    assert not problem.is_nearest_possible
    assert "fntest-gone was not found in the package registry" in str(problem)
    assert "nearest" not in str(problem)


async def test_a_file_with_another_hash_is_not_taken(place: Place) -> None:
    """Somebody put another file under the same name and version."""
    await place.resolve(MADE)
    made = lock_of(place.text)
    assert made is not None
    name = "fntest_library-1.0-py3-none-any.whl"
    other = with_package(made, LockedPackage("fntest-library", "1.0", {name: "f" * 64}))
    problem = await place.refusal(other)
    assert isinstance(problem, NotAsMade)
    assert problem.missing == (f"the file {name} is not the one it was made with: its hash is another",)


async def test_a_lock_of_another_platform_serves_where_its_versions_are(place: Place) -> None:
    """The platform is told only where something is missing: it may be the reason."""
    elsewhere = msgspec.structs.replace(MADE, environments=("sys_platform == 'nowhere'",))
    assert await place.resolve(elsewhere) == {"fntest-library": "1.0", "fntest-module": "1.0"}
    problem = await place.refusal(with_package(elsewhere, LockedPackage("fntest-library", "1.5")))
    assert isinstance(problem, NotAsMade)
    assert problem.missing[1] == "it was made on another platform (sys_platform == 'nowhere')"


async def test_a_damaged_lock_and_another_platform_are_told(tmp_path: Path) -> None:
    """The other platform alone is no reason to refuse: the same versions may fit here too."""
    installer = find_installer(tmp_path)
    damaged = FlowLock(python=None, problem="it is no TOML")
    text, missing = await suited(installer, new_manifest(), damaged)
    assert (text, missing) == (new_manifest(), ["the lock in its file is damaged: it is no TOML"])

    elsewhere = FlowLock(python=None, environments=("sys_platform == 'nowhere'",))
    assert (await suited(installer, new_manifest(), elsewhere))[1] == []
    assert not is_for_here(elsewhere)
    assert is_for_here(FlowLock(python=None))
    assert not is_for_here(FlowLock(python=None, environments=("no marker",)))


def test_only_what_is_needed_here_counts_as_a_deviation() -> None:
    def lock(*packages: LockedPackage) -> FlowLock:
        return FlowLock(python="3.11", packages=packages)

    wanted = lock(
        LockedPackage("a", "1", {"a-linux.whl": "1", "a-mac.whl": "2"}),
        LockedPackage("only-on-windows", "1"),
        LockedPackage("without-hashes", "1"),
    )
    found = lock(
        LockedPackage("a", "1", {"a-linux.whl": "1", "a-windows.whl": "3"}),
        LockedPackage("added-here", "1"),
        LockedPackage("without-hashes", "1", {"w.whl": "4"}),
    )
    assert list(deviations(wanted, found)) == []
    assert list(deviations(wanted, lock(LockedPackage("a", "2")))) == [
        "a 1 is not to be had for this Python and platform (2 would take its place)"
    ]
