"""No path of a client leaves its folder."""

from pathlib import Path

import pytest
from funcnodes_worker.disk.inside import PathRefused, inside


@pytest.mark.parametrize(
    "path", ["a.txt", "a/b/c.txt", "./a.txt", "a//b", "ä ö.csv", "..hidden", "a..b", ".env"]
)
def test_ordinary_names_stay_inside(tmp_path: Path, path: str) -> None:
    assert inside(tmp_path, path) == (tmp_path / path).resolve()


@pytest.mark.parametrize(
    "path",
    [
        "", ".", "./", "/", "/etc/passwd", "//etc/passwd", "..", "../a", "a/../../b", "a/..", "a/../b",
        "..\\a", "a\\..\\..\\b", "C:\\a", "C:a", "c:/a", "\\\\host\\share", "a\0b", "a\nb",
        "con", "NUL.txt", "a/aux", "a. ", "a/b.", "file.txt:stream",
    ],
)  # fmt: skip
def test_names_that_leave_or_deceive_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(PathRefused) as refusal:
        inside(tmp_path, path)

    assert repr(path) in str(refusal.value)


@pytest.mark.parametrize("path", ["a" * 256, "ä" * 128, "a/" * 1500 + "b"])
def test_names_no_file_system_takes_are_refused(tmp_path: Path, path: str) -> None:
    """Found by random requests: the first look at the file raised an error of the system."""
    with pytest.raises(PathRefused, match="at most 255 bytes, a path 2048"):
        inside(tmp_path, path)
    assert inside(tmp_path, "a" * 255).exists() is False


def test_a_link_that_leads_outside_is_refused_at_every_depth(tmp_path: Path) -> None:
    root = tmp_path / "files"
    root.mkdir()
    (tmp_path / "secret.txt").write_text("s")
    (root / "file").symlink_to(tmp_path / "secret.txt")
    (root / "folder").symlink_to(tmp_path)
    (root / "dangling").symlink_to(tmp_path / "not-yet")
    (root / "circle").symlink_to(root / "circle")

    for path in ("file", "folder/secret.txt", "folder/new.txt", "dangling", "circle/a"):
        with pytest.raises(PathRefused):
            inside(root, path)


def test_a_link_that_stays_inside_is_followed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "latest").symlink_to(tmp_path / "data")

    assert inside(tmp_path, "latest/a.csv") == tmp_path.resolve() / "data" / "a.csv"


def test_a_neighbour_whose_name_begins_alike_is_outside(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files2").mkdir()
    (tmp_path / "files" / "link").symlink_to(tmp_path / "files2")

    with pytest.raises(PathRefused):
        inside(tmp_path / "files", "link/a")
