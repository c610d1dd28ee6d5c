"""Bytecode: compiled once for all environments with the same files, and never another file's."""

from __future__ import annotations

import asyncio
import base64
import errno
import hashlib
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from funcnodes.environment import compiling, state
from funcnodes.environment.bytecode import Bytecode

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the little environments here are POSIX's")

SOURCE = "def say():\n    return say.__code__.co_filename\n"
LIMIT_S = 30.0
STARTER = """
import asyncio, sys
from pathlib import Path
from funcnodes.environment.bytecode import Bytecode
asyncio.run(Bytecode(Path(sys.argv[2])).compile_all(Path(sys.argv[1])))
"""


@pytest.fixture
def bytecode(tmp_path: Path) -> Bytecode:
    return Bytecode(tmp_path / "kept")


def packages_of(environment: Path) -> Path:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return environment / "lib" / version / "site-packages"


def make_environment(folder: Path, *, version: str = "3.11.7") -> Path:
    """Return an environment with nothing in it but an interpreter."""
    packages_of(folder).mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / "pyvenv.cfg").write_text(f"implementation = CPython\nversion_info = {version}\n")
    return folder


def digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def install(environment: Path, module: str, text: str, *, recorded: str | None = None) -> Path:
    """Put a module of one file there with its record, as an installer does; `recorded` is what that says."""
    packages = packages_of(environment)
    (packages / f"{module}.py").write_text(text)
    line = f"{module}.py,sha256={digest(recorded or text)},{len(text)}\n"
    record = packages / f"{module}-1.0.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text(f"../../../bin/{module},sha256={digest('')},0\n{line}{module}-1.0.dist-info/RECORD,,\n")
    return packages / f"{module}.py"


def link_all(source: Path, target: Path, *, copied: bool = False) -> Path:
    """Return a second environment with the same files, as the installer's cache gives them."""
    make_environment(target)
    packages_of(target).rmdir()
    how = shutil.copyfile if copied else os.link
    shutil.copytree(
        packages_of(source),
        packages_of(target),
        copy_function=how,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    return target


def compiled(environment: Path, module: str) -> Path:
    tag = sys.implementation.cache_tag
    return packages_of(environment) / "__pycache__" / f"{module}.{tag}.pyc"


def is_marked(environment: Path) -> bool:
    return (environment / ".bytecode-is-compiled").exists()


def run(environment: Path, code: str) -> str:
    command = [str(state.python_in(environment)), "-I", "-c", code, str(packages_of(environment))]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


async def test_what_one_environment_compiled_the_next_has(tmp_path: Path, bytecode: Bytecode) -> None:
    """Python believes it, and a traceback names the file that is there."""
    first = make_environment(tmp_path / "first")
    install(first, "talk", SOURCE)
    await bytecode.compile_all(first)
    second = link_all(first, tmp_path / "second")
    await bytecode.take_over(second)
    before = compiled(second, "talk").stat()
    said = run(second, "import sys; sys.path.insert(0, sys.argv[1]); import talk; print(talk.say())")

    assert (before.st_ino, is_marked(first), is_marked(second)) == (
        compiled(first, "talk").stat().st_ino,
        True,
        True,
    )
    assert said == str(packages_of(second) / "talk.py")
    # Not written anew: it was believed.
    assert compiled(second, "talk").stat().st_ino == before.st_ino


async def test_a_file_that_was_copied_or_changed_is_compiled_by_itself(
    tmp_path: Path, bytecode: Bytecode
) -> None:
    """Its time or its size is another, so Python would not believe what is known."""
    first = make_environment(tmp_path / "first")
    source = install(first, "talk", SOURCE)
    os.utime(source, (1_000_000_000, 1_000_000_000))
    await bytecode.compile_all(first)
    copied = link_all(first, tmp_path / "copied", copied=True)
    changed = link_all(first, tmp_path / "changed")
    (packages_of(changed) / "talk.py").unlink()
    (packages_of(changed) / "talk.py").write_text(SOURCE + "# changed\n")
    os.utime(packages_of(changed) / "talk.py", (1_000_000_000, 1_000_000_000))
    for environment in (copied, changed):
        await bytecode.take_over(environment)

    assert [compiled(one, "talk").exists() for one in (copied, changed)] == [False, False]
    assert [is_marked(one) for one in (copied, changed)] == [False, False]


async def test_a_record_that_is_wrong_about_its_file_gives_nobody_bytecode(
    tmp_path: Path, bytecode: Bytecode
) -> None:
    """No installer checks it: another package's hash stands there, or a place outside."""
    first = make_environment(tmp_path / "first")
    liar = install(first, "liar", "EVIL = True\n", recorded="GOOD = True\n")
    await bytecode.compile_all(first)
    honest = make_environment(tmp_path / "honest")
    good = install(honest, "good", "GOOD = True\n")
    os.utime(good, (liar.stat().st_mtime, liar.stat().st_mtime))
    outside = make_environment(tmp_path / "outside")
    record = packages_of(outside) / "out-1.0.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text(
        f"../../../out.py,sha256={digest('')},0\n{tmp_path}/out.py,sha256={digest('')},0\nin.py,sha256=../../in,0\n"
    )
    for environment in (honest, outside):
        await bytecode.take_over(environment)

    assert compiled(first, "liar").exists()
    assert not compiled(honest, "good").exists()
    assert list(compiling.sources(packages_of(outside))) == []


async def test_another_python_has_its_own(tmp_path: Path, bytecode: Bytecode) -> None:
    """To the last figure: what they write may differ."""
    first = make_environment(tmp_path / "first")
    install(first, "talk", SOURCE)
    await bytecode.compile_all(first)
    other = link_all(first, tmp_path / "other")
    (other / "pyvenv.cfg").write_text("implementation = CPython\nversion_info = 3.11.99\n")
    await bytecode.take_over(other)

    assert not compiled(other, "talk").exists()


async def test_what_was_added_is_compiled_after_the_next_hello(tmp_path: Path, bytecode: Bytecode) -> None:
    """An environment that had all has not any more."""
    first = make_environment(tmp_path / "first")
    install(first, "talk", SOURCE)
    await bytecode.compile_all(first)
    install(first, "more", "MORE = 1\n")
    await bytecode.take_over(first)
    had_all = is_marked(first)
    await bytecode.compile_all(first)

    assert (had_all, compiled(first, "more").exists(), is_marked(first)) == (False, True, True)


async def test_only_what_nobody_has_is_thrown_away_and_only_later(tmp_path: Path, bytecode: Bytecode) -> None:
    """And nothing of it is needed: what was let go of is compiled again."""
    first, second = make_environment(tmp_path / "first"), make_environment(tmp_path / "second")
    install(first, "talk", SOURCE)
    install(second, "other", "OTHER = 1\n")
    for environment in (first, second):
        await bytecode.compile_all(environment)
    shutil.rmtree(second)
    store = next((tmp_path / "kept").iterdir())
    counts = [len(list(store.iterdir()))]
    for later in (0.0, compiling.PRUNE_AFTER_S + 60.0):
        compiling.prune(store, time.time() + later)
        counts.append(len(list(store.iterdir())))
    bytecode.forget()
    third = link_all(first, tmp_path / "third")
    await bytecode.take_over(third)

    assert counts == [2, 2, 1]
    assert (compiled(first, "talk").exists(), compiled(third, "talk").exists()) == (True, False)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="it is held up by a named pipe")
async def test_the_compiling_ends_with_whoever_started_it(tmp_path: Path) -> None:
    """Killed, it cannot say goodbye: what it leaves would write into a folder that is being removed."""
    environment = make_environment(tmp_path / "first")
    record = packages_of(environment) / "stuck-1.0.dist-info" / "RECORD"
    record.parent.mkdir()
    os.mkfifo(record)
    starter = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STARTER, str(environment), str(tmp_path / "kept")
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            reached = await _open_when_read(record)
    finally:
        starter.kill()
        await starter.wait()
    # Readable by nobody any more: that is how the system says that the reader is gone.
    ended = select.poll()
    ended.register(reached, 0)
    news: Sequence[tuple[int, int]] = await asyncio.to_thread(ended.poll, LIMIT_S * 1000)
    os.close(reached)

    assert news == [(reached, select.POLLERR)]


async def _open_when_read(pipe: Path) -> int:
    """Return the writing end once somebody holds the reading one."""
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as problem:
            if problem.errno != errno.ENXIO:
                raise
            await asyncio.sleep(0.01)


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="sessions are not weighed here")
def test_the_compiling_leaves_the_processor_to_sessions_of_others() -> None:
    """Niceness counts within a session only, where the system weighs sessions against each other."""
    code = (
        "from funcnodes.environment.compiling import step_back; step_back();"
        "print(open('/proc/self/autogroup').read())"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=30
    )
    assert said.stdout.split()[1:] == ["nice", "15"]
