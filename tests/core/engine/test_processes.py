"""`separate_process=True`: a process of its own that can be killed, and a thread for what cannot be sent."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from funcnodes_core.engine.executors.process import POOL
from funcnodes_core.engine.runner import Engine

from funcnodes_core import Node, NodeDecorator
from tests.core.graphs import inc


@pytest.fixture
def fresh_pool() -> None:
    """Begin without a process that waits; what the other tests leave is shared."""
    POOL.close()
    assert POOL.pids == frozenset()


@NodeDecorator("tests.process_id", separate_process=True)
def process_id(a: int) -> int:
    print("what a function prints is no answer")
    return os.getpid() + 0 * a


@NodeDecorator("tests.process_spin", separate_process=True)
def process_spin(a: str) -> int:
    Path(a).write_text(str(os.getpid()))
    while True:
        pass


@NodeDecorator("tests.process_doing", separate_process=True)
def doing(code: str) -> Any:
    return eval(code)  # what the test wants done over there


@pytest.mark.usefixtures("fresh_pool")
async def test_a_file_of_the_working_folder_is_not_taken_for_a_module(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a worker that folder holds what users upload: a file there must not become code."""
    for name in ("json", "pickle", "asyncio"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'taken')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    node = process_id()
    node["a"] = 1
    await engine.wait_idle()
    assert node["out"].value in POOL.pids
    assert not (tmp_path / "taken").exists()


async def until(what: Any) -> None:
    """Wait for something of another process, which nobody tells."""
    deadline = time.monotonic() + 20
    while not what():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.usefixtures("fresh_pool")
async def test_it_runs_in_another_process_which_is_kept_warm(engine: Engine) -> None:
    """What is set goes on, and the next run has the same process."""
    node, after = process_id(), inc()
    node.outputs["out"].connect(after.inputs["a"])
    node["a"] = 1
    await node
    first = node.outputs["out"].value
    await engine.wait_idle()
    assert first != os.getpid()
    assert after.outputs["out"].value == first + 1
    node["a"] = 2
    await node
    assert node.outputs["out"].value == first
    assert POOL.pids == {first}
    assert node.run_state.notice is None


async def test_what_pickle_cannot_cloudpickle_can(engine: Engine) -> None:
    """A function inside a function, a lambda as argument and as result, and a coroutine function."""
    here = os.getpid()

    @NodeDecorator("tests.process_local", separate_process=True)
    async def local(f: Any) -> Any:
        await asyncio.sleep(0)
        pid = os.getpid()
        return lambda: (f(1), pid != here)

    node = local()
    node["f"] = lambda a: a + 1
    await node
    assert node.outputs["out"].value() == (2, True)
    assert node.run_state.notice is None


async def test_an_error_comes_back_as_it_is(engine: Engine) -> None:
    """With the traceback of over there; what cannot come back is told in words."""
    node = doing()
    node["code"] = "1 / 0"
    with pytest.raises(Exception, match="division by zero"):
        await node
    error = node.run_state.error
    assert error is not None
    assert error.kind == "ZeroDivisionError"
    assert "In its process:" in "".join(error.traceback)

    node["code"] = "__import__('json').loads('{')"
    with pytest.raises(Exception, match="Expecting property name"):
        await node
    node["code"] = "__import__('sys').exit(3)"
    with pytest.raises(Exception, match=r"SystemExit\(3\)"):
        await node
    node["code"] = "1 + 1"
    await node
    assert node.outputs["out"].value == 2


@pytest.mark.usefixtures("fresh_pool")
async def test_a_process_that_ends_by_itself_fails_its_node_and_the_pool_heals(engine: Engine) -> None:
    """A crash in native code takes nothing else along."""
    node = doing()
    node["code"] = "__import__('os')._exit(7)"
    with pytest.raises(Exception, match=r"ended by itself \(exit code 7\)"):
        await node
    assert POOL.pids == frozenset()
    node["code"] = "5"
    await node
    assert node.outputs["out"].value == 5


async def test_interrupting_kills_the_process_and_the_pool_heals(engine: Engine, tmp_path: Path) -> None:
    """Whatever it is in the middle of."""
    node, told = process_spin(), tmp_path / "pid"
    node["a"] = str(told)
    await until(lambda: told.exists() and told.read_text())
    pid = int(told.read_text())
    assert "its process is killed" in engine.interrupt(node.uuid)
    await engine.wait_idle()
    error = node.run_state.error
    assert error is not None
    assert error.kind == "CancelledError"
    await until(lambda: not is_alive(pid))

    other = process_id()
    other["a"] = 1
    await other
    assert other.outputs["out"].value != pid


async def test_a_node_that_is_removed_takes_its_process_along(engine: Engine, tmp_path: Path) -> None:
    """Nobody would take the result."""
    node, told = process_spin(), tmp_path / "pid"
    node["a"] = str(told)
    await until(lambda: told.exists() and told.read_text())
    node.cleanup()
    pid = int(told.read_text())
    await until(lambda: not is_alive(pid))
    assert pid not in POOL.pids


async def test_what_cannot_be_sent_runs_in_a_thread_and_says_so(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """Function, inputs, result; the log hears of each class once."""
    lock = threading.Lock()

    @NodeDecorator("tests.process_function", separate_process=True)
    def unsendable_function(a: int) -> tuple[int, int]:
        with lock:
            return a, os.getpid()

    @NodeDecorator("tests.process_inputs", separate_process=True)
    def inputs(a: Any) -> int:
        return os.getpid()

    @NodeDecorator("tests.process_result", separate_process=True)
    def result(a: int) -> Any:
        import threading

        return threading.Lock()

    with caplog.at_level(logging.WARNING, logger="funcnodes"):
        first, second, third = unsendable_function(), inputs(), result()
        for turn in range(2):
            first["a"], second["a"], third["a"] = turn, lock, turn
            await engine.wait_idle()
    assert [o.value for k, o in first.outputs.items() if k != "_triggeroutput"][-1] == os.getpid()
    assert second.outputs["out"].value == os.getpid()
    assert hasattr(third.outputs["out"].value, "acquire")
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 3
    for node, why in ((first, "its function cannot"), (second, "inputs hold"), (third, "its result cannot")):
        assert why in (node.run_state.notice or "")
        assert node.run_state.status == "idle"

    second["a"] = 1
    await second
    assert (second.outputs["out"].value != os.getpid(), second.run_state.notice) == (True, None)


async def test_a_function_that_wants_its_node_runs_in_a_thread(engine: Engine) -> None:
    """A node cannot be sent."""

    @NodeDecorator("tests.process_node", separate_process=True)
    def wants(a: int, node: Node) -> tuple[int, str]:
        return os.getpid(), node.uuid

    made = wants()
    made["a"] = 1
    await made
    assert "parameter `node`" in (made.run_state.notice or "")
    assert os.getpid() in [o.value for o in made.outputs.values()]


SCRIPT = """
import asyncio, os
import funcnodes_core as fn

@fn.NodeDecorator("script.pid", separate_process=True)
def pid(a: int) -> int:
    return os.getpid()

print("ran", os.getpid(), asyncio.run(pid.inti_call(a=1)), flush=True)
"""


async def test_a_program_leaves_no_process_behind_and_is_not_run_again(tmp_path: Path) -> None:
    """A script without `if __name__ == "__main__"`, ended as any script ends."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    ended = await asyncio.to_thread(
        subprocess.run, [sys.executable, script], capture_output=True, text=True, timeout=60, check=True
    )
    word, mine, its = ended.stdout.split()
    assert (word, mine != its) == ("ran", True)
    await until(lambda: not is_alive(int(its)))
    assert ended.stderr == ""
