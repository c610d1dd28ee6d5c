"""Rows of the benchmarks are judged beside the original, so that a slow machine does not hide what holds."""

from typing import Any

from benchmarks.original import engine_program
from benchmarks.original.compare import times_better
from benchmarks.original.targets import TARGETS, judged, slowness

CHAIN, IMPORT, LOOP = "chain of 1000", "import funcnodes_core", "For over many items"


def row(value: float, *, more: bool = False) -> dict[str, Any]:
    return {"value": value, "unit": "", "note": "", "more_is_better": more}


def test_a_machine_at_half_the_speed_reaches_what_the_ratio_reaches() -> None:
    """The issue's machine runs 19,000 nodes a second in the original, and 300,000 are to be reached there."""
    theirs = [{CHAIN: row(9_500, more=True)}]

    enough = judged(CHAIN, 150_000 / 9_500, [{CHAIN: row(150_000, more=True)}], theirs)
    too_few = judged(CHAIN, 140_000 / 9_500, [{CHAIN: row(140_000, more=True)}], theirs)

    assert (enough, too_few) == ("; to reach 15.8 times: reached", "; to reach 15.8 times: NOT REACHED")


def test_what_the_original_waits_for_is_judged_by_the_speed_of_its_other_rows() -> None:
    theirs = [{CHAIN: row(9_500, more=True), IMPORT: row(0.30), LOOP: row(9.9, more=True)}]

    assert slowness(theirs) == 2
    assert judged(LOOP, 5_000, [{LOOP: row(49_000, more=True)}], theirs).endswith("NOT REACHED")
    assert judged(LOOP, 5_000, [{LOOP: row(51_000, more=True)}], theirs).endswith(": reached")


def test_bytes_are_judged_as_they_stand_and_a_row_without_a_target_is_not() -> None:
    name = "memory of a connected node"

    assert judged(name, 3.0, [{name: row(3001)}], []).endswith("at most 3000: NOT REACHED")
    assert judged(name, 3.0, [{name: {"failed": "RecursionError"}}], []).endswith("NOT REACHED")
    assert judged("update of one input", 3.0, [{"update of one input": row(2.0)}], []) == ""


def test_a_machine_that_changes_its_speed_between_the_two_turns_changes_no_ratio() -> None:
    mine = {**row(150_000, more=True), "plain_calls": 40.0}  # measured while everything took twice as long
    theirs = {**row(10_000, more=True), "plain_calls": 1_200.0}

    assert times_better(mine, theirs) == 30.0
    assert times_better(row(150_000, more=True), theirs) == 15.0


def test_every_target_names_a_row_of_the_program() -> None:
    assert set(TARGETS) <= set(engine_program.ROWS)
