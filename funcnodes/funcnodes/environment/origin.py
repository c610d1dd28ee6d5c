"""Our own five packages as wheels: a worker gets the very build its manager runs.

Owns the repacking of what is installed here (by RECORD, offline) into `<base>/cache/build/<hash>/`. An
editable checkout is repacked as well: its installed form is a line naming the source folder, so a worker of a
developer imports the same sources, and no build hook runs for it. Does not know workers (`provision`) nor
manifests (`manifest`).
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

import msgspec
from funcnodes_worker.disk.atomic import write_atomically

from funcnodes.environment.errors import OriginUnknown
from funcnodes.environment.manifest import OURS

_EPOCH = (1980, 1, 1, 0, 0, 0)
# About one installation, not about the package: they would make equal builds differ, or name a folder of this
# machine.
_NOT_PACKED = frozenset(
    {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json"}
)


class Build(msgspec.Struct, frozen=True):
    """The five packages as one build: the hash of all their files, and the wheel of each."""

    hash: str
    wheels: dict[str, Path]


class _Content(msgspec.Struct, frozen=True):
    name: str
    wheel: str
    files: tuple[tuple[str, bytes], ...]


def own_build(cache: Path) -> Build:
    """Return the build this process runs, as wheels in `<cache>/build/<hash>/`; write what is missing."""
    contents = [_content(name) for name in OURS]
    digest = _digest(contents)
    folder = cache / "build" / digest
    folder.mkdir(parents=True, exist_ok=True)
    wheels: dict[str, Path] = {}
    for content in contents:
        wheels[content.name] = folder / content.wheel
        if not wheels[content.name].exists():
            write_atomically(wheels[content.name], _wheel(content), mode=0o644)
    return Build(digest, wheels)


def _content(name: str) -> _Content:
    try:
        found = distribution(name)
    except PackageNotFoundError as problem:
        raise OriginUnknown(name, "it is not installed in the manager's environment") from problem
    if found.files is None:
        raise OriginUnknown(name, "its installation has no RECORD of its files")
    return _Content(name, _wheel_name(name, found), tuple(sorted(_packed(name, found))))


def _packed(name: str, found: Distribution) -> Iterator[tuple[str, bytes]]:
    for file in found.files or ():
        path = PurePosixPath(file.as_posix())
        # Programs in bin/ are made anew from the entry points; bytecode is the interpreter's.
        outside = path.is_absolute() or ".." in path.parts
        if (
            outside
            or path.suffix == ".pyc"
            or (path.parent.name.endswith(".dist-info") and path.name in _NOT_PACKED)
        ):
            continue
        try:
            yield str(path), Path(str(found.locate_file(file))).read_bytes()
        except OSError as problem:
            raise OriginUnknown(name, f"its file {path} cannot be read ({problem.strerror})") from problem


def _wheel_name(name: str, found: Distribution) -> str:
    lines = (found.read_text("WHEEL") or "").splitlines()
    tags = [line.partition(":")[2].strip() for line in lines if line.startswith("Tag:")]
    return f"{name.replace('-', '_')}-{found.version}-{tags[0] if tags else 'py3-none-any'}.whl"


def _digest(contents: list[_Content]) -> str:
    whole = hashlib.sha256()
    for content in contents:
        for path, data in content.files:
            whole.update(f"{content.wheel}\0{path}\0{len(data)}\0".encode())
            whole.update(data)
    return whole.hexdigest()[:16]


def _wheel(content: _Content) -> bytes:
    packed = io.BytesIO()
    rows: list[str] = []
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in content.files:
            _add(archive, path, data)
            sha = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.append(f"{_quoted(path)},sha256={sha},{len(data)}")
        record = next(path for path, _ in content.files if path.endswith(".dist-info/METADATA"))
        record = record.replace("METADATA", "RECORD")
        _add(archive, record, "".join(f"{row}\n" for row in [*rows, f"{record},,"]).encode())
    return packed.getvalue()


def _add(archive: zipfile.ZipFile, path: str, data: bytes) -> None:
    # A fixed time makes equal contents equal files, whose hash stands in every lock.
    entry = zipfile.ZipInfo(path, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data)


def _quoted(path: str) -> str:
    return '"' + path.replace('"', '""') + '"' if any(sign in path for sign in ',"') else path
