"""What is missing or altered in an environment, by the records of its packages. Blocking.

Owns the comparison of files with the hashes that each package brought. Does not repair (`repair`).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import Distribution, PackagePath, distributions
from pathlib import Path

from packaging.utils import canonicalize_name

_BLOCK = 1024 * 1024


def damaged(site_packages: Path, wanted: Iterable[str], *, by_size: bool = False) -> dict[str, list[str]]:
    """Return the packages that are not whole, with the files that are missing or altered.

    With `by_size` no file is read: one that was altered and kept its length is not found.

    A package of `wanted` of which nothing is there at all is not named: a lock may hold packages for other
    machines.
    """
    names = set(wanted)
    found = ((str(canonicalize_name(one.name)), one) for one in distributions(path=[str(site_packages)]))
    is_whole = _has_its_size if by_size else _is_whole
    problems = {name: sorted(_wrong_files(one, is_whole)) for name, one in found if name in names}
    return {name: files for name, files in sorted(problems.items()) if files}


def _wrong_files(distribution: Distribution, is_whole: Callable[[PackagePath], bool]) -> Iterator[str]:
    if distribution.files is None:
        yield "RECORD"
        return
    for file in distribution.files:
        # Bytecode is the interpreter's, and programs in bin/ are made anew for each environment.
        if file.suffix != ".pyc" and ".." not in file.parts and not is_whole(file):
            yield str(file)


def _has_its_size(file: PackagePath) -> bool:
    try:
        size = Path(str(file.locate())).stat().st_size
    except OSError:
        return False
    return file.size is None or file.size == size


def _is_whole(file: PackagePath) -> bool:
    path = Path(str(file.locate()))
    if file.hash is None:
        return path.exists()
    try:
        whole = hashlib.new(file.hash.mode)
        with path.open("rb") as content:
            while block := content.read(_BLOCK):
                whole.update(block)
    except (OSError, ValueError):
        return False
    return base64.urlsafe_b64encode(whole.digest()).rstrip(b"=").decode() == file.hash.value
