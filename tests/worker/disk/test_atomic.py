"""A written file is whole or not there, whatever happens in between."""

import os
import stat
from pathlib import Path

import pytest
from funcnodes_worker.disk.atomic import remove_leftovers, set_aside, write_atomically


class PowerCutError(Exception):
    """Stands for the end of the process at one place."""


def cut_at(wanted: str):
    def faults(place: str) -> None:
        if place == wanted:
            raise PowerCutError

    return faults


def test_a_written_file_holds_the_text_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_atomically(path, "{}\n")

    assert path.read_bytes() == b"{}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("place", ["atomic:half_written", "atomic:synced"])
def test_a_write_that_breaks_before_the_rename_leaves_the_old_file(tmp_path: Path, place: str) -> None:
    path = tmp_path / "a.json"
    write_atomically(path, "old")
    with pytest.raises(PowerCutError):
        write_atomically(path, "new and longer", faults=cut_at(place))

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path], "an error takes its temporary file away"


def test_a_write_that_breaks_after_the_rename_has_the_whole_new_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_atomically(path, "old")
    with pytest.raises(PowerCutError):
        write_atomically(path, "new", faults=cut_at("atomic:renamed"))

    assert path.read_text() == "new"


def test_a_link_is_followed_so_the_file_stays_where_its_owner_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    real = tmp_path / "kept" / "config.json"
    real.write_text("old")
    link = tmp_path / "config.json"
    link.symlink_to(real)
    write_atomically(link, "new")

    assert link.is_symlink()
    assert real.read_text() == "new"


def test_leftovers_of_a_dead_writer_are_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".a.json.01ab23cd.tmp~").write_text("half")
    (tmp_path / "a.json").write_text("whole")
    (tmp_path / ".hidden").write_text("mine")

    assert [path.name for path in remove_leftovers(tmp_path)] == [".a.json.01ab23cd.tmp~"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "a.json"]


def test_what_is_set_aside_twice_keeps_both_contents(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("one")
    first = set_aside(path)
    path.write_text("two")
    second = set_aside(path)

    assert (first.read_text(), second.read_text(), path.exists()) == ("one", "two", False)
    assert first.name.startswith("a.json.damaged-")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no sync of folders")
def test_the_content_is_synced_before_the_rename_and_the_folder_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Watched at the system's doors, with the real calls behind them."""
    seen: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def watched_fsync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        size = os.fstat(descriptor).st_size
        seen.append("sync folder" if is_folder else f"sync {size} bytes")
        fsync(descriptor)

    def watched_replace(source: Path, target: Path) -> Path:
        seen.append("rename")
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(Path, "replace", watched_replace)
    write_atomically(tmp_path / "a.json", "12345")

    assert seen == ["sync 5 bytes", "rename", "sync folder"]
