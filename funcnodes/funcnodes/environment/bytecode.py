"""Bytecode of environments: compiled once for all environments of a base folder that have the same files.

Owns when it is taken over and when it is compiled, and the mark of an environment that has it all. The store
and the program that fills it are `compiling`'s. Losing any of it costs time, nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
from pathlib import Path

import msgspec

from funcnodes.environment import compiling, state
from funcnodes.environment.errors import EnvironmentProblem
from funcnodes.environment.programs import run_lines
from funcnodes.environment.uv import installer_environment

_MARK = ".bytecode-is-compiled"
_IMPORTED = ("funcnodes_worker.process.main", "funcnodes_basic", "aiohttp.client")
"""What every worker imports until it says hello, the client with which it says it last."""


class Taken(msgspec.Struct, frozen=True):
    """How many files of an environment have bytecode now, and how many have none."""

    there: int
    missing: int


class Bytecode:
    """The compiled files of one base folder. `folder` is where they are kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def take_over(self, environment: Path) -> None:
        """Give a changed environment the bytecode that is known. Called after each installation."""
        taken = await asyncio.to_thread(self._take_over, environment)
        mark = environment / _MARK
        with contextlib.suppress(OSError):
            if taken.missing:
                mark.unlink(missing_ok=True)
            else:
                mark.touch()

    async def warm_up(self, environment: Path) -> None:
        """Compile what a worker imports at its start, where nothing is known: else its first start does.

        The next environment takes it over: this is done once for a base folder and a Python. Safe to cancel.
        """
        if (environment / _MARK).exists():
            return
        taken = await asyncio.to_thread(self._take_over, environment)
        if taken.missing and not taken.there:
            # Whatever is wrong, it is said where the worker is started.
            with contextlib.suppress(EnvironmentProblem):
                await self._run(environment, _IMPORTED)

    def forget(self) -> None:
        """Let go of what is kept: an environment is repaired, and nobody knows what else is damaged."""
        shutil.rmtree(self._folder, ignore_errors=True)

    async def compile_all(self, environment: Path) -> None:
        """Compile the rest, once. Safe to cancel; ends with this process."""
        mark = environment / _MARK
        if mark.exists():
            return
        await self._run(environment, ())
        mark.touch()

    async def _run(self, environment: Path, modules: tuple[str, ...]) -> None:
        packages, store = state.site_packages(environment), self._store(environment)
        python, program = state.python_in(environment), compiling.__file__
        command = [str(python), "-I", program, str(packages), str(store), *modules]
        await run_lines(command, installer_environment(os.environ), _unheard, ends_with_us=True)

    def _take_over(self, environment: Path) -> Taken:
        packages, store = state.site_packages(environment), self._store(environment)
        known = {entry.name for entry in store.iterdir()} if store.is_dir() else set[str]()
        tag, there, missing = _cache_tag(packages), 0, 0
        folders = set[str]()
        for source, digest in compiling.sources(packages):
            compiled = compiling.compiled_path(packages, source, tag)
            if os.path.exists(compiled) or (  # noqa: PTH110 - called for each of thousands
                known and _link(packages / source, digest, store, known, compiled, folders)
            ):
                there += 1
            else:
                missing += 1
        return Taken(there, missing)

    def _store(self, environment: Path) -> Path:
        """Return the place for this environment's Python, to the last figure of its version."""
        text = state.text_of(environment / "pyvenv.cfg") or ""
        settings = dict(re.findall(r"^(\w+) *= *(.*)$", text, re.MULTILINE))
        words = (settings.get("implementation", ""), settings.get("version_info", ""))
        return self._folder / re.sub(r"[^\w.]+", "-", "-".join(words))


def _link(source: Path, digest: str, store: Path, known: set[str], compiled: str, folders: set[str]) -> bool:
    """Give one source what is known of it; tell whether it was."""
    try:
        name = compiling.stored_name(source.stat(), digest)
        if name not in known:
            return False
        folder = os.path.dirname(compiled)  # noqa: PTH120 - called for each of thousands
        if folder not in folders:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - as above
            folders.add(folder)
        os.link(store / name, compiled)
    except FileExistsError:
        return True
    except OSError:
        return False  # A file that is gone, a file system without links: it is compiled as ever.
    return True


def _cache_tag(packages: Path) -> str:
    """Return the word in the names of CPython's bytecode; another Python's is not found, and not missed."""
    return f"cpython-{packages.parent.name.removeprefix('python').replace('.', '')}"


def _unheard(_line: str) -> None:
    """Pass over it: what cannot be compiled is said by whoever imports it."""
