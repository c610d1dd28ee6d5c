"""What the library knows about node classes, as plain data for the document and for clients.

Called in the graph's thread, when modules were loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from funcnodes_core.document.model import TRIGGER_PAIR, ClassRecord, PortRecord
from funcnodes_core.utils.data import merged
from msgspec import UNSET

from funcnodes_worker.runtime.observe import describe_port
from funcnodes_worker.runtime.previews import as_json, json_text


def describe_class(node_class: Any) -> ClassRecord:
    """Return what a node class says about its nodes."""
    shown = {
        io: {"render_options": look} for io, look in node_class.default_render_options.get("io", {}).items()
    }
    options = merged(shown, node_class.default_io_options)
    models = [*node_class.class_inputs, *node_class.class_outputs]
    ports = tuple(
        _describe(model, options.get(model.uuid)) for model in models if model.uuid not in TRIGGER_PAIR
    )
    return ClassRecord(
        class_id=node_class.node_id,
        class_name=node_class.node_name,
        description=node_class.description,
        ports=ports,
        reset_inputs_on_trigger=bool(node_class.default_reset_inputs_on_trigger),
        render_options=as_json(node_class.default_render_options),
    )


def _describe(model: Any, options: Any) -> PortRecord:
    # What `default_io_options` says counts for every node of the class, as its constructor would lay it over.
    port = model.copy()
    if options:
        port.adjust({key: value for key, value in options.items() if key != "on"})
    return describe_port(port)


def node_option_of_class(node: Any, key: str) -> Any:
    """Return what a node's class says about an option of it."""
    said = getattr(describe_class(type(node)), key)
    return dict(cast("Mapping[str, Any]", said)) if isinstance(said, Mapping) else said


def port_option_of_class(node: Any, port: Any, key: str) -> Any:
    """Return what a node's class says about an option of a port, or the usual where it says nothing."""
    is_input = port.is_input()
    facts = describe_class(type(node)).ports
    fact = next((one for one in facts if one.id == port.uuid and one.is_input is is_input), None)
    said = UNSET if fact is None else getattr(fact, key)
    if said is UNSET:
        said = {"name": port.uuid, **_USUAL}[key]
    return dict(cast("Mapping[str, Any]", said)) if isinstance(said, Mapping) else said


_USUAL: Mapping[str, Any] = {
    "description": None,
    "hidden": False,
    "required": True,
    "does_trigger": True,
    "value_options": {},
    "render_options": {},
}


def shelves_json(serialized: object) -> bytes:
    """Return the published form of the library as JSON text."""
    return json_text(serialized)
