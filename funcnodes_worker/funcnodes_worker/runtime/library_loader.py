"""Modules → library: the only place that imports user code.

Owns which packages are loaded (those the worker was asked to have, what they need of the same kind, and the
basic nodes), how their entry points are read, and that one broken package does not keep the others away. Does
not install anything. Called in the graph's thread.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import re
import site
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, distributions
from pathlib import Path
from typing import Any, cast

import msgspec
from funcnodes_core.document.model import ClassRecord
from funcnodes_core.lib.libfinder import module_to_shelf
from funcnodes_core.lib.library import Library
from funcnodes_core.lib.modules import AVAILABLE_MODULES, get_installed_modules, setup_module
from funcnodes_core.lib.render import FUNCNODES_RENDER_OPTIONS
from funcnodes_core.lib.shelf import Shelf, check_shelf, flatten_shelves

from funcnodes_worker.runtime.classes import describe_class, shelves_json
from funcnodes_worker.runtime.previews import as_json

_log = logging.getLogger("funcnodes.worker")
GROUP = "funcnodes.module"
BASIC = "funcnodes-basic"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def normalized(name: str) -> str:
    """Return a package's name as it is compared: `funcnodes_numpy` is `funcnodes-numpy`."""
    return re.sub(r"[-_.]+", "-", name).lower()


class _DirInfo(msgspec.Struct, frozen=True):
    editable: bool = False


class _DirectUrl(msgspec.Struct, frozen=True):
    dir_info: _DirInfo = _DirInfo()


class Module(msgspec.Struct, frozen=True):
    """A package that brings nodes, as its metadata tells; nothing of it was imported."""

    name: str
    distribution: Distribution
    entries: Mapping[str, EntryPoint]

    @property
    def import_name(self) -> str:
        """The package that is imported."""
        entry = self.entries.get("module") or next(iter(self.entries.values()))
        return entry.value.split(":")[0].split(".")[0]

    @property
    def is_linked(self) -> bool:
        """Whether it is imported from where somebody works on it (PEP 610)."""
        said = self.distribution.read_text("direct_url.json")
        try:
            return said is not None and msgspec.json.decode(said, type=_DirectUrl).dir_info.editable
        except msgspec.MsgspecError:
            return False

    @property
    def needs(self) -> tuple[str, ...]:
        """The packages it requires, by normalized name, those of its extras too."""
        named = (_NAME.match(said.strip()) for said in self.distribution.requires or ())
        return tuple(normalized(found.group()) for found in named if found is not None)

    def as_json(self) -> dict[str, Any]:
        """Return the published form: all fields are texts."""
        meta = self.distribution.metadata
        urls = [url.split(",", 1) for url in cast("list[str]", meta.get_all("Project-URL") or [])]
        named = {parts[0].strip().lower(): parts[1].strip() for parts in urls if len(parts) == 2}
        version = self.distribution.version
        return {
            "name": self.name,
            "description": meta["Summary"] or "" if "Summary" in meta else "",
            "version": version,
            "homepage": named.get("homepage", str(meta.json.get("home_page", ""))),
            "source": named.get("source", named.get("repository", "")),
            "releases": [version],
        }


def installed_modules() -> dict[str, Module]:
    """Return all packages of this environment that bring nodes, by normalized name."""
    importlib.invalidate_caches()
    found: dict[str, Module] = {}
    for distribution in distributions():
        entries = {entry.name: entry for entry in distribution.entry_points if entry.group == GROUP}
        if entries and (name := normalized(distribution.name)) not in found:
            found[name] = Module(name, distribution, entries)
    return found


def is_installed(name: str) -> bool:
    """Tell whether a package is there, whether it brings nodes or not."""
    try:
        Distribution.from_name(name)
    except PackageNotFoundError:
        return False
    return True


def with_needed(packages: Iterable[str], modules: Mapping[str, Module]) -> list[str]:
    """Return these packages, and after them those with nodes that they require, each once."""
    wanted = list(packages)
    seen = set(map(normalized, wanted))
    # It grows while we walk along it: what is needed may need more.
    for package in wanted:
        module = modules.get(normalized(package))
        for name in module.needs if module is not None else ():
            if name in modules and name not in seen:
                seen.add(name)
                wanted.append(name)
    return wanted


class Plugin(msgspec.Struct, frozen=True):
    """The browser code of a module: the files that its `react_plugin` names. Only the worker knows where."""

    module: Path | None
    js: tuple[Path, ...] = ()
    css: tuple[Path, ...] = ()


class Loaded(msgspec.Struct):
    """What was loaded so far."""

    plugins: dict[str, Plugin] = msgspec.field(default_factory=dict[str, Plugin])
    """By the name of the package."""
    external: dict[str, object] = msgspec.field(default_factory=dict[str, object])
    """Declared external workers by import name, until they are taken."""
    shelves: dict[str, Shelf] = msgspec.field(default_factory=dict[str, Shelf])
    problems: dict[str, str] = msgspec.field(default_factory=dict[str, str])


class LibraryLoader:
    """Loads packages into a library and takes them out again."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.loaded = Loaded()
        self.import_names: dict[str, str] = {}
        """What the packages are imported as, by their names."""
        self.modules: list[dict[str, Any]] = []
        """All packages with nodes that are installed, in the published form."""
        self.found: dict[str, Module] = {}
        """The same as they were found at the last load, by normalized name."""

    def load(self, packages: Iterable[str]) -> dict[str, str]:
        """Load these packages and what they need; return what could not be loaded, as sentences by package.

        What came along with a package is as much there after a restart as when it was added: nodes of it may
        be in the graph.
        """
        modules = self.found = installed_modules()
        get_installed_modules(AVAILABLE_MODULES, [module.distribution for module in modules.values()])
        self.modules = [module.as_json() for module in modules.values()]
        problems: dict[str, str] = {}
        for package in with_needed(packages, modules):
            name = normalized(package)
            if name in self.loaded.shelves:
                continue
            if name not in modules:
                if is_installed(name):
                    # Nodes of others, or a user's scripts, use it; it brings none itself.
                    continue
                problems[package] = f"{package} is not installed in this worker's environment; add it again"
                _log.warning("%s", problems[package])
                continue
            try:
                self._load(modules[name])
            # A module's import is code of others: whatever it raises, even SystemExit, is its own problem.
            except (Exception, SystemExit) as error:  # noqa: BLE001
                _log.exception("the package %s could not be loaded", package)
                problems[package] = f"{package} could not be loaded: {type(error).__name__}: {error}"
        self.loaded.problems = {k: v for k, v in self.loaded.problems.items() if normalized(k) not in modules}
        self.loaded.problems.update(problems)
        return problems

    def _load(self, module: Module) -> None:
        if module.is_linked and importlib.util.find_spec(module.import_name) is None:
            # Linked while we run: the line that says where to is read when an interpreter starts.
            site.addsitedir(str(module.distribution.locate_file("")))
        installed = AVAILABLE_MODULES[module.import_name]
        installed.load()
        setup_module(installed)
        self.import_names[module.name] = module.import_name
        self.loaded.external[module.import_name] = installed.entry_points.get("external_worker")
        plugin = _plugin_of(installed.entry_points.get("react_plugin"))
        if plugin is not None:
            self.loaded.plugins[module.name] = plugin
        shelf = installed.entry_points.get("shelf")
        if shelf is None and installed.module is not None:
            shelf = module_to_shelf(installed.module)
        if shelf is None:
            return
        checked = check_shelf(shelf)
        self.library.add_shelf(checked)
        self.loaded.shelves[module.name] = checked

    def unload(self, package: str) -> None:
        """Take a package's shelf out of the library. Its code stays imported until the next start."""
        self.loaded.plugins.pop(normalized(package), None)
        shelf = self.loaded.shelves.pop(normalized(package), None)
        if shelf is not None:
            self.library.remove_shelf(shelf)

    def put_back(self, package: str, shelf: Shelf) -> None:
        """Have a shelf in the library again that was taken out: what was to replace it does not load."""
        self.library.add_shelf(shelf)
        self.loaded.shelves[normalized(package)] = shelf

    def take_external(self) -> dict[str, object]:
        """Return the external workers that packages declared since this was asked last, by import name."""
        found, self.loaded.external = self.loaded.external, {}
        return found

    @property
    def render_options(self) -> dict[str, Any]:
        """How modules want types to be shown, as plain data."""
        return as_json(FUNCNODES_RENDER_OPTIONS)

    def classes(self) -> dict[str, ClassRecord]:
        """Return what is known about every node class, as plain data."""
        nodes, _ = flatten_shelves(self.library.shelves)
        records: dict[str, ClassRecord] = {}
        for node_class in nodes:
            if node_class.node_id not in records:
                records[node_class.node_id] = describe_class(node_class)
        return records

    def shelves(self) -> bytes:
        """Return the published form of the library as JSON text."""
        return shelves_json(self.library.full_serialize())


def _plugin_of(declared: object) -> Plugin | None:
    """Return the files of a plugin; a module says nothing useful in more ways than one."""
    if not isinstance(declared, Mapping):
        return None
    said = cast("Mapping[str, Any]", declared)
    module = said.get("module")
    return Plugin(
        Path(module) if isinstance(module, str | Path) and str(module) else None,
        tuple(map(Path, said.get("js") or ())),
        tuple(map(Path, said.get("css") or ())),
    )
