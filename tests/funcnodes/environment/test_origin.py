"""Our own five packages as wheels: whole, stable, without anything of this machine."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from funcnodes.environment import origin
from funcnodes.environment.errors import OriginUnknown
from funcnodes.environment.manifest import OURS
from funcnodes.environment.origin import own_build


def test_all_five_are_packed(tmp_path: Path) -> None:
    build = own_build(tmp_path)

    assert tuple(build.wheels) == OURS
    assert {path.parent for path in build.wheels.values()} == {tmp_path / "build" / build.hash}
    for name, wheel in build.wheels.items():
        with zipfile.ZipFile(wheel) as archive:
            metadata = next(entry for entry in archive.namelist() if entry.endswith(".dist-info/METADATA"))
            found = Parser().parsestr(archive.read(metadata).decode())
        assert (found["Name"], wheel.name.split("-")[1]) == (name, found["Version"])


def test_every_file_is_in_the_record_with_its_hash(tmp_path: Path) -> None:
    """Installers check it."""
    with zipfile.ZipFile(own_build(tmp_path).wheels["funcnodes-core"]) as archive:
        record = next(entry for entry in archive.namelist() if entry.endswith("/RECORD"))
        rows = {row[0]: row[1] for row in csv.reader(io.StringIO(archive.read(record).decode()))}
        for entry in archive.namelist():
            digest = hashlib.sha256(archive.read(entry)).digest()
            expected = (
                "" if entry == record else f"sha256={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
            )
            assert rows.pop(entry) == expected
    assert rows == {}


def test_the_same_build_is_the_same_file(tmp_path: Path) -> None:
    """Its hash stands in every lock: another one would rebuild every environment."""
    first, second = own_build(tmp_path / "a"), own_build(tmp_path / "b")

    assert first.hash == second.hash
    assert [p.read_bytes() for p in first.wheels.values()] == [p.read_bytes() for p in second.wheels.values()]


def test_a_build_is_written_once(tmp_path: Path) -> None:
    wheel = own_build(tmp_path).wheels["funcnodes-worker"]
    written = wheel.stat().st_mtime_ns

    assert own_build(tmp_path).wheels["funcnodes-worker"].stat().st_mtime_ns == written


def test_nothing_of_this_installation_goes_along(tmp_path: Path) -> None:
    for wheel in own_build(tmp_path).wheels.values():
        with zipfile.ZipFile(wheel) as archive:
            names = {Path(entry).name for entry in archive.namelist()}
        assert not names & {"direct_url.json", "INSTALLER", "REQUESTED", "uv_cache.json"}


def test_a_package_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "OURS", ("funcnodes-core", "funcnodes-never-was"))

    with pytest.raises(
        OriginUnknown, match="funcnodes-never-was cannot be handed to workers: it is not installed"
    ):
        own_build(tmp_path)
