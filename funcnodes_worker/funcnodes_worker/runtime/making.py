"""Living nodes from records: a node as the document has it, its ports set up, nothing running yet.

Owns what a record says of a fresh node, and the memory of what says nothing new. Where a node goes and what
follows is decided in `living`. Belongs to the graph's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from funcnodes_core.document.model import (
    TRIGGER_PAIR,
    JsonValue,
    NodeRecord,
    PortId,
    PortRecord,
    is_stored_reference,
)
from funcnodes_core.document.serialize import dump_node
from funcnodes_core.lib import Library
from funcnodes_core.node.placeholder import PlaceHolderNode
from funcnodes_core.novalue import NoValue
from msgspec import UNSET, UnsetType

MAX_LIKE_CLASS = 5000


class NodeMaker:
    """Makes living nodes of one library."""

    def __init__(self, library: Library, read_stored: Callable[[JsonValue], JsonValue]) -> None:
        """`read_stored` gives the value behind a reference."""
        self._library, self._read_stored = library, read_stored
        self._like_class: dict[int, tuple[PortRecord, type[Any]]] = {}
        """Records of ports, by identity, that say nothing a fresh node of this class does not have."""
        self._all_like_class: dict[int, tuple[Mapping[PortId, PortRecord], type[Any]]] = {}
        """The same of the records of all ports of a node."""

    def make(self, record: NodeRecord, *, is_held: bool) -> Any:
        """Return the node of a record; a placeholder for one that is held, or whose class nobody knows."""
        if is_held or not self._library.has_node_id(record.class_id):
            return PlaceHolderNode(raw=dump_node(record, None), uuid=record.id)
        node_class = self._library.get_node_by_id(record.class_id)
        node = node_class(
            uuid=record.id,
            name=None if record.name is UNSET else record.name,
            reset_inputs_on_trigger=(
                None if record.reset_inputs_on_trigger is UNSET else record.reset_inputs_on_trigger
            ),
            render_options=None if record.render_options is UNSET else dict(record.render_options),
            properties=dict(record.properties),
            trigger_on_create=False,
        )
        if record.description is not UNSET:
            node.description = record.description
        _set_how_it_runs(node, record.extra)
        self._set_up_ports(node, record.ports)
        return node

    def _set_up_ports(self, node: Any, ports: Mapping[PortId, PortRecord]) -> None:
        known = self._all_like_class.get(id(ports))
        if known is not None and known[0] is ports and known[1] is type(node):
            return
        is_like_class = True
        for port in ports.values():
            is_like_class = not self._set_up_port(node, port) and is_like_class
        if is_like_class:
            if len(self._all_like_class) > MAX_LIKE_CLASS:
                self._all_like_class.clear()
            self._all_like_class[id(ports)] = ports, type(node)

    def _set_up_port(self, node: Any, record: PortRecord) -> bool:
        """Return whether the record says anything of a fresh node's port."""
        port = node.inputs.get(record.id) if record.is_input else node.outputs.get(record.id)
        # A port that node code made at run time is not there yet; its code makes it again.
        if port is None:
            return False
        says = False
        if not self._says_what_its_class_says(node, record):
            says = self.set_options(node, record)
            if not says:
                self._like_class[id(record)] = record, type(node)
        if not record.is_input:
            return says
        if record.default is not UNSET:
            port.set_default(self.value_of(record.default))
            says = True
        if record.value is not UNSET:
            port.set_value(self.value_of(record.value), does_trigger=False)
            says = True
        return says

    def _says_what_its_class_says(self, node: Any, record: PortRecord) -> bool:
        # All new nodes of a class share the records of its ports: what changed nothing on one of them changes
        # nothing on the next, and need not be compared again.
        if len(self._like_class) > MAX_LIKE_CLASS:
            self._like_class.clear()
        known = self._like_class.get(id(record))
        return known is not None and known[0] is record and known[1] is type(node)

    def set_options(self, node: Any, record: PortRecord | None) -> bool:
        """Bring a living port into line with its record; return whether it was changed."""
        if record is None or record.id in TRIGGER_PAIR:
            return False
        changed = False
        port = (node.get_input if record.is_input else node.get_output)(record.id)
        for key in ("name", "description", "hidden", "required", "does_trigger"):
            value = getattr(record, key)
            if value is not UNSET and getattr(port, key, value) != value:
                setattr(port, key, value)
                changed = True
        for key in ("value_options", "render_options"):
            value = getattr(record, key)
            if value is not UNSET and getattr(port, key) != value:
                setattr(port, key, value)
                changed = True
        return changed

    def value_of(self, value: JsonValue | UnsetType) -> Any:
        """Return the value that a port is set to."""
        if value is UNSET:
            return NoValue
        return self._read_stored(value) if is_stored_reference(value) else value


def _set_how_it_runs(node: Any, said: Mapping[str, JsonValue]) -> None:
    """Give a node what a client said of its runs when it added it."""
    if isinstance(triggers := said.get("trigger_on_create"), bool):
        node.default_trigger_on_create = triggers
    if isinstance(delay := said.get("pretrigger_delay"), int | float):
        node.pretrigger_delay = delay
