"""External workers as module authors use them: section 15.2, and what is better in them: 16.13."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, ValidationError

import funcnodes_core as fn
from funcnodes_worker import CustomLoop, ExternalWorkerConfig, FuncNodesExternalWorker
from tests.core.graphs import inc


class LampConfig(ExternalWorkerConfig):
    EXPORT_EXCLUDE_FIELDS = frozenset({"room"})
    level: int = 1
    room: str = "here"
    secret: str = Field("s", json_schema_extra={"export": False})


class Lamp(FuncNodesExternalWorker):
    NODECLASSID = "tests.published.lamp"
    config_cls = LampConfig

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.updates: list[int] = []
        self.rounds = 0
        self.twice = asyncio.Event()
        super().__init__(*args, **kwargs)
        self._delay = 0.01

    async def loop(self) -> None:
        self.rounds += 1
        if self.rounds == 1:
            raise ValueError("the first round fails")
        self.twice.set()

    def post_config_update(self) -> None:
        self.updates.append(self.config.level)  # type: ignore[attr-defined]

    @fn.instance_nodefunction()
    def shine(self) -> int:
        """Shine."""
        return self.config.level  # type: ignore[attr-defined]


def test_settings_are_merged_checked_and_told() -> None:
    """As a mapping or a model; what does not fit raises and changes nothing."""
    lamp = Lamp(workerid="w1", config={"level": 3})
    lamp.update_config({"room": "there"})
    assert (lamp.config, lamp.updates) == (LampConfig(level=3, room="there"), [3])
    with pytest.raises(ValidationError):
        lamp.update_config({"level": "bright"})
    lamp.update_config(LampConfig(level=4))
    assert lamp.config == LampConfig(level=4)
    lamp.cleanup()


def test_settings_that_do_not_fit_are_said_when_it_is_made(caplog: pytest.LogCaptureFixture) -> None:
    """Point 13: it starts with the default ones, as published, and the log says why."""
    lamp = Lamp(workerid="w2", config={"level": "bright", "secret": ["hush"]})
    assert lamp.config == LampConfig()
    assert "w2" in caplog.text
    assert "level" in caplog.text
    assert "hush" not in caplog.text
    lamp.cleanup()


def test_what_it_says_of_itself() -> None:
    """For an export without what stays here; as a value, which every client sees, it is the same."""
    lamp = Lamp(workerid="w3", name="Desk")
    said = {"uuid": "w3", "nodeclassid": Lamp.NODECLASSID, "running": False, "name": "Desk"}
    assert lamp.serialize() == {**said, "config": {"level": 1, "room": "here", "secret": "s"}}
    assert lamp.serialize(export=True) == {**said, "config": {"level": 1}}
    assert json.loads(json.dumps(lamp, cls=fn.JSONEncoder)) == lamp.serialize(export=True)
    assert Lamp(workerid="w4").name == "Lamp(w4)"
    lamp.cleanup()


def test_a_shelf_and_a_folder_can_be_given_and_taken_away(tmp_path: Path) -> None:
    """Point 13: `None` is an answer; the folder is made when it is asked for."""
    lamp, told = Lamp(workerid="w5", data_path=tmp_path / "deep" / "w5"), list[str]()
    lamp.on("nodes_update", lambda **_: told.append("nodes_update"))
    assert not (tmp_path / "deep").exists()
    assert (lamp.data_path, (tmp_path / "deep" / "w5").is_dir()) == (tmp_path / "deep" / "w5", True)
    lamp.data_path = None
    shelf = fn.Shelf(name="more", nodes=[inc])
    assert (lamp.data_path, lamp.nodeshelf) == (None, None)
    lamp.nodeshelf = shelf  # type: ignore[assignment]
    assert lamp.nodeshelf is not None
    assert lamp.nodeshelf() is shelf
    lamp.nodeshelf = None
    assert (lamp.nodeshelf, told) == (None, ["nodes_update", "nodes_update"])
    lamp.cleanup()


async def test_its_loop_goes_on_after_an_error_until_it_is_stopped(caplog: pytest.LogCaptureFixture) -> None:
    """Stopping is told, ends the loop, and takes its nodes away."""
    lamp, told = Lamp(workerid="w6"), list[str]()
    lamp.on("stopping", lambda **_: told.append("stopping"))
    space = fn.NodeSpace()
    node = space.add_node_instance(lamp.get_nodeclass("shine")())
    assert lamp.shine.nodes(lamp) == [node]
    running = asyncio.ensure_future(lamp.continuous_run())
    await asyncio.wait_for(lamp.twice.wait(), 5)
    assert (lamp.running, lamp in Lamp.running_instances(), "the first round fails" in caplog.text) == (
        True,
        True,
        True,
    )
    await lamp.stop()
    await asyncio.wait_for(running, 5)
    assert (lamp.running, lamp.stopped, told, space.nodes) == (False, True, ["stopping"], [])
    assert lamp not in Lamp.running_instances()


async def test_a_paused_loop_does_nothing_until_it_goes_on() -> None:
    """By a word, or by itself after some time."""

    class Counting(CustomLoop):
        def __init__(self) -> None:
            super().__init__(delay=0.01)
            self.rounds, self.went = 0, asyncio.Event()

        async def loop(self) -> None:
            self.rounds += 1
            self.went.set()

    counting = Counting()
    counting.pause()
    running = asyncio.ensure_future(counting.continuous_run())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(counting.went.wait(), 0.1)
    counting.resume_in(0.05)
    await asyncio.wait_for(counting.went.wait(), 5)
    counting.pause()
    counting.went.clear()
    counting.resume()
    await asyncio.wait_for(counting.went.wait(), 5)
    await counting.stop()
    await asyncio.wait_for(running, 5)
    assert counting.rounds >= 2


async def test_a_loop_wakes_for_its_moment_and_no_earlier() -> None:
    """Paused, or with nothing to do, it sleeps until somebody says something; from any thread."""

    class Counting(CustomLoop):
        def __init__(self) -> None:
            super().__init__(delay=3600)
            self.went = asyncio.Event()
            self.looks, self.rests = 0, asyncio.Event()
            self.due: float | None = None

        async def loop(self) -> None:
            self.went.set()

        def _seconds_until_due(self, last: float) -> float | None:
            self.looks += 1
            self.due = super()._seconds_until_due(last)
            if self.looks == 2:
                self.rests.set()
            return self.due

    counting, idle = Counting(), CustomLoop(delay=0.001)
    running = [asyncio.ensure_future(one.continuous_run()) for one in (counting, idle)]
    await asyncio.wait_for(counting.went.wait(), 5)
    counting.went.clear()
    await asyncio.wait_for(counting.rests.wait(), 5)
    assert counting.due == pytest.approx(3600, abs=30)
    # Whoever did not sleep until then would look again as soon as the loop goes round.
    for _ in range(20):
        await asyncio.sleep(0)
    assert counting.looks == 2
    await asyncio.to_thread(setattr, counting, "_delay", 0.0)
    await asyncio.wait_for(counting.went.wait(), 5)
    for one in (counting, idle):
        await asyncio.to_thread(asyncio.run, one.stop())
    await asyncio.wait_for(asyncio.gather(*running), 5)


def test_base_classes_need_no_id_and_workers_do() -> None:
    """`IS_ABSTRACT` says that a class is one to build on."""

    class Base(FuncNodesExternalWorker):
        IS_ABSTRACT = True

    with pytest.raises(ValueError, match="NODECLASSID"):
        type("Nameless", (Base,), {})
