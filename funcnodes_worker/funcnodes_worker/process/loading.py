"""The library of a worker: loaded in the graph's thread, handed to the server's as plain data."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from funcnodes_worker.runtime.library_loader import BASIC, LibraryLoader, normalized
from funcnodes_worker.server.context import LibraryState


class LibraryOffice:
    """Loads packages and says what there is now. Belongs to the graph's thread, but for reading `state`."""

    def __init__(self, loader: LibraryLoader, scripts: Path) -> None:
        """`scripts` is the folder of the user's own Python files, importable once the flow may run."""
        self._loader, self._scripts = loader, scripts
        self.state = LibraryState({}, b'{"shelves":[]}', {}, (), {})

    def start(self, packages: Iterable[str]) -> LibraryState:
        """Return the library after the worker's packages and the basic nodes were loaded."""
        if str(self._scripts) not in sys.path:
            sys.path.append(str(self._scripts))
        self._loader.load([BASIC, *packages])
        return self._say()

    def hold(self) -> LibraryState:
        """Return the library of a held flow: nothing, since nothing is imported."""
        return self.state

    def load(self, packages: Iterable[str]) -> tuple[dict[str, str], LibraryState]:
        """Load more packages; return what could not be loaded, and the library now."""
        problems = self._loader.load(packages)
        return problems, self._say()

    def unload(self, package: str) -> tuple[frozenset[str], LibraryState]:
        """Take a package out; return the classes that went with it, and the library now."""
        before = self.state.classes
        self._loader.unload(normalized(package))
        after = self._say()
        return frozenset(before) - frozenset(after.classes), after

    def _say(self) -> LibraryState:
        self.state = LibraryState(
            classes=self._loader.classes(),
            shelves=self._loader.shelves(),
            render_options=self._loader.render_options,
            modules=tuple(self._loader.modules),
            problems=dict(self._loader.loaded.problems),
        )
        return self.state
