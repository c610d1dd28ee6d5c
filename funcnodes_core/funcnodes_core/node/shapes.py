"""Nodes and their classes as plain data, in the published shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from funcnodes_core.document.keys import id_behind, output_key
from funcnodes_core.io.input import NodeInput
from funcnodes_core.io.output import NodeOutput
from funcnodes_core.io.shapes import same

if TYPE_CHECKING:
    from funcnodes_core.node.node import Node

__all__ = ["TRIGGER_PAIR", "compact", "full", "of_class", "saved", "take_over"]

_OWN_WORDS = (NodeInput.serialize, NodeOutput.serialize)
"""How ports of ours write themselves down; a class may write more."""

TRIGGER_PAIR = ("_triggerinput", "_triggeroutput")


def of_class(cls: type[Node]) -> dict[str, Any]:
    """Return a node class as plain data."""
    shape: dict[str, Any] = {
        "node_id": cls.node_id,
        "node_name": cls.node_name,
        "description": cls.description,
        "inputs": [port.serialize_class() for port in cls.class_inputs if port.uuid not in TRIGGER_PAIR],
        "outputs": [port.serialize_class() for port in cls.class_outputs if port.uuid not in TRIGGER_PAIR],
    }
    if cls.default_reset_inputs_on_trigger:
        shape["reset_inputs_on_trigger"] = True
    return shape


def full(node: Node, with_io_values: bool) -> dict[str, Any]:
    """Return everything about a node."""
    ports = (*node.inputs.values(), *node.outputs.values())
    shape: dict[str, Any] = {
        "name": node.name,
        "id": node.uuid,
        "node_id": node.node_id,
        "node_name": node.node_name,
        "description": node.description,
        "reset_inputs_on_trigger": node.reset_inputs_on_trigger,
        "status": node.status(),
        "io": [port.full_serialize(with_value=with_io_values) for port in ports],
    }
    return _with_extras(node, shape)


def compact(node: Node) -> dict[str, Any]:
    """Return a node without what its class says already."""
    io: dict[str, Any] = {}
    inputs, options = node.inputs, node.default_io_options
    for key, port in inputs.items():
        if key not in TRIGGER_PAIR:
            io[key] = _beyond_class(port, options)
    for key, output in node.outputs.items():
        if key not in TRIGGER_PAIR:
            # Code may add an output whose id an input has.
            io[output_key(key) if key in inputs else key] = _beyond_class(output, options)
    shape: dict[str, Any] = {
        "name": node.name,
        "id": node.uuid,
        "node_id": node.node_id,
        "node_name": node.node_name,
        "io": io,
    }
    if node.reset_inputs_on_trigger != node.default_reset_inputs_on_trigger:
        shape["reset_inputs_on_trigger"] = node.reset_inputs_on_trigger
    if node.description != type(node).description:
        shape["description"] = node.description
    return _with_extras(node, shape)


def saved(node: Node) -> dict[str, Any]:
    """Return a node as it is written to disk: compact, without values."""
    shape = compact(node)
    for port in shape["io"].values():
        port.pop("value", None)
    return shape


def take_over(node: Node, data: Mapping[str, Any]) -> None:
    """Set what a saved node says."""
    if data.get("node_id", node.node_id) != node.node_id:
        raise ValueError(f"the saved node is a {data['node_id']!r}, not a {node.node_id!r}")
    node.take_identity(data.get("id"), data.get("name"))
    for io_id, port_data in ports_of(data).items():
        port = node.inputs.get(io_id) or node.outputs.get(io_id) or node.outputs.get(id_behind(io_id))
        if port is not None and io_id not in TRIGGER_PAIR:
            port.deserialize(port_data)
    if "description" in data:
        node.description = data["description"]
    if "reset_inputs_on_trigger" in data:
        node.reset_inputs_on_trigger = data["reset_inputs_on_trigger"]
    if data.get("render_options"):
        node.render_options = {**node.render_options, **data["render_options"]}
    properties: dict[str, Any] = data.get("properties") or {}
    for key, value in properties.items():
        node.set_property(key, value)


def ports_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ports of a saved node by id; older files hold them as a list."""
    ports: Any = data.get("io") or {}
    if type(ports) is dict:
        return cast("dict[str, Any]", ports)
    if isinstance(ports, Mapping):
        return dict[str, Any](ports)  # pyright: ignore[reportUnknownArgumentType]
    return {port["id"]: port for port in ports}


def _beyond_class(port: NodeInput | NodeOutput, options: Mapping[str, Any]) -> dict[str, Any]:
    if port.is_as_declared and not options and type(port).serialize in _OWN_WORDS:
        return {"value": port.told_value}
    shape = port.serialize()
    del shape["id"]
    model: Any = port.model
    if model is None:
        return shape
    said = model.serialize()
    beyond = {
        key: value
        for key, value in shape.items()
        if key == "value" or key not in said or not same(value, said[key])
    }
    if not port.hidden and options.get(port.uuid, {}).get("hidden", model.hidden):
        # "Not hidden" goes without saying, except where a fresh node would hide the port.
        beyond["hidden"] = False
    return beyond


def _with_extras(node: Node, shape: dict[str, Any]) -> dict[str, Any]:
    if node.render_options:
        shape["render_options"] = node.render_options
    if node.properties:
        shape["properties"] = dict(node.properties)
    return shape
