"""How a worker's processes ended: one line each in the worker's folder.

Owns the file. From it the next manager knows which nodes are suspects. Does not judge (`fleet/aftermath`).
"""

from __future__ import annotations

import logging
import time

import msgspec
from funcnodes_worker.disk.atomic import write_atomically
from funcnodes_worker.home.worker_home import WorkerHome

from funcnodes.fleet.quarantine import Quarantine

LOGGER = logging.getLogger(__name__)
KEPT = 200
"""Lines that are kept; the file is rewritten when it has grown to twice as many."""


class End(msgspec.Struct, frozen=True, omit_defaults=True):
    """One end of a process; without a sentence a node that was let go, or one whose past was carried over."""

    at: float
    """Seconds since the epoch."""
    sentence: str = ""
    followed: str = ""
    node: str | None = None
    """The node that ran, or that was let go."""
    name: str = ""
    """What people called that node then."""
    times: int = 0
    """How often the node ran at an end of the worker that this one is a copy of."""
    carried: str = ""
    """The sentence of the last such end."""


_decoder = msgspec.json.Decoder(End)


def note_end(
    home: WorkerHome, *, node: str | None, sentence: str = "", followed: str = "", name: str = ""
) -> None:
    """Add a line. A worker whose folder is gone or full loses a line of history, nothing else."""
    _write(home, End(time.time(), sentence, followed, node, name))


def carry_suspects(reference: WorkerHome, home: WorkerHome) -> None:
    """Let a worker with a copy of another's graph suspect whom that one suspects: the nodes are the same."""
    for node, (times, why) in quarantine_of(reference).suspects.items():
        _write(home, End(time.time(), node=node, times=times, carried=why))


def _write(home: WorkerHome, end: End) -> None:
    line = msgspec.json.encode(end) + b"\n"
    try:
        with home.ends_file.open("ab") as file:
            file.write(line)
        lines = home.ends_file.read_bytes().splitlines(keepends=True)
        if len(lines) > 2 * KEPT:
            write_atomically(home.ends_file, b"".join(lines[-KEPT:]))
    except OSError as problem:
        LOGGER.warning("worker %s: cannot write %s: %s", home.uuid, home.ends_file, problem)


def read_ends(home: WorkerHome) -> list[End]:
    """Return all that is known, the oldest first. A line torn by a power cut is passed over."""
    try:
        lines = home.ends_file.read_bytes().splitlines()
    except OSError:
        return []
    ends: list[End] = []
    for line in lines:
        try:
            ends.append(_decoder.decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
    return ends


def last_ends(home: WorkerHome, limit: int) -> list[End]:
    """Return the last ends of processes, the newest first."""
    ends = [end for end in read_ends(home) if end.sentence]
    return ends[::-1][: max(0, limit)]


def quarantine_of(home: WorkerHome) -> Quarantine:
    """Return the suspects of a worker as its ends tell."""
    quarantine = Quarantine()
    for end in read_ends(home):
        if end.node is None:
            continue
        if end.times:
            quarantine.suspect(end.node, end.times, end.carried)
        elif end.sentence:
            quarantine.blame(end.node, end.sentence)
        else:
            quarantine.let_go(end.node)
    return quarantine
