"""The library of a worker: loaded in the graph's thread, handed to the server's as plain data."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from funcnodes_worker.runtime.external_office import ExternalOffice
from funcnodes_worker.runtime.external_settings import Which
from funcnodes_worker.runtime.library_loader import BASIC, LibraryLoader, normalized
from funcnodes_worker.runtime.workshop import Reloaded, Workshop
from funcnodes_worker.server.context import LibraryState


class LibraryOffice:
    """Loads packages and says what there is now. Belongs to the graph's thread, but for reading `state`."""

    def __init__(
        self,
        loader: LibraryLoader,
        scripts: Path,
        externals: ExternalOffice,
        render_options: Mapping[str, Any] | None = None,
    ) -> None:
        """`scripts` is the folder of the user's own Python files, importable once the flow may run.

        `render_options` are those of config.json; what modules say goes before them.
        """
        self._loader, self._scripts, self.externals = loader, scripts, externals
        self._render_options = render_options or {}
        self.workshop = Workshop(loader)
        self.problems: dict[str, str] = {}
        """What scripts and external workers could not do, by their names."""
        self.state = LibraryState({}, b'{"shelves":[]}', {}, (), {})

    def start(self, packages: Iterable[str], left_out: Collection[str] = ()) -> LibraryState:
        """Return the library after the worker's packages were loaded, and the basic nodes unless left out."""
        if str(self._scripts) not in sys.path:
            sys.path.append(str(self._scripts))
        self._loader.load([*(() if BASIC in left_out else (BASIC,)), *packages])
        self.workshop.take_in()
        return self.say()

    def hold(self) -> LibraryState:
        """Return the library of a held flow: nothing, since nothing is imported."""
        return self.state

    def load(self, packages: Iterable[str]) -> tuple[dict[str, str], LibraryState]:
        """Load more packages; return what could not be loaded, and the library now."""
        problems = self._loader.load(packages)
        self.workshop.take_in()
        return problems, self.say()

    def unload(self, package: str) -> tuple[frozenset[str], LibraryState]:
        """Take a package out; return the classes that went with it, and the library now."""
        before = self.state.classes
        self._loader.unload(normalized(package))
        after = self.say()
        return frozenset(before) - frozenset(after.classes), after

    def reload(self, package: str) -> tuple[Reloaded, list[Which]]:
        """Load a package in development again; return also the external workers of a class that changed."""
        done = self.workshop.reload(package)
        declared = self._loader.take_external()
        if done.problem is not None:
            return done, []
        group = self.import_name_of(package)
        return done, self.externals.know(group, declared.get(group))

    def import_name_of(self, package: str) -> str:
        """Return what a package is imported as."""
        return self._loader.import_names.get(normalized(package), normalized(package).replace("-", "_"))

    def say(self) -> LibraryState:
        """Return the library as it is now."""
        for group, classes in self._loader.take_external().items():
            self.externals.know(group, classes)
        self.state = LibraryState(
            classes=self._loader.classes(),
            shelves=self._loader.shelves(),
            render_options=_merged(self._render_options, self._loader.render_options),
            modules=tuple(self._loader.modules),
            problems={**self._loader.loaded.problems, **self.problems},
            plugins=dict(self._loader.loaded.plugins),
            externals=tuple(self.externals.listed()),
        )
        return self.state


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**below, **above}
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            merged[key] = {**below[key], **value}
    return merged
