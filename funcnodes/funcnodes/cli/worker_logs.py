"""`funcnodes worker logs`: the end of a worker's log, and what is added to it.

Owns reading the file from its end. Needs no manager unless the worker is named by less than its uuid.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from pathlib import Path
from typing import TextIO

from funcnodes.cli.problems import Problem
from funcnodes.cli.session import Asked
from funcnodes.cli.worker_actions import find, with_manager

_LOOK_S = 0.2


def show(asked: Asked, *, lines: int, follow: bool) -> None:
    """Print the last lines of the log of the worker that is meant."""
    worker = with_manager(asked, lambda reached: find(asked, reached))
    file = asked.base().workers / f"worker_{worker['uuid']}" / "worker.log"
    try:
        log = file.open(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise Problem(f"worker {worker['name'] or worker['uuid']!r} has no log yet; start it first") from None
    with log:
        sys.stdout.writelines(deque(log, maxlen=lines))
        sys.stdout.flush()
        if follow:
            _follow(log, file)


def _follow(log: TextIO, file: Path) -> None:
    """Print what is added, until Ctrl+C. Watched by looking: the writer is another program."""
    current = log
    opened: TextIO | None = None
    try:
        while True:
            if added := current.read():
                sys.stdout.write(added)
                sys.stdout.flush()
                continue
            time.sleep(_LOOK_S)
            # A full log is moved away and begun anew: then the old one grows no more.
            if file.exists() and file.stat().st_size < current.tell():
                if opened is not None:
                    opened.close()
                opened = current = file.open(encoding="utf-8", errors="replace")
    finally:
        if opened is not None:
            opened.close()
