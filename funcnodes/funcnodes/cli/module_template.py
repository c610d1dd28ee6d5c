"""The files of a new node module. Pure.

Owns their text. `@NAME@` stands for the distribution, `@PACKAGE@` for the package that is imported, `@ID@`
for what its nodes' ids begin with, `@TITLE@` for its shelf.
"""

from __future__ import annotations

from collections.abc import Mapping

_PROJECT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "@NAME@"
version = "0.1.0"
description = "Nodes for FuncNodes"
readme = "README.md"
requires-python = ">=3.11"
# Below 3 it is another program of this name.
dependencies = ["funcnodes-core>=3"]

# By these a worker finds the module and its nodes.
[project.entry-points."funcnodes.module"]
module = "@PACKAGE@"
shelf = "@PACKAGE@:NODE_SHELF"

[dependency-groups]
dev = ["pytest", "pytest-asyncio"]

@SOURCE@[tool.hatch.build.targets.wheel]
packages = ["@PACKAGE@"]

[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
testpaths = ["tests"]
"""

_PACKAGE = '''"""@NAME@: nodes for FuncNodes."""

from typing import Annotated

import funcnodes_core as fn


# The id stands in saved graphs: never change it once a graph may hold it.
@fn.NodeDecorator(id="@ID@.scale", name="Scale", outputs=[{"name": "scaled"}])
def scale(
    value: Annotated[float, fn.InputMeta(description="What is scaled.")],
    factor: Annotated[float, fn.InputMeta(description="By how much.")] = 2.0,
) -> float:
    """Multiply a value by a factor."""
    return value * factor


NODE_SHELF = fn.Shelf(
    name="@TITLE@",
    description="Nodes of @NAME@.",
    nodes=[scale],
    subshelves=[],
)
'''

_TESTS = '''"""What the nodes do, one by one and wired."""

import funcnodes_core as fn

from @PACKAGE@ import NODE_SHELF, scale


async def test_a_value_is_scaled() -> None:
    node = scale()
    node.inputs["value"].value = 3.0
    await node
    assert node.outputs["scaled"].value == 6.0


async def test_a_chain_of_nodes() -> None:
    first, second = scale(), scale()
    first.outputs["scaled"].connect(second.inputs["value"])
    second.inputs["factor"].value = 10.0
    first.inputs["value"].value = 1.0
    await fn.run_until_complete(first, second)
    assert second.outputs["scaled"].value == 20.0


def test_the_shelf_holds_every_node() -> None:
    assert NODE_SHELF.nodes == [scale]
'''

_README = """# @NAME@

Nodes for [FuncNodes](https://github.com/Linkdlab/funcnodes).

| node | does |
|---|---|
| Scale | multiplies a value by a factor |

## Use it

```
funcnodes worker install WORKER @NAME@
```

## Work on it

```
uv run pytest
```

The nodes are in `@PACKAGE@/__init__.py`, their tests in `tests/`.
"""

_CI = """name: tests
on: [push, pull_request]
jobs:
  tests:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        python: ["3.11", "3.12", "3.13"]
    steps:
      - uses: actions/checkout@v4
      - uses: astral-sh/setup-uv@v5
      - run: uv run@CI@ --python ${{ matrix.python }} pytest
"""

_IGNORED = """.venv/
__pycache__/
*.egg-info/
dist/
.pytest_cache/
uv.lock
"""

_FILES = {
    "pyproject.toml": _PROJECT,
    "README.md": _README,
    "@PACKAGE@/__init__.py": _PACKAGE,
    "@PACKAGE@/py.typed": "",
    "tests/test_nodes.py": _TESTS,
    ".github/workflows/tests.yml": _CI,
    ".gitignore": _IGNORED,
}


_SOURCE = """# The FuncNodes of this machine: `uv run` takes it from there, a release of the module does not.
[tool.uv.sources]
funcnodes-core = @PLACE@

"""


def files_of(
    distribution: str, package: str, source: Mapping[str, str | bool] | None = None
) -> dict[str, str]:
    """Return the files of a new module by their paths in its folder.

    `source` is where this machine has funcnodes-core from, unless that is the index.
    """
    short = package.removeprefix("funcnodes_") or package
    words = {
        "@NAME@": distribution,
        "@PACKAGE@": package,
        "@ID@": short,
        "@TITLE@": short.replace("_", " ").title(),
        "@SOURCE@": "" if source is None else _SOURCE.replace("@PLACE@", _inline(source)),
        # Where it is tested at each push there is no such folder.
        "@CI@": " --no-sources" if source is not None and "path" in source else "",
    }

    def filled(text: str) -> str:
        for mark, word in words.items():
            text = text.replace(mark, word)
        return text

    return {filled(path): filled(text) for path, text in _FILES.items()}


def _inline(source: Mapping[str, str | bool]) -> str:
    import tomlkit

    table = tomlkit.inline_table()
    table.update(source)
    return table.as_string()
