"""The verbs that change a worker's environment, with a real one and packages of a shelf of wheels."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from funcnodes.cli.package_actions import change_of
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.worker_config import read_worker_config
from funcnodes_worker.home.worker_home import WorkerHome

from tests.funcnodes.cli.conftest import CommandLine, running_manager
from tests.funcnodes.environment.tiny_wheels import make_shelf_of_wheels
from tests.support.processes import make_base
from tests.support.running_system import funcnodes
from tests.support.shared_bytecode import share_bytecode
from tests.support.terminal import at_a_terminal

pytestmark = [pytest.mark.registry, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Base]:
    """A base folder whose manager finds our tiny packages."""
    shelf = make_shelf_of_wheels(tmp_path_factory.mktemp("wheels"))
    base = Base(make_base(share_bytecode(tmp_path_factory.mktemp("fleet") / "base", tmp_path_factory)))
    with running_manager(base, {"UV_FIND_LINKS": str(shelf)}):
        yield base


@pytest.fixture(scope="module")
def lab(fleet: Base) -> str:
    """The uuid of a worker with an environment of its own."""
    return funcnodes(fleet.folder, "worker", "new", "--name", "lab").strip()


def test_an_environment_is_planned_changed_and_mended(line: CommandLine, lab: str) -> None:
    """All that is done to one environment, in the order in which people do it."""
    plan = line.json("worker", "plan", "lab", "--install", "fntest-module==1.0")
    assert plan["summary"] == "adds fntest-library 2.0, fntest-module 1.0"
    assert line.json("worker", "modules", "list", "lab")[0]["name"] == "funcnodes-basic"

    ended = line("worker", "apply", "lab", "--install", "fntest-module==1.0")
    assert (ended.code, "say --yes" in ended.err) == (2, True)
    done = line.json("worker", "apply", "lab", "--install", "fntest-module==1.0", "--yes")
    assert done["summary"] == plan["summary"]
    listed = line("worker", "--uuid", lab, "modules", "list").lines
    assert "fntest-module\t1.0\tactive" in listed
    version = "from importlib.metadata import version; print(version('fntest-module'))"
    assert line("worker", "py", "lab", "-c", version).lines == ["1.0"]
    assert line.good("worker", "activate", "lab").startswith(". ")

    assert line.json("worker", "upgrade", "lab", "fntest-module")["changed"][0]["after"] == "2.0"
    assert line.json("worker", "repair", "lab") == {"damaged": {}}
    assert "has no fntest-module any more" in line.good("worker", "remove", "lab", "fntest-module")
    assert "has fntest-module now" in line.good("modules", "install", "fntest-module", "--version", "1.0")
    line.good("worker", "install", "lab", "fntest-library")
    assert "stays: fntest-module needs it" in line.good("worker", "remove", "lab", "fntest-library")
    assert "has the nodes of funcnodes-basic no more" in line.good(
        "worker", "remove", "lab", "funcnodes-basic"
    )
    settings = WorkerHome(line.base, lab)
    assert read_worker_config(settings).left_out == ("funcnodes-basic",)
    line.good("worker", "install", "lab", "funcnodes-basic")
    assert read_worker_config(settings).left_out == ()
    ended = line("worker", "install", "lab", "fntest-nobody-has-this")
    assert (ended.code, "fntest-nobody-has-this" in ended.err) == (1, True)


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of our own making needs a pty")
def test_at_a_terminal_there_is_a_bar_and_a_table(line: CommandLine, fleet: Base, lab: str) -> None:
    """And in a pipe plain lines, or JSON."""
    code, shown = at_a_terminal(fleet.folder, "worker", "plan", "lab", "--install", "fntest-old")
    assert code == 0
    assert set("━╸╺") & set(shown), shown
    assert re.search(r"Package +Version +Size", shown)
    assert re.search(r"\+ +fntest-old +1\.0", shown)
    plan = line("worker", "plan", "lab", "--install", "fntest-old")
    assert ["added", "fntest-old", "1.0"] in [one.split("\t")[:3] for one in plan.lines]
    assert "━" not in plan.err
    code, shown = at_a_terminal(fleet.folder, "worker", "list")
    assert (code, re.search(rf"lab +\w+ .* {lab}", shown) is not None) == (0, True)
    assert f"{lab}\tlab" in line("worker", "list").lines


def test_a_new_module_is_linked(line: CommandLine, lab: str, tmp_path: Path) -> None:
    """From an empty folder to a module of a worker, as the guide has it; removed, the folder stays."""
    module = tmp_path / "funcnodes-rain"
    line.good("new-module", module.name, "--into", str(tmp_path))
    assert "has" in line.good("worker", "link", "lab", str(module))
    assert "funcnodes-rain\t0.1.0\tactive" in line("worker", "modules", "list", "lab").lines
    where = "import funcnodes_rain; print(funcnodes_rain.__file__)"
    shown = line("worker", "py", "lab", "-c", where)
    assert str(module / "funcnodes_rain") in shown.out
    line.good("worker", "remove", "lab", "funcnodes-rain")
    assert (module / "funcnodes_rain" / "__init__.py").exists()
    ended = line("worker", "link", "lab", str(tmp_path / "none"))
    assert (ended.code, "There is no folder" in ended.err) == (1, True)


def test_what_options_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version behind the name, as in requirements; a folder by its whole path."""
    monkeypatch.chdir(tmp_path)
    assert change_of(["./mine"], None, None) == {"install": [{"package": str(tmp_path / "mine")}]}
    assert change_of(["a==1.4", "b>=1,<2", "c"], ["d"], ["e"]) == {
        "install": [
            {"package": "a", "version": "==1.4"},
            {"package": "b", "version": ">=1,<2"},
            {"package": "c"},
        ],
        "remove": ["d"],
        "upgrade": ["e"],
    }
    assert change_of(None, None, ["all"]) == {"upgrade": True}


def test_the_pythons_of_this_machine(line: CommandLine) -> None:
    """The manager's own first; a pipe gets plain lines."""
    first = line("worker", "pythons").lines[0].split("\t")
    assert first[0] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert first[2] == sys.executable
