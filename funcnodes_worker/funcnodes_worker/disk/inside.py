"""A path that a client names, as a path inside a folder, or a refusal.

Owns the one check that every path from outside goes through. Does not open or make anything.
"""

import re
from pathlib import Path, PurePosixPath

MAX_NAME, MAX_PATH = 255, 2048
"""Bytes of a name that file systems take, and of a path that leaves room for the folder it is in."""
_DRIVE = re.compile(r"^[A-Za-z]:")
# Windows opens a device under these names, with any ending, in every folder.
_DEVICE = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$", re.IGNORECASE)


class PathRefused(ValueError):
    """Raised when a client's path does not stay inside the folder it is meant for."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__()
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        shown = self.path[:200]
        return f"path {shown!r} is refused: {self.reason}; name a file relative to the folder, with '/'"


def inside(folder: Path, path: str) -> Path:
    """Return the absolute path inside the folder that the client's path means, links followed.

    Raises `PathRefused` for absolute paths, `..`, names another system would read differently, and links
    that lead outside. What is named need not exist. The folder itself (an empty path) is refused.
    """
    reason = _refusal(path)
    if reason is not None:
        raise PathRefused(path, reason)
    root = folder.resolve()
    try:
        target = root.joinpath(*PurePosixPath(path).parts).resolve()
    except (OSError, RuntimeError) as error:  # RuntimeError: Python 3.11 and 3.12 on a circle of links
        raise PathRefused(path, "its links lead nowhere") from error
    if target == root:
        raise PathRefused(path, "it names the folder itself")
    if not target.is_relative_to(root):
        raise PathRefused(path, "a link in it leads outside")
    return target


def _refusal(path: str) -> str | None:
    """Return why the text alone is refused, or None."""
    parts = path.split("/")
    if not path:
        return "it is empty"
    if "\0" in path or any(ord(character) < 32 for character in path):
        return "it holds a control character"
    if "\\" in path:
        return "it holds a backslash"
    if path.startswith("/") or _DRIVE.match(path):
        return "it is absolute"
    if ".." in parts:
        return "it goes up with '..'"
    if any(_DEVICE.match(part) or part != part.rstrip(" .") for part in parts if part not in ("", ".")):
        return "another system reads this name as a device or without its end"
    if ":" in path:
        return "it holds a colon"
    size = len(path.encode(errors="surrogatepass"))
    if size > MAX_PATH or any(len(part.encode(errors="surrogatepass")) > MAX_NAME for part in parts):
        return f"a name has at most {MAX_NAME} bytes, a path {MAX_PATH}"
    return None
