"""The worker of FuncNodes: the names that module authors use, each imported when it is first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from funcnodes_worker.runtime.custom_loop import CustomLoop
    from funcnodes_worker.runtime.external_config import ExternalWorkerConfig
    from funcnodes_worker.runtime.external_workers import FuncNodesExternalWorker
    from funcnodes_worker.runtime.worker_types import (
        MsQueueWorker,
        RemoteWorker,
        SocketWorker,
        Worker,
        WSWorker,
    )

__version__ = "3.0.0"

__all__ = [
    "CustomLoop",
    "ExternalWorkerConfig",
    "FuncNodesExternalWorker",
    "MsQueueWorker",
    "RemoteWorker",
    "SocketWorker",
    "WSWorker",
    "Worker",
]

_TYPES = "funcnodes_worker.runtime.worker_types"
_HOMES = {
    "CustomLoop": "funcnodes_worker.runtime.custom_loop",
    "ExternalWorkerConfig": "funcnodes_worker.runtime.external_config",
    "FuncNodesExternalWorker": "funcnodes_worker.runtime.external_workers",
    **dict.fromkeys(("MsQueueWorker", "RemoteWorker", "SocketWorker", "WSWorker", "Worker"), _TYPES),
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
