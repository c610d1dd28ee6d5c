"""`subscribe {rate: 0}`: every value and state of every run in order; it replays to the same values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.worker_process import WorkerClient, WorkerProcess, running_worker


class Recording:
    """What a client was told of what runs, from its subscription on, and what it comes to."""

    def __init__(self, answer: Any) -> None:
        self.values: dict[tuple[str, str], Any] = {}
        self.states: dict[str, Any] = {}
        self.seen: dict[tuple[str, str], list[Any]] = {}
        self.runs: dict[str, list[int]] = {}
        self._take(answer["feed"])
        self.seen.clear()
        self.runs.clear()

    def hear(self, messages: list[Any]) -> None:
        for message in messages:
            match message.get("method"):
                case "feed":
                    self._take(message["params"])
                case "steps":
                    for step in message["params"]["steps"]:
                        assert len(step["values"]) + len(step["states"]) == 1
                        self._take(step)
                case _:
                    pass

    def _take(self, feed: Any) -> None:
        for node, ports in feed["values"].items():
            for port, preview in ports.items():
                self.values[node, port] = preview
                self.seen.setdefault((node, port), []).append(preview and preview.get("value"))
        for node, state in feed["states"].items():
            self.states[node] = state
            self.runs.setdefault(node, []).append(state["run"])


async def chain(client: WorkerClient) -> None:
    for name in "abc":
        await client.call("add_node", id="lab.add", uuid=name)
    for source, target in ("ab", "bc"):
        await client.call("add_edge", src_nid=source, src_ioid="sum", trg_nid=target, trg_ioid="left")


async def values_now(worker: WorkerProcess) -> dict[tuple[str, str], Any]:
    """Return what the worker would show somebody who comes now, once its board has settled."""
    async with worker.connect() as client:
        found: dict[tuple[str, str], Any] = {}
        for name in "abc":
            for port, value in (await client.call("get_ios_values", nid=name)).items():
                found[name, port] = value
        return found


async def test_every_value_of_every_run_is_told_in_order_and_replays_to_the_same(tmp_path: Path) -> None:
    async with (
        running_worker(tmp_path) as worker,
        worker.connect() as client,
        worker.connect() as usual,
        worker.connect() as recorder,
    ):
        await chain(client)
        await usual.call("subscribe")
        recording = Recording(await recorder.call("subscribe", rate=0))
        for number in range(200):
            await put_and_see(client, number, recorder)

        recording.hear(recorder.pushed)
        assert recording.seen["a", "left"][-200:] == list(range(200))
        assert recording.seen["c", "sum"] == [number + 3 for number in range(200)]
        assert recording.runs["c"] == sorted(recording.runs["c"])
        assert len(set(recording.runs["c"])) == 200
        shown = await values_now(worker)
        said = {key: preview["value"] for key, preview in recording.values.items() if preview is not None}
        assert said == {key: value for key, value in shown.items() if key in said}
        assert said["c", "sum"] == shown["c", "sum"] == 202
        # Who did not ask is told the newest only.
        await usual.wait_for(lambda c: c.value("c", "sum") == 202)
        assert usual.notifications("steps") == []


def put(value: Any) -> dict[str, Any]:
    return {"kind": "set_value", "node": "a", "port": "left", "value": value}


async def put_and_see(client: WorkerClient, number: int, recorder: WorkerClient) -> None:
    """Set a value and wait until its wave has come through: one set before that may join the wave."""
    await client.call("edit", edits=[put(number)])
    await recorder.wait_for(lambda c: last_value(c, "c", "sum") == number + 3)


def last_value(client: WorkerClient, node: str, port: str) -> Any:
    """Return the latest value in the steps that one client was told."""
    for message in reversed(client.notifications("steps")):
        for step in reversed(message["steps"]):
            if port in step["values"].get(node, {}):
                return (step["values"][node][port] or {}).get("value")
    return None


async def test_one_who_comes_in_the_middle_misses_nothing_of_what_follows(tmp_path: Path) -> None:
    """Also while another one records already, and when a run fails."""
    async with (
        running_worker(tmp_path) as worker,
        worker.connect() as client,
        worker.connect() as first,
        worker.connect() as second,
    ):
        await chain(client)
        await client.call("add_node", id="lab.fail", uuid="f")
        await first.call("subscribe", rate=0)
        for number in range(50):
            await put_and_see(client, number, first)
        recording = Recording(await second.call("subscribe", rate=0))
        for number in range(50, 100):
            await put_and_see(client, number, second)
        await client.call("set_io_value", nid="f", ioid="message", value="broken")
        await second.wait_for(
            lambda c: any(
                step["states"].get("f", {}).get("status") == "failed"
                for message in c.notifications("steps")
                for step in message["steps"]
            )
        )
        recording.hear(second.pushed)
        assert recording.seen["c", "sum"][-50:] == [number + 3 for number in range(50, 100)]
        assert recording.states["f"]["error"]["message"] == "broken"


async def test_when_the_last_one_has_left_nobody_pays_for_steps(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, worker.connect() as client, worker.connect() as recorder:
        await chain(client)
        await recorder.call("subscribe", rate=0)
        await client.call("edit", edits=[put(1)])
        await recorder.wait_for(lambda c: last_value(c, "c", "sum") == 4)
        await recorder.call("subscribe", rate=30)
        told = len(recorder.notifications("steps"))
        await client.call("edit", edits=[put(2)])
        await recorder.wait_for(lambda c: c.value("c", "sum") == 5)
        assert len(recorder.notifications("steps")) == told
