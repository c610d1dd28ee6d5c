"""The documentation is whole and true: what can be asked for is named, links lead somewhere, code runs."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from funcnodes_worker.home.base import Config
from funcnodes_worker.home.worker_config import WorkerConfig

from scripts import docs_commands, docs_reference, docs_site

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SOURCES = ("funcnodes_core", "funcnodes_worker", "funcnodes", "funcnodes_basic")
# The keys behind the fields of `Config`; a new field fails here until it has one, and a line on the page.
CONFIG_KEYS = {
    "manager_host": "worker_manager.host",
    "manager_port": "worker_manager.port",
    "frontend_host": "frontend.host",
    "frontend_port": "frontend.port",
    "frontend_url": "frontend.url",
    "allowed_origins": "allowed_origins",
    "tls_certificate": "tls.certificate",
    "tls_key": "tls.key",
    "tls_trusted": "tls.trusted",
    "pretrigger_delay_s": "nodes.default_pretrigger_delay",
}
NOT_IN_THE_FILE = {"raw", "notice"}


def written_pages() -> dict[str, str]:
    return {page.relative_to(DOCS).as_posix(): page.read_text() for page in sorted(DOCS.rglob("*.md"))}


def settings_page() -> str:
    return (DOCS / "reference" / "settings.md").read_text()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site, built. Broken links and anchors are warnings, and warnings fail."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    ended = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


def test_the_site_holds_every_page(site: Path) -> None:
    built = {page.relative_to(site).parent.as_posix() for page in site.rglob("index.html")}
    expected = [*written_pages(), *docs_reference.pages()]

    assert built >= {page.removesuffix(".md").removesuffix("index").rstrip("/") or "." for page in expected}


def test_nothing_of_the_site_is_fetched_from_elsewhere(site: Path) -> None:
    """A reader without a network sees the same pages."""
    fetched = re.compile(
        r"<(?:script|img|iframe)[^>]*\ssrc=\"https?://|<link[^>]*stylesheet[^>]*href=\"https?://"
    )
    pages = list(site.rglob("*.html"))

    assert pages
    assert [page.name for page in pages if fetched.search(page.read_text())] == []


def test_the_navigation_holds_every_page() -> None:
    pages = [*written_pages(), *docs_reference.pages()]

    assert sorted(leaves(docs_site.navigation(pages))) == sorted(pages)


def leaves(entry: Any) -> list[str]:
    if isinstance(entry, str):
        return [entry]
    inner = entry.values() if isinstance(entry, dict) else entry
    return [leaf for part in inner for leaf in leaves(part)]


@pytest.mark.parametrize("command", docs_commands.commands(), ids=lambda command: command.words)
def test_a_command_and_its_options_are_explained(command: docs_commands.Command) -> None:
    assert f"`{command.words}`" in docs_commands.command_line()
    assert command.help.endswith((".", "`"))
    assert [option for option, meaning in command.options if not meaning] == []


def test_every_command_that_a_guide_names_exists() -> None:
    """A renamed command must not live on in the guides."""
    known = {command.words for command in docs_commands.commands()}
    nouns = {words for words in known if any(other.startswith(f"{words} ") for other in known)}

    named = {
        (page, match.group(1), match.group(2))
        for page, text in {**written_pages(), "README.md": (ROOT / "README.md").read_text()}.items()
        if not page.startswith("design/")
        for match in re.finditer(r"funcnodes(?: --dir \S+)? ([a-z]+)(?: ([a-z]+))?(?=[\s`])", text)
        if re.search(r"(`|run )funcnodes(?: --dir \S+)? " + match.group(1), text)
    }
    wrong = {
        (page, verb, rest)
        for page, verb, rest in named
        if f"funcnodes {verb}" in nouns and rest and f"funcnodes {verb} {rest}" not in known
    }

    assert wrong == set()


METHODS = [*docs_commands.worker_methods(), *docs_commands.manager_methods()]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_method_on_the_wire_is_explained(method: Any) -> None:
    assert f"### `{method.name}`" in docs_commands.methods()
    assert (method.origin.__doc__ or "").strip()


def test_both_sockets_have_methods() -> None:
    """An empty table would make the test above say nothing."""
    assert len(docs_commands.worker_methods()) > 10
    assert len(docs_commands.manager_methods()) > 5


def test_every_setting_stands_on_the_settings_page() -> None:
    page = settings_page()
    fields = {field.name for field in msgspec.structs.fields(Config)} - NOT_IN_THE_FILE

    assert fields == set(CONFIG_KEYS)
    assert [key for key in CONFIG_KEYS.values() if f"`{key}`" not in page] == []


def test_every_field_of_a_workers_settings_stands_on_the_settings_page() -> None:
    page = settings_page()
    fields = [field.encode_name for field in msgspec.structs.fields(WorkerConfig) if field.name != "extra"]

    assert [name for name in fields if f"`{name}`" not in page] == []


def test_every_environment_variable_stands_on_the_settings_page() -> None:
    page = settings_page()
    found = {
        name
        for package in SOURCES
        for file in (ROOT / package / package).rglob("*.py")
        for name in re.findall(r"[\"'](FUNCNODES_[A-Z_]*[A-Z])[\"']", file.read_text())
    }

    # These are attributes of modules, not variables of the process.
    found -= {
        "FUNCNODES_RENDER_OPTIONS",
        "FUNCNODES_WORKER_CLASSES",
        "FUNCNODES_PLUGIN_SETUP",
        "FUNCNODES_LOGGER",
    }
    assert "FUNCNODES_CONFIG_DIR" in found
    assert sorted(name for name in found if f"`{name}`" not in page) == []


def test_the_readme_begins_with_what_it_is_and_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text()

    assert text.startswith("# FuncNodes\n\nFuncNodes is ")
    assert "\npython -m pip install uv && uv run funcnodes runserver\n" in text
    assert "\npython -m pip install uv && uv run pytest\n" in text


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "benchmarks/README.md"])
def test_links_of_a_page_outside_the_site_lead_somewhere(page: str) -> None:
    file = ROOT / page
    targets = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", file.read_text())

    assert [target for target in targets if not (file.parent / target).exists()] == []


def python_blocks(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text(), flags=re.DOTALL | re.MULTILINE)


def test_the_code_of_the_node_guide_runs_as_it_stands(tmp_path: Path) -> None:
    """Block after block in one program; the tests at its end are called."""
    blocks = python_blocks("guides/write-a-node.md")
    # Under the usual guard: a process node's module is imported once more in its process.
    calls = """
async def calls():
    await test_water_boils()
    await test_a_wire_carries_the_value_on()
    assert await fetch.initialize_and_call(station="sea") == 24.0
    assert await archive.initialize_and_call(days=3) == [0, 1, 2]
    assert await model.initialize_and_call(steps=4) == 14
    assert await hours.initialize_and_call(until=3) == 2
    assert await live.initialize_and_call(readings=3) == 22.0
    await nodes_of_objects()
    print("all ran")


async def nodes_of_objects():
    north, south = Tank("north"), Tank("south")
    level, drain = north.level.nodeclass()(), north.get_nodeclass("drain")()
    assert level.node_id == "weather.tank.north.level"
    assert (north.level.nodes(), south.level.nodes()) == ([level], [])
    south.rain(5)
    north.rain(3)
    await fn.run_until_complete(level)
    assert (level.outputs["litres"].value, level.figures.runs, north.level()) == (3, 1, 3)
    drain["litres"] = 10
    await drain
    assert (drain.outputs["out"].value, north.litres, south.litres) == (3, 0, 5)
    space = fn.NodeSpace()
    space.add_node_instance(level)
    north.cleanup()
    assert not space.nodes

    station = Station("roof", config={"step": 2.5})
    shown = station.temperature.nodeclass()()
    running = asyncio.ensure_future(station.continuous_run())
    while shown.outputs["celsius"].value is fn.NoValue:
        await asyncio.sleep(0)
    assert shown.outputs["celsius"].value == 22.5
    await station.stop()
    await running


if __name__ == "__main__":
    asyncio.run(calls())
"""
    program = tmp_path / "guide.py"
    program.write_text("\n\n".join([*blocks, calls]))

    ended = subprocess.run(
        [sys.executable, "-W", "error", str(program)], capture_output=True, text=True, timeout=60, check=False
    )

    assert (ended.returncode, ended.stdout) == (0, "all ran\n"), ended.stderr


def test_the_tests_of_the_testing_guide_pass(tmp_path: Path) -> None:
    """Block after block in one file, as an author would have it; the last is for the published plugin."""
    *blocks, with_the_plugin = python_blocks("guides/test-nodes.md")
    (tmp_path / "test_lab.py").write_text("\n\n".join(blocks))
    settings = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
    (tmp_path / "pytest.ini").write_text(settings)

    ended = subprocess.run(
        [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_lab.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{sum(block.count('def test_') for block in blocks)} passed" in ended.stdout
    # `tests/ecosystem/test_core_alone.py` runs this file with the plugin, in an environment of its own.
    program = (ROOT / "tests/ecosystem/programs/author_tests.py").read_text()
    assert with_the_plugin in program


def test_the_code_of_the_concepts_runs(tmp_path: Path) -> None:
    """What a page shows first is there for what it shows then; a line in front stands for what is at hand."""
    at_hand = {
        "concepts/core-components.md": ("", "import asyncio\nasyncio.run(main())\n"),
        "concepts/event-system.md": (
            """
import funcnodes_core as fn

@fn.NodeDecorator("demo.same")
def same(a: int) -> int:
    return a

node, space = same(), fn.NodeSpace()
space.add_node_instance(node)
""",
            "import asyncio\nasyncio.run(same.inti_call(a=1))\n",
        ),
    }
    for page, (before, after) in at_hand.items():
        program = tmp_path / "concept.py"
        program.write_text("\n\n".join([before, *python_blocks(page), after]))
        ended = subprocess.run(
            [sys.executable, "-W", "error", str(program)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, f"{page}: {ended.stderr}"


@pytest.mark.parametrize("page", sorted(written_pages()))
def test_python_in_a_page_is_python(page: str) -> None:
    for block in python_blocks(page):
        compile(block, page, "exec", flags=0x2000)  # ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
