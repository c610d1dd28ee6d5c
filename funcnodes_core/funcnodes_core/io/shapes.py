"""Ports as plain data, in the three published shapes: of a class, compact, full."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from typing_extensions import TypeIs

from funcnodes_core.novalue import NoValue

if TYPE_CHECKING:
    from funcnodes_core.io.input import NodeInput
    from funcnodes_core.io.output import NodeOutput

    Port = NodeInput | NodeOutput

__all__ = ["compact", "full", "of_class", "own", "same", "take_over"]


def same(a: Any, b: Any) -> bool:
    """Return whether two values are equal, and False where asking is no plain question (arrays, tables)."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    try:
        return bool(a == b)
    except Exception:  # noqa: BLE001 - comparing runs the value's own code
        return False


def of_class(port: Port) -> dict[str, Any]:
    """Return the port as part of a node class."""
    shape: dict[str, Any] = {"uuid": port.uuid, "type": port.type, "description": port.description}
    if port.name != port.uuid:
        shape["name"] = port.name
    if port.own_allow_multiple is not None:
        shape["allow_multiple"] = port.own_allow_multiple
    return shape


def compact(port: Port, drop: bool) -> dict[str, Any]:
    """Return the port as part of a node, with `drop` without what goes without saying."""
    shape: dict[str, Any] = {
        "type": port.type,
        "id": port.uuid,
        "is_input": port.is_input(),
        "value": port.told_value,
        "emit_value_set": port.emit_value_set,
    }
    optional: dict[str, tuple[Any, bool]] = {
        "name": (port.name, port.name != port.uuid),
        "description": (port.description, port.description is not None),
        "render_options": (port.render_options, bool(port.render_options)),
        "value_options": (port.value_options, bool(port.value_options)),
        "hidden": (port.hidden, port.hidden),
        "allow_multiple": (port.allow_multiple, port.allow_multiple != port.default_allow_multiple),
    }
    if is_input(port):
        optional["required"] = (port.required, port.required != port.default_required)
        optional["does_trigger"] = (port.does_trigger, port.does_trigger != port.default_does_trigger)
        optional["default"] = (port.told_default, port.default is not NoValue)
    shape.update({key: value for key, (value, said) in optional.items() if said or not drop})
    return shape


def own(port: Port) -> dict[str, Any]:
    """Return the port with its name, options and value, also where they go without saying."""
    always = {
        "name": port.name,
        "render_options": port.render_options,
        "value_options": port.value_options,
        "hidden": port.hidden,
    }
    return {**compact(port, drop=True), **always}


def full(port: Port, with_value: bool) -> dict[str, Any]:
    """Return everything about the port."""
    shape: dict[str, Any] = {
        "id": port.uuid,
        "full_id": port.full_id,
        "name": port.name,
        "type": port.type,
        "is_input": port.is_input(),
        "connected": port.is_connected(),
        "node": port.node.uuid if port.node else None,
        "does_trigger": port.does_trigger,
        "render_options": port.render_options,
        "value_options": port.value_options,
        "hidden": port.hidden,
        "emit_value_set": port.emit_value_set,
    }
    if with_value:
        shape["value"] = port.told_value
    if is_input(port):
        shape["default"] = port.told_default
        shape["required"] = port.required
    return shape


def take_over(port: Port, data: Mapping[str, Any]) -> None:
    """Set what a saved port says, whatever its direction."""
    if (name := data.get("name")) is not None:
        port.name = name
    if "description" in data:
        port.description = data["description"]
    if "hidden" in data:
        port.hidden = bool(data["hidden"])
    if data.get("render_options"):
        port.render_options = data["render_options"]
    if data.get("value_options"):
        port.value_options = data["value_options"]


def is_input(port: Port) -> TypeIs[NodeInput]:
    """Return whether the port is an input, in words a type checker understands."""
    return port.is_input()
