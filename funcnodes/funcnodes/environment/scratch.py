"""Trying to load modules in a process of their own, with the environment a worker would have.

Owns that one process and what it reports. It is the only user code that runs while something is installed,
and it runs neither in the manager nor in the worker.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from funcnodes.environment.programs import run_lines
from funcnodes.environment.uv import installer_environment

_LIMIT_S = 300.0
_MARK = "funcnodes-scratch:"
# Isolated (-I): neither the manager's folder nor PYTHONPATH may lend a module that the worker will not have.
_PROGRAM = f"""
import json, sys
from importlib.metadata import PackageNotFoundError, distribution
def tell(**facts): print("\\n{_MARK}" + json.dumps(facts), flush=True)
for name in sys.argv[1:]:
    try: points = list(distribution(name).entry_points.select(group="funcnodes.module"))
    except PackageNotFoundError: continue
    if not points: continue
    tell(package=name, modules=sorted({{point.module for point in points}}))
    try:
        for point in points: point.load()
    except BaseException as problem:
        tell(package=name, problem=f"{{type(problem).__name__}}: {{problem}}")
    else: tell(package=name, problem="")
"""


class Loaded(msgspec.Struct, frozen=True):
    """What the scratch process found: modules of each package with nodes, and why some do not load."""

    modules: dict[str, tuple[str, ...]]
    problems: dict[str, str]


class _Line(msgspec.Struct):
    package: str
    modules: list[str] = []
    problem: str | None = None


async def try_loading(python: Path, packages: Sequence[str], limit_s: float = _LIMIT_S) -> Loaded:
    """Return what happens when the entry points of these packages are loaded with this interpreter."""
    lines: list[_Line] = []
    command = [str(python), "-I", "-c", _PROGRAM, *packages]
    try:
        async with asyncio.timeout(limit_s):
            status, said = await run_lines(
                command, installer_environment(os.environ), lambda line: _hear(line, lines)
            )
    except TimeoutError:
        status, said = None, f"it did not finish within {limit_s:g} s"
    return _outcome(lines, status, said)


def _hear(line: str, lines: list[_Line]) -> None:
    if line.startswith(_MARK):
        lines.append(msgspec.json.decode(line.removeprefix(_MARK), type=_Line))


def _outcome(lines: Sequence[_Line], status: int | None, said: str) -> Loaded:
    begun = {line.package: tuple(line.modules) for line in lines if line.problem is None}
    ended = {line.package: line.problem for line in lines if line.problem is not None}
    problems = {package: problem for package, problem in ended.items() if problem}
    for package in begun.keys() - ended.keys():
        # It was being loaded when the process ended: the last line it said is the best evidence.
        last = next((line for line in reversed(said.splitlines()) if line and not line.startswith(_MARK)), "")
        problems[package] = f"the process ended while loading it (status {status}) {last}".rstrip()
    if status != 0 and not problems:
        problems["python"] = said.strip().splitlines()[-1] if said.strip() else f"ended with status {status}"
    return Loaded(begun, problems)
