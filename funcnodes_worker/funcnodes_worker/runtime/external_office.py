"""Which external workers there are: classes that modules and scripts bring, and the instances that live.

Owns making, stopping and listing instances, and where their nodes stand in the library (`_external_worker`,
one shelf each). Lives in the graph's thread, as nodes do; what others hear of it is plain data. Does not know
clients nor files.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
from funcnodes_core.exceptions import ShelfNotFoundError
from funcnodes_core.lib.library import Library
from funcnodes_core.lib.shelf import Shelf, flatten_shelf

from funcnodes_worker.runtime.external_settings import Settings, Which
from funcnodes_worker.runtime.external_workers import FuncNodesExternalWorker, sentence_of
from funcnodes_worker.runtime.previews import as_json

_log = logging.getLogger("funcnodes.worker")
SHELF = "_external_worker"
STOP_LIMIT_S = 2.0
"""How long an instance may take to let go of its device."""

WorkerClass = type[FuncNodesExternalWorker]


class BadSettings(ValueError):
    """Raised when an instance does not take its settings; the sentence says which and why, not what."""


class NoSuchWorker(LookupError):
    """Raised when a class or an instance is named that is not there."""


class _Living(msgspec.Struct):
    instance: FuncNodesExternalWorker
    loop: asyncio.Task[None]
    shelf: Shelf


class ExternalOffice:
    """The external workers of one worker."""

    def __init__(self, library: Library, folder: Path) -> None:
        """`folder` is where each instance has a folder for its files."""
        self._library, self._folder = library, folder
        self._classes: dict[str, dict[str, WorkerClass]] = {}
        """By who brings them: a package or a script; then by class id."""
        self._living: dict[Which, _Living] = {}
        self.changed: Callable[[Which], None] = lambda which: None
        """Told when an instance changes its own nodes. Called in the graph's thread."""

    # Classes

    def know(self, group: str, found: object) -> list[Which]:
        """Take the classes of a package or script in the place of those it had.

        Returns the instances that live and are of a class that has another definition now.
        """
        classes = {one.NODECLASSID: one for one in _classes_in(found)}
        if classes:
            self._classes[group] = classes
        else:
            self._classes.pop(group, None)
        return [
            which
            for which, living in self._living.items()
            if (new := classes.get(which[0])) is not None and type(living.instance) is not new
        ]

    def instances_of(self, group: str) -> list[Which]:
        """Return the living instances of a group's classes."""
        return [which for which in self._living if which[0] in self._classes.get(group, {})]

    def class_id_of(self, group: str, module: str, name: str) -> str:
        """Return the id of a class that a client names as it was listed. Nothing is imported for it."""
        for class_id, found in self._classes.get(group, {}).items():
            if (found.__module__, found.__name__) == (module, name):
                return class_id
        raise NoSuchWorker(
            f"{group!r} brings no external worker {name[:80]!r} in {module[:80]!r}; "
            "ask get_worker_dependencies for those there are"
        )

    def _class_of(self, class_id: str) -> WorkerClass | None:
        return next((found[class_id] for found in self._classes.values() if class_id in found), None)

    # Instances

    def start(self, which: Which, name: str | None, settings: Mapping[str, Any]) -> bool:
        """Make an instance and let its loop run; False when its class is not known now."""
        class_id, worker = which
        found = self._class_of(class_id)
        if found is None:
            return False
        if which in self._living:
            return True
        instance = found(
            workerid=worker, config=dict(settings) or None, data_path=self._folder / worker, name=name
        )
        loop = asyncio.get_running_loop().create_task(instance.continuous_run(), name=f"external {worker}")
        self._living[which] = _Living(instance, loop, self._mount(instance))
        instance.on("nodes_update", lambda **_: self._remount(which))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
        return True

    def unmount(self, which: Which) -> frozenset[str]:
        """Take the nodes of an instance out of the library; return the ids of their classes."""
        living = self._of(which)
        try:
            self._library.remove_shelf_path([SHELF, which[1]])
            if not self._library.get_shelf_by_path([SHELF]).subshelves:
                self._library.remove_shelf_path([SHELF])
        except ShelfNotFoundError:
            pass
        return _class_ids(living.shelf)

    async def stop(self, which: Which) -> None:
        """End an instance: it lets go of its device, its loop ends. Its nodes were taken away before."""
        living = self._living.pop(which, None)
        if living is None:
            return
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                await living.instance.stop()
                await living.loop
        # The end of an instance is a module's code; whatever it does, the instance is gone for us.
        except Exception:  # noqa: BLE001
            _log.exception("the external worker %s did not stop as it should", which[1])
        living.loop.cancel()

    async def stop_all(self) -> None:
        """End all instances: the worker stops."""
        await asyncio.gather(*(self.stop(which) for which in list(self._living)))

    def update(self, which: Which, settings: Mapping[str, Any]) -> None:
        """Give an instance other settings; those not named stay."""
        try:
            self._of(which).instance.update_config(settings)
        except ValueError as problem:
            raise BadSettings(
                f"the settings do not fit: {sentence_of(problem)}; nothing was changed"
            ) from None

    def rename(self, which: Which, name: str) -> None:
        """Call an instance by another name."""
        self._of(which).instance.name = name

    def _of(self, which: Which) -> _Living:
        living = self._living.get(which)
        if living is None:
            raise NoSuchWorker(
                f"no external worker {which[1][:80]!r} of {which[0][:80]!r} runs; "
                "ask get_worker_dependencies for those that do"
            )
        return living

    # What is said of them

    def lives(self, which: Which) -> bool:
        """Tell whether an instance runs."""
        return which in self._living

    def living(self) -> list[Which]:
        """Return all instances that run."""
        return list(self._living)

    def entry(self, which: Which) -> dict[str, Any]:
        """Return an instance as it is listed: without what stays in the worker's folder."""
        living = self._of(which)
        said = as_json(living.instance.serialize(export=True))
        # Its loop takes its first step a moment after it was made.
        return {**said, "running": not living.loop.done()}

    def settings(self, which: Which) -> Settings:
        """Return all settings of an instance, secrets included. For the settings file only."""
        return as_json(self._of(which).instance.serialize()["config"])

    def listed(self) -> list[dict[str, Any]]:
        """Return all classes with their instances in the published form (contract 5.7)."""
        return [
            {"module": group, "worker_classes": [self._listed(one) for one in classes.values()]}
            for group, classes in sorted(self._classes.items())
        ]

    def _listed(self, found: WorkerClass) -> dict[str, Any]:
        mine = [which for which in self._living if which[0] == found.NODECLASSID]
        return {
            "module": found.__module__,
            "class_name": found.__name__,
            "name": str(getattr(found, "NAME", None) or found.__name__),
            "instances": [self.entry(which) for which in mine],
        }

    def form(self, which: Which) -> dict[str, Any]:
        """Return what a form for the settings needs. A secret can be given there, never read."""
        config = self._of(which).instance.config
        secret: set[str] = config.kept_back()
        schema: dict[str, Any] = as_json(type(config).model_json_schema())
        for name, shown in schema.get("properties", {}).items():
            if name in secret:
                shown["writeOnly"] = True
                shown.pop("default", None)
        # One that is set already need not be given again.
        schema["required"] = [name for name in schema.get("required", ()) if name not in secret]
        if not schema["required"]:
            del schema["required"]
        return {"jsonSchema": schema, "uiSchema": None, "formData": config.exportable_dict()}

    # Their nodes

    def _mount(self, instance: FuncNodesExternalWorker) -> Shelf:
        own = instance.get_nodeshelf()
        shelf = Shelf(
            name=instance.uuid,
            description=instance.name,
            nodes=instance.get_all_nodeclasses(),
            subshelves=[own] if own is not None else [],
        )
        self._library.add_shelf(Shelf(name=SHELF, subshelves=[shelf]))
        return shelf

    def _remount(self, which: Which) -> None:
        if which in self._living:
            living = self._living[which]
            self.unmount(which)
            living.shelf = self._mount(living.instance)
            self.changed(which)


def _class_ids(shelf: Shelf) -> frozenset[str]:
    nodes, _ = flatten_shelf(shelf)
    return frozenset(node.node_id for node in nodes)


def _classes_in(found: object) -> Iterable[WorkerClass]:
    """Return the classes that a module declares: one, or a list of them."""
    if isinstance(found, list | tuple | set):
        for one in cast("Iterable[object]", found):
            yield from _classes_in(one)
    elif inspect.isclass(found) and issubclass(found, FuncNodesExternalWorker):
        if isinstance(getattr(found, "NODECLASSID", None), str):
            yield found
    elif found is not None:
        _log.warning("%r is declared as an external worker and is none; it is passed over", found)
