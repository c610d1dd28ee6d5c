"""`funcnodes run`: flows from files, run to their end, with real workers."""

from __future__ import annotations

import json
import re
import signal
import sys
from pathlib import Path

import pytest
from funcnodes.cli import run_actions
from funcnodes.environment.errors import NotCached
from funcnodes.headless.running import Outcome
from funcnodes_worker.home.base import Base

from tests.funcnodes.cli.conftest import CommandLine
from tests.support.flows import a_node, sum_flow, write_flow
from tests.support.processes import Program
from tests.support.terminal import at_a_terminal

HERE = ("--not-in-venv",)


def test_a_flow_runs_once_with_the_values_given(line: CommandLine, tmp_path: Path) -> None:
    """One output is printed alone, for `$(…)`; what was said by naming the file is told; no worker is left.

    A node that writes to the world must not do it with the values of the file first.
    """
    total = a_node("Sum", "add_node", {"a": 1, "b": 2})
    every = a_node("All", "collector_node", {"input": ..., "reset": ...}, ["output"])
    flow = write_flow(tmp_path / "once.fnw", [total, every], [("id-sum", "out", "id-all", "input")])
    ended = line("run", str(flow), *HERE, "--set", "Sum.a=5", "--output", "All.output")
    assert (ended.code, ended.lines) == (0, ["[7.0]"]), ended.err
    assert "you run once.fnw, so its nodes run with your rights" in ended.err
    assert line.json("worker", "list") == []


def test_a_failed_node_is_exit_code_3(line: CommandLine, tmp_path: Path) -> None:
    """With what it said, who waits for it, and the outputs that are there; by name or id."""
    good = a_node("Good", "add_node", {"a": 1, "b": 2})
    strange = a_node("Strange", "nobody.has_this", {"a": 1})
    divide = a_node("Divide", "div_node", {"a": 1, "b": 0})
    after = a_node("After", "add_node", {"a": ..., "b": 1})
    flow = write_flow(
        tmp_path / "bad.fnw", [good, divide, after, strange], [("id-divide", "out", "id-after", "a")]
    )
    ended = line("run", str(flow), *HERE, "--output", "id-good.out", "--output", "After.out", "--json")
    told = json.loads(ended.out)
    problems = {one["name"]: one["problem"] for one in told.pop("failed")}
    assert (ended.code, sorted(problems)) == (3, ["Divide", "Strange"])
    assert "zero" in problems["Divide"]
    assert "no module that is installed has its class 'nobody.has_this'" in problems["Strange"]
    assert told == {
        "ok": False,
        "nodes": 4,
        "outputs": {"id-good.out": 3.0},
        "blocked": ["After"],
        "missing": ["After.out"],
    }
    assert "Node 'Divide' failed" in ended.err


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of our own making needs a pty")
def test_at_a_terminal_it_shows_how_far_it_is(fleet: Base, flow: Path) -> None:
    """A bar that counts nodes, then the result."""
    code, shown = at_a_terminal(fleet.folder, "run", str(flow), *HERE, "--output", "Second.out")
    assert code == 0, shown
    assert set("━╸╺") & set(shown), shown
    assert "of 2 nodes" in shown
    assert re.search(r"Second.out +13.0", shown)
    assert shown.rstrip().endswith("✓ sum.fnw ran: 2 nodes.")


def test_several_outputs_are_lines_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """Name, tab, JSON; one alone is printed as it is, a text without quotes."""
    wish = run_actions.RunWish(Path("x.fnw"), (), (), False, None, None, in_venv=True)
    assert run_actions.show(wish, 2, Outcome({"A.out": "text", "B.out": [1, 2]})) == 0
    assert run_actions.show(wish, 2, Outcome({"A.out": "text"})) == 0
    assert capsys.readouterr().out == 'A.out\t"text"\nB.out\t[1,2]\ntext\n'


def test_time_that_is_over_is_exit_code_124(line: CommandLine, tmp_path: Path) -> None:
    """With the node that still ran; the worker is gone all the same."""
    flow = write_flow(
        tmp_path / "long.fnw", [a_node("Wait", "wait_node", {"delay": 60, "input": 1}, ["output"])]
    )
    ended = line("run", str(flow), *HERE, "--timeout", "0.3")
    assert ended.code == 124
    assert "not done after 0.3 s" in ended.err
    assert "'Wait' still ran" in ended.err
    assert line.json("worker", "list") == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--set", "Nobody.a=1"], 2, "no node 'Nobody'; its nodes are: First, Second"),
        (["--set", "First.c=1"], 2, "no port 'c'; its ports are: a, b, out"),
        (["--set", "Second.a=1"], 2, "Second.a cannot be set"),
        (["--set", "First.out=1"], 2, "is an output"),
        (["--set", "First.a"], 2, "has no value; write NODE.PORT=VALUE"),
        (["--output", "First"], 2, "names no port"),
        (["--timeout", "0"], 2, "above 0"),
    ],
)
def test_what_is_wrongly_asked(
    line: CommandLine, flow: Path, arguments: list[str], code: int, said: str
) -> None:
    """Before anything runs, with what there is."""
    ended = line("run", str(flow), *HERE, *arguments)
    assert (ended.code, said in ended.err) == (code, True), ended.err


def test_a_node_that_nobody_renamed_is_found_by_its_class(line: CommandLine, tmp_path: Path) -> None:
    """The editor shows "Add", its name is "Add(id)"; of two nothing is guessed."""
    add = {**a_node("Add", "add_node", {"a": 1, "b": 2}), "name": "Add(id-add)"}
    flow = write_flow(tmp_path / "one.fnw", [add])
    asked = ("--set", "Add.a=5", "--output", "Add.out")
    assert line("run", str(flow), *HERE, *asked).lines == ["7.0"]
    other = {**a_node("Add2", "add_node", {"a": 1, "b": 2}), "name": "Add(id-add2)"}
    ended = line("run", str(write_flow(tmp_path / "two.fnw", [add, other])), *HERE, *asked)
    assert (ended.code, "everal nodes are called 'Add'" in ended.err) == (2, True), ended.err


def test_what_is_no_flow(line: CommandLine, tmp_path: Path) -> None:
    """A missing file, and one of something else."""
    assert "there is no file" in line("run", str(tmp_path / "nope.fnw"), *HERE).err.lower()
    (tmp_path / "text.fnw").write_text("hello")
    ended = line("run", str(tmp_path / "text.fnw"), *HERE)
    assert (ended.code, "no whole zip archive" in ended.err) == (1, True)
    assert line.json("worker", "list") == []


def test_a_named_worker_keeps_the_flow(line: CommandLine, flow: Path) -> None:
    """Made when there is none; the next run goes into the same one."""
    named = ("--worker", "kept", "--output", "Second.out")
    assert line("run", str(flow), *HERE, *named).lines == ["13.0"]
    (worker,) = line.json("worker", "list")
    assert (worker["name"], worker["phase"]) == ("kept", "running")
    assert line("run", str(flow), *named, "--set", "Second.b=1").lines == ["4.0"]
    assert [w["uuid"] for w in line.json("worker", "list")] == [worker["uuid"]]
    line.good("worker", "delete", "kept", "--yes")


async def test_ctrl_c_leaves_nothing_behind(alone: Base, tmp_path: Path) -> None:
    """Without a manager too: the command was it, and ends what it started."""
    flow = write_flow(
        tmp_path / "long.fnw", [a_node("Wait", "wait_node", {"delay": 60, "input": 1}, ["output"])]
    )
    base = ("--dir", str(alone.folder))
    program = await Program.start(*base, "run", str(flow), *HERE)
    await program.wait_for_line("you run long.fnw")
    assert await program.end(signal.SIGINT) == 130
    assert list(alone.workers.iterdir()) == []


def test_a_worker_that_cannot_be_completed_is_not_kept(
    lone_line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made for a flow or by itself: the next try meets no half of it, and the sentence says so."""
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    flow = sum_flow(tmp_path / "needs.fnw", packages={"fnrun-nobody": None})
    ended = lone_line("run", str(flow), "--worker", "n2")
    assert (ended.code, "removed again" in ended.err) == (1, True), ended.err
    ended = lone_line("worker", "new", "--name", "off")
    assert (ended.code, "No worker was made" in ended.err) == (1, True), ended.err
    assert "as it was" not in ended.err
    assert "--versions" not in str(NotCached(["numpy 1"], "no route", is_of_flow=False)), "there is no flow"
    names = [worker["name"] for worker in lone_line.json("worker", "list")]
    assert not {"n2", "off"} & {*names}


def test_without_a_manager(lone_line: CommandLine, tmp_path: Path) -> None:
    """The command is the manager for as long as it runs."""
    ended = lone_line("run", str(sum_flow(tmp_path / "sum.fnw")), *HERE, "--output", "Second.out")
    assert (ended.code, ended.lines) == (0, ["13.0"])
    assert not lone_line.base.supervisor_file.exists()
