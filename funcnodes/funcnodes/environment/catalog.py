"""Which modules exist: installed in an environment, and available from the published list.

Owns the reading of entry points without importing anything, and the list with its cache. Does not install
(`provision`).
"""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlparse

import aiohttp
import msgspec
from funcnodes_worker.disk.atomic import write_atomically
from funcnodes_worker.home.base import Base

from funcnodes.environment.local import GROUP, LocalModule, find_local

LIST_URL = (
    "https://raw.githubusercontent.com/Linkdlab/funcnodes_repositories/refs/heads/main/funcnodes_modules.csv"
)
"""The published list; `{"modules": {"list_url": …}}` in config.json names another one, or "" for none."""

_LIMIT_S = 20.0
_LARGEST = 20 * 2**20


class InstalledModule(msgspec.Struct, frozen=True):
    """A distribution with nodes that is installed in an environment."""

    name: str
    version: str
    summary: str
    entry_points: dict[str, str]


class AvailableModule(msgspec.Struct, frozen=True):
    """A module of the published list."""

    name: str
    version: str
    description: str = ""
    summary: str = ""
    homepage: str = ""
    source: str = ""
    releases: tuple[str, ...] = ()
    official: bool = False
    entry_points: dict[str, str] = {}
    path: str = ""
    """The source folder of one that lies on this machine; it is linked from there."""


def is_installed(name: str) -> bool:
    """Whether a distribution is installed in the manager's own environment."""
    try:
        return bool(distribution(name).version)
    except PackageNotFoundError:
        return False


def installed_modules(site_packages: Path | None = None) -> tuple[InstalledModule, ...]:
    """Return the modules in this folder of packages (default: the manager's own); imports none."""
    found = distributions() if site_packages is None else distributions(path=[str(site_packages)])
    modules = (_installed(entry) for entry in found)
    return tuple(sorted((m for m in modules if m is not None), key=lambda module: module.name))


def _installed(found: Distribution) -> InstalledModule | None:
    points = {point.name: point.value for point in found.entry_points.select(group=GROUP)}
    if not points:
        return None
    # The mapping of metadata promises no `get` in its types, and a missing key answers None.
    summary = str(found.metadata["Summary"] or "")
    return InstalledModule(_shown(found.name), found.version, summary, points)


def _shown(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def parse_list(text: str) -> tuple[AvailableModule, ...]:
    """Return the modules of a list; lines without a name are passed over, unknown columns too."""
    rows = csv.DictReader(io.StringIO(text))
    modules = (_available(row) for row in rows)
    return tuple(module for module in modules if module is not None)


def _available(row: Mapping[str, Any]) -> AvailableModule | None:
    cells = {key: value.strip() for key, value in row.items() if isinstance(value, str)}
    name = cells.get("package_name", "")
    if not name:
        return None
    prefix = "entry_point__"
    return AvailableModule(
        name=_shown(name),
        version=cells.get("version", ""),
        # Line breaks stand in the list as the two characters \n.
        description=cells.get("description", "").replace("\\n", "\n"),
        summary=cells.get("summary", "").replace("\\n", "\n"),
        homepage=cells.get("homepage", ""),
        source=cells.get("source", ""),
        releases=tuple(part.strip() for part in cells.get("releases", "").split(",") if part.strip()),
        official=cells.get("official", "").lower() in ("1", "true", "yes"),
        entry_points={
            key.removeprefix(prefix): value
            for key, value in cells.items()
            if key.startswith(prefix) and value
        },
    )


def _on_this_machine(module: LocalModule) -> AvailableModule:
    return AvailableModule(
        name=module.name,
        version=module.version,
        summary=module.description,
        entry_points=module.entry_points,
        path=str(module.path),
    )


class Catalog:
    """The published list, from its copy on disk until a fresh one has come, and what lies on this machine."""

    def __init__(self, base: Base, url: str = LIST_URL, places: Iterable[str] = ()) -> None:
        self._places = tuple(places)
        self._file = base.cache / "funcnodes_modules.csv"
        self._url = url
        self.statement = "" if url else "No list of modules is configured."
        """Why the list is not the newest one, as a sentence; empty when it is."""

    def read(self) -> tuple[AvailableModule, ...]:
        """Return the modules of this machine, and the list as it was when it last could be fetched."""
        local = {module.name: _on_this_machine(module) for module in find_local(self._places)}
        published = (module for module in self._published() if module.name not in local)
        return (*local.values(), *published)

    def place_of(self, package: str) -> str | None:
        """Return the folder of a module that lies on this machine, by its name; None for others."""
        return next((str(one.path) for one in find_local(self._places) if one.name == _shown(package)), None)

    def _published(self) -> tuple[AvailableModule, ...]:
        try:
            return parse_list(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, csv.Error) as problem:
            self.statement = (
                f"The stored list of modules cannot be read ({problem}); it will be fetched again."
            )
            return ()

    async def refresh(self) -> bool:
        """Fetch the list; return whether it differs from the stored one. A failure is only stated."""
        if not self._url:
            return False
        try:
            text = await self._fetch()
            if not parse_list(text):
                raise ValueError("it lists no module")
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError, csv.Error) as problem:
            kept = "the stored one is shown" if self._file.exists() else "only installed modules are shown"
            self.statement = (
                f"The list of modules could not be fetched ({problem or type(problem).__name__}); {kept}."
            )
            return False
        self.statement = ""
        return self._keep(text)

    async def _fetch(self) -> str:
        if urlparse(self._url).scheme not in ("http", "https"):
            raise ValueError("its address is not one of http or https")
        limit = aiohttp.ClientTimeout(total=_LIMIT_S)
        # trust_env: the machine's own proxy settings hold for this as for the installer.
        async with (
            aiohttp.ClientSession(timeout=limit, trust_env=True) as session,
            session.get(self._url) as answer,
        ):
            answer.raise_for_status()
            content = await answer.content.read(_LARGEST + 1)
            while len(content) <= _LARGEST and (more := await answer.content.read(_LARGEST)):
                content += more
        if len(content) > _LARGEST:
            raise ValueError("it is larger than 20 MB")
        return content.decode()

    def _keep(self, text: str) -> bool:
        differs = not self._file.exists() or self._file.read_text(encoding="utf-8") != text
        self._file.parent.mkdir(parents=True, exist_ok=True)
        if differs:
            write_atomically(self._file, text)
        meta = {"last_updated": time.time(), "source_url": self._url}
        write_atomically(self._file.with_name(f"{self._file.name}.meta.json"), msgspec.json.encode(meta))
        return differs


def list_url(config: Mapping[str, Any]) -> str:
    """Return the address of the list that a config.json means."""
    section = cast("object", config.get("modules"))
    url = cast("dict[str, object]", section).get("list_url") if isinstance(section, dict) else None
    return url if isinstance(url, str) else LIST_URL
