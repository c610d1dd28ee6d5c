"""The marker: written at no cost, read from outside, true after a kill."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from funcnodes_worker.wire.marker import SIZE, Marker, MarkerReader, Running, read_marker


def test_it_names_what_runs_and_nothing_else(tmp_path: Path) -> None:
    """Between begin and end, with the time and the number of the run."""
    marker = Marker(tmp_path / "marker")
    start = time.time()
    marker.begin("a")
    marker.end()
    marker.begin("b")
    found = read_marker(tmp_path / "marker")
    marker.end()
    nothing = read_marker(tmp_path / "marker")
    marker.close()

    assert found is not None
    assert (found.node, found.run) == ("b", 2)
    assert start <= found.since <= time.time()
    assert nothing is None
    assert (tmp_path / "marker").stat().st_size == SIZE


def test_a_long_id_is_cut_between_characters(tmp_path: Path) -> None:
    """47 bytes hold 23 letters of two bytes."""
    marker = Marker(tmp_path / "marker")
    marker.begin("ä" * 40)
    found = read_marker(tmp_path / "marker")
    marker.close()

    assert found is not None
    assert found.node == "ä" * 23


def test_it_is_true_after_a_kill(tmp_path: Path) -> None:
    """The mapping belongs to the system, not to the process."""
    code = (
        "import os, sys; from pathlib import Path; from funcnodes_worker.wire.marker import Marker; "
        "Marker(Path(sys.argv[1])).begin('n1'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "marker")], check=False)

    found = read_marker(tmp_path / "marker")
    assert isinstance(found, Running)
    assert found.node == "n1"


def test_a_missing_or_short_file_means_nothing_runs(tmp_path: Path) -> None:
    """A worker that has not come that far."""
    (tmp_path / "short").write_bytes(b"x")

    assert read_marker(tmp_path / "missing") is None
    assert read_marker(tmp_path / "short") is None


@contextmanager
def written_all_the_time(path: Path) -> Generator[None]:
    """Have two nodes begin in turns, as fast as they can, while the block runs."""
    marker, stop = Marker(path), threading.Event()

    def write() -> None:
        while not stop.is_set():
            marker.begin("a" * 47)
            marker.begin("b" * 47)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()
        marker.close()


def test_a_reader_never_mixes_two_runs(tmp_path: Path) -> None:
    """While a writer goes as fast as it can, each reading is one run as it was."""
    with written_all_the_time(tmp_path / "marker"):
        names = {found.node for _ in range(500) if (found := read_marker(tmp_path / "marker")) is not None}

    assert names <= {"a" * 47, "b" * 47}


def test_a_reader_that_is_kept_tells_each_time_what_runs_now(tmp_path: Path) -> None:
    """Also when it was there before the worker had come that far."""
    reader = MarkerReader(tmp_path / "marker")
    early = reader.read()
    marker = Marker(tmp_path / "marker")
    told = [reader.read()]
    for name in ("a", "b"):
        marker.begin(name)
        told.append(reader.read())
        marker.end()
    told.append(reader.read())
    reader.close()
    marker.close()

    assert (early, [found and found.node for found in told]) == (None, [None, "a", "b", None])


def test_a_reader_that_is_kept_never_mixes_two_runs(tmp_path: Path) -> None:
    """Nor does a file that was cut short lead it astray."""
    reader = MarkerReader(tmp_path / "marker")
    with written_all_the_time(tmp_path / "marker"):
        names = {found.node for _ in range(500) if (found := reader.read()) is not None}
    (tmp_path / "marker").write_bytes(b"x")
    short = reader.read()
    reader.close()

    assert names <= {"a" * 47, "b" * 47}
    assert short is None
