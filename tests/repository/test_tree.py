"""The tree is as the guides say: short files, well-named fragments, nothing of one machine or registry."""

import ast
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Lock files are made by tools; `tests/contract` and the basic nodes' list are records, not code to read.
LONG_BY_NATURE = re.compile(r"package-lock\.json$|generated\.ts$|\.json$|\.svg$")
LONGEST = 500
FRAGMENT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.(added|changed|fixed|removed)\.md")
# Hosts that package managers fetch from; which one is the machine's business, not the project's.
KNOWN_REGISTRIES = {"files.pythonhosted" + ".org", "pypi" + ".org/simple", "registry.npmjs" + ".org"}
INDEX_VARIABLES = (
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "PIP_INDEX_URL",
    "NPM_CONFIG_REGISTRY",
    "npm_config_registry",
)
LOCAL = {"localhost", "127.0.0.1"}
MACHINE = re.compile(r"(?<![\w.])/(?:home/[a-z]\w*/|Users/[A-Za-z]\w*/|work/main\b|root/\.)")


def tracked() -> list[Path]:
    """Return the text files that are committed or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [file for file in files if file.is_file() and is_text(file)]


def is_text(file: Path) -> bool:
    with file.open("rb") as opened:
        return b"\0" not in opened.read(4096)


def below_root(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def renames(source: str) -> list[int]:
    """Return the lines that rename a file: `path.replace(target)` has one argument."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [
        call.lineno
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and len(call.args) + len(call.keywords) == (2 if _is_module(call.func.value) else 1)
        and call.func.attr in ("replace", "rename", "renames", "move")
        and (call.func.attr != "replace" or call.args)
    ]


def _is_module(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id in ("os", "shutil")


def test_one_module_renames_files() -> None:
    """A rename without the syncs around it is lost in a power cut; `disk/atomic` knows them."""
    assert renames("a.replace(b); os.replace(a, b); text.replace('a', 'b'); structs.replace(a, b=c)") == [
        1,
        1,
    ]
    found = {
        below_root(file): lines
        for file in tracked()
        if file.is_relative_to(ROOT / "funcnodes_worker/funcnodes_worker")
        and file.suffix == ".py"
        and (lines := renames(file.read_text()))
    }

    assert list(found) == ["funcnodes_worker/funcnodes_worker/disk/atomic.py"]


def test_no_file_is_longer_than_its_room_allows() -> None:
    """At 500 lines there is a second room inside."""
    lengths = {
        below_root(file): len(file.read_text().splitlines())
        for file in tracked()
        if not LONG_BY_NATURE.search(file.name)
    }

    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def registries() -> set[str]:
    """Return the hosts that packages may have come from here: the known ones, and those of this machine."""
    chosen = {urlsplit(os.environ.get(name, "")).hostname for name in INDEX_VARIABLES}
    return KNOWN_REGISTRIES | {host for host in chosen if host and host not in LOCAL}


@pytest.mark.parametrize("host", sorted(registries()))
def test_no_file_names_a_registrys_host(host: str) -> None:
    found = [below_root(file) for file in tracked() if host in file.read_text().lower()]

    assert found == []


def test_no_file_names_a_path_of_one_machine() -> None:
    found = {
        below_root(file): match.group()
        for file in tracked()
        if (match := MACHINE.search(file.read_text())) and file != Path(__file__)
    }

    assert found == {}


def test_fragments_are_well_named_and_say_something() -> None:
    fragments = [file for file in (ROOT / "changes").iterdir() if file.name != "README.md"]

    assert [file.name for file in fragments if not FRAGMENT.fullmatch(file.name)] == []
    for file in fragments:
        text = file.read_text().strip()
        assert text, file.name
        assert not text.startswith("#"), file.name
        assert text.endswith((".", "!", ")", "`")), file.name


def test_nothing_is_committed_that_is_made() -> None:
    """Bundles, environments, lock files with hosts."""
    made = re.compile(r"(^|/)(\.venv|node_modules|dist|site|static)/|(^|/)uv\.lock$")

    assert [name for name in map(below_root, tracked()) if made.search(name)] == []
