"""What a running worker leaves in files: the published `.p` and `.runstate`, and `run.json` for us.

Owns their forms. The published two are written for others to read and never believed by us; `run.json` tells
the next supervisor which process to look for when the one that launched it is gone.
"""

from __future__ import annotations

import os
import time
from typing import Literal

import msgspec

from funcnodes_worker.disk.atomic import write_atomically
from funcnodes_worker.home.worker_home import WorkerHome

RunWord = Literal["starting", "running", "stopping", "stopped"]


class RunRecord(msgspec.Struct, frozen=True):
    """A worker's process: the pid alone may by now be another one's, so its start is kept with it."""

    pid: int
    """0: it was about to be launched, and whoever did so has not come to say which process it is."""
    started: float
    """Seconds since the epoch, as the system tells it."""


def write_run_word(home: WorkerHome, word: RunWord, detail: str = "") -> None:
    """Put the published files on disk for this very process. Called by the worker at each step."""
    # Whole or not at all: the original overwrites in place, and its readers now and then get an empty text.
    write_atomically(home.pid_file, str(os.getpid()))
    write_atomically(home.runstate_file, f"{word}\n{detail}" if detail else word)


def remove_run_files(home: WorkerHome) -> None:
    """Take all these files away: the worker has ended, and that was seen.

    Called by the worker in good order. What is left behind by a worker and a supervisor that died together
    says to the next supervisor: this one was to run.
    """
    remove_run_words(home)
    forget_run(home)


def remove_run_words(home: WorkerHome) -> None:
    """Take the published files away: no process is there. Called by the supervisor that saw its end."""
    home.pid_file.unlink(missing_ok=True)
    home.runstate_file.unlink(missing_ok=True)


def forget_run(home: WorkerHome) -> None:
    """Take our record away: nobody expects this worker to run. Called by the supervisor."""
    home.run_record.unlink(missing_ok=True)


def read_run_text(home: WorkerHome) -> str:
    """Return the published word with its detail in one line; empty when the worker says nothing."""
    try:
        return " - ".join(home.runstate_file.read_text(encoding="utf-8").split("\n"))
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


def write_run_record(home: WorkerHome, record: RunRecord) -> None:
    """Remember the process that was launched for this worker. Called by the supervisor."""
    write_atomically(home.run_record, msgspec.json.encode(record))


def read_run_record(home: WorkerHome) -> RunRecord | None:
    """Return the process that was last launched for this worker; it may be gone."""
    try:
        return msgspec.json.decode(home.run_record.read_bytes(), type=RunRecord)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def process_start() -> float:
    """Return when this process was started, in seconds since the epoch, as near as it can say by itself."""
    return _STARTED


# Taken at import, which a worker's program does first. Whoever compares allows for the import's own time.
_STARTED = time.time() - time.process_time()
