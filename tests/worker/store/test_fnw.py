"""An archive comes in whole or not at all, and never writes outside its folder."""

from __future__ import annotations

import errno
import io
import json
import random
import stat
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from funcnodes_worker.store.fnw import FnwRefused, Limits, read_fnw, unpack_files, write_fnw

CONFIG, STATE = b'{"name":"lab"}', b'{"backend":{"nodes":[],"edges":[]}}'


def archive(path: Path, entries: dict[str, bytes], deflated: bool = False, **attributes: Any) -> Path:
    way = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", way) as made:
        for name, content in {"config": CONFIG, "state": STATE, **entries}.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = way
            for key, value in attributes.items():
                setattr(info, key, value)
            made.writestr(info, content)
    return path


def folder_in(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def take_in(path: Path, folder: Path) -> list[str]:
    parcel = read_fnw(path, folder)
    return unpack_files(path, parcel, folder, folder.parent / ".draft", lambda _: None).kept


def test_what_goes_out_comes_in(tmp_path: Path) -> None:
    files = folder_in(tmp_path)
    (files / "sub").mkdir()
    (files / "sub" / "data.csv").write_bytes(b"1,2\n")
    (files / "link").symlink_to("/etc/hostname")
    out = tmp_path / "flow.fnw"
    assert write_fnw(out, CONFIG, STATE, "[project]\n", files) == ()
    with zipfile.ZipFile(out) as made:
        assert made.namelist() == ["config", "state", "pyproject.toml", "files/sub/data.csv"]
        assert {info.compress_type for info in made.infolist()} == {zipfile.ZIP_STORED}
    there = tmp_path / "there" / "files"
    there.mkdir(parents=True)
    parcel = read_fnw(out, there)
    assert (parcel.config, parcel.state, parcel.project) == (
        json.loads(CONFIG),
        json.loads(STATE),
        "[project]\n",
    )
    assert take_in(out, there) == []
    assert contents(there) == {"sub/data.csv": b"1,2\n"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("files//etc/passwd", "absolute"),
        ("files/../nodespace.json", "goes up"),
        ("files/a/../../x", "goes up"),
        ("files/a\\..\\b", "backslash"),
        ("files/C:/x", "absolute"),
        ("files/con.txt", "device"),
        ("files/a\x01b", "control"),
        ("files/ab:c", "colon"),
    ],
)
def test_a_name_that_leads_elsewhere_refuses_the_whole_archive(
    tmp_path: Path, name: str, reason: str
) -> None:
    folder = folder_in(tmp_path)
    with pytest.raises(FnwRefused, match=reason) as refused:
        take_in(archive(tmp_path / "x.fnw", {"files/good": b"1", name: b"2"}), folder)
    assert "nothing was changed" in str(refused.value)
    assert contents(tmp_path) == {"x.fnw": (tmp_path / "x.fnw").read_bytes()}


def test_a_link_in_it_is_refused(tmp_path: Path) -> None:
    attributes: dict[str, Any] = {"external_attr": (stat.S_IFLNK | 0o777) << 16}
    with pytest.raises(FnwRefused, match="link"):
        take_in(archive(tmp_path / "x.fnw", {"files/l": b"/etc"}, **attributes), folder_in(tmp_path))


def test_a_link_that_is_there_leads_nothing_out(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    (tmp_path / "outside").mkdir()
    (folder / "away").symlink_to(tmp_path / "outside")
    with pytest.raises(FnwRefused, match="leads outside"):
        take_in(archive(tmp_path / "x.fnw", {"files/away/x": b"1"}), folder)
    assert not list((tmp_path / "outside").iterdir())


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    bomb = archive(tmp_path / "x.fnw", {"files/zeros": bytes(80 * 1024 * 1024)}, deflated=True)
    assert bomb.stat().st_size < 200_000
    tracemalloc.start()
    with pytest.raises(FnwRefused, match="zip bomb"):
        read_fnw(bomb, folder_in(tmp_path))
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_an_entry_that_is_larger_than_it_says_is_refused(tmp_path: Path) -> None:
    lying = archive(tmp_path / "x.fnw", {"files/a": b"x" * 5000}, deflated=True)
    content = lying.read_bytes()
    # The sizes stand twice: before the entry and in the directory at the end.
    lying.write_bytes(content.replace((5000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    folder = folder_in(tmp_path)
    with pytest.raises(FnwRefused):
        take_in(lying, folder)
    assert contents(folder) == {}


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(count=3), "entries"),
        (Limits(files=3), "bytes"),
        (Limits(state=5), "'state' has"),
        (Limits(settings=5), "'config' has"),
    ],
)
def test_what_is_too_much_is_refused(tmp_path: Path, limits: Limits, reason: str) -> None:
    path = archive(tmp_path / "x.fnw", {"files/a": b"1234", "files/b": b"1"})
    with pytest.raises(FnwRefused, match=reason):
        read_fnw(path, folder_in(tmp_path), limits)


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({"config": b"[]"}, "no JSON object"),
        ({"state": b"{"}, "no JSON"),
        ({"state": b"[" * 100_000}, "no JSON"),
        ({"files/a": b"1", "files/A": b"2"}, "twice"),
        ({"files/a": b"1", "files/a/b": b"2"}, "file and a folder"),
        ({"pyproject.toml": b"\xff"}, "no text"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, entries: dict[str, bytes], reason: str) -> None:
    with pytest.raises(FnwRefused, match=reason):
        read_fnw(archive(tmp_path / "x.fnw", entries), folder_in(tmp_path))


@pytest.mark.parametrize("missing", ["config", "state"])
def test_config_and_state_are_mandatory(tmp_path: Path, missing: str) -> None:
    path = tmp_path / "x.fnw"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr({"config": "state", "state": "config"}[missing], b"{}")
    with pytest.raises(FnwRefused, match=missing):
        read_fnw(path, folder_in(tmp_path))


@pytest.mark.parametrize("cut", [0, 1, 30, 100, -1, -20])
def test_half_an_archive_is_refused(tmp_path: Path, cut: int) -> None:
    path = archive(tmp_path / "x.fnw", {"files/a": b"1" * 100})
    path.write_bytes(path.read_bytes()[:cut])
    folder = folder_in(tmp_path)
    with pytest.raises(FnwRefused):
        take_in(path, folder)
    assert contents(folder) == {}


def test_a_flipped_bit_in_a_file_brings_nothing_in(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.fnw", {"files/a": b"whole", "files/b": b"unlucky"})
    path.write_bytes(path.read_bytes().replace(b"unlucky", b"unluckz"))
    folder = folder_in(tmp_path)
    with pytest.raises(FnwRefused, match="CRC"):
        take_in(path, folder)
    assert contents(folder) == {}
    assert not (tmp_path / ".draft").exists()


def test_a_file_that_was_there_is_kept_under_a_new_name(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    (folder / "a").write_bytes(b"mine")
    (folder / "same").write_bytes(b"same")
    kept = take_in(archive(tmp_path / "x.fnw", {"files/a": b"theirs", "files/same": b"same"}), folder)
    assert len(kept) == 1
    assert contents(folder) == {"a": b"theirs", kept[0]: b"mine", "same": b"same"}


def test_a_folder_in_the_way_undoes_all(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    (folder / "a").write_bytes(b"mine")
    (folder / "b").mkdir()
    path = archive(tmp_path / "x.fnw", {"files/a": b"theirs", "files/b": b"2"})
    with pytest.raises(FnwRefused, match="folder here"):
        take_in(path, folder)
    assert contents(folder) == {"a": b"mine"}


def test_a_large_file_goes_through_in_pieces(tmp_path: Path) -> None:
    files = folder_in(tmp_path)
    with (files / "large").open("wb") as large:
        large.truncate(100 * 1024 * 1024)
    out, there = tmp_path / "flow.fnw", tmp_path / "there"
    there.mkdir()
    tracemalloc.start()
    write_fnw(out, CONFIG, STATE, None, files)
    take_in(out, there)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (there / "large").stat().st_size == 100 * 1024 * 1024
    assert peak < 20_000_000


def test_what_the_published_release_writes_is_read(tmp_path: Path) -> None:
    """Its archives hold folders as entries, and names of its own are passed over."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.mkdir("files")
        made.writestr("config", CONFIG)
        made.writestr("state", STATE)
        made.writestr("files/x.txt", b"x")
        made.writestr("notes.md", b"?")
    path = tmp_path / "x.fnw"
    path.write_bytes(buffer.getvalue())
    folder = folder_in(tmp_path)
    assert read_fnw(path, folder).files == ("x.txt",)
    take_in(path, folder)
    assert contents(folder) == {"x.txt": b"x"}


@pytest.mark.parametrize("deflated", [False, True])
def test_damage_anywhere_refuses_the_archive_or_does_no_harm(tmp_path: Path, deflated: bool) -> None:
    """Whatever byte is another one: a sentence, never an error of the archive's reader."""
    good = archive(tmp_path / "good.fnw", {"files/a": b"1" * 100, "files/b": bytes(range(256))}, deflated)
    content, damaged = good.read_bytes(), tmp_path / "damaged.fnw"
    dice = random.Random(1)
    refused = 0
    for number in range(400):
        changed = bytearray(content)
        for _ in range(dice.randint(1, 4)):
            changed[dice.randrange(len(changed))] = dice.randrange(256)
        damaged.write_bytes(changed)
        folder = tmp_path / f"{number}"
        folder.mkdir()
        try:
            parcel = read_fnw(damaged, folder)
            unpack_files(damaged, parcel, folder, tmp_path / f".draft{number}", lambda _: None)
        except FnwRefused:
            refused += 1
            assert contents(folder) == {}
    assert refused > 100


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full disk at hand")
def test_an_archive_for_which_there_is_no_room_leaves_nothing_out_but_fails(tmp_path: Path) -> None:
    """A file that cannot be read is left out and named; a disk that is full is no reason to do so."""
    files = folder_in(tmp_path)
    (files / "large.bin").write_bytes(bytes(1_000_000))
    with pytest.raises(OSError, match="No space left") as full:
        write_fnw(Path("/dev/full"), CONFIG, STATE, None, files)
    assert full.value.errno == errno.ENOSPC
