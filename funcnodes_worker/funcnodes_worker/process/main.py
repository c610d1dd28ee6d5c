"""`python -m funcnodes_worker.process.main --base D --uuid U`: the program of a worker."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence

if __name__ == "__main__":
    # Modules are no garbage: looking for some among what was just imported takes a tenth of the start, in
    # vain. The library's are no others; a look now and then is left for one that makes a lot of it meanwhile.
    # `run_worker` has it look as usual when all is loaded.
    gc.set_threshold(200_000, 10, 10)

# First, and only for what it does: it imports aiohttp for all others.
import funcnodes_worker.rpc.lean_start  # noqa: F401  # pyright: ignore[reportUnusedImport]

# isort: split
from funcnodes_worker.disk.lock import LockHeld
from funcnodes_worker.home.base import BaseProblem, prepare_base, resolve_base
from funcnodes_worker.home.worker_config import WorkerConfigBroken
from funcnodes_worker.home.worker_home import BadWorkerUuid, WorkerHome
from funcnodes_worker.process.crashes import kept_crashes
from funcnodes_worker.process.lifecycle import Options, run_worker
from funcnodes_worker.process.logs import worker_log
from funcnodes_worker.process.ports import NoPortFree, OpenToTheWorld
from funcnodes_worker.runtime.running import RunningNode
from funcnodes_worker.store.records import JournalTooNew, StoreFailed
from funcnodes_worker.wire.marker import Marker

_EXPECTED = (
    BaseProblem,
    BadWorkerUuid,
    WorkerConfigBroken,
    NoPortFree,
    OpenToTheWorld,
    LockHeld,
    JournalTooNew,
    StoreFailed,
)
"""The world's failures that a person can do something about: said as a sentence, without a traceback."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a worker until it is stopped; return the exit status."""
    given = _parser().parse_args(arguments)
    options = Options(not given.no_supervisor, given.no_auth, given.behind_proxy)
    try:
        base = resolve_base(given.base)
        prepare_base(base)
        home = WorkerHome(base, given.uuid)
        if not home.config_file.exists():
            return _fail(f"there is no worker {home.uuid!r} in {base.folder}; see 'funcnodes worker list'")
        home.files.mkdir(parents=True, exist_ok=True)
        # A file that was uploaded is opened by its name, and what a node writes by name is among the files.
        os.chdir(home.files)
        marker = Marker(home.marker)
        running = RunningNode(marker)
        try:
            with worker_log(home.log_file, running.node), kept_crashes(home.crash_file):
                return run_worker(base, home, running, options)
        finally:
            marker.close()
    except _EXPECTED as problem:
        return _fail(str(problem))


def _fail(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="funcnodes-worker", description="Run one worker in the foreground.")
    parser.add_argument("--base", required=True, help="the base folder")
    parser.add_argument("--uuid", required=True, help="the worker's id")
    parser.add_argument("--no-supervisor", action="store_true", help="do not look for a manager")
    parser.add_argument("--no-auth", action="store_true", help="ask for no token; on this machine only")
    parser.add_argument("--behind-proxy", action="store_true", help="a proxy with TLS stands in front")
    return parser


if __name__ == "__main__":
    sys.exit(main())
