"""A record of trust is good for one folder, one base folder and one line of history, and for nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from funcnodes_worker.home.base import Base, prepare_base
from funcnodes_worker.home.trust import Beginning, TrustRecord, covers, is_vouched, read_trust, vouch
from funcnodes_worker.home.worker_home import WorkerHome

RECORD = TrustRecord(epoch="e1")


def home_in(folder: Path, uuid: str = "w") -> WorkerHome:
    base = Base(folder)
    prepare_base(base)
    home = WorkerHome(base, uuid)
    home.folder.mkdir(exist_ok=True)
    return home


def test_a_record_is_read_where_it_was_made(tmp_path: Path) -> None:
    home = home_in(tmp_path / "base")
    assert not is_vouched(home)
    vouch(home, RECORD)
    assert read_trust(home) == RECORD
    assert home.trust_file.stat().st_mode & 0o777 == 0o600
    assert home.base.trust_key_file.stat().st_mode & 0o777 == 0o600


def test_a_record_copied_with_its_folder_says_nothing(tmp_path: Path) -> None:
    home = home_in(tmp_path / "base")
    vouch(home, RECORD)
    twin = home_in(tmp_path / "base", "twin")
    shutil.copy(home.trust_file, twin.trust_file)
    assert read_trust(twin) is None
    elsewhere = home_in(tmp_path / "other", "w")
    shutil.copy(home.trust_file, elsewhere.trust_file)
    assert read_trust(elsewhere) is None
    vouch(home_in(tmp_path / "other", "x"), RECORD)  # with a key of its own, too
    assert read_trust(elsewhere) is None


def test_a_whole_base_folder_that_somebody_hands_over_brings_no_trust(tmp_path: Path) -> None:
    vouch(home_in(tmp_path / "base"), RECORD)
    shutil.copytree(tmp_path / "base", tmp_path / "handed")
    assert read_trust(WorkerHome(Base(tmp_path / "handed"), "w")) is None


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"epoch":"e1","seal":""}', b"\xff" * 80])
def test_a_record_that_cannot_be_read_is_none(tmp_path: Path, content: bytes) -> None:
    home = home_in(tmp_path / "base")
    vouch(home, RECORD)
    home.trust_file.write_bytes(content)
    assert read_trust(home) is None


def test_a_record_whose_words_were_changed_is_none(tmp_path: Path) -> None:
    home = home_in(tmp_path / "base")
    vouch(home, RECORD)
    home.trust_file.write_bytes(home.trust_file.read_bytes().replace(b'"e1"', b'"e2"'))
    assert read_trust(home) is None


def test_a_damaged_key_lets_nothing_through(tmp_path: Path) -> None:
    home = home_in(tmp_path / "base")
    vouch(home, RECORD)
    home.base.trust_key_file.write_bytes(b"")
    assert read_trust(home) is None


BORN = TrustRecord()
COPIED = TrustRecord(snapshot="d1")


@pytest.mark.parametrize(
    ("record", "beginning", "is_empty", "expected"),
    [
        (None, None, False, False),
        (None, Beginning(digest=None), True, False),
        (RECORD, None, False, True),
        (TrustRecord(epoch="other"), None, False, False),
        # Somebody replaced nodespace.json, or the journal went.
        (RECORD, Beginning(digest="d9"), False, False),
        # Rebuilt from the trusted history; from another one.
        (RECORD, Beginning(digest="d9", continues="e1"), False, True),
        (RECORD, Beginning(digest="d9", continues="e0"), False, False),
        # A worker that was made here: empty, or with a copy of a trusted graph.
        (BORN, Beginning(digest=None), True, True),
        (BORN, Beginning(digest="d1"), False, False),
        (COPIED, Beginning(digest="d1"), False, True),
        (COPIED, Beginning(digest="d2"), False, False),
        (COPIED, None, False, False),
        # It was killed before it could write down which history it has begun.
        (BORN, None, True, True),
        (BORN, None, False, False),
    ],
)
def test_what_a_record_covers(
    record: TrustRecord | None, beginning: Beginning | None, is_empty: bool, expected: bool
) -> None:
    assert covers(record, "e1", beginning, is_empty=is_empty) is expected
