"""A flow with a published module goes from one base folder to another: programs and environments are real.

Made with a numpy that is not the newest one, so that whoever resolves anew would take another.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.flow_lock import read_flow_lock
from funcnodes_worker.home.worker_home import WorkerHome

import funcnodes
from tests.funcnodes.cli.conftest import running_manager
from tests.funcnodes.environment.looking import versions
from tests.support.processes import make_base, program_environment

# Three environments with numpy, two managers and a dozen commands: a minute on a quiet machine.
pytestmark = [pytest.mark.registry, pytest.mark.soak, pytest.mark.timeout(900)]

NUMPY = "2.2.6"
LIMIT_S = 400.0


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Place:
    """A base folder whose manager runs."""

    base: Base

    def command(self, *words: str) -> Ended:
        """Return how a command ended that ran as a program."""
        line = [sys.executable, "-m", "funcnodes", "--dir", str(self.base.folder), *words]
        environment = program_environment()
        done = subprocess.run(
            line, capture_output=True, text=True, timeout=LIMIT_S, check=False, env=environment
        )
        assert "Traceback" not in done.stderr
        return Ended(done.returncode, done.stdout.strip(), done.stderr)

    def good(self, *words: str) -> str:
        """Return what a command printed that must end well."""
        ended = self.command(*words)
        assert ended.code == 0, ended.err
        return ended.out

    def home(self, uuid: str) -> WorkerHome:
        """Return the folder of a worker."""
        return WorkerHome(self.base, uuid)


@dataclass(frozen=True)
class Made:
    """A flow as a file, and what was installed where it was made."""

    flow: Path
    versions: dict[str, str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """One that sums an array of twelve ones."""
    folder = tmp_path_factory.mktemp("made")
    base = Base(make_base(folder / "base"))
    with running_manager(base):
        place = Place(base)
        uuid = place.good("worker", "new", "--name", "maker")
        place.good("worker", "start", uuid)
        numpy = ["--install", f"numpy=={NUMPY}"]
        place.good("worker", "apply", "maker", "--install", "funcnodes-numpy", *numpy, "--yes")
        # Only the lock holds it from here on.
        place.good("worker", "remove", "maker", "numpy")
        with funcnodes.connect("maker", base=base.folder) as worker:
            ones = worker.add_node("np.ones", name="Ones")
            total = worker.add_node("np.nansum", name="Total")
            ones.inputs["shape"] = 12
            worker.add_edge(ones, "out", total, "a")
            worker.wait_idle()
            assert float(total.outputs["nansum"].value) == 12.0
        flow = folder / "ones.fnw"
        assert place.good("worker", "export", "maker", str(flow)) == str(flow)
        return Made(flow, versions(place.home(uuid)))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Place]:
    """Another base folder."""
    base = Base(make_base(tmp_path / "base"))
    with running_manager(base):
        yield Place(base)


def total_of(place: Place, name: str) -> float:
    """Return what the flow computes there."""
    with funcnodes.connect(name, base=place.base.folder) as worker:
        worker.wait_idle()
        return float(worker["Total"].outputs["nansum"].value)


def test_it_is_held_then_built_as_it_was_and_computes(made: Made, elsewhere: Place) -> None:
    """Nothing is installed before the word; then the very versions, though newer ones are to be had."""
    with zipfile.ZipFile(made.flow) as archive:
        lock = read_flow_lock(archive.read("pylock.toml").decode())
    assert NUMPY in {package.version for package in lock.packages if package.name == "numpy"}

    uuid = elsewhere.good("worker", "open", str(made.flow), "--name", "visitor")
    with funcnodes.connect("visitor", base=elsewhere.base.folder) as worker:
        held = worker.call("get_trust")
        classes = {node.class_id for node in worker.document.nodes.values()}
    before = elsewhere.home(uuid).environments.exists()

    assert (held["held"], classes) == (True, {"np.ones", "np.nansum"})
    assert "funcnodes-numpy" in str(held["packages"])
    assert not before

    elsewhere.good("worker", "trust", "visitor")

    assert versions(elsewhere.home(uuid)) == made.versions
    assert made.versions["numpy"] == NUMPY
    assert total_of(elsewhere, "visitor") == 12.0


def test_with_a_filled_cache_no_network_is_needed(made: Made, tmp_path: Path) -> None:
    """The manager is told to work offline; what made the flow here filled the cache."""
    base = Base(make_base(tmp_path / "base"))
    with running_manager(base, {"UV_OFFLINE": "1"}):
        place = Place(base)
        uuid = place.good("worker", "open", str(made.flow), "--name", "visitor", "--trust")
        assert versions(place.home(uuid)) == made.versions
        assert total_of(place, "visitor") == 12.0


def test_a_version_that_is_nowhere_is_told_and_the_nearest_may_be_chosen(
    made: Made, elsewhere: Place, tmp_path: Path
) -> None:
    """By name and version, with the two ways to go on; and `import` adds to what a worker has."""
    gone = with_lock(made.flow, tmp_path / "gone.fnw", f'version = "{NUMPY}"', 'version = "2.2.99"')

    refused = elsewhere.command("worker", "open", str(gone), "--name", "visitor", "--trust")
    assert refused.code == 1
    assert "numpy 2.2.99 is not to be had for this Python and platform" in refused.err
    assert "`--versions nearest`" in refused.err

    elsewhere.good("worker", "repair", "visitor", "--versions", "nearest")
    elsewhere.good("worker", "start", "visitor")
    assert total_of(elsewhere, "visitor") == 12.0
    listed = elsewhere.good("worker", "list", "--full")
    assert "visitor" in listed

    uuid = elsewhere.good("worker", "new", "--name", "taker")
    elsewhere.good("worker", "start", "taker")
    elsewhere.good("worker", "import", "taker", str(made.flow))
    assert "funcnodes-numpy" in versions(elsewhere.home(uuid))
    assert total_of(elsewhere, "taker") == 12.0


def with_lock(source: Path, target: Path, said: str, instead: str) -> Path:
    """Write the flow once more with other words in its lock."""
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            if name == "pylock.toml":
                text = content.decode()
                assert said in text
                content = text.replace(said, instead).encode()
            after.writestr(name, content)
    return target
