"""Nodes of the published numpy package run as a user drops them onto the canvas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ecosystem.environments import Environment

pytestmark = [pytest.mark.registry, pytest.mark.timeout(110)]

PROGRAM = Path(__file__).parent / "programs" / "numpy_as_created.py"


def test_defaults_and_ports_of_numpy_are_as_its_functions_need_them(
    wheels: dict[str, Path], tmp_path: Path
) -> None:
    """`<no value>` of numpy reaches it as the object that it is; `fix` has its input and its output `out`."""
    environment = Environment.make(tmp_path / "numpy", *wheels.values(), "funcnodes-numpy")

    assert json.loads(environment.program(PROGRAM).splitlines()[-1]) == {
        "largest": 1.5,
        "loaded": 7.0,
        "inputs of fix": ["x", "out", "_triggerinput"],
        "outputs of fix": ["out_", "_triggeroutput"],
    }
