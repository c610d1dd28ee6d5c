"""A node's ports: found by id, added, removed. The half of `Node` that knows nothing of running."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, cast

from funcnodes_core.engine.cell import Cell
from funcnodes_core.eventmanager import EventEmitterMixin
from funcnodes_core.exceptions import IONotFoundError
from funcnodes_core.io.input import NodeInput
from funcnodes_core.io.output import NodeOutput
from funcnodes_core.io.owner import Owner
from funcnodes_core.io.port import NodeIO

__all__ = ["PortsById", "PortsOfNode", "put"]

Port = TypeVar("Port", bound=NodeIO)


class PortsById(dict[str, Port]):
    """A node's inputs or outputs; asked for one that is not there, it says which there are."""

    __slots__ = ()

    def __missing__(self, io: str) -> NoReturn:
        # No reference to the node is kept for this: each port has one.
        node: Any = next((port.node for port in self.values()), None)
        raise IONotFoundError(io, node.name if node is not None else "", tuple(self))

    def __setitem__(self, io: str, value: Any) -> NoReturn:
        raise TypeError(
            f"a port is no value: set that of {io!r} with node[{io!r}] = … or .inputs[{io!r}].value = …; "
            "more ports come with add_input and add_output"
        )


put: Callable[[dict[str, Any], str, NodeIO], None] = dict[str, Any].__setitem__
"""Takes a port in; everybody else sets values. Called by the node."""


class PortsOfNode(EventEmitterMixin):
    """Something with ports that sits in the engine."""

    inputs: dict[str, NodeInput]
    outputs: dict[str, NodeOutput]
    cell: Cell

    @property
    def name(self) -> str:
        """The name that users see; each node has its own."""
        raise NotImplementedError

    @property
    def i(self) -> dict[str, NodeInput]:
        """The inputs by id."""
        return self.inputs

    @property
    def o(self) -> dict[str, NodeOutput]:
        """The outputs by id."""
        return self.outputs

    def get_input(self, name: str) -> NodeInput:
        """Return an input."""
        port = self.inputs.get(name)
        if port is None:
            raise IONotFoundError(name, self.name, tuple(self.inputs))
        return port

    def get_output(self, name: str) -> NodeOutput:
        """Return an output."""
        port = self.outputs.get(name)
        if port is None:
            raise IONotFoundError(name, self.name, tuple(self.outputs))
        return port

    def get_input_or_output(self, name: str) -> NodeInput | NodeOutput:
        """Return the input of this id, else the output."""
        port = self.inputs.get(name) or self.outputs.get(name)
        if port is None:
            raise IONotFoundError(name, self.name, (*self.inputs, *self.outputs))
        return port

    def __getitem__(self, name: str) -> NodeInput | NodeOutput:
        return self.get_input_or_output(name)

    def __setitem__(self, name: str, value: Any) -> None:
        port = self.inputs.get(name) or self.outputs.get(name)
        if port is None:
            # A plain KeyError, as published; its text is that of the richer one.
            raise KeyError(str(IONotFoundError(name, self.name, (*self.inputs, *self.outputs))))
        port.value = value

    def add_input(self, node_input: NodeInput) -> None:
        """Give the node one more input, before the trigger input."""
        if node_input.uuid in self.inputs:
            raise ValueError(f"{self.name} has an input {node_input.uuid!r} already")
        node_input.attach(cast("Owner", self))
        self._put_before(self.inputs, "_triggerinput", node_input)
        self.cell.refresh()
        node_input.tell_default()

    def add_output(self, node_output: NodeOutput) -> None:
        """Give the node one more output, before the trigger output."""
        if node_output.uuid in self.outputs:
            raise ValueError(f"{self.name} has an output {node_output.uuid!r} already")
        node_output.attach(cast("Owner", self))
        self._put_before(self.outputs, "_triggeroutput", node_output)
        self.cell.refresh()

    @staticmethod
    def _put_before(ports: dict[str, Any], last: str, port: NodeIO) -> None:
        trigger = ports.pop(last, None)
        put(ports, port.uuid, port)
        if trigger is not None:
            put(ports, last, trigger)

    def remove_input(self, node_input: NodeInput) -> None:
        """Take an input away, with its connections."""
        self._remove(self.inputs, node_input)

    def remove_output(self, node_output: NodeOutput) -> None:
        """Take an output away, with its connections."""
        self._remove(self.outputs, node_output)

    def _remove(self, ports: dict[str, Any], port: NodeIO) -> None:
        if ports.get(port.uuid) is not port:
            raise ValueError(f"{self.name} has no such port {port.uuid!r}")
        port.disconnect()
        if isinstance(port, NodeInput):
            for other in port.forwards:
                port.unforward(other)
            for other in port.forwarders:
                other.unforward(port)
        del ports[port.uuid]
        port.detach()
        self.cell.refresh()
