"""One set of cases, every dialect: the same calls give the same results, however they are written."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.worker_process import Answer, WorkerClient, running_worker

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("cases.json").read_text())
Say = Callable[[str, dict[str, Any]], Awaitable[tuple[Any, str | None]]]


def published(client: WorkerClient) -> Say:
    async def say(method: str, params: dict[str, Any]) -> tuple[Any, str | None]:
        answer = await client.ask({"type": "cmd", "cmd": method, "kwargs": params, "as_bytes": False})
        assert set(answer) - {"revision"} == (
            {"type", "result", "id"} if answer["type"] == "result" else {"type", "error", "tb", "id"}
        )
        return answer.get("result"), answer.get("error")

    return say


def jsonrpc(client: WorkerClient) -> Say:
    async def say(method: str, params: dict[str, Any]) -> tuple[Any, str | None]:
        try:
            return await client.call(method, **params), None
        except Answer as answer:
            return None, answer.message

    return say


@pytest.mark.parametrize("dialect", [published, jsonrpc])
async def test_cases(dialect: Callable[[WorkerClient], Say], tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, worker.connect() as client:
        say = dialect(client)
        for case in CASES:
            async with asyncio.timeout(10):
                await check(say, case)


async def check(say: Say, case: dict[str, Any]) -> None:
    result, error = await say(case["method"], case["params"])
    while "eventually" in case and result != case["eventually"]:
        result, error = await say(case["method"], case["params"])
    if "error" in case:
        assert error is not None, case["name"]
        assert case["error"] in error, case["name"]
        return
    assert error is None, case["name"]
    if "result" in case:
        assert result == case["result"], case["name"]
        assert type(result) is type(case["result"]), case["name"]
    for key, value in case.get("has", {}).items():
        assert contains(result[key], value), (case["name"], key, result[key])


def contains(found: Any, wanted: Any) -> bool:
    """Objects may hold more than is asked for; everything else is equal."""
    if isinstance(found, dict) and isinstance(wanted, dict) and wanted:
        return all(key in found and contains(found[key], value) for key, value in wanted.items())
    return bool(found == wanted)
