"""The node that stands in for a class that is not loaded: it keeps everything and never runs."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, cast

from funcnodes_core.io.input import NodeInput
from funcnodes_core.io.output import NodeOutput
from funcnodes_core.io.types import serialized
from funcnodes_core.node import shapes
from funcnodes_core.node.node import Node

__all__ = ["PlaceHolderNode"]


class PlaceHolderNode(Node):
    """A node whose class is missing: ids, ports, edges and the saved data are kept."""

    node_id = "placeholder"
    node_name = "PlaceHolder"
    default_trigger_on_create = False

    def __init__(self, *args: Any, raw: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        """Make a stand-in for the saved node `raw`."""
        self.raw: dict[str, Any] = copy.deepcopy(dict(raw or {}))
        if raw:
            kwargs.setdefault("uuid", raw.get("id"))
            kwargs.setdefault("name", raw.get("name"))
            kwargs.setdefault("properties", raw.get("properties"))
        super().__init__(*args, **kwargs)
        self.node_id = str(self.raw.get("node_id", type(self).node_id))
        self.node_name = str(self.raw.get("node_name", type(self).node_name))
        for io_id, said in shapes.ports_of(self.raw).items():
            self.make_port(io_id, bool(said.get("is_input", True)), said)

    def make_port(
        self, io_id: str, is_input: bool, said: Mapping[str, Any] | None = None
    ) -> NodeInput | NodeOutput:
        """Return the port of this id, made when it was not known: edges and classes tell of ports, too."""
        known: NodeInput | NodeOutput | None = (self.inputs if is_input else self.outputs).get(io_id)
        if known is not None:
            return known
        said = said or {}
        common = {"id": io_id, "name": said.get("name"), "description": said.get("description")}
        if is_input:
            port = NodeInput(**common, type=_safe_type(said), required=False, does_trigger=False)
            self.add_input(port)
            if "value" in said:
                port.stored = said["value"]
            return port
        output = NodeOutput(**common, type=_safe_type(said))
        self.add_output(output)
        return output

    def ready(self) -> bool:
        """Return False: there is nothing to run."""
        return False

    def request_trigger(self) -> None:
        """Do nothing: there is nothing to run."""

    async def func(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing. Only reached by an explicit `trigger()`."""

    def serialize(self) -> dict[str, Any]:
        """Return what was saved, with the name and properties of now."""
        shape = copy.deepcopy(self.raw)
        shape["id"] = self.uuid
        if self.name != shape.get("name") and self._name is not None:
            shape["name"] = self.name
        if self.properties != (shape.get("properties") or {}):
            shape["properties"] = dict(self.properties)
        return shape


def _safe_type(said: Mapping[str, Any]) -> Any:
    """Return the saved type as it is: the module that knows it is missing."""
    type_ = said.get("type", "Any")
    if isinstance(type_, Mapping):
        return dict(cast("Mapping[str, Any]", type_))
    try:
        return serialized(type_)
    except Exception:  # noqa: BLE001 - resolving imports modules, which may fail in any way
        return {"type": "unknown", "name": str(type_)}
