"""`import funcnodes as fn`: all published names, each imported when it is used."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import funcnodes
import funcnodes_core
import funcnodes_worker

OWN = {"LazyImport", "WorkerManager", "assert_worker_manager_running", "connect"}


def test_everything_that_core_and_worker_publish_is_here() -> None:
    """The list is written out, so that editors and type checkers see it; this keeps it true."""
    theirs = {*funcnodes_core.__all__, *funcnodes_worker.__all__}
    assert theirs | OWN == set(funcnodes.__all__)
    assert len(funcnodes.__all__) == len(set(funcnodes.__all__))
    for name in funcnodes.__all__:
        assert getattr(funcnodes, name) is not None
        for owner in (funcnodes_core, funcnodes_worker):
            if name in owner.__all__:
                assert getattr(funcnodes, name) is getattr(owner, name)


def test_importing_it_imports_nothing_else() -> None:
    """Neither core nor the servers: `funcnodes --version` pays for none of them."""
    kinds = ("funcnodes_", "aiohttp", "typer")
    program = f"import sys, funcnodes; print([m for m in sys.modules if m.startswith({kinds})])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As for every module."""
    with pytest.raises(AttributeError, match="module 'funcnodes' has no attribute 'Nodde'"):
        _ = funcnodes.Nodde


def test_a_lazy_import_loads_at_its_first_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And takes its own place in the namespace it was put in."""
    (tmp_path / "slow_module_of_a_test.py").write_text("answer = 42")
    monkeypatch.syspath_prepend(tmp_path)
    names: dict[str, object] = {"__name__": "a_parent"}
    lazy = funcnodes.LazyImport("slow", names, "slow_module_of_a_test", register_alias=True)
    names["slow"] = lazy
    try:
        assert not lazy.is_loaded()
        assert sys.modules["a_parent.slow"] is lazy
        assert lazy.answer == 42
        assert lazy.is_loaded()
        assert names["slow"] is lazy.load() is sys.modules["a_parent.slow"]
    finally:
        sys.modules.pop("a_parent.slow", None)
        sys.modules.pop("slow_module_of_a_test", None)


def test_a_lazy_import_may_stand_for_its_module_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until its first use, a list of its names too, whoever imports the module finds the stand-in."""
    (tmp_path / "module_stood_for.py").write_text("answer = 42")
    monkeypatch.syspath_prepend(tmp_path)
    names: dict[str, object] = {}
    lazy = funcnodes.LazyImport("short", names, "module_stood_for", register_in_sys_modules=True)
    try:
        assert (importlib.import_module("module_stood_for"), lazy.is_loaded(), names) == (lazy, False, {})
        assert "answer" in dir(lazy)
        assert names["short"] is sys.modules["module_stood_for"] is lazy.load()
        assert sys.modules["module_stood_for"] is not lazy
        with pytest.raises(AttributeError, match="nothing_like_it"):
            _ = lazy.nothing_like_it
    finally:
        sys.modules.pop("module_stood_for", None)


def test_a_lazy_import_of_what_is_missing_says_how_to_get_it() -> None:
    """The hint comes with the reason."""
    lazy = funcnodes.LazyImport("x", {}, "no_such_module_at_all", install_hint="run: uv add it")
    with pytest.raises(ImportError, match=r"no_such_module_at_all.*run: uv add it"):
        lazy.load()
