"""The runner of the benchmarks reads what scripts print, and says so when they print something else."""

import json
from typing import Any

import pytest

from benchmarks.__main__ import Figure, ScriptFailed, bytecode, machine, read, report, scripts

FIGURE = {"name": "a grid", "median": 3.1, "unit": "ms", "runs": 9, "note": "900 nodes"}


def test_figures_are_read_as_they_were_printed() -> None:
    printed = json.dumps({"figures": [FIGURE, {"name": "b", "median": 1, "unit": "s"}]}).encode()

    assert read("engine", printed) == [
        Figure("engine", "a grid", 3.1, "ms", 9, "900 nodes"),
        Figure("engine", "b", 1.0, "s", None, ""),
    ]


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "[]",
        "{}",
        '{"figures": [{"name": "a"}]}',
        '{"figures": [{"name": "a", "median": "x", "unit": "s"}]}',
    ],
)
def test_a_script_that_prints_something_else_is_named(printed: str) -> None:
    with pytest.raises(ScriptFailed, match=r"engine: printed no figures in the agreed form"):
        read("engine", printed.encode())


def test_the_table_shows_medians_and_the_state_of_bytecode() -> None:
    result: dict[str, Any] = {"machine": machine()}

    lines = report(result, [Figure("engine", "a grid", 3.1, "ms", 9, "900 nodes")])

    assert "  a grid         3.1 ms    of 9     900 nodes" in lines
    assert any(line.startswith("bytecode: ") and " of " in line for line in lines)


def test_bytecode_is_counted_among_our_modules() -> None:
    present, _, all_modules = bytecode()["ours"].partition(" of ")

    assert 0 <= int(present) <= int(all_modules)
    assert int(all_modules) > 50


def test_the_runner_does_not_run_itself() -> None:
    assert not [name for name in scripts() if name.startswith("_")]
