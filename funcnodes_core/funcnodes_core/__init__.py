"""The reactive graph engine of FuncNodes: the names that node authors use.

Ours import from the modules that define a name; this page only hands names to the outside.
"""

from exposedfunctionality import InputMeta, OutputMeta, add_type, controlled_wrapper

__version__ = "3.0.0"

from funcnodes_core import _encoders, config, decorator, exceptions, io, lib, nodemaker, testing, types, utils
from funcnodes_core import _logging as logging
from funcnodes_core._logging import FUNCNODES_LOGGER, get_logger, set_log_format
from funcnodes_core.eventmanager import EventEmitterMixin, emit_after, emit_before
from funcnodes_core.exceptions import (
    InTriggerError,
    IONotFoundError,
    MultipleConnectionsError,
    NodeClassNotFoundError,
    NodeConnectionError,
    NodeReadyError,
    NodeTriggerError,
    SameNodeConnectionError,
)
from funcnodes_core.io.input import NodeInput
from funcnodes_core.io.output import NodeOutput
from funcnodes_core.io.port import NodeIO
from funcnodes_core.io.serialized import (
    IOOptions,
    NodeInputOptions,
    NodeInputSerialization,
    NodeIOSerialization,
    NodeJSON,
    NodeOutputOptions,
    NodeOutputSerialization,
)
from funcnodes_core.io.types import RenderOptions, ValueOptions
from funcnodes_core.lib.libfinder import find_shelf, module_to_shelf
from funcnodes_core.lib.library import Library
from funcnodes_core.lib.modules import AVAILABLE_MODULES, setup
from funcnodes_core.lib.shelf import FullLibJSON, Shelf, check_shelf, flatten_shelf, flatten_shelves
from funcnodes_core.node.node import Node
from funcnodes_core.node.registry import get_nodeclass
from funcnodes_core.node.together import get_deep_connected_nodeset, run_until_complete
from funcnodes_core.nodemaker.function import NodeDecorator
from funcnodes_core.nodemaker.instance import NodeClassMixin, NodeClassNode, instance_nodefunction
from funcnodes_core.nodespace import FullNodeSpaceJSON, NodeSpace, NodeSpaceJSON
from funcnodes_core.novalue import NoValue
from funcnodes_core.utils import plugins, serialization
from funcnodes_core.utils.data_enum import DataEnum
from funcnodes_core.utils.functions import make_run_in_new_process, make_run_in_new_thread
from funcnodes_core.utils.serialization import ByteEncoder, BytesEncdata, Encdata, JSONDecoder, JSONEncoder
from funcnodes_core.utils.wrapper import signaturewrapper

_encoders.register()

__all__ = [
    "AVAILABLE_MODULES",
    "FUNCNODES_LOGGER",
    "ByteEncoder",
    "BytesEncdata",
    "DataEnum",
    "Encdata",
    "EventEmitterMixin",
    "FullLibJSON",
    "FullNodeSpaceJSON",
    "IONotFoundError",
    "IOOptions",
    "InTriggerError",
    "InputMeta",
    "JSONDecoder",
    "JSONEncoder",
    "Library",
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
    "RenderOptions",
    "SameNodeConnectionError",
    "Shelf",
    "ValueOptions",
    "add_type",
    "check_shelf",
    "config",
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
