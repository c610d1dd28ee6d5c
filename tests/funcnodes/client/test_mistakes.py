"""What a script does wrong with `funcnodes.connect`, and the sentence it is told: no bare Python error."""

from __future__ import annotations

import asyncio
import gc
import json
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from funcnodes.client.errors import BadCall, ConnectionLost, NotFound, TokenRefused, WorkerUnreachable
from funcnodes.client.writing import request
from funcnodes_core.document.edits import SetValue

import funcnodes
from tests.support.worker_process import WorkerProcess, running_worker


async def test_mistakes_at_a_real_worker(tmp_path: Path) -> None:
    """All of them at one worker: each would cost a process of its own."""
    async with running_worker(tmp_path) as worker:
        await asyncio.to_thread(use_what_is_gone, worker)
        await asyncio.to_thread(set_what_no_worker_can_keep, worker)
        await asyncio.to_thread(go_on_after_the_block, worker)
        await show_a_wrong_token(worker)


def use_what_is_gone(worker: WorkerProcess) -> None:
    with funcnodes.connect("lab", base=worker.base.folder) as lab:
        node, other = lab.add_node("lab.add", uuid="gone"), lab.add_node("lab.add", uuid="other")
        with pytest.raises(NotFound, match=r"^node 'other' has no input 'zz'; it has left, right$"):
            other.inputs["zz"]
        with pytest.raises(NotFound, match=r"^node 'other' has no output 'left'; it has sum$"):
            other.outputs["left"]
        with pytest.raises(NotFound, match=r"no port 'zz'; it has left, right, sum"):
            other.inputs["zz"] = 1
        # As mappings do, they can be asked without a mistake.
        assert ("zz" in other.inputs, other.inputs.get("zz")) == (False, None)
        with pytest.raises(KeyError):
            other.inputs["zz"]
        inputs = node.inputs
        node.remove()
        for look in (
            lambda: node.name,
            lambda: node.state,
            lambda: node.inputs["left"],
            lambda: list(inputs),
            node.remove,
            node.trigger,
        ):
            with pytest.raises(NotFound, match="'gone'"):
                look()
        other.remove()


def set_what_no_worker_can_keep(worker: WorkerProcess) -> None:
    with funcnodes.connect("lab", base=worker.base.folder) as lab:
        node = lab.add_node("lab.echo", uuid="a")
        node.inputs["value"] = 5
        before = lab.revision
        for value in (math.nan, [1.0, {"deep": -math.inf}], object()):
            with pytest.raises(BadCall):
                node.inputs["value"] = value
        with pytest.raises(BadCall, match=r"^nan in edits\[0\]\['value'\] cannot be sent"):
            lab.edit(SetValue("a", "value", math.nan))
        assert lab.revision == before
        # What only looks like it goes through.
        node.inputs["value"] = ["null", None]
        lab.wait_idle()
        assert node.outputs["out"].value == ["null", None]


def go_on_after_the_block(worker: WorkerProcess) -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with funcnodes.connect("lab", base=worker.base.folder) as lab:
            node = lab["a"]
            listening = lab.listening()
            listening.__enter__()
        for use in (
            lambda: lab.call("uuid"),
            lambda: lab.wait_for(lambda lab: lab.revision < 0),
            lambda: node.outputs["out"].value,
            lab.wait_idle,
            lab.listening().__enter__,
        ):
            with pytest.raises(ConnectionLost, match="it was closed here"):
                use()
        listening.__exit__(None, None, None)
        lab.close()
        gc.collect()
    assert [str(one.message) for one in warned] == []
    # What was known then can still be looked at.
    assert node.name == "Echo(a)"


async def show_a_wrong_token(worker: WorkerProcess) -> None:
    token_file = str(worker.base.token_file)
    wrong = funcnodes.connect("lab", base=worker.base.folder, token="wrong")
    with pytest.raises(TokenRefused, match="refused the token given as token=") as refused:
        await wrong.__aenter__()
    assert token_file in str(refused.value)
    assert isinstance(refused.value, WorkerUnreachable)
    elsewhere = worker.base.folder.parent / "elsewhere"
    with pytest.raises(TokenRefused, match="without a token"):
        await funcnodes.connect(worker.address, base=elsewhere).__aenter__()
    elsewhere.mkdir(exist_ok=True)
    (elsewhere / "token").write_text("another")
    with pytest.raises(TokenRefused, match=r"refused the token of .*elsewhere.*token"):
        await funcnodes.connect(worker.address, base=elsewhere).__aenter__()


@pytest.mark.parametrize("target", [5, None, Path("lab")])
def test_who_names_no_worker_is_told_what_is_wanted(target: Any) -> None:
    """It was an AttributeError about `startswith`."""
    with pytest.raises(TypeError, match="a worker's name, its id, the beginning of its id, or its URL"):
        funcnodes.connect(target)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (math.nan, r"^nan in value cannot be sent: .* JSON, which has no nan and no infinity"),
        ([0.0, [-math.inf]], r"^-inf in value\[1\]\[0\] cannot"),
        ({"a": (1, math.inf)}, r"^inf in value\['a'\]\[1\] cannot"),
        ({"null": None, "b": {math.nan}}, r"^nan in value\['b'\]\[0\] cannot"),
        (object(), r"^a value of type object cannot be sent: .*None, booleans, numbers, texts, lists"),
        ([print], "of type builtin_function_or_method cannot be sent"),
        (np.arange(3), r"of type numpy\.ndarray cannot be sent: .*tolist\(\)"),
        (np.float64(2), r"of type numpy\.float64 cannot be sent: .*tolist\(\)"),
        ({(1, 2): 3}, "cannot be sent"),
        ("\ud800", "cannot be sent"),
    ],
)
def test_a_value_that_json_would_change_is_refused_and_not_changed(value: Any, sentence: str) -> None:
    """`nan` came to the worker as None, without a word."""
    with pytest.raises(BadCall, match=sentence):
        request("1", "set_io_value", {"value": value})


@pytest.mark.parametrize("value", [None, "null", [None, 1.5], {"null": 1e308}, 2**70, -0.0])
def test_all_that_json_knows_is_written(value: Any) -> None:
    assert json.loads(request("1", "m", {"value": value}))["params"] == {"value": value}
