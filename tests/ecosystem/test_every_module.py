"""Every published module installs, is found without being imported, and every node of it survives saving."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ecosystem.environments import Environment, names_of_ours

pytestmark = [pytest.mark.registry, pytest.mark.soak, pytest.mark.timeout(1500)]

PROGRAM = Path(__file__).parent / "programs" / "every_node.py"
NODES = {
    "funcnodes_basic": 182,
    "funcnodes_files": 10,
    "funcnodes_hplc": 115,
    "funcnodes_images": 11,
    "funcnodes_lmfit": 41,
    "funcnodes_numpy": 377,
    "funcnodes_opencv": 68,
    "funcnodes_pandas": 104,
    "funcnodes_plotly": 40,
    "funcnodes_pydantic": 7,
    "funcnodes_rdkit": 9,
    "funcnodes_sklearn": 112,
    "funcnodes_span": 114,
    "funcnodes_storage": 15,
    "funcnodes_webcam": 1,
}
"""How many nodes the shelves of each showed when the contract was written. keras is left out: 2 GB."""


def test_every_node_of_every_published_module_survives_saving(
    wheels: dict[str, Path], tmp_path: Path, note: list[str]
) -> None:
    published = [name.replace("_", "-") for name in NODES if name.replace("_", "-") not in wheels]
    environment = Environment.make(tmp_path / "all", *wheels.values(), *published, limit_s=400)

    report = json.loads(environment.program(PROGRAM, limit_s=400))

    modules = report["modules"]
    for name, module in modules.items():
        counts = f"{module.get('nodes')} nodes, {module.get('shelves')} shelves"
        note.append(f"{name} {module['version']}: {counts}, {len(module['problems'])} problems")
    assert names_of_ours(environment.versions()) == dict.fromkeys(wheels, "3.0.0")
    assert report["imported"] == [], "setup() imported modules that nobody asked for"
    assert [problem for module in modules.values() for problem in module["problems"]] == []
    assert set(modules) == set(NODES)
    assert {name: modules[name]["nodes"] for name in NODES if modules[name]["nodes"] < NODES[name]} == {}
