"""The hash of a node's code is another when code that it computes with is another, and only then."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from funcnodes_worker.runtime.kept_code import Codes

Write = Callable[[str, str], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Write]:
    """Write a file below three folders that modules are imported from."""
    before = set(sys.modules)
    for name in ("work", "scripts", "site"):
        (tmp_path / name).mkdir()
        monkeypatch.syspath_prepend(str(tmp_path / name))

    def put(path: str, text: str) -> None:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        importlib.invalidate_caches()

    yield put
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def code(tmp_path: Path) -> Callable[[str], str | None]:
    """Return the hash of a node class of a module, as a process that starts now finds it."""

    def of(module: str) -> str | None:
        return Codes(time.time() + 100, tmp_path / "scripts", [tmp_path / "site"]).of(node_of(module))

    return of


def node_of(module: str) -> Any:
    return SimpleNamespace(__module__=module, node_id="n", run_plan=SimpleNamespace())


def distribution(name: str, version: str, *requires: str) -> str:
    needed = "".join(f"Requires-Dist: {one}\n" for one in requires)
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}"


def test_a_helper_in_another_file_counts(write: Write, code: Callable[[str], str | None]) -> None:
    """It was the function's own package only: the node kept what the old helper had computed."""
    write("work/nodes_a.py", "import helper_a\ndef f(a): return helper_a.f(a)\n")
    write("work/helper_a.py", "from deep_a.inner import x as y\ndef f(a): return a\n")
    write("work/deep_a/__init__.py", "import nodes_a  # round and round\n")
    write("work/deep_a/inner.py", "x = 1\n")
    write("work/stranger_a.py", "x = 1\n")
    first = code("nodes_a")
    assert first is not None
    write("work/stranger_a.py", "x = 2\n")
    assert code("nodes_a") == first
    seen: set[str | None] = {first}
    for path in ("work/helper_a.py", "work/deep_a/inner.py", "work/nodes_a.py"):
        write(path, "x = 3\nimport helper_a, deep_a\n")
        seen.add(code("nodes_a"))
    assert len(seen) == 4


@pytest.mark.parametrize(
    "line",
    [
        "import other, helper_b as h",
        "import helper_b.part",
        "from helper_b import part",
        "    from helper_b.part import (\n        x,\n    )",
        "try: import helper_b",
        "x = 1; import helper_b",
        "from helper_b \\\n    import part",
        "importlib.import_module('helper_b')",
    ],
)
def test_every_way_to_import_counts(write: Write, code: Callable[[str], str | None], line: str) -> None:
    write("work/nodes_b.py", f"import os\n{line}\n")
    write("work/helper_b/__init__.py", "")
    write("work/helper_b/part.py", "x = 1\n")
    first = code("nodes_b")
    write("work/helper_b/part.py", "x = 2\n")
    assert None is not first != code("nodes_b") is not None


def test_what_is_not_there_counts_when_it_comes(write: Write, code: Callable[[str], str | None]) -> None:
    write("work/nodes_c.py", "try:\n    import helper_c\nexcept ImportError:\n    pass\n")
    first = code("nodes_c")
    assert first == code("nodes_c")
    write("work/helper_c.py", "")
    assert code("nodes_c") != first


def test_the_users_scripts_count_all_together(write: Write, code: Callable[[str], str | None]) -> None:
    """Whatever they do with each other: also a file that is read by its name."""
    write("scripts/bench_d.py", "exec(open('other_d.py').read())\n")
    write("scripts/deep/other_d.py", "x = 1\n")
    write("work/nodes_d.py", "import bench_d\n")
    first = code("bench_d"), code("nodes_d")
    write("scripts/deep/other_d.py", "x = 2\n")
    second = code("bench_d"), code("nodes_d")
    assert None not in first
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_what_is_installed_counts_by_its_versions(write: Write, code: Callable[[str], str | None]) -> None:
    """Its files are not read: only installing changes it. What an extra would need is nothing to it."""
    write("work/nodes_e.py", "import lib_e\n")
    write("site/lib_e/__init__.py", "x = 1\n")
    write(
        "site/lib_e-1.0.dist-info/METADATA",
        distribution("Lib-E", "1.0", "below.e>=1", "dear-e; extra == 'x'"),
    )
    write("site/below_e-1.0.dist-info/METADATA", distribution("below-e", "1.0", "lib_e"))
    write("site/dear_e-1.0.dist-info/METADATA", distribution("dear-e", "1.0"))
    first = code("nodes_e")
    write("site/lib_e/__init__.py", "x = 2\n")
    write("site/dear_e-1.0.dist-info/METADATA", distribution("dear-e", "2.0"))
    write("site/stranger_e-1.0.dist-info/METADATA", distribution("stranger-e", "1.0"))
    assert None is not first == code("nodes_e")
    write("site/below_e-1.0.dist-info/METADATA", distribution("below-e", "1.1"))
    second = code("nodes_e")
    write("site/lib_e-1.0.dist-info/METADATA", distribution("Lib-E", "1.2"))
    assert len({first, second, code("nodes_e")}) == 3


def test_what_is_installed_under_another_name_counts(write: Write, code: Callable[[str], str | None]) -> None:
    write("work/nodes_f.py", "import import_f\nimport single_f\nimport by_hand_f\n")
    write("site/import_f/__init__.py", "")
    write("site/single_f.py", "")
    write("site/by_hand_f.py", "")
    seen: set[str | None] = set()
    for version in ("1", "2"):
        for name, file in (("named-f", "import_f/__init__.py"), ("other-f", "single_f.py")):
            folder = f"site/{name.replace('-', '_')}.dist-info"
            write(f"{folder}/METADATA", distribution(name, version))
            write(f"{folder}/RECORD", f"x/y.py,,\n{file},sha256=abc,0\n")
            seen.add(code("nodes_f"))
    assert None not in seen
    assert len(seen) == 4


def test_a_linked_package_behind_an_installed_one_counts(
    write: Write, code: Callable[[str], str | None]
) -> None:
    write("work/nodes_g.py", "import lib_g\n")
    write("site/lib_g/__init__.py", "import linked_g\n")
    write("site/lib_g-1.0.dist-info/METADATA", distribution("lib-g", "1.0", "linked-g"))
    write("site/linked_g-1.0.dist-info/METADATA", distribution("linked-g", "1.0"))
    write("site/linked_g-1.0.dist-info/direct_url.json", '{"url":"x","dir_info":{"editable":true}}')
    write("work/linked_g/__init__.py", "x = 1\n")
    first = code("nodes_g")
    write("work/linked_g/__init__.py", "x = 2\n")
    assert None is not first != code("nodes_g") is not None


def test_what_changed_since_the_start_is_unknown(write: Write, tmp_path: Path) -> None:
    """Of the package itself and of what it imports: which of both was imported, nobody knows."""
    write("work/nodes_h.py", "import helper_h\n")
    write("work/helper_h.py", "x = 1\n")
    os.utime(tmp_path / "work/nodes_h.py", (1000, 1000))
    os.utime(tmp_path / "work/helper_h.py", (2000, 2000))
    assert Codes(2000, None, []).of(node_of("nodes_h")) is not None
    assert Codes(1999, None, []).of(node_of("nodes_h")) is None
    assert Codes(2000, None, []).of(node_of("nothing_of_the_sort")) is None


def test_modules_that_were_loaded_again_are_looked_at_again(write: Write, tmp_path: Path) -> None:
    """A save that is taken back before the next start: what the code between computed is not kept."""
    write("work/nodes_i.py", "x = 1\n")
    os.utime(tmp_path / "work/nodes_i.py", (1000, 1000))
    codes = Codes(1500, None, [])
    first = codes.of(node_of("nodes_i"))
    write("work/nodes_i.py", "x = 2\n")
    assert None is not first == codes.of(node_of("nodes_i"))
    codes.forget()
    assert codes.of(node_of("nodes_i")) is None
