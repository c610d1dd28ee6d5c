"""Hearing that Python files change, from the system (inotify and its like, through watchdog).

Owns the watches. Costs nothing while nothing changes, and imports watchdog only where something is watched.
Does not know what a change means (`local_scripts`, `workshop`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

_MOVING = frozenset({"created", "modified", "moved", "deleted", "closed"})


class PythonWatch:
    """Watches folders for changes of Python files."""

    def __init__(self) -> None:
        self._observer: Any = None
        self._folders: set[Path] = set()

    def add(self, folder: Path, changed: Callable[[], None], *, recursive: bool = True) -> None:
        """Have `changed` called, in another thread, when a Python file in there may have changed."""
        if folder in self._folders:
            return
        from watchdog.events import FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer

        class _Tell(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                names = (str(event.src_path), str(event.dest_path))
                if event.event_type in _MOVING and any(name.endswith(".py") for name in names):
                    changed()

        if self._observer is None:
            self._observer = Observer()
            self._observer.daemon = True
            self._observer.start()
        self._observer.schedule(_Tell(), str(folder), recursive=recursive)
        self._folders.add(folder)

    def stop(self) -> None:
        """Watch no more."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None
            self._folders.clear()


def stamp_of(file: Path) -> tuple[int, int]:
    """Return what differs once a file was written again."""
    try:
        found = file.stat()
    except OSError:
        return (0, 0)
    return found.st_mtime_ns, found.st_size
