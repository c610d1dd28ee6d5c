"""The program that compiles an environment's bytecode, run by that environment's own interpreter.

Owns the store of compiled files and how one is named: after the hash that its package's RECORD says of the
source, and the source's time and size, which are what Python itself compares before it believes bytecode. Two
environments whose files are links to the same file of the installer's cache share it. Where files are copied
instead, their times differ and each environment is compiled by itself.

Only the standard library: of our own modules an environment may have another release, or none.
"""

from __future__ import annotations

import base64
import compileall
import contextlib
import hashlib
import importlib
import importlib.util
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

PRUNE_AFTER_S = 3 * 24 * 3600.0
"""Bytecode that no environment has any more is kept so long for the next one."""
_NICE = 15
_HEADER = 16
_DIGEST = re.compile(r"[A-Za-z0-9_-]{43}")


def sources(packages: Path) -> Iterator[tuple[str, str]]:
    """Give the source files that the packages' records name, each with the hash that stands there."""
    for record in packages.glob("*.dist-info/RECORD"):
        for line in record.read_text(encoding="utf-8", errors="replace").splitlines():
            path, _, rest = line.partition(",")
            digest = rest.rpartition(",")[0].removeprefix("sha256=")
            # What lies elsewhere is no module. A name in quotes holds a comma: so rare that it is left alone.
            is_inside = path.endswith(".py") and ".." not in path and not os.path.isabs(path)  # noqa: PTH117
            if is_inside and _DIGEST.fullmatch(digest):
                yield path, digest


def stored_name(source: os.stat_result, digest: str) -> str:
    """Return the name in the store of what is compiled from this source."""
    return f"{digest}-{int(source.st_mtime)}-{source.st_size}.pyc"


def compiled_path(packages: Path, source: str, tag: str) -> str:
    """Return where Python looks for what is compiled from this source."""
    folder, name = os.path.split(os.path.join(packages, source))  # noqa: PTH118 - called for each of thousands
    return f"{folder}{os.sep}__pycache__{os.sep}{name[:-3]}.{tag}.pyc"


def keep(packages: Path, store: Path) -> None:
    """Link into the store what is compiled here and not known there."""
    tag = str(sys.implementation.cache_tag)
    store.mkdir(parents=True, exist_ok=True)
    known = {entry.name for entry in store.iterdir()}
    for source, digest in sources(packages):
        # A file that vanishes meanwhile, a file system without links: it is compiled another time.
        with contextlib.suppress(OSError):
            status = (packages / source).stat()
            name, compiled = stored_name(status, digest), compiled_path(packages, source, tag)
            # The hash is checked, since no installer does: a record that is wrong about a file must not make
            # others run what that file was compiled to.
            if name not in known and _is_current(compiled, status) and _digest(packages / source) == digest:
                os.link(compiled, store / name)


def _is_current(compiled: str, source: os.stat_result) -> bool:
    """Tell whether Python would believe this bytecode: of this release, of this source."""
    numbers = (0, int(source.st_mtime), source.st_size)
    words = b"".join((number & 0xFFFFFFFF).to_bytes(4, "little") for number in numbers)
    with open(compiled, "rb") as file:  # noqa: PTH123 - called for each of thousands
        return file.read(_HEADER) == importlib.util.MAGIC_NUMBER + words


def _digest(source: Path) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(source.read_bytes()).digest()).rstrip(b"=").decode()


def prune(store: Path, now: float) -> None:
    """Remove what no environment has had for some days: the store holds the only link to it."""
    for file in store.iterdir():
        with contextlib.suppress(OSError):
            status = file.stat()
            if status.st_nlink == 1 and now - status.st_ctime > PRUNE_AFTER_S:
                file.unlink()


def _end_with_parent() -> None:
    """End as soon as whoever started this has: its end of our standard input is closed then."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        os._exit(1)

    threading.Thread(target=wait, name="funcnodes-pool-parent", daemon=True).start()


def step_back() -> None:
    """Leave the processor to whoever else wants it.

    Linux may weigh sessions against each other and niceness within one only (sched(7), "The autogroup
    feature"): beside workers, which have sessions of their own, this takes a nice session too.
    """
    if hasattr(os, "nice"):
        os.nice(_NICE)
    autogroup = Path("/proc/self/autogroup")
    # Who leads a group already stays in its session, and where there is no such file it makes no difference.
    with contextlib.suppress(OSError):
        if autogroup.exists():
            os.setsid()
            autogroup.write_text(str(_NICE))


def main(arguments: list[str]) -> None:
    """Do `packages store [module…]`: compile everything, or only what these modules import; keep it."""
    packages, store, modules = Path(arguments[0]), Path(arguments[1]), arguments[2:]
    _end_with_parent()
    if modules:
        for module in modules:
            importlib.import_module(module)
    else:
        # In the background, right after a worker has said hello: it must not take the processor from it.
        step_back()
        # Files that cannot be compiled (templates, other Pythons' syntax) are no problem of ours.
        compileall.compile_dir(str(packages), quiet=2)
    keep(packages, store)
    prune(store, time.time())


if __name__ == "__main__":
    main(sys.argv[1:])
