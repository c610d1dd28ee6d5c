"""The messages of `/control`: their tags, and that each comes back as it went."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from funcnodes_worker.wire import control

SAMPLES: list[control.FromDialler | control.FromSupervisor] = [
    control.Hello(protocol=1, role="worker", uuid="u", pid=1, started=2.0, host="h", port=3, version="3.0.0"),
    control.Wish(id="1", action="install", package="funcnodes-numpy"),
    control.ModulesLoaded(id="1", problems={"a": "b"}),
    control.Changed(name="n"),
    control.Stopping(),
    control.Trusted(),
    control.NodeLetGo(node="n"),
    control.Pong(id="1"),
    control.Exchange(id="1", code="c", port=8000),
    control.Revoke(session_hash="h"),
    control.Welcome(access=control.Access(origins=["o"], sessions={"fn_8000": ["h"]})),
    control.Refused(reason="stopped", message="m"),
    control.Access(grants=[control.AccessGrant(hash="h", right="view", worker="w")]),
    control.Stop(),
    control.Interrupt(node="n"),
    control.LoadModules(id="1", packages=["p"]),
    control.WishProgress(id="1", message="m", fraction=0.5),
    control.WishDone(id="1", error="e"),
    control.Ping(id="1"),
    control.Exchanged(id="1", session="s"),
]


def test_there_is_a_sample_of_every_message() -> None:
    """A new message gets one."""
    kinds = {type(sample) for sample in SAMPLES}
    assert kinds == {*get_args(control.FromDialler), *get_args(control.FromSupervisor)}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: type(sample).__name__)
def test_a_message_comes_back_as_it_went(sample: control.FromDialler | control.FromSupervisor) -> None:
    """With its snake-case tag."""
    frame = control.encode(sample)
    is_said_by_dialler = isinstance(sample, get_args(control.FromDialler))
    read = control.read_from_dialler if is_said_by_dialler else control.read_from_supervisor

    assert read(frame) == sample
    assert json.loads(frame)["type"].replace("_", "") == type(sample).__name__.lower()


def test_more_than_we_know_is_passed_over() -> None:
    """A newer side may say more."""
    frame = '{"type": "pong", "id": "1", "mood": "fine"}'

    assert control.read_from_dialler(frame) == control.Pong(id="1")


@pytest.mark.parametrize(
    "frame", ["", "{}", '{"type": "dance"}', '{"type": "pong"}', '{"type": "stop"}', "[]"]
)
def test_what_is_no_message_is_refused(frame: str) -> None:
    """Also a message of the other direction."""
    with pytest.raises(control.NotAControlMessage):
        control.read_from_dialler(frame)
