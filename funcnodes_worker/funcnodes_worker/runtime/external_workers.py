"""External workers as module authors write them: an object with nodes of its own and a loop beside the graph.

Owns the published base class. Which instances there are is `external_office`'s.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from funcnodes_core.eventmanager import EventEmitterMixin
from funcnodes_core.lib.shelf import Shelf
from funcnodes_core.nodemaker.instance import NodeClassMixin
from funcnodes_core.utils.serialization import Encdata, JSONEncoder

from funcnodes_worker.runtime.custom_loop import CustomLoop

if TYPE_CHECKING:
    from funcnodes_worker.runtime.external_config import ExternalWorkerConfig

_log = logging.getLogger("funcnodes.worker")


def _plain_config() -> type[ExternalWorkerConfig]:
    # Imported when the first instance is made: pydantic would cost every worker 8 MiB and 60 ms.
    from funcnodes_worker.runtime.external_config import ExternalWorkerConfig

    return ExternalWorkerConfig


class FuncNodesExternalWorker(NodeClassMixin, EventEmitterMixin, CustomLoop):
    """A device, a connection, a camera: lives as long as the user wants and offers nodes."""

    IS_ABSTRACT = True
    NAME: ClassVar[str]
    config_cls: ClassVar[type[ExternalWorkerConfig] | None] = None
    RUNNING_WORKERS: ClassVar[dict[str, weakref.WeakValueDictionary[str, FuncNodesExternalWorker]]] = {}

    def __init__(
        self,
        workerid: str,
        config: ExternalWorkerConfig | Mapping[str, Any] | None = None,
        data_path: Path | str | None = None,
        name: str | None = None,
    ) -> None:
        """Make an instance; a config that does not fit is replaced by the default one, which the log says."""
        super().__init__()
        CustomLoop.__init__(self, delay=1)
        self.uuid = workerid
        if name is not None:
            self.name = name
        self.manager: Any = None
        self._data_path = None if data_path is None else Path(data_path)
        self._nodeshelf: Shelf | None = None
        # Nothing is made of settings that were not given to a class that has none: see `_plain_config`.
        has_settings = config is not None or self.config_cls is not None
        self._config = self._first_config(config) if has_settings else None
        known = self.RUNNING_WORKERS.setdefault(self.NODECLASSID, weakref.WeakValueDictionary())
        known[workerid] = self

    # Settings

    @classmethod
    def _config_class(cls) -> type[ExternalWorkerConfig]:
        return cls.config_cls or _plain_config()

    def _first_config(self, config: ExternalWorkerConfig | Mapping[str, Any] | None) -> ExternalWorkerConfig:
        if config is None:
            return self._config_class()()
        try:
            return self._checked(config)
        except ValueError as error:
            problem = sentence_of(error)
            _log.warning(
                "%s starts with its default settings, since the given ones do not fit: %s", self.name, problem
            )
            return self._config_class()()

    def _checked(self, config: ExternalWorkerConfig | Mapping[str, Any]) -> ExternalWorkerConfig:
        given = dict(config) if isinstance(config, Mapping) else config.model_dump()
        return self._config_class().model_validate(given)

    @property
    def config(self) -> ExternalWorkerConfig:
        """The settings in effect."""
        if self._config is None:
            self._config = self._config_class()()
        return self._config

    def update_config(self, config: ExternalWorkerConfig | Mapping[str, Any]) -> None:
        """Take settings over; those not given stay. Raises when they do not fit."""
        given = dict(config) if isinstance(config, Mapping) else config.model_dump()
        self._config = self._checked({**self.config.model_dump(), **given})
        self.post_config_update()

    def post_config_update(self) -> None:
        """Act on new settings. For subclasses."""

    @property
    def data_path(self) -> Path | None:
        """The folder for this instance's files, made when it is asked for."""
        if self._data_path is not None:
            self._data_path.mkdir(parents=True, exist_ok=True)
        return self._data_path

    @data_path.setter
    def data_path(self, path: Path | str | None) -> None:
        self._data_path = None if path is None else Path(path)

    # Nodes

    @property
    def nodeshelf(self) -> weakref.ref[Shelf] | None:
        """The instance's own further nodes, weakly."""
        shelf = self.get_nodeshelf()
        return None if shelf is None else weakref.ref(shelf)

    @nodeshelf.setter
    def nodeshelf(self, shelf: Shelf | None) -> None:
        self._nodeshelf = shelf
        self.emit("nodes_update")

    def get_nodeshelf(self) -> Shelf | None:
        """Return the shelf of further nodes. May be overridden."""
        return self._nodeshelf

    @classmethod
    def running_instances(cls) -> list[FuncNodesExternalWorker]:
        """Return all living instances of this class."""
        known = cls.RUNNING_WORKERS.get(cls.NODECLASSID)
        return [] if known is None else list(known.values())

    async def stop(self) -> None:
        """End the loop and take the instance's nodes away."""
        self.emit("stopping")
        await super().stop()
        self.RUNNING_WORKERS[self.NODECLASSID].pop(self.uuid, None)
        self.cleanup()

    def serialize(self, export: bool = False) -> dict[str, Any]:
        """Return the instance as plain data; for an export without what stays here."""
        config: dict[str, Any] = {}
        if self._config is not None:
            config = self._config.exportable_dict() if export else self._config.model_dump(mode="json")
        return {
            "uuid": self.uuid,
            "nodeclassid": self.NODECLASSID,
            "running": self.running,
            "name": self.name,
            "config": config,
        }


def sentence_of(problem: ValueError) -> str:
    """Return what is wrong with settings, without the settings: a secret that does not fit stays one."""
    errors: Any = getattr(problem, "errors", None)
    if not callable(errors):
        return str(problem)
    found: Any = errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found)


def _as_data(obj: FuncNodesExternalWorker, preview: bool = False) -> Encdata:
    # A node may hand its device on as a value: what is shown of it goes to every client.
    return Encdata(data=obj.serialize(export=True), handeled=True)


JSONEncoder.add_encoder(_as_data, [FuncNodesExternalWorker])
