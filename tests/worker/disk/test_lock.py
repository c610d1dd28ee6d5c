"""A lock has one holder and dies with it."""

import os
import signal
import subprocess
import sys
import types
from pathlib import Path

import pytest
from funcnodes_worker.disk import lock as lock_module
from funcnodes_worker.disk.lock import FileLock, LockHeld

HOLDER = """
import os, sys
from pathlib import Path
from funcnodes_worker.disk.lock import FileLock
lock = FileLock(Path(sys.argv[1]))
lock.acquire()
if sys.argv[2] == "fork" and os.fork() == 0:
    os.write(1, b"%d\\n" % os.getpid())
    sys.stdin.read()
    os._exit(0)
os.write(1, b"held\\n")
sys.stdin.read()
"""


def start_holder(path: Path, how: str = "alone") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def is_locked(path: Path) -> bool:
    try:
        with FileLock(path):
            return False
    except LockHeld:
        return True


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.stdout.close()


def test_a_second_process_is_told_who_holds_it_and_gets_it_when_that_one_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "supervisor.lock"
    holder = start_holder(path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"

    with pytest.raises(LockHeld, match=str(holder.pid)):
        FileLock(path).acquire()
    assert is_locked(path)

    end(holder)
    with FileLock(path) as mine:
        assert mine.is_held


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_that_outlives_the_holder_does_not_keep_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "w.lock"
    holder = start_holder(path, "fork")
    assert holder.stdout is not None
    said = {holder.stdout.readline(), holder.stdout.readline()}
    child = int((said - {"held\n"}).pop())
    try:
        holder.kill()
        holder.wait()
        os.kill(child, 0)
        assert not is_locked(path)
    finally:
        os.kill(child, signal.SIGKILL)
        end(holder)


def test_this_process_can_not_take_it_twice_and_can_after_release(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    first = FileLock(path)
    first.acquire()
    with pytest.raises(LockHeld):
        FileLock(path).acquire()
    assert is_locked(path)
    first.release()
    first.release()

    assert not is_locked(path)
    assert path.exists(), "the file stays; only the lock counts"


def test_the_windows_branch_locks_one_far_byte_and_leaves_the_text_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, int, int]] = []

    def locking(descriptor: int, mode: int, count: int) -> None:
        calls.append((("lock", "unlock")[mode], os.lseek(descriptor, 0, os.SEEK_CUR), count))

    fake = types.SimpleNamespace(LK_NBLCK=0, LK_UNLCK=1, locking=locking)
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setattr(lock_module.os, "name", "nt")
    descriptor = os.open(tmp_path / "a.lock", os.O_RDWR | os.O_CREAT)
    try:
        lock_module._lock(descriptor)
        lock_module._unlock(descriptor)
    finally:
        os.close(descriptor)
        monkeypatch.undo()

    assert calls == [("lock", 1 << 30, 1), ("unlock", 1 << 30, 1)]
