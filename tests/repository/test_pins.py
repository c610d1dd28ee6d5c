"""The pins are text in, text out; they name versions, never a host."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = '[tool.uv]\npackage = false\n\n[tool.uv.workspace]\nmembers = ["a"]\n'
LOCK = {
    "package": [
        {"name": "ours", "version": "3.0.0", "source": {"editable": "ours"}},
        {
            "name": "b",
            "version": "2",
            "source": {"registry": "somewhere"},
            "resolution-markers": ["x < '1'", "y"],
        },
        {"name": "a", "version": "1", "source": {"registry": "somewhere"}},
    ]
}


@pytest.fixture(scope="module")
def pins() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pins", ROOT / "scripts" / "pins.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_packages_from_outside_are_pinned_by_version(pins: ModuleType) -> None:
    assert pins.pins(LOCK) == ["a==1", "b==2 ; (x < '1') or (y)"]


def test_new_pins_replace_the_old_ones(pins: ModuleType) -> None:
    once = pins.with_pins(TEXT, ["a==1"])

    assert 'constraint-dependencies = [\n    "a==1",\n]\n\n[tool.uv.workspace]' in once
    assert pins.with_pins(once, ["a==2"]) == pins.with_pins(TEXT, ["a==2"])
    assert pins.with_pins(once, []) == TEXT


def test_the_project_pins_everything_and_names_no_host() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text.partition("constraint-dependencies = [\n")[2].partition("\n]")[0].splitlines()

    assert len(block) > 50
    assert all("==" in line and "://" not in line for line in block)
