"""What external workers are set to, secrets included: a file in the worker's folder, for its owner only.

The graph's document lists the instances with what may leave the folder; the rest stands here and nowhere
else: no client, no export, no journal has it.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, TypeAlias, cast

import msgspec
from funcnodes_core.document.external import KEY
from funcnodes_core.document.model import Document
from msgspec.structs import replace

from funcnodes_worker.disk.atomic import move, write_atomically

_log = logging.getLogger("funcnodes.worker")

Which: TypeAlias = tuple[str, str]
"""An instance: the id of its class, and its own."""
Settings: TypeAlias = dict[str, Any]


class ExternalSettings:
    """The settings of all instances of one worker. Read once, written whole."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[Which, Settings] | None = None

    def of(self, which: Which) -> Settings:
        """Return what an instance was set to; nothing when that was never written."""
        return dict(self._all().get(which, {}))

    def put(self, which: Which, settings: Settings) -> None:
        """Have these settings on disk."""
        if self._all().get(which) != settings:
            self._all()[which] = settings
            self._write()

    def drop(self, which: Which) -> None:
        """Forget what an instance was set to."""
        if self._all().pop(which, None) is not None:
            self._write()

    def _all(self) -> dict[Which, Settings]:
        if self._known is None:
            self._known = self._read()
        return self._known

    def _read(self) -> dict[Which, Settings]:
        try:
            saved = msgspec.json.decode(self._file.read_bytes(), type=dict[str, dict[str, dict[str, Any]]])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError) as problem:
            aside = self._file.with_suffix(".broken")
            _log.warning(
                "%s cannot be read (%s); it is kept as %s, and external workers begin without it",
                self._file,
                problem,
                aside.name,
            )
            move(self._file, aside)
            return {}
        return {(name, worker): settings for name, all_ in saved.items() for worker, settings in all_.items()}

    def _write(self) -> None:
        written: dict[str, dict[str, Settings]] = {}
        for (name, worker), settings in self._all().items():
            written.setdefault(name, {})[worker] = settings
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._file, msgspec.json.encode(written), mode=0o600)


def listed_in(document: Document) -> dict[Which, dict[str, Any]]:
    """Return the instances that a document lists; bare ids of old files become entries."""
    classes: Any = document.surroundings.get(KEY)
    found: dict[Which, dict[str, Any]] = {}
    if not isinstance(classes, dict):
        return found
    for class_id, entries in cast("dict[str, Any]", classes).items():
        for entry in cast("list[Any]", entries) if isinstance(entries, list) else []:
            said = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {"uuid": entry}
            if isinstance(worker := said.get("uuid"), str):
                found[class_id, worker] = said
    return found


def with_listed(document: Document, which: Which, entry: dict[str, Any] | None) -> Document:
    """Return a document that lists an instance like this, or no more; the same one when it does already."""
    before = listed_in(document)
    if before.get(which) == entry:
        return document
    found: Any = document.surroundings.get(KEY)
    classes: dict[str, Any] = dict(cast("dict[str, Any]", found)) if isinstance(found, dict) else {}
    class_id, worker = which
    same = {one: said for (name, one), said in before.items() if name == class_id}
    if entry is None:
        same.pop(worker, None)
    else:
        same[worker] = entry
    if same:
        classes[class_id] = list(same.values())
    else:
        classes.pop(class_id, None)
    return replace(document, surroundings={**document.surroundings, KEY: classes})
