"""FuncNodes: a visual workbench for Python.

`import funcnodes as fn` gives node authors everything that `funcnodes_core` and `funcnodes_worker` publish.
Each name is imported when it is first used: the command line and the servers pay for none of them.
"""

# The names in `__all__` are core's and worker's, handed on; a test compares the lists.
# ruff: noqa: F405

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from funcnodes.client.opening import connect
    from funcnodes.lazy_import import LazyImport
    from funcnodes.server.published_names import WorkerManager, assert_worker_manager_running
    from funcnodes_core import *  # noqa: F403
    from funcnodes_worker import *  # noqa: F403

__version__ = "3.0.0"

_FROM_WORKER = (
    "CustomLoop",
    "ExternalWorkerConfig",
    "FuncNodesExternalWorker",
    "MsQueueWorker",
    "RemoteWorker",
    "SocketWorker",
    "WSWorker",
    "Worker",
)
_OWN = {
    "LazyImport": "funcnodes.lazy_import",
    "WorkerManager": "funcnodes.server.published_names",
    "assert_worker_manager_running": "funcnodes.server.published_names",
    "connect": "funcnodes.client.opening",
}

__all__ = [
    "AVAILABLE_MODULES",
    "FUNCNODES_LOGGER",
    "ByteEncoder",
    "BytesEncdata",
    "CustomLoop",
    "DataEnum",
    "Encdata",
    "EventEmitterMixin",
    "ExternalWorkerConfig",
    "FullLibJSON",
    "FullNodeSpaceJSON",
    "FuncNodesExternalWorker",
    "IONotFoundError",
    "IOOptions",
    "InTriggerError",
    "InputMeta",
    "JSONDecoder",
    "JSONEncoder",
    "LazyImport",
    "Library",
    "MsQueueWorker",
    "MultipleConnectionsError",
    "NoValue",
    "Node",
    "NodeClassMixin",
    "NodeClassNode",
    "NodeClassNotFoundError",
    "NodeConnectionError",
    "NodeDecorator",
    "NodeIO",
    "NodeIOSerialization",
    "NodeInput",
    "NodeInputOptions",
    "NodeInputSerialization",
    "NodeJSON",
    "NodeOutput",
    "NodeOutputOptions",
    "NodeOutputSerialization",
    "NodeReadyError",
    "NodeSpace",
    "NodeSpaceJSON",
    "NodeTriggerError",
    "OutputMeta",
    "RemoteWorker",
    "RenderOptions",
    "SameNodeConnectionError",
    "Shelf",
    "SocketWorker",
    "ValueOptions",
    "WSWorker",
    "Worker",
    "WorkerManager",
    "add_type",
    "assert_worker_manager_running",
    "check_shelf",
    "config",
    "connect",
    "controlled_wrapper",
    "decorator",
    "emit_after",
    "emit_before",
    "exceptions",
    "find_shelf",
    "flatten_shelf",
    "flatten_shelves",
    "get_deep_connected_nodeset",
    "get_logger",
    "get_nodeclass",
    "instance_nodefunction",
    "io",
    "lib",
    "logging",
    "make_run_in_new_process",
    "make_run_in_new_thread",
    "module_to_shelf",
    "nodemaker",
    "plugins",
    "run_until_complete",
    "serialization",
    "set_log_format",
    "setup",
    "signaturewrapper",
    "testing",
    "types",
    "utils",
]


def __getattr__(name: str) -> Any:
    """Return a published name, imported now."""
    if name.startswith("__"):
        raise AttributeError(name)
    source = _OWN.get(name) or ("funcnodes_worker" if name in _FROM_WORKER else "funcnodes_core")
    try:
        value = getattr(import_module(source), name)
    except AttributeError:
        raise AttributeError(f"module 'funcnodes' has no attribute {name!r}") from None
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return all published names."""
    return sorted({*globals(), *__all__})
