"""The verbs of `funcnodes worker` that need no environment of its own: flows, limits, programs, calls."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from pathlib import Path

import pytest
from funcnodes.cli import program_actions
from funcnodes.cli.problems import Problem
from funcnodes.supervisor.ends import note_end
from funcnodes_worker.home.flow_lock import FlowLock, LockedPackage, write_flow_lock
from funcnodes_worker.home.worker_home import WorkerHome

from tests.funcnodes.cli.conftest import CommandLine
from tests.support.flows import sum_flow

pytestmark = pytest.mark.timeout(120)


def test_a_flow_goes_into_a_worker_and_out_again(
    line: CommandLine, demo: str, flow: Path, tmp_path: Path
) -> None:
    """A file that is there is not replaced by accident; the published form of naming works too."""
    assert "has the flow of sum.fnw now" in line.good("worker", "import", "demo", str(flow))
    undone = json.loads(line.good("worker", "command", "demo", "-c", "undo"))
    assert undone["undone"], "each command is a connection of its own, all have one author"
    assert json.loads(line.good("worker", "command", "demo", "-c", "redo"))["redone"]
    out = tmp_path / "out.fnw"
    assert line("worker", "--uuid", demo, "export", str(out)).lines == [str(out)]
    with zipfile.ZipFile(out) as archive:
        state = json.loads(archive.read("state"))
        assert [node["name"] for node in state["backend"]["nodes"]] == ["First", "Second"]
    assert out.stat().st_mode & 0o077 == 0
    ended = line("worker", "export", "demo", str(out))
    assert (ended.code, "is there already; say --force" in ended.err) == (1, True)
    line.good("worker", "export", "demo", str(out), "--force", "--no-files")
    ended = line("worker", "export", "demo", str(tmp_path / "no" / "such.fnw"))
    assert (ended.code, "There is no folder" in ended.err) == (1, True)


def test_what_a_worker_does_not_take_changes_nothing(line: CommandLine, demo: str, tmp_path: Path) -> None:
    """With the worker's own sentence."""
    (tmp_path / "text.fnw").write_text("hello")
    ended = line("worker", "import", demo, str(tmp_path / "text.fnw"))
    assert (ended.code, "nothing was changed" in ended.err) == (1, True)
    assert "there is no file" in line("worker", "import", demo, "nope.fnw").err.lower()
    assert line("worker", "import", demo).code == 2


def test_an_opened_flow_is_held_until_it_is_trusted(line: CommandLine, flow: Path) -> None:
    """It is shown, by a worker that runs; calls that would run something are refused."""
    uuid = line.good("worker", "open", str(flow), "--name", "foreign", "--not-in-venv").strip()
    held = json.loads(line.good("worker", "--name", "foreign", "command", "-c", "get_trust"))
    assert held["held"] is True
    ended = line("worker", "command", "foreign", "-c", "trigger_node", "--nid", "id-first")
    assert (ended.code, "trust" in ended.err) == (1, True)
    assert line("worker", "py", "foreign", "-c", "pass").code == 0, "it shares our interpreter"
    assert [one["sentence"] for one in line.json("doctor") if one["about"] == "worker foreign"] == [
        "its flow is held, since it was not made here"
    ]
    assert "is trusted: its flow runs" in line.good("worker", "trust", "foreign")
    assert "was trusted already" in line.good("worker", "trust", uuid)
    line.good("worker", "command", "foreign", "-c", "wait_idle", "--limit-s", "10")
    value = line("worker", "command", "foreign", "-c", "get_io_value", "--nid=id-second", "--ioid=out")
    assert value.lines == ["13.0"]
    line.good("worker", "delete", "foreign", "--yes")


def test_any_method_can_be_called(line: CommandLine, demo: str) -> None:
    """With what it answers, as JSON or text; and what it refuses."""
    assert line.good("worker", "command", demo, "-c", "uuid").strip() == demo
    made = json.loads(line.good("worker", "command", "demo", "-c", "add_node", "--id", "add_node"))
    asked = ("worker", "--name", "demo", "command", "-c", "set_io_value", "--nid", made["id"])
    assert line.good(*asked, "--ioid", "a", "--value", "4").strip() == "4"
    ended = line("worker", "command", "demo", "-c", "no_such_method")
    assert (ended.code, "no_such_method" in ended.err) == (1, True)
    ended = line("worker", "command", "demo", "-c", "uuid", "stray")
    assert (ended.code, "belongs to no key" in ended.err) == (2, True)


def test_words_become_parameters() -> None:
    """As published: JSON, else true, false and none, else a number, else text; a key alone is true."""
    words = ["--a", "1", "--b=two words", "--c", "--d", "[1, 2]", "--e=None", "--f", "TRUE", "--g", "1_0"]
    assert program_actions.read_params([*words, "--h=", "--i", "-5"]) == {
        "a": 1,
        "b": "two words",
        "c": True,
        "d": [1, 2],
        "e": None,
        "f": True,
        "g": 10,
        "h": "",
        "i": -5,
    }
    with pytest.raises(Problem, match="belongs to no key"):
        program_actions.read_params(["value"])


def test_python_of_a_worker(line: CommandLine, demo: str) -> None:
    """The rest of the line is its own, a leading -- is dropped, and its exit code is ours."""
    shown = "import sys; print(sys.executable, sys.argv[1:]); sys.exit(7)"
    ended = line("worker", "py", demo, "--", "-c", shown, "--name", "-h")
    assert (ended.code, ended.lines) == (7, [f"{sys.executable} ['--name', '-h']"])
    assert line("worker", "--name", "demo", "py", "-c", "import os; os.kill(os.getpid(), 15)").code == 143


def test_activation_is_a_line_for_the_shell(line: CommandLine, demo: str) -> None:
    """In a pipe; at a terminal a shell is opened."""
    said = line.good("worker", "activate", demo)
    assert str(Path(sys.executable).parent) in said
    assert os.linesep not in said.strip()


def test_limits_are_set_one_by_one_and_taken_away(line: CommandLine, demo: str) -> None:
    """What is not named stays."""
    none = {"memory_hard": None, "memory_soft": None, "cpu": None, "open_files": None}
    assert line.json("worker", "limits", demo) == none
    assert "Memory\tno limit" in line("worker", "limits", demo).lines
    assert "State\trunning" in line("worker", "status", demo).lines
    assert line.json("worker", "limits", demo, "--memory", "4GB", "--cpu", "1.5")["memory_hard"] == 4 * 10**9
    assert line.json("worker", "limits", demo, "--cpu", "none", "--open-files", "4096") == none | {
        "memory_hard": 4 * 10**9,
        "open_files": 4096,
    }
    ended = line("worker", "limits", demo, "--memory", "much")
    assert (ended.code, 'write a size above 0, like "4 GB"' in ended.err) == (1, True)
    assert line.json("worker", "limits", demo, "--none") == none


def test_a_worker_once_more_and_how_it_ended(line: CommandLine, demo: str, flow: Path) -> None:
    """A clone has the graph; a process that was killed is told of with its cause."""
    line.good("worker", "import", "demo", str(flow))
    copy = line.good("worker", "clone", "demo", "copy").strip()
    out = Path(f"{flow}.copy")
    # It does not run: it is started for this, in safe mode, and stopped again.
    line.good("worker", "export", copy, str(out))
    with zipfile.ZipFile(out) as archive:
        assert len(json.loads(archive.read("state"))["backend"]["nodes"]) == 2
    assert line.json("worker", "status", copy)["phase"] == "stopped"
    line.good("worker", "delete", "copy", "--yes")
    assert line.json("worker", "ends", "demo") == []
    note_end(
        WorkerHome(line.base, demo), node="Blur", sentence="killed by signal 9", followed="started again"
    )
    assert line("worker", "ends", "demo").lines[0].split("\t")[1:] == [
        "killed by signal 9",
        "started again",
        "Blur",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["worker", "export", "nobody"], 1, "there is no worker 'nobody'; known are:"),
        (["worker", "export"], 2, "give one worker and a file, like: funcnodes worker export demo flow.fnw"),
        (["worker", "clone", "demo"], 2, "give one worker and a new name"),
        (["worker", "plan", "demo"], 2, "say what is to change"),
        (["worker", "--name", "other", "--uuid", "x", "stop"], 1, "there is no worker 'x'"),
        (["worker", "new", "--name", "p", "--python", "3.8"], 1, "too old"),
        (["modules", "install", "funcnodes-numpy", "--worker", "nobody"], 1, "there is no worker"),
        (["modules", "dance"], 2, "no such command 'dance'"),
        (["cli"], 2, "the menu needs a terminal"),
    ],
)
def test_bad_input_is_a_sentence_with_the_next_step(
    line: CommandLine, demo: str, arguments: list[str], code: int, said: str
) -> None:
    """And the exit code tells who was wrong."""
    ended = line(*arguments)
    assert (ended.code, said in ended.err.lower()) == (code, True), ended.err


def test_two_workers_of_one_name_are_told_apart(line: CommandLine) -> None:
    """No guess for a bare word."""
    for _ in range(2):
        line.good("worker", "new", "--name", "twin", "--not-in-venv")
    ended = line("worker", "status", "twin")
    assert (ended.code, "may mean several workers" in ended.err, "give the uuid" in ended.err) == (
        1,
        True,
        True,
    )
    for worker in line.json("worker", "list"):
        if worker["name"] == "twin":
            line.good("worker", "delete", worker["uuid"], "--yes")


def test_without_a_manager_a_call_says_what_to_start(lone_line: CommandLine, flow: Path) -> None:
    """The worker does not run, and nothing is started behind a person's back."""
    lone_line.good("worker", "new", "--name", "idle", "--not-in-venv")
    ended = lone_line("worker", "command", "idle", "-c", "uuid")
    assert (ended.code, "start it: funcnodes worker start idle" in ended.err) == (1, True)


def test_a_flow_can_be_opened_without_a_manager(lone_line: CommandLine, tmp_path: Path) -> None:
    """It is there, and not started."""
    flow = sum_flow(tmp_path / "sum.fnw")
    told = lone_line.json("worker", "open", str(flow), "--not-in-venv", "--trust")
    assert (told["name"], told["held"]) == ("sum", False)
    assert [w["phase"] for w in lone_line.json("worker", "list") if w["name"] == "sum"] == ["stopped"]


def test_a_flow_opened_without_its_environment_goes_out_as_it_came(
    line: CommandLine, flow: Path, tmp_path: Path
) -> None:
    """Its exact versions travel on, although nothing here was built from them."""
    lock = write_flow_lock(
        FlowLock(
            python="3.98", packages=(LockedPackage("fntest-gone", "1.0"),), linked={"fntest-mine": "0.1"}
        )
    )
    with zipfile.ZipFile(flow, "a") as archive:
        archive.writestr("pylock.toml", lock)
    line.good("worker", "open", str(flow), "--name", "without", "--versions", "none", "--trust")
    out = tmp_path / "out.fnw"
    line.good("worker", "export", "without", str(out))
    with zipfile.ZipFile(out) as archive:
        assert archive.read("pylock.toml").decode() == lock
        nodes = json.loads(archive.read("state"))["backend"]["nodes"]
    assert [(node["name"], node["node_id"]) for node in nodes] == [
        ("First", "add_node"),
        ("Second", "add_node"),
    ]
    line.good("worker", "delete", "without", "--yes")


def test_what_its_environment_lacks_is_told_before_anything_is_installed(
    line: CommandLine, flow: Path
) -> None:
    """A damaged lock as well: the flow is there, and who opens it chooses."""
    with zipfile.ZipFile(flow, "a") as archive:
        archive.writestr("pylock.toml", "no lock [")
    ended = line("run", str(flow), "--output", "Second.out")
    assert (ended.code, ended.lines) == (1, [])
    assert "the lock in its file is damaged: it is no TOML" in ended.err
    assert "`--versions nearest` builds it with the nearest versions" in ended.err
    alone = line("run", str(flow), "--output", "Second.out", "--versions", "none")
    assert (alone.code, alone.lines) == (0, ["13.0"]), alone.err
