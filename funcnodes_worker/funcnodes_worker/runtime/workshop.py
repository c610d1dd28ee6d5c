"""Modules in development: linked editable into the environment, watched, loaded again when they change.

Owns which of the loaded packages are in development, which have changed since they were loaded, and the exact
way back when the new code does not load. Belongs to the graph's thread. Does not know the nodes of a graph
(`living`) nor who hears of it (`process/external`).
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

import msgspec
from funcnodes_core.lib.modules import AVAILABLE_MODULES
from funcnodes_core.lib.shelf import Shelf, flatten_shelf
from funcnodes_core.node.registry import REGISTERED_NODES

from funcnodes_worker.runtime.library_loader import LibraryLoader, Module, normalized
from funcnodes_worker.runtime.watching import PythonWatch, stamp_of

_log = logging.getLogger("funcnodes.worker")
Stamps = dict[Path, tuple[int, int]]


class Reloaded(msgspec.Struct, frozen=True):
    """What came of loading a package again."""

    package: str
    classes: frozenset[str]
    """The ids of the node classes that have another definition now, or none any more."""
    problem: str | None = None
    """Why the code as it is now does not load; then the code before goes on."""


class Workshop:
    """The modules in development of one worker."""

    def __init__(self, loader: LibraryLoader) -> None:
        self._loader = loader
        self._seen: dict[str, Stamps] = {}
        self._modules: dict[str, Module] = {}
        self._known = frozenset[str]()
        self._watch = PythonWatch()

    def look(self, changed: Callable[[], None]) -> list[str]:
        """Return the packages that changed since they were loaded; `changed` is called when one may have."""
        self.take_in()
        for module in self._modules.values():
            for root in _sources(module.import_name):
                folder = root if root.is_dir() else root.parent
                self._watch.add(folder, changed, recursive=root.is_dir())
        return [name for name, module in self._modules.items() if self._seen[name] != _stamps(module)]

    def take_in(self) -> None:
        """Note what the sources of newly loaded packages look like. Called as soon as they are loaded."""
        loaded = self._loader.loaded
        # One that does not load is watched as well: the next save may mend it.
        names = frozenset(loaded.shelves) | frozenset(map(normalized, loaded.problems))
        if names == self._known:
            return
        self._known, found = names, self._loader.found
        self._modules = {name: found[name] for name in names if name in found and found[name].is_linked}
        for name, module in self._modules.items():
            self._seen.setdefault(name, _stamps(module))

    def reload(self, name: str) -> Reloaded:
        """Load a package again; when that fails, everything is as it was."""
        module, shelf = self._modules[name], self._loader.loaded.shelves.get(name)
        own = _classes(shelf)
        _forget_bytecode(self._seen[name])
        self._seen[name] = _stamps(module)
        before = _taken_out(module.import_name)
        available = AVAILABLE_MODULES.pop(module.import_name, None)
        registered = {class_id: REGISTERED_NODES.pop(class_id, None) for class_id in own}
        self._loader.unload(name)
        problems = self._loader.load([name])
        if problems:
            _taken_out(module.import_name)
            sys.modules.update(before)
            if available is not None:
                AVAILABLE_MODULES[module.import_name] = available
            REGISTERED_NODES.update({key: found for key, found in registered.items() if found is not None})
            if shelf is not None:
                self._loader.put_back(name, shelf)
            return Reloaded(name, frozenset(), "; ".join(problems.values()))
        _log.info("%s has changed and was loaded again", name)
        return Reloaded(name, own | _classes(self._loader.loaded.shelves.get(name)))

    def stop(self) -> None:
        """Watch no more."""
        self._watch.stop()


def _sources(import_name: str) -> tuple[Path, ...]:
    """Return the folders of a package, or the file of a module; found without importing it."""
    with contextlib.suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(import_name)
        if spec is not None and spec.submodule_search_locations:
            return tuple(Path(place) for place in spec.submodule_search_locations)
        if spec is not None and spec.origin is not None:
            return (Path(spec.origin),)
    return ()


def _stamps(module: Module) -> Stamps:
    return {file: stamp_of(file) for root in _sources(module.import_name) for file in _files(root)}


def _files(root: Path) -> Iterable[Path]:
    return root.rglob("*.py") if root.is_dir() else (root,)


def _classes(shelf: Shelf | None) -> frozenset[str]:
    return frozenset() if shelf is None else frozenset(node.node_id for node in flatten_shelf(shelf)[0])


def _taken_out(import_name: str) -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name == import_name or name.startswith(f"{import_name}.")]
    return {name: sys.modules.pop(name) for name in names}


def _forget_bytecode(files: Iterable[Path]) -> None:
    # Bytecode is told apart by seconds and size; a second save within the same second may be neither.
    for file in files:
        with contextlib.suppress(OSError, NotImplementedError):
            Path(importlib.util.cache_from_source(str(file))).unlink()
