"""Where importing and settings are better than those of the original: section 16 of the contract."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from funcnodes_core.lib import modules

import funcnodes_core as fn


class Own:
    """A type that a module shows in its own way."""


LOOK = """
import importlib, json, pkgutil, sys
out, err = sys.stdout, sys.stderr
import {package}
for found in pkgutil.walk_packages({package}.__path__, "{package}."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
print(json.dumps({{
    "streams": sys.stdout is out and sys.stderr is err,
    "foreign": sorted({{name.split(".")[0] for name in sys.modules}} & {{"pytest", "networkx", "_pytest"}}),
}}))
"""


def looked(package: str, home: Path, extra: dict[str, str] | None = None) -> dict[str, Any]:
    """Return what importing all of a package did in a process of its own, with warnings as errors."""
    environment = {"HOME": str(home), "USERPROFILE": str(home), "PATH": "", **(extra or {})}
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOOK.format(package=package)],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    return json.loads(answer.stdout)


def test_importing_all_of_the_core_leaves_no_trace(tmp_path: Path) -> None:
    """Points 3, 27, 29: no test tool, no missing package, no warning, no file in the home folder."""
    assert looked("funcnodes_core", tmp_path) == {"streams": True, "foreign": []}
    assert list(tmp_path.iterdir()) == []


def test_importing_funcnodes_leaves_the_streams_alone(tmp_path: Path) -> None:
    """Point 29: also where they are no terminal."""
    assert looked("funcnodes", tmp_path) == {"streams": True, "foreign": []}
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Put a module with entry points where Python finds it."""
    name = "tests_published_module"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text(
        "FUNCNODES_RENDER_OPTIONS = {'typemap': {'tests.Y': 'table'}}\nNODE_SHELF = {'name': 'mine'}\n"
    )
    information = tmp_path / f"{name}-1.2.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\nSummary: Sum\n"
    )
    (information / "entry_points.txt").write_text(
        f"[funcnodes.module]\nmodule = {name}\nshelf = {name}:NODE_SHELF\nbroken = {name}:NOT_THERE\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    known = dict(modules.AVAILABLE_MODULES)
    try:
        yield name
    finally:
        modules.AVAILABLE_MODULES.clear()
        modules.AVAILABLE_MODULES.update(known)
        sys.modules.pop(name, None)


def test_setup_loads_nothing_twice(installed: str) -> None:
    """Point 14: a module that is imported already stays the very object, with what it holds."""
    module = __import__(installed)
    module.marked = "here"
    entry = fn.setup()[installed]
    assert entry.entry_points["shelf"] == {"name": "mine"}
    assert (entry.module, sys.modules[installed], module.marked) == (module, module, "here")


def test_setup_finds_modules_without_importing_them(installed: str) -> None:
    """Section 11: the first entry that is read imports the module and sets it up."""
    entry = fn.setup()[installed]
    assert installed not in sys.modules
    assert entry.rep_dict == {
        "name": installed,
        "description": "Sum",
        "entry_points": ["module", "shelf", "broken"],
        "version": "1.2",
        "plugins": [],
        "render_options": False,
    }
    assert json.loads(json.dumps(entry, cls=fn.JSONEncoder)) == entry.rep_dict
    assert entry.entry_points.get("shelf") == {"name": "mine"}
    assert isinstance(entry.entry_points["module"], ModuleType)
    assert (entry.rep_dict["render_options"], fn.config.FUNCNODES_RENDER_OPTIONS["typemap"]["tests.Y"]) == (
        True,
        "table",
    )


def test_the_version_is_that_of_what_is_imported(
    installed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Section 11: an older one further behind on the path is hidden, as its code is."""
    information = tmp_path / "behind" / f"{installed}-0.9.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {installed}\nVersion: 0.9\n")
    (information / "entry_points.txt").write_text(
        f"[funcnodes.module]\nmodule = {installed}\nold = {installed}\n"
    )
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "behind")])
    entry = fn.setup()[installed]
    assert (entry.version, entry.description, list(entry.entry_points)) == (
        "1.2",
        "Sum",
        ["module", "shelf", "broken"],
    )


def test_a_setup_plugin_sees_modules_of_before_and_after(installed: str) -> None:
    """Section 11: with the module itself, one function per defining Python module."""
    seen: list[str] = []

    def plugin(module: fn.plugins.InstalledModule) -> None:
        seen.append(module.name)

    entry = fn.setup()[installed]
    try:
        fn.plugins.register_setup_plugin(plugin)
        fn.plugins.register_setup_plugin(plugin)
        assert installed not in seen
        entry.entry_points.get("shelf")
    finally:
        fn.plugins.PLUGIN_FUNCTIONS.pop(plugin.__module__)
    assert seen.count(installed) == 1


def test_render_options_are_merged_without_stumbling() -> None:
    """Point 15: keys that are types are named while the dictionary is walked; lists are joined."""
    options: dict[str, Any] = {"typemap": {Own: "table", bytes: "hex", "tests.Z": "x"}, "tests": {"l": [1]}}
    fn.config.update_render_options(options)
    fn.config.update_render_options({"tests": {"l": [1, 2]}})
    known = fn.config.FUNCNODES_RENDER_OPTIONS
    try:
        assert all(isinstance(key, str) for key in options["typemap"])
        assert (known["typemap"]["tests.Z"], known["tests"]) == ("x", {"l": [1, 2]})
        fn.config.update_render_options({"typemap": {"tests.never": object()}})
        assert "tests.never" not in known["typemap"]
    finally:
        known.pop("tests")
