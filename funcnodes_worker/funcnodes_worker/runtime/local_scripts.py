"""The user's own Python files in `local_scripts/`: imported, watched, imported again when they change.

Owns which files there are and which have changed; what they bring is `external_office`'s. Reading and
importing belong to the graph's thread.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

import msgspec

from funcnodes_worker.runtime.watching import PythonWatch, stamp_of

_log = logging.getLogger("funcnodes.worker")


class Change(msgspec.Struct, frozen=True):
    """A script that is new, changed or gone."""

    name: str
    """How it is imported: `probe`, or `bench.probe` for a file in a folder."""
    module: ModuleType | None
    """None when it is gone or could not be imported."""
    problem: str | None = None


class LocalScripts:
    """The scripts of one worker."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, tuple[int, int]] = {}
        self._watching = PythonWatch()

    def look(self) -> list[Change]:
        """Import what is new or has changed since the last look, and name what is gone."""
        there = dict(self._files())
        if there and str(self._folder) not in sys.path:
            sys.path.append(str(self._folder))
        changes = [Change(name, None) for name in self._seen if name not in there]
        before, self._seen = self._seen, {name: stamp_of(file) for name, file in there.items()}
        for change in changes:
            sys.modules.pop(change.name, None)
        changed = [name for name, stamp in self._seen.items() if before.get(name) != stamp]
        return changes + [_import(name, there[name]) for name in changed]

    def _files(self) -> Iterable[tuple[str, Path]]:
        for file in sorted(self._folder.rglob("*.py")):
            parts = file.relative_to(self._folder).with_suffix("").parts
            # Files of editors and folders of caches are no scripts; a name that cannot be imported is none.
            if all(part.isidentifier() for part in parts):
                yield ".".join(parts), file

    def watch(self, changed: Callable[[], None]) -> bool:
        """Have `changed` called, in another thread, when a script may have; False while there is no folder.

        Asked again, it begins to watch a folder that was made meanwhile.
        """
        if not self._folder.is_dir():
            return False
        self._watching.add(self._folder, changed)
        return True

    def stop(self) -> None:
        """Watch no more."""
        self._watching.stop()


def _import(name: str, file: Path) -> Change:
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        # Compiled from the text each time: bytecode is told apart by seconds, a quick second save is not.
        exec(compile(file.read_bytes(), str(file), "exec"), module.__dict__)  # noqa: S102
    # A script is the user's code: whatever it raises, even SystemExit, is told and the others go on.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        _put_back(name, before)
        _log.exception("the script %s could not be loaded", file.name)
        return Change(
            name, None, f"local_scripts/{file.name} could not be loaded: {type(error).__name__}: {error}"
        )
    return Change(name, module)


def _put_back(name: str, before: ModuleType | None) -> None:
    if before is None:
        sys.modules.pop(name, None)
    else:
        sys.modules[name] = before
