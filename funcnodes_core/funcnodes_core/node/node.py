"""`Node`: what node authors program against.

Owns a node's names, options, events and place in a nodespace. Ports are `node.ports`, runs are `node.runs`.
"""

from __future__ import annotations

import os
import weakref
from abc import abstractmethod
from asyncio.events import _get_running_loop as running_loop  # pyright: ignore[reportPrivateUsage]
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Never

from funcnodes_core.engine.blocking import leave
from funcnodes_core.engine.cell import Cell
from funcnodes_core.engine.plan import Plan
from funcnodes_core.engine.runner import current_engine
from funcnodes_core.engine.states import MADE_READY, OPENED
from funcnodes_core.exceptions import NodeReadyError, a_kind_of
from funcnodes_core.io.input import NodeInput
from funcnodes_core.io.output import NodeOutput
from funcnodes_core.io.port import NodeIO
from funcnodes_core.node import shapes
from funcnodes_core.node.making import NodeMeta, checked_limit
from funcnodes_core.node.ports import PortsById, put
from funcnodes_core.node.runs import RunsOfNode
from funcnodes_core.utils.data import merged
from funcnodes_core.utils.ids import new_id

__all__ = ["Node"]


class Node(RunsOfNode, metaclass=NodeMeta):
    """A function with ports, in a graph."""

    node_id: str
    node_name: str
    description: str | None = None
    default_reset_inputs_on_trigger: ClassVar[bool] = False
    default_render_options: ClassVar[dict[str, Any]] = {}
    default_io_options: ClassVar[dict[str, dict[str, Any]]] = {}
    default_trigger_on_create: ClassVar[bool] = True
    default_pretrigger_delay: ClassVar[float] = float(
        os.environ.get("FUNCNODES_DEFAULT_PRETRIGGER_DELAY") or 0
    )
    default_time_limit_s: ClassVar[float | None] = None
    _time_limit_s: float | None = None
    latest: ClassVar[bool] = False
    """Whether a function that yields is asked for its next item at once, before the last has settled."""

    class_inputs: ClassVar[tuple[NodeInput, ...]]
    class_outputs: ClassVar[tuple[NodeOutput, ...]]
    run_plan: ClassVar[Plan]

    _triggerinput = NodeInput(
        id="_triggerinput", name="( )", default=None, required=False, hidden=True, emit_value_set=False
    )
    _triggeroutput = NodeOutput(id="_triggeroutput", name="➡", hidden=True, emit_value_set=False)

    def __init__(
        self,
        uuid: str | None = None,
        reset_inputs_on_trigger: bool | None = None,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - the published name
        render_options: Mapping[str, Any] | None = None,
        io_options: Mapping[str, Mapping[str, Any]] | None = None,
        trigger_on_create: bool | None = None,
        pretrigger_delay: float | None = None,
        properties: Mapping[str, Any] | None = None,
        **unknown: Never,
    ) -> None:
        """Make a node; one that is ready asks for a run at once unless `trigger_on_create` says no."""
        if unknown:
            raise TypeError(_takes_no_values(type(self), tuple(unknown)))
        self._uuid = uuid or id or new_id()
        if not isinstance(self._uuid, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            # Whoever calls a node class like its function gets here.
            raise TypeError(
                f"the id of a node is a text, not {a_kind_of(self._uuid)}; "
                f"give a value to an input, or call {type(self).__name__}.initialize_and_call(…)"
            )
        self._name = name
        self._nodespace: weakref.ref[Any] | None = None
        self._properties: dict[str, Any] | None = dict(properties) if properties else None
        self._reset_inputs: bool | None = reset_inputs_on_trigger
        self._pretrigger_delay = (
            pretrigger_delay if pretrigger_delay is not None and pretrigger_delay >= 0 else None
        )
        self._render_options: dict[str, Any] | None = merged(render_options, {}) if render_options else None
        self._trigger_on_create = trigger_on_create
        self.inputs: dict[str, NodeInput] = PortsById()
        self.outputs: dict[str, NodeOutput] = PortsById()
        self.cell = Cell(self, self.run_plan)
        self._make_ports(io_options)
        self.cell.refresh()
        if running_loop() is not None:
            # From its first value on, whoever looks at the engine's sink hears of this node.
            current_engine().welcome(self.cell)
        if self.default_listeners:
            self.listening_changed()
        # A list: handlers may add ports.
        for port in [port for port in self.inputs.values() if port.listeners is not None]:
            port.tell_default()
        if (
            self.default_trigger_on_create if trigger_on_create is None else trigger_on_create
        ) and self.ready():
            self.ask_for_run(MADE_READY)

    def _make_ports(self, io_options: Mapping[str, Mapping[str, Any]] | None) -> None:
        inputs, outputs, seat = self.inputs, self.outputs, self.cell
        for model in self.class_inputs:
            put(inputs, model.declaration.uuid, model.copy_for(self, seat))
        for model in self.class_outputs:
            put(outputs, model.declaration.uuid, model.copy_for(self, seat))
        for io_id, options in self._all_io_options(io_options).items():
            port = self.inputs.get(io_id) or self.outputs.get(io_id)
            if port is not None:
                port.adjust(options)

    def _all_io_options(self, io_options: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Any]:
        shown = {io: {"render_options": look} for io, look in self.render_options.get("io", {}).items()}
        if not (shown or self.default_io_options or io_options):
            return {}
        return merged(merged(shown, self.default_io_options), io_options or {})

    @abstractmethod
    async def func(self, *args: Any, **kwargs: Any) -> Any:
        """Compute: called with the inputs by id."""

    # --- identity ------------------------------------------------------------------------------
    @property
    def uuid(self) -> str:
        """The id of this node."""
        return self._uuid

    @property
    def name(self) -> str:
        """The name that users see; a default one until they give one."""
        return self._name or str(self)

    @name.setter
    def name(self, value: str) -> None:
        self._name = value

    def __str__(self) -> str:
        return f"{type(self).__name__}({self._uuid})"

    __repr__ = __str__

    @property
    def properties(self) -> dict[str, Any]:
        """What others keep with the node, like positions."""
        if self._properties is None:
            self._properties = {}
        return self._properties

    def set_property(self, key: str, value: Any) -> None:
        """Keep something with the node."""
        self.properties[key] = value

    def get_property(self, key: str, default: Any = None) -> Any:
        """Return what is kept under `key`."""
        return default if self._properties is None else self._properties.get(key, default)

    @property
    def nodespace(self) -> Any:
        """The nodespace that this node is in, or None."""
        return None if self._nodespace is None else self._nodespace()

    @nodespace.setter
    def nodespace(self, nodespace: Any) -> None:
        self._nodespace = None if nodespace is None else weakref.ref(nodespace)
        self.listening_changed()
        self.emit("after_set_nodespace", {"result": nodespace})

    @property
    def render_options(self) -> dict[str, Any]:
        """How clients show the node: its own over the class's."""
        if not self._render_options:
            return merged(self.default_render_options, {}) if self.default_render_options else {}
        return merged(self.default_render_options, self._render_options)

    @render_options.setter
    def render_options(self, value: Mapping[str, Any]) -> None:
        self._render_options = dict(value)

    @property
    def io_options(self) -> dict[str, dict[str, Any]]:
        """What the class says about ports beyond their declaration."""
        return merged(self.default_io_options, {})

    @property
    def reset_inputs_on_trigger(self) -> bool:
        """Whether inputs go back to their defaults after each run."""
        return self.default_reset_inputs_on_trigger if self._reset_inputs is None else self._reset_inputs

    @reset_inputs_on_trigger.setter
    def reset_inputs_on_trigger(self, value: bool | None) -> None:
        if value not in (True, False, None):
            raise ValueError("reset_inputs_on_trigger is True, False, or None for the class's own")
        self._reset_inputs = value
        self.cell.refresh()

    @property
    def pretrigger_delay(self) -> float:
        """How many seconds a run waits before it reads its inputs."""
        return self.default_pretrigger_delay if self._pretrigger_delay is None else self._pretrigger_delay

    @pretrigger_delay.setter
    def pretrigger_delay(self, value: float) -> None:
        if value < 0:
            raise ValueError("pretrigger_delay is a number of seconds, so it cannot be negative")
        self._pretrigger_delay = value
        self.cell.refresh()

    @property
    def time_limit_s(self) -> float | None:
        """How many seconds a run may take before it is ended; None for as long as it likes.

        A class says it under the same name.
        """
        return self.default_time_limit_s if self._time_limit_s is None else self._time_limit_s

    @time_limit_s.setter
    def time_limit_s(self, value: float | None) -> None:
        self._time_limit_s = checked_limit(value)
        self.cell.refresh()

    @property
    def cycle_limit(self) -> int | None:
        """How often a cycle through this node may go round: its nodespace says it, else the engine."""
        return getattr(self.nodespace, "cycle_limit", None)

    def ports_changed(self) -> None:
        """Let the engine look at the ports anew."""
        self.cell.refresh()

    # --- running at once ------------------------------------------------------------------------
    @classmethod
    async def initialize_and_call(
        cls,
        node_init_kwargs: Mapping[str, Any] | None = None,
        return_dict: bool = False,
        raise_ready: bool = True,
        **inputs: Any,
    ) -> Any:
        """Make a node, run it once with these inputs, and return its outputs."""
        node = cls(**(node_init_kwargs or {}))
        for name, value in inputs.items():
            node[name] = value
        if raise_ready and not node.ready():
            missing = [name for name, port in node.inputs.items() if not port.ready()]
            raise NodeReadyError(f"{node.name} cannot run: no value for {', '.join(missing)}")
        await node
        outputs = {name: port.value for name, port in node.outputs.items() if name != "_triggeroutput"}
        if return_dict:
            return outputs
        values = tuple(outputs.values())
        return values[0] if len(values) == 1 else values or None

    inti_call = initialize_and_call

    # --- events --------------------------------------------------------------------------------
    def listening_changed(self) -> None:
        """Keep the engine's shortcut: whether anyone hears what this node tells."""
        cell: Cell | None = self.__dict__.get("cell")
        if cell is not None:
            space = self.nodespace
            cell.heard = bool(self.listeners or self.default_listeners) or (
                space is not None and space.is_heard
            )

    def emit(self, event_name: str, msg: dict[str, Any] | None = None) -> bool:
        """Tell the node's listeners, then the nodespace's, which get `node=<uuid>` too."""
        if not self.cell.heard:
            return False
        heard = super().emit(event_name, msg)
        space = self.nodespace
        if space is not None:
            space.tell_node_event(self, event_name, dict(msg) if msg else {})
        return heard

    def tell_port_event(self, io: NodeIO, event: str, message: dict[str, Any], up: bool) -> None:
        """Tell an event of a port as one of the node, with `io=<id>`."""
        message = {**message, "io": io.uuid}
        if up:
            self.emit(event, message)
        else:
            super().emit(event, message)

    def run_failed(self, error: Exception) -> bool:
        """Hand an error to those who listen; False when nobody does, so that whoever awaits must hear it."""
        callbacks = self.error_callbacks
        for callback in callbacks:
            callback(error=error, src=self)
        space = self.nodespace
        if space is not None:
            space.tell_node_error(self, error)
        return bool(callbacks) or space is not None

    def cleanup(self) -> None:
        """Leave the engine and the graph: no ports, no listeners, no runs."""
        self.emit("cleanup")
        leave(self.cell)
        ports: Iterable[Any] = (*self.inputs.values(), *self.outputs.values())
        for port in ports:
            port.disconnect()
        for port in self.inputs.values():
            for other in port.forwards:
                port.unforward(other)
            for other in port.forwarders:
                other.unforward(port)
        if self.cell.engine is not None:
            self.cell.engine.dismiss(self.cell)
        for port in ports:
            port.detach()
            port.cleanup()
        self.inputs.clear()
        self.outputs.clear()
        self.cell.refresh()
        if self._nodespace is not None:
            # While its listeners are there: they hear that it belongs nowhere now.
            self.nodespace = None
        super().cleanup()

    # --- plain data ----------------------------------------------------------------------------
    @classmethod
    def serialize_cls(cls) -> dict[str, Any]:
        """Return the class as plain data, as on a shelf."""
        return shapes.of_class(cls)

    def serialize(self) -> dict[str, Any]:
        """Return the node as plain data, without what its class says already."""
        return shapes.compact(self)

    def full_serialize(self, with_io_values: bool = False) -> dict[str, Any]:
        """Return everything about the node."""
        return shapes.full(self, with_io_values)

    def deserialize(self, data: Mapping[str, Any]) -> None:
        """Take over a saved node, then run if it may and can."""
        shapes.take_over(self, data)
        wish = self._trigger_on_create
        if (self.default_trigger_on_create if wish is None else wish) and self.ready():
            self.ask_for_run(OPENED)

    def take_identity(self, uuid: str | None, name: str | None) -> None:
        """Take over a saved id and name. Called while the node is not in a nodespace yet."""
        self._uuid = uuid or self._uuid
        self._name = name or self._name


def _takes_no_values(cls: type[Node], words: tuple[str, ...]) -> str:
    """Return what to tell whoever calls a node class like its function, with values by name."""
    inputs = [port.uuid for port in cls.class_inputs if port.uuid not in shapes.TRIGGER_PAIR]
    example = inputs[0] if inputs else words[0]
    return (
        f"{cls.__name__}(…) makes a node and takes no {', '.join(map(repr, words))}; then set its inputs "
        f"({', '.join(inputs) or 'it has none'}): node[{example!r}] = …, "
        f"or call {cls.__name__}.initialize_and_call({example}=…)"
    )
