"""What a test may not leave behind: threads, child processes, listening ports, files in the home folder.

Every check compares with what was there before the test, so that a server shared by a module is not counted.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support import warm_start

GRACE_S = 5.0
"""How long an ending thread or process may take after its test; real leaks stay for ever."""

# Threads that libraries keep for the life of the process, by the start of their names.
_LASTING_THREADS = ("ThreadPoolExecutor", "asyncio_", "pydevd", "execnet", "funcnodes-pool", "tqdm_monitor")


@dataclass(frozen=True)
class Left:
    """What is alive in and below this process at one moment."""

    threads: frozenset[int]
    children: frozenset[tuple[int, float]]
    ports: frozenset[int]


def _thread_is_counted(thread: threading.Thread) -> bool:
    return thread.is_alive() and not thread.name.startswith(_LASTING_THREADS)


def _below(pid: int) -> list[int]:
    """Return the processes below one, by the kernel's own lists: psutil reads all there are."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        try:
            threads = list(Path(f"/proc/{waiting.pop()}/task").iterdir())
            children = [int(one) for thread in threads for one in (thread / "children").read_text().split()]
        except OSError:
            continue  # It ended while we looked.
        found += children
        waiting += children
    return found


def _kept_warm() -> frozenset[int]:
    """Return the processes that wait for nodes or workers: tests share them, since one takes long to make."""
    process = sys.modules.get("funcnodes_core.engine.executors.process")
    return (process.POOL.pids if process is not None else frozenset()) | warm_start.pids()


def end_what_is_kept_warm() -> list[str]:
    """End those processes, and return who lives on. Called when all tests are over."""
    process = sys.modules.get("funcnodes_core.engine.executors.process")
    pids = _kept_warm()
    if process is not None:
        process.POOL.close()
    warm_start.close()
    return [f"process {pid} of nodes or workers" for pid in sorted(pids) if psutil.pid_exists(pid)]


def _children() -> list[psutil.Process]:
    """Return the processes below this one, but for those that are kept warm."""
    warm = _kept_warm()
    return [child for child in _all_children() if child.pid not in warm]


def _all_children() -> list[psutil.Process]:
    me = os.getpid()
    if not Path(f"/proc/{me}/task/{me}/children").exists():
        return psutil.Process(me).children(recursive=True)
    found: list[psutil.Process] = []
    for pid in _below(me):
        try:
            found.append(psutil.Process(pid))
        except psutil.NoSuchProcess:
            continue
    return found


def look() -> Left:
    """Return what is alive now."""
    me = psutil.Process()
    children: set[tuple[int, float]] = set()
    for child in _children():
        try:
            if child.status() != psutil.STATUS_ZOMBIE:
                children.add((child.pid, child.create_time()))
        except psutil.NoSuchProcess:
            continue
    ports = {c.laddr.port for c in me.net_connections("inet") if c.status == psutil.CONN_LISTEN}
    threads = {t.ident or 0 for t in threading.enumerate() if _thread_is_counted(t)}
    return Left(frozenset(threads), frozenset(children), frozenset(ports))


def describe(before: Left, now: Left) -> list[str]:
    """Return one sentence for each thing that is new."""
    names = {t.ident: t.name for t in threading.enumerate()}
    found = [f"thread {names.get(ident, ident)!r}" for ident in sorted(now.threads - before.threads)]
    for pid, _ in sorted(now.children - before.children):
        try:
            process = psutil.Process(pid)
            if not _is_service_of_a_browser(process, before):
                found.append(f"process {pid}: {' '.join(process.cmdline())[:200]}")
        except psutil.NoSuchProcess:
            continue
    return found + [f"listening port {port}" for port in sorted(now.ports - before.ports)]


def _is_service_of_a_browser(process: psutil.Process, before: Left) -> bool:
    """Tell whether a browser that tests share has started it, which it does at a time of its own."""
    there = {pid for pid, _ in before.children}
    return "--type=utility" in process.cmdline() and any(one.pid in there for one in process.parents())


def end(before: Left) -> None:
    """Kill the processes that are new, so that one test's leak does not slow down all that follow."""
    for pid, started in look().children - before.children:
        try:
            process = psutil.Process(pid)
            if process.create_time() == started:
                process.kill()
        except psutil.NoSuchProcess:
            continue


def wait_until_nothing_left(before: Left, grace_s: float = GRACE_S) -> list[str]:
    """Return what is still there once the grace has passed; an empty list at once when all is gone."""
    deadline = time.monotonic() + grace_s
    while True:
        found = describe(before, look())
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.02)  # A poll with a deadline: no event exists for "a foreign thread has ended".
