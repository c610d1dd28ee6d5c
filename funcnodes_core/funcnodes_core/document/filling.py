"""What a node class says, filled into the records of its nodes; and what a living node turned out to be.

Owns making a new node from its class, completing a node whose class has become known, and observations:
changes that node code made by itself, which are kept but are no user's edit.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, structs

from funcnodes_core.document.draft import with_node, with_nodes
from funcnodes_core.document.keys import keyed, output_key
from funcnodes_core.document.model import (
    Classes,
    ClassRecord,
    Document,
    JsonValue,
    NodeId,
    NodeRecord,
    PortId,
    PortRecord,
)

_FACTS = (
    "name",
    "type",
    "description",
    "class_default",
    "allow_multiple",
    "required",
    "does_trigger",
    "hidden",
    "value_options",
    "render_options",
)


def new_node(
    kind: ClassRecord,
    node: NodeId,
    *,
    name: str | None = None,
    properties: dict[str, JsonValue] | None = None,
) -> NodeRecord:
    """Return a fresh node of a class with all its ports; its name is `Class(id)` unless it is given one."""
    return NodeRecord(
        id=node,
        class_id=kind.class_id,
        class_name=kind.class_name,
        name=f"{kind.class_name}({node})" if name is None else name,
        ports=_ports_of(kind),
        properties=properties or {},
    )


def _ports_of(kind: ClassRecord) -> dict[PortId, PortRecord]:
    """Return the ports a class says, under their keys: one mapping for all its new nodes."""
    known = _known_ports.get(id(kind))
    if known is not None and known[0] is kind:
        return known[1]
    ports = keyed(kind.ports)
    if len(_known_ports) >= _MAX_KNOWN:
        _known_ports.clear()
    _known_ports[id(kind)] = kind, ports
    return ports


_MAX_KNOWN = 5000
_known_ports: dict[int, tuple[ClassRecord, dict[PortId, PortRecord]]] = {}
"""By the identity of a class record, which is kept alive here."""


def fill(node: NodeRecord, kind: ClassRecord) -> NodeRecord:
    """Return the node with all that its class says and it does not say itself; its class has become known.

    The ports of the class come first, in the order of the class, then those that only this node has.
    """
    ports: dict[PortId, PortRecord] = {}
    facts = _ports_of(kind)
    for key, fact in facts.items():
        own = _own_port(node, key, fact, is_pair=key != fact.id or facts.get(output_key(key)) is not None)
        ports[key] = _fill_port(own, fact) if own is not None else fact
    others = [own for key, own in node.ports.items() if key not in ports]
    if others:
        taken = {(port.id, port.is_input) for port in ports.values()}
        news = [own for own in others if (own.id, own.is_input) not in taken]
        ports = keyed([*ports.values(), *(structs.replace(own, order=()) for own in news)])
    return structs.replace(
        node,
        class_name=kind.class_name if node.class_name is UNSET else node.class_name,
        ports=ports,
        order=(),
    )


def fill_all(document: Document, classes: Classes) -> Document:
    """Return the document with every node filled whose class is known; the library has grown."""
    nodes = {
        name: fill(node, classes[node.class_id]) if node.class_id in classes else node
        for name, node in document.nodes.items()
    }
    return with_nodes(document, nodes)


def _own_port(node: NodeRecord, key: PortId, fact: PortRecord, *, is_pair: bool) -> PortRecord | None:
    if not is_pair:
        own = node.ports.get(key)
        if own is None or fact.is_input or not own.is_input:
            return own
        # The output may have stood beside an input of its id, which the class has no more.
        beside = node.ports.get(output_key(key))
        return beside if beside is not None and beside.id == key else own
    # Older files know one entry for both ports of a pair: its direction says whose words it holds.
    told = (node.ports.get(key), node.ports.get(fact.id))
    return next((port for port in told if port is not None and port.is_input is fact.is_input), None)


def _fill_port(own: PortRecord, fact: PortRecord) -> PortRecord:
    changes: dict[str, Any] = {
        name: getattr(fact, name)
        for name in _FACTS
        if getattr(own, name) is UNSET and getattr(fact, name) is not UNSET
    }
    if own.id != fact.id:
        changes["id"] = fact.id
    return structs.replace(own, is_input=fact.is_input, order=(), **changes)


def observe_ports(document: Document, node: NodeId, ports: Sequence[PortRecord]) -> Document:
    """Return the document after node code changed the ports of its node: these are all it has now, in order.

    What a port of the observation does not say is kept from the document: above all the user's value and
    default. Edges stay, also those of a port that went: when it comes back, they count again.
    """
    record = document.nodes.get(node)
    if record is None:
        return document
    seen = {key: _observe_port(record.ports.get(key), port) for key, port in keyed(ports).items()}
    if list(seen.items()) == list(record.ports.items()):
        return document
    return with_node(document, structs.replace(record, ports=seen))


def _observe_port(own: PortRecord | None, seen: PortRecord) -> PortRecord:
    if own is None:
        return seen
    kept: dict[str, Any] = {
        name: getattr(own, name)
        for name in (*_FACTS, "value", "default")
        if getattr(seen, name) is UNSET and getattr(own, name) is not UNSET
    }
    return structs.replace(seen, extra=own.extra, order=own.order, **kept)
