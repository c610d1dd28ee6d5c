"""One set of cases, every dialect: the same calls give the same results, however they are written.

A case of `cases.json` says `method` and `params`, and of the answer `result` (all of it), `has` (what it
holds at least), `error` (a part of the sentence) or `eventually`. `documented` holds the words of the
documentation where they are others. `keep` names a part of the answer for later cases, which write `$name`;
the path may go through `*`, the only key there is.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from funcnodes_worker.rpc.dispatch import Turn
from funcnodes_worker.server.methods.table import make_table

from tests.support.worker_process import Answer, WorkerClient, WorkerProcess, make_worker, spawn

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("cases.json").read_text())
Say = Callable[[dict[str, Any], Callable[[Any], Any]], Awaitable[tuple[Any, str | None]]]
PACKAGES = ("funcnodes-lab", "funcnodes-bench")
MAY_BE_THERE = {"revision"}
ANSWERS = ("result", "has", "error")


def published(client: WorkerClient) -> Say:
    async def say(case: dict[str, Any], fill: Callable[[Any], Any]) -> tuple[Any, str | None]:
        message = {"type": "cmd", "cmd": case["method"], "kwargs": fill(case["params"]), "as_bytes": False}
        answer = await client.ask(message)
        kind = answer["type"]
        wanted = {"type", "result", "id"} if kind == "result" else {"type", "error", "tb", "id"}
        assert answer.keys() - MAY_BE_THERE == wanted
        return answer.get("result"), answer.get("error")

    return say


def documented(client: WorkerClient) -> Say:
    async def say(case: dict[str, Any], fill: Callable[[Any], Any]) -> tuple[Any, str | None]:
        words = case.get("documented", {})
        name, params = words.get("cmd", case["method"]), words.get("kwargs", case["params"])
        answer = await client.ask({"type": "cmd", "cmd": name, "kwargs": fill(params)})
        kind = answer["type"]
        said = {"result"} if kind == "result" else {"error", "tb", "traceback"}
        assert answer.keys() - MAY_BE_THERE == {"type", "cmd", "id", *said}
        assert answer["cmd"] == name
        return answer.get("result"), answer.get("error")

    return say


def jsonrpc(client: WorkerClient) -> Say:
    async def say(case: dict[str, Any], fill: Callable[[Any], Any]) -> tuple[Any, str | None]:
        try:
            return await client.call(case["method"], **fill(case["params"])), None
        except Answer as answer:
            return None, answer.message

    return say


@pytest.mark.parametrize("dialect", [published, documented, jsonrpc])
async def test_cases(dialect: Callable[[WorkerClient], Say], tmp_path: Path) -> None:
    worker = await spawn(make_worker(tmp_path, PACKAGES))
    query = "?events=documented" if dialect is documented else ""
    known: dict[str, Any] = {}
    try:
        async with worker.connect(query=query) as client:
            say = dialect(client)
            for case in CASES:
                if dialect is documented and "documented" in case:
                    case = {**case, **{k: v for k, v in case["documented"].items() if k in ANSWERS}}
                await check(say, case, known)
        # The last case stops it.
        assert await asyncio.wait_for(worker.process.wait(), 10) == 0
    finally:
        await make_sure_it_ended(worker)


async def make_sure_it_ended(worker: WorkerProcess) -> None:
    """Leave no process behind, however a test ends."""
    if worker.process.returncode is None:
        worker.process.kill()
        await worker.process.wait()


async def check(say: Say, case: dict[str, Any], known: dict[str, Any]) -> None:
    """Fail unless a call is answered as its case says."""

    def fill(value: Any) -> Any:
        return filled(value, known)

    result, error = await say(case, fill)
    while "eventually" in case and result != fill(case["eventually"]):
        result, error = await say(case, fill)
    name = case["name"]
    if "error" in case:
        assert error is not None, (name, result)
        assert case["error"] in error, (name, error)
        return
    assert error is None, (name, error)
    if "result" in case:
        assert result == fill(case["result"]), name
        assert type(result) is type(fill(case["result"])), name
    for key, value in case.get("has", {}).items():
        assert contains(result[key], fill(value)), (name, key, result[key])
    for kept, path in case.get("keep", {}).items():
        known[kept] = at(result, path)


def filled(value: Any, known: dict[str, Any]) -> Any:
    """Return a value with `$name` replaced by what was kept under this name, in texts and keys too."""
    if isinstance(value, dict):
        named = cast("dict[str, Any]", value)
        return {filled(key, known): filled(one, known) for key, one in named.items()}
    if isinstance(value, list):
        return [filled(one, known) for one in cast("list[Any]", value)]
    if isinstance(value, str) and "$" in value:
        if value[1:] in known and value[0] == "$":
            return known[value[1:]]
        for name, one in known.items():
            value = value.replace(f"${name}", str(one))
    return value


def at(value: Any, path: list[Any]) -> Any:
    """Return the part of a result that a path leads to; `*` is the only key, at the end the key itself."""
    for index, step in enumerate(path):
        if step == "*":
            (key,) = value
            if index == len(path) - 1:
                return key
            step = key
        value = value[step]
    return value


def contains(found: Any, wanted: Any) -> bool:
    """Objects may hold more than is asked for; everything else is equal."""
    if isinstance(found, dict) and isinstance(wanted, dict) and wanted:
        there = cast("dict[str, Any]", found)
        asked = cast("dict[str, Any]", wanted)
        return all(key in there and contains(there[key], value) for key, value in asked.items())
    return bool(found == wanted)


def test_every_command_has_a_case() -> None:
    """A method that is added is tried in every dialect, or named here with the test that tries it."""
    elsewhere = {
        "trust": "tests/worker/process/test_trust.py",
        "update_from_export": "tests/worker/server/test_transfer.py",
        "edit": "tests/worker/server/test_bad_input.py",
    }
    for file in elsewhere.values():
        assert Path(file).exists(), file
    names = {method.name for method in make_table()}
    assert names - {case["method"] for case in CASES} - elsewhere.keys() == set()


def test_what_changes_something_is_remembered() -> None:
    """Every method that needs more than a look has a turn whose resent calls are answered from memory."""
    from funcnodes_worker.rpc.conversation import CHANGING
    from funcnodes_worker.rpc.gate import Right

    quick = {
        method.name
        for method in make_table()
        if method.right is not Right.VIEW and method.turn not in CHANGING
    }
    assert quick == {
        # The same effect however often: said again, nothing more happens.
        "stop_worker", "interrupt", "save", "update_worker_config",
        # They only look.
        "logs",
    }  # fmt: skip
    assert Turn.EDIT in CHANGING
