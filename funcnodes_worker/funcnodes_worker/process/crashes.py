"""What the interpreter writes when native code crashes it: kept beside the log, and told by the next start.

A segfault leaves no time for a log. `faulthandler` then writes the Python stack of all threads into the file
it was given, without any code of ours.
"""

from __future__ import annotations

import faulthandler
import logging
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from funcnodes_worker.disk.atomic import move

_log = logging.getLogger("funcnodes.worker")
MAX_TOLD = 16_000


@contextmanager
def kept_crashes(file: Path) -> Generator[None]:
    """Have a crash in the block written into this file; what an earlier process left there is logged now."""
    _tell_last(file)
    with file.open("ab") as opened:
        file.chmod(0o600)
        faulthandler.enable(opened, all_threads=True)
        try:
            yield
        finally:
            faulthandler.disable()


def _tell_last(file: Path) -> None:
    try:
        text = file.read_bytes()[:MAX_TOLD].decode(errors="replace").strip()
    except FileNotFoundError:
        return
    if text:
        kept = file.with_name(f"{file.name}.1")
        move(file, kept)
        _log.error("the process before this one crashed; where it was then (also in %s):\n%s", kept, text)
