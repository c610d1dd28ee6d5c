"""Which worker a command line means."""

from __future__ import annotations

from typing import Any

import pytest
from funcnodes.cli import output
from funcnodes.cli.choose import choose, word_for
from funcnodes.cli.problems import Problem
from funcnodes.cli.program_actions import not_running

WORKERS = [
    {"uuid": "tank_1111", "name": "tank"},
    {"uuid": "tank_2222", "name": "tank"},
    {"uuid": "demo_3333", "name": "demo"},
]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ({"uuid": "tank_2222"}, "tank_2222"),
        ({"uuid": "tank_2222", "name": "tank"}, "tank_2222"),
        ({"name": "tank"}, "tank_1111"),
        ({"given": "demo"}, "demo_3333"),
        ({"given": "demo_3333"}, "demo_3333"),
        ({"given": "demo_"}, "demo_3333"),
    ],
)
def test_the_worker_that_is_meant(asked: dict[str, str], meant: str) -> None:
    """A uuid wins; a name alone means the first, as published."""
    whole: dict[str, Any] = {"uuid": None, "name": None, "given": None} | asked
    assert choose(WORKERS, **whole)["uuid"] == meant


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        ("stopped", "start it: funcnodes worker start 'Wet Lab'"),
        ("starting", "that takes a moment; see: funcnodes worker status 'Wet Lab'"),
        ("waiting", "starts again by itself (killed, signal 9)"),
    ],
)
def test_the_next_step_fits_what_the_worker_does(phase: str, said: str) -> None:
    """One that is starting need not be started."""
    worker = {"uuid": "wet_4444", "name": "Wet Lab", "phase": phase, "reason": "killed, signal 9."}
    assert said in not_running(worker)


def test_lines_for_programs_stay_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever somebody calls a worker, a line has as many fields as before."""
    output.row("none_5555", None, "a\tname\nof two lines")
    assert capsys.readouterr().out == "none_5555\t\ta name of two lines\n"


def test_what_is_to_be_typed_means_one_worker() -> None:
    """Of two workers of one name, the name started neither."""
    named = {"uuid": "wet_4444", "name": "Wet Lab"}
    unnamed = {"uuid": "none_5555", "name": None}
    workers = [*WORKERS, named, unnamed]
    typed = [word_for(workers, w["uuid"]) for w in workers if w["uuid"]]
    assert typed == ["tank_1111", "tank_2222", "demo", "'Wet Lab'", "none_5555"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "say which worker"),
        ({"uuid": "nope"}, "there is no worker 'nope'; known are: demo, tank, tank"),
        ({"uuid": "demo_3333", "name": "tank"}, "is called 'demo', not 'tank'"),
        ({"given": "tank"}, "may mean several workers: tank_1111, tank_2222"),
        ({"given": "dem"}, "there is no worker 'dem'"),
    ],
)
def test_what_is_not_clear_is_said_with_the_next_step(asked: dict[str, str], said: str) -> None:
    """No guess between two workers for a bare word, and none from three letters."""
    whole: dict[str, Any] = {"uuid": None, "name": None, "given": None} | asked
    with pytest.raises(Problem, match=said):
        choose(WORKERS, **whole)


def test_what_cannot_be_undone_is_not_guessed() -> None:
    """Deleting `--name tank` is refused while two are called so."""
    with pytest.raises(Problem, match="give the uuid"):
        choose(WORKERS, uuid=None, name="tank", given=None, exactly=True)
