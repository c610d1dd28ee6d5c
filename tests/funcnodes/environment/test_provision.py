"""Environments as transactions: everything with the real uv, real environments and the real registry."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from funcnodes.environment import catalog, state
from funcnodes.environment.errors import Conflict, DoesNotLoad, NoNetwork, PackageNotFound, SharedEnvironment
from funcnodes.environment.manifest import OURS
from funcnodes.environment.plan import Difference, Stay
from funcnodes.environment.programs import run_lines
from funcnodes.environment.provision import Provisioner
from funcnodes.environment.request import asked
from funcnodes_worker.home.base import Base, prepare_base
from funcnodes_worker.home.worker_config import PackageWish, WorkerConfig, write_worker_config
from funcnodes_worker.home.worker_home import WorkerHome

from tests.funcnodes.environment.looking import Heard, disk, install_and_die, run, versions

pytestmark = pytest.mark.registry


async def test_a_worker_has_an_environment_of_its_own(provisioner: Provisioner, home: WorkerHome) -> None:
    python = provisioner.python_of(home)

    assert python.is_relative_to(home.environments)
    assert run(python, "import sys; print(sys.prefix)") == str(python.parent.parent)
    assert home.venv.resolve() == python.parent.parent
    assert run(python, "import funcnodes_core, funcnodes_worker; print('ok')") == "ok"


@pytest.mark.alone
async def test_the_next_worker_takes_about_a_second(provisioner: Provisioner, home: WorkerHome) -> None:
    """The lock is made once, and everything is in the cache: `home` was the first."""
    second, heard = WorkerHome(home.base, f"{home.uuid}-next"), Heard()
    began = time.perf_counter()

    await provisioner.create(second, heard)

    assert time.perf_counter() - began < 3
    assert "Resolved" not in heard.messages
    assert second.lock_file.read_text() == home.lock_file.read_text()


async def test_creating_twice_builds_once(provisioner: Provisioner, home: WorkerHome) -> None:
    heard = Heard()

    assert await provisioner.create(home, heard) == provisioner.python_of(home)
    assert heard.said == []


async def test_a_module_joins_the_running_environment(provisioner: Provisioner, home: WorkerHome) -> None:
    before, heard = provisioner.python_of(home), Heard()

    installed = await provisioner.install(home, "fntest-module", "1.0", heard)

    assert (installed.live, installed.packages, installed.modules) == (
        True,
        ("fntest-module",),
        {"fntest-module": ("fntest_module",)},
    )
    assert str(installed.difference) == "adds fntest-library 2.0, fntest-module 1.0"
    assert provisioner.python_of(home) == before
    assert versions(home)["fntest-module"] == "1.0"
    assert '"fntest-module==1.0"' in home.project_file.read_text()
    fractions = [fraction for _, fraction in heard.said]
    assert fractions == sorted(fractions)
    assert heard.said[-1] == ("Installed", 0.95)
    for expected in (
        "Resolving fntest-module==1.0",
        "adds fntest-library 2.0",
        "Installed 2 packages",
        "load",
    ):
        assert expected in heard.messages


async def test_progress_arrives_while_it_happens(provisioner: Provisioner, home: WorkerHome) -> None:
    """Not all at once at the end; the loop is free meanwhile."""
    times: list[float] = []
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await provisioner.install(home, "fntest-module", None, lambda _m, _f: times.append(time.perf_counter()))
    ticking.cancel()

    assert times[-1] - times[0] > 0.2
    assert ticks > 10


async def test_a_change_of_version_builds_another_environment(cached: Provisioner, home: WorkerHome) -> None:
    await cached.install(home, "fntest-library", "1.0", Heard())
    before = cached.python_of(home)

    installed = await cached.install(home, "fntest-library", ">=2", Heard())

    assert (installed.live, str(installed.difference)) == (False, "changes fntest-library 1.0 → 2.0")
    assert cached.python_of(home) == before
    assert versions(home)["fntest-library"] == "1.0"

    after = await cached.prepare(home, Heard())
    assert after != before
    assert versions(home)["fntest-library"] == "2.0"
    assert before.exists()

    await cached.settle(home)
    assert not before.exists()


async def test_no_hello_from_the_new_one_brings_the_old_one_back(
    cached: Provisioner, home: WorkerHome
) -> None:
    await cached.install(home, "fntest-library", "1.0", Heard())
    project, lock = home.project_file.read_text(), home.lock_file.read_text()
    await cached.install(home, "fntest-library", "2.0", Heard())
    await cached.prepare(home, Heard())

    assert await cached.revert(home)

    assert versions(home)["fntest-library"] == "1.0"
    assert (home.project_file.read_text(), home.lock_file.read_text()) == (project, lock)
    assert not await cached.revert(home)


async def test_removing_takes_what_only_it_needed(cached: Provisioner, home: WorkerHome) -> None:
    bare = versions(home)
    await cached.install(home, "fntest-module", None, Heard())

    removed = await cached.remove(home, "fntest_module", Heard())
    await cached.prepare(home, Heard())

    assert str(removed.difference) == "removes fntest-library 2.0, fntest-module 2.0"
    assert versions(home) == bare


async def test_what_does_not_exist_changes_nothing(provisioner: Provisioner, home: WorkerHome) -> None:
    before = disk(home)

    with pytest.raises(PackageNotFound, match="fntest-nothing was not found in the package registry"):
        await provisioner.install(home, "fntest-nothing", None, Heard())
    with pytest.raises(PackageNotFound, match=r"fntest-module==9\.9"):
        await provisioner.install(home, "fntest-module", "9.9", Heard())

    assert disk(home) == before


async def test_a_conflict_changes_nothing_and_says_why(provisioner: Provisioner, home: WorkerHome) -> None:
    await provisioner.install(home, "fntest-module", "2.0", Heard())
    before = disk(home)

    with pytest.raises(Conflict, match="fntest-library") as refused:
        await provisioner.install(home, "fntest-old", None, Heard())

    assert "`fntest-old` needs fntest-library<2" in str(refused.value)
    assert disk(home) == before


@pytest.mark.parametrize(
    ("package", "problem"),
    [("fntest-broken", "RuntimeError: no camera"), ("fntest-abort", "the process ended while loading it")],
)
async def test_a_module_that_does_not_load_is_taken_back(
    cached: Provisioner, home: WorkerHome, package: str, problem: str
) -> None:
    before = disk(home)

    with pytest.raises(DoesNotLoad, match=problem):
        await cached.install(home, package, None, Heard())

    assert disk(home) == before


async def test_a_change_that_breaks_another_module_is_taken_back(
    cached: Provisioner, home: WorkerHome
) -> None:
    await cached.install(home, "fntest-library", "1.0", Heard())
    await cached.install(home, "fntest-fussy", None, Heard())
    before = disk(home)

    with pytest.raises(DoesNotLoad, match=r"fntest-fussy: AssertionError: 2\.0"):
        await cached.install(home, "fntest-library", "2.0", Heard())

    assert disk(home) == before


async def test_no_network_says_so_and_changes_nothing(
    home: WorkerHome, base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    before = disk(home)

    with pytest.raises(NoNetwork, match=r"could not be reached .* Check the network connection"):
        await Provisioner(base).install(home, "funcnodes-numpy", None, Heard())

    assert disk(home) == before


async def test_a_worker_is_made_without_network_once_there_was_one(
    provisioner: Provisioner, home: WorkerHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    second = WorkerHome(home.base, f"{home.uuid}-offline")

    python = await Provisioner(home.base).create(second, Heard())

    assert run(python, "import funcnodes_worker; print('ok')") == "ok"


async def test_a_cancelled_installation_leaves_the_environment(cached: Provisioner, home: WorkerHome) -> None:
    before = disk(home)
    loading = asyncio.Event()

    def heard(message: str, _fraction: float) -> None:
        if "load" in message:
            loading.set()

    running = asyncio.create_task(cached.install(home, "fntest-module", None, heard))
    await asyncio.wait_for(loading.wait(), 60)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert disk(home) == before


async def test_failed_or_cancelled_at_any_step_the_environment_is_the_old_one(
    cached: Provisioner, home: WorkerHome
) -> None:
    """Whether the change adds to the current environment or needs another one."""
    await cached.install(home, "fntest-library", "1.0", Heard())
    await cached.prepare(home, Heard())
    await cached.settle(home)
    before = disk(home)
    problems = itertools.cycle([OSError("the disk is full"), asyncio.CancelledError()])
    # Each way meets both problems.
    for place in ("locked", "built", "loaded"):
        for package, version in (("fntest-module", "1.0"), ("fntest-library", "2.0")):
            problem = next(problems)

            def fail(here: str, place: str = place, problem: BaseException = problem) -> None:
                if here == f"provision:{place}":
                    raise problem

            with pytest.raises(type(problem)):
                await Provisioner(home.base, faults=fail).install(home, package, version, Heard())
            assert disk(home) == before, (place, package)
        next(problems)

    await cached.install(home, "fntest-module", "1.0", Heard())
    assert versions(home)["fntest-module"] == "1.0"


@pytest.mark.parametrize(
    ("version", "places"),
    [("1.0", ("locked", "built", "loaded", "decided")), ("2.0", ("built", "decided"))],
)
async def test_killed_at_a_step_the_environment_is_the_old_or_the_new_one(
    cached: Provisioner, home: WorkerHome, version: str, places: tuple[str, ...]
) -> None:
    """`1.0` adds to the current environment, `2.0` needs another one; what is decided is completed."""
    await cached.install(home, "fntest-library", "==1.0" if version == "1.0" else ">=1", Heard())
    if version == "2.0":
        await cached.install(home, "fntest-module", "1.0", Heard())
    before, old = versions(home), state.current(home)

    for place in places:
        await install_and_die(home, "fntest-module", version, f"provision:{place}")
        await cached.prepare(home, Heard())

        if place == "decided":
            assert versions(home) == {**before, "fntest-module": version}
        else:
            assert (versions(home), state.current(home)) == (before, old), place
        await cached.settle(home)
        standing = state.current(home)
        assert standing is not None
        assert [entry.name for entry in home.environments.iterdir()] == [standing.environment], place


async def test_what_is_removed_and_needed_is_told(cached: Provisioner, home: WorkerHome) -> None:
    """The basic nodes go out of the library; a library of others stays, and it is said for whom."""
    await cached.apply(home, asked([("fntest-module", "1.0"), ("fntest-library", None)]), Heard())
    done = await cached.remove(home, "fntest-library", Heard())
    assert done.difference.stays == (Stay("fntest-library", ("fntest-module",)),)
    looked = await cached.preview(home, asked(remove=["funcnodes-basic"]), Heard())
    done = await cached.remove(home, "funcnodes-basic", Heard())
    assert done.difference == looked.difference == Difference(left_out=("funcnodes-basic",))
    assert (done.live, looked.live) == (False, False), "a running worker has it until it starts anew"


async def test_a_new_worker_gets_the_packages_its_settings_name(provisioner: Provisioner, base: Base) -> None:
    """Made with another worker's packages: `copy_lib`."""
    copy = WorkerHome(base, "copy")
    wishes = {
        "fntest-module": PackageWish("fntest-module", "1.0"),
        "basic": PackageWish("funcnodes_basic", "1.2"),
    }
    write_worker_config(copy, WorkerConfig(uuid="copy", env_path=str(copy.venv), package_dependencies=wishes))

    await provisioner.create(copy, Heard())

    assert (versions(copy)["fntest-module"], versions(copy)["funcnodes-basic"]) == ("1.0", "3.0.0")


async def test_a_package_of_which_half_is_there_does_not_stay(cached: Provisioner, home: WorkerHome) -> None:
    """The power went while its files were written: it has no record, so nothing can uninstall it."""
    before = versions(home)
    await install_and_die(home, "fntest-module", "1.0", "provision:built")
    packages = state.site_packages(cached.python_of(home).parent.parent)
    names = [module.name for module in catalog.installed_modules(packages)]
    assert "fntest-module" in names
    assert [m.name for m in cached.modules_of(home)] == [name for name in names if name != "fntest-module"]
    (packages / "fntest_module-1.0.dist-info" / "RECORD").unlink()

    await cached.prepare(home, Heard())

    assert versions(home) == before
    assert (await cached.install(home, "fntest-module", "1.0", Heard())).live


async def test_bytecode_is_made_once_for_a_base_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First what every worker imports, later the rest; the next worker has it as soon as it is made."""
    base, runs = Base(tmp_path), list[str]()
    prepare_base(base)
    provisioner = Provisioner(base)
    first, second, third = (WorkerHome(base, name) for name in ("first", "second", "third"))

    async def noted(command: Sequence[str], *rest: Any, **named: Any) -> tuple[int, str]:
        runs.append(str(command[0]))
        return await run_lines(command, *rest, **named)

    monkeypatch.setattr("funcnodes.environment.bytecode.run_lines", noted)
    for home in (first, second):
        await provisioner.create(home, Heard())
        await provisioner.warm_up(home)
    imported = [_compiled(home) for home in (first, second)]
    await provisioner.compile_bytecode(first)
    await provisioner.create(third, Heard())
    await provisioner.compile_bytecode(third)

    assert imported[0] == imported[1] > {"msgspec/__init__", "aiohttp/web", "aiohttp/client"}
    assert not imported[0] & {"rich/table"}, "no worker imports this"
    assert _compiled(third) == _compiled(first) > imported[0] | {"rich/table"}
    assert runs == [str(state.python_of(first))] * 2


def _compiled(home: WorkerHome) -> set[str]:
    """Return the modules of an environment that have bytecode."""
    packages = state.site_packages(state.python_of(home).parent.parent)
    files = (file.relative_to(packages) for file in packages.glob("**/__pycache__/*.pyc"))
    return {str(file.parent.parent / file.name.partition(".")[0]) for file in files}


async def test_a_worker_without_its_own_environment_gets_what_the_manager_has(
    provisioner: Provisioner, base: Base
) -> None:
    shared = WorkerHome(base, "shared")
    write_worker_config(shared, WorkerConfig(uuid="shared", env_path=None))

    assert await provisioner.prepare(shared, Heard()) == Path(sys.executable)
    assert (await provisioner.install(shared, "funcnodes-basic", None, Heard())).packages == (
        "funcnodes-basic",
    )
    with pytest.raises(SharedEnvironment, match="Make a worker with a virtual environment"):
        await provisioner.install(shared, "fntest-module", None, Heard())
    with pytest.raises(SharedEnvironment, match="or upgrade its packages there yourself"):
        await provisioner.apply(shared, asked(upgrade=None), Heard())
    with pytest.raises(SharedEnvironment, match="or install what is damaged again there yourself"):
        await provisioner.repair(shared, Heard())


async def test_published_modules_get_all_five_of_ours(provisioner: Provisioner, base: Base) -> None:
    """Numpy, plotly and webcam ask for all of them by name; none may come from an index."""
    home = WorkerHome(base, "published")
    home.folder.mkdir(parents=True)
    home.project_file.write_text(
        '[project]\nname = "lab"\nversion = "1"\n'
        'dependencies = ["funcnodes-numpy", "funcnodes-plotly", "funcnodes-webcam"]\n'
    )
    code = "import json; from importlib.metadata import distribution as d; "
    code += f"print(json.dumps([json.loads(d(n).read_text('direct_url.json'))['url'] for n in {OURS}]))"

    python = await provisioner.create(home, Heard())

    assert {"funcnodes-numpy", "funcnodes-plotly", "funcnodes-webcam"} <= versions(home).keys()
    urls: list[str] = json.loads(run(python, code))
    assert [url.startswith((base.cache / "build").as_uri()) for url in urls] == [True] * 5
    assert _sources_of_ours(home.lock_file.read_text()) == {"path"}


def _sources_of_ours(lock: str) -> set[str]:
    """Return the kinds of source from which the lock takes our five."""
    packages = [entry for entry in tomllib.loads(lock)["package"] if entry["name"] in OURS]
    assert len(packages) == len(OURS)
    return {kind for entry in packages for kind in entry["source"]}


async def test_the_published_numpy_module_is_added_live(provisioner: Provisioner, home: WorkerHome) -> None:
    heard = Heard()

    installed = await provisioner.install(home, "funcnodes-numpy", None, heard)

    assert (installed.live, installed.packages) == (True, ("funcnodes-numpy",))
    assert "adds funcnodes-numpy" in heard.messages
    assert int(
        run(provisioner.python_of(home), "import funcnodes_numpy as m; print(len(m.NODE_SHELF.subshelves))")
    )
