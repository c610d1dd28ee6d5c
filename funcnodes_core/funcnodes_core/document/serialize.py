"""A document as `nodespace.json` and back, in the published shape and its older forms.

Owns which key is written when. A node whose class is missing keeps every key it had, in its order, and is
written back equal; a node whose class is known is written as the difference to its class. The published shape
knows defaults only; a `value` is added where a user gave one.
"""

from collections.abc import Container, Iterable, Mapping
from typing import Any, TypeAlias, cast

from msgspec import UNSET
from msgspec.json import encode
from msgspec.structs import replace

from funcnodes_core.document.filling import fill
from funcnodes_core.document.keys import id_behind, keyed
from funcnodes_core.document.model import (
    TRIGGER_OUTPUT,
    TRIGGER_PAIR,
    Classes,
    ClassRecord,
    Document,
    Edge,
    GroupRecord,
    JsonValue,
    NodeId,
    NodeRecord,
    PortId,
    PortRecord,
)

Saved: TypeAlias = dict[str, JsonValue]
_Kinds: TypeAlias = Mapping[str, tuple[type, ...]]

_PORT_KINDS: _Kinds = {
    "name": (str,),
    "type": (object,),
    "description": (str, type(None)),
    "is_input": (bool,),
    "allow_multiple": (bool,),
    "required": (bool,),
    "does_trigger": (bool,),
    "hidden": (bool,),
    "emit_value_set": (bool,),
    "render_options": (dict,),
    "value_options": (dict,),
    "default": (object,),
    "value": (object,),
}
_NODE_KINDS: _Kinds = {
    "name": (str,),
    "id": (str,),
    "node_id": (str,),
    "node_name": (str,),
    "reset_inputs_on_trigger": (bool,),
    "description": (str, type(None)),
    "render_options": (dict,),
    "properties": (dict,),
}
_GROUP_KINDS: _Kinds = {
    "node_ids": (list,),
    "child_groups": (list,),
    "parent_group": (str, type(None)),
    "meta": (dict,),
}
_RENAMED = {"node_id": "class_id", "node_name": "class_name"}
_OLD_VIEW = {"pos": "frontend:pos", "size": "frontend:size", "collapsed": "frontend:collapsed"}
# What the original writes about a trigger output; it says nothing and is not written again.
_PLAIN_TRIGGER_OUTPUT = PortRecord(
    id=TRIGGER_OUTPUT, is_input=False, name="➡", hidden=True, emit_value_set=False
)


# Loading


def load(saved: Mapping[str, JsonValue], classes: Classes) -> Document:
    """Return the document a saved file holds. Liberal: every part may be missing.

    What can not be read (a node without an id, an edge without an end) is kept under `unreadable` in the
    surroundings and written back, so that nothing of a person's file is lost.
    """
    backend = _dict(saved.get("backend", saved if "nodes" in saved else {}))
    surroundings = {key: value for key, value in saved.items() if key != "backend" and backend is not saved}
    nodes, strange_nodes = _load_nodes(backend.get("nodes"), classes)
    edges, strange_edges = _load_edges(backend.get("edges"), nodes)
    view = _dict(surroundings.get("view"))
    if "nodes" in view:
        nodes = {name: _with_old_view(node, _dict(view["nodes"])) for name, node in nodes.items()}
        surroundings["view"] = {key: value for key, value in view.items() if key != "nodes"}
    strange = {"nodes": strange_nodes, "edges": strange_edges}
    if strange_nodes or strange_edges:
        surroundings["unreadable"] = _with_earlier(_dict(surroundings.get("unreadable")), strange)
    return Document(
        nodes=nodes,
        edges=edges,
        properties=_dict(backend.get("prop")),
        groups=_load_groups(_dict(backend.get("groups")), nodes),
        extra={key: v for key, v in backend.items() if key not in ("nodes", "edges", "prop", "groups")},
        surroundings=surroundings,
    )


def _dict(value: JsonValue) -> Saved:
    return cast("Saved", value) if isinstance(value, dict) else {}


def _list(value: JsonValue) -> list[JsonValue]:
    return cast("list[JsonValue]", value) if isinstance(value, list) else []


def _with_earlier(earlier: Saved, found: Mapping[str, list[JsonValue]]) -> Saved:
    """Return what was set aside before and what is set aside now, each thing once."""
    return {
        key: [*(kept := _list(earlier.get(key))), *(one for one in ones if one not in kept)]
        for key, ones in found.items()
    }


def _load_nodes(saved: JsonValue, classes: Classes) -> tuple[dict[NodeId, NodeRecord], list[JsonValue]]:
    nodes: dict[NodeId, NodeRecord] = {}
    strange: list[JsonValue] = []
    for entry in _list(saved):
        identity, class_id = _dict(entry).get("id"), _dict(entry).get("node_id")
        if isinstance(identity, str) and identity and isinstance(class_id, str) and identity not in nodes:
            nodes[identity] = load_node(_dict(entry), classes.get(class_id))
        else:
            strange.append(entry)
    return nodes, strange


def load_node(saved: Saved, kind: ClassRecord | None) -> NodeRecord:
    """Return the node a saved entry holds; without a class it is a placeholder, told as it stands there."""
    fields, extra = _split(saved, _NODE_KINDS)
    io = extra.pop("io", {})
    entries: Iterable[tuple[str, JsonValue]] = _dict(io).items()
    if isinstance(io, list):  # the form in which the worker sends nodes
        entries = [(_dict(entry).get("id", ""), entry) for entry in cast("list[JsonValue]", io)]
    entries = [(name, _dict(entry)) for name, entry in entries]
    names = {name for name, _ in entries}
    ports = keyed(
        _load_port(_port_id(name, entry, names), entry, keep_order=kind is None) for name, entry in entries
    )
    record = NodeRecord(ports=ports, extra=extra, order=() if kind else tuple(saved), **fields)
    if kind is None:
        return record
    if ports.get(TRIGGER_OUTPUT) == _PLAIN_TRIGGER_OUTPUT:
        del ports[TRIGGER_OUTPUT]
    return fill(record, kind)


def _port_id(name: str, saved: Saved, names: Container[str]) -> PortId:
    is_beside_its_input = saved.get("is_input") is False and id_behind(name) in names
    return id_behind(name) if is_beside_its_input else name


def _load_port(name: PortId, saved: Saved, *, keep_order: bool) -> PortRecord:
    fields, extra = _split(saved, _PORT_KINDS)
    fields.setdefault("is_input", name != TRIGGER_OUTPUT)
    return PortRecord(id=name, extra=extra, order=tuple(saved) if keep_order else (), **fields)


def _split(saved: Saved, kinds: _Kinds) -> tuple[dict[str, Any], Saved]:
    """Return the keys that are known and hold what they should, under our names, and all others."""
    known = {key: value for key, value in saved.items() if key in kinds and isinstance(value, kinds[key])}
    extra = {key: value for key, value in saved.items() if key not in known}
    return {_RENAMED.get(key, key): value for key, value in known.items()}, extra


def _with_old_view(node: NodeRecord, view: Saved) -> NodeRecord:
    found = _dict(view.get(node.id))
    news = {name: found[key] for key, name in _OLD_VIEW.items() if key in found}
    properties = {**news, **node.properties}
    return node if properties == node.properties else replace(node, properties=properties)


def _load_edges(
    saved: JsonValue, nodes: Mapping[NodeId, NodeRecord]
) -> tuple[tuple[Edge, ...], list[JsonValue]]:
    edges: dict[Edge, None] = {}
    strange: list[JsonValue] = []
    for entry in _list(saved):
        texts = [text for text in _list(entry) if isinstance(text, str)]
        if len(texts) == 4 == len(_list(entry)) and texts[0] in nodes and texts[2] in nodes:
            edges[Edge(*texts)] = None
        else:
            strange.append(entry)
    return tuple(edges), strange


def _load_groups(saved: Saved, nodes: Mapping[NodeId, NodeRecord]) -> dict[str, GroupRecord]:
    groups: dict[str, GroupRecord] = {}
    for name, entry in saved.items():
        fields, extra = _split(_dict(entry), _GROUP_KINDS)
        position = _list(extra.get("position"))
        if len(position) == 2 and all(isinstance(number, int | float) for number in position):
            fields["position"] = tuple(position)
            del extra["position"]
        fields["node_ids"] = tuple(node for node in fields.get("node_ids", ()) if node in nodes)
        fields["child_groups"] = tuple(child for child in fields.get("child_groups", ()) if child in saved)
        groups[name] = GroupRecord(extra=extra, **fields)
    return groups


# Dumping


class Dumper:
    """Dumps one document again and again; a node that did not change since the last time costs nothing."""

    def __init__(self) -> None:
        self._last: dict[NodeId, tuple[NodeRecord, ClassRecord | None, Saved]] = {}

    def dump(self, document: Document, classes: Classes) -> Saved:
        """Return the document in the shape of `nodespace.json`; its parts are shared, never change them."""
        now: dict[NodeId, tuple[NodeRecord, ClassRecord | None, Saved]] = {}
        for name, node in document.nodes.items():
            kind, last = classes.get(node.class_id), self._last.get(name)
            is_same = last is not None and last[0] is node and last[1] is kind
            now[name] = last if last is not None and is_same else (node, kind, dump_node(node, kind))
        self._last = now
        return _frame(document, [saved for _, _, saved in now.values()])


def dump(document: Document, classes: Classes) -> Saved:
    """Return the document in the shape of `nodespace.json`."""
    return Dumper().dump(document, classes)


def _frame(document: Document, nodes: list[Saved]) -> Saved:
    return {
        "backend": {
            "nodes": nodes,
            "edges": [list(edge) for edge in document.edges],
            "prop": dict(document.properties),
            "groups": {name: dump_group(group) for name, group in document.groups.items()},
            **document.extra,
        },
        **document.surroundings,
    }


def dump_node(node: NodeRecord, kind: ClassRecord | None) -> Saved:
    """Return a node as it is saved: the difference to its class, or all it says when the class is missing."""
    said: Saved = {
        "name": node.name,
        "id": node.id,
        "node_id": node.class_id,
        "node_name": node.class_name,
        "io": _dump_ports(node, kind),
        "reset_inputs_on_trigger": node.reset_inputs_on_trigger,
        "description": node.description,
        "render_options": node.render_options,
        "properties": dict(node.properties) if node.properties else UNSET,
    }
    if kind is not None:
        _leave_out_equal(said, kind, ("reset_inputs_on_trigger", "description", "render_options"))
    elif node.order:
        _leave_out_unasked(said, node, {"io": {}})
        if "properties" in node.order and said["properties"] is UNSET and "properties" not in node.extra:
            said["properties"] = {}
    return _arrange(said, node.extra, node.order)


def _dump_ports(node: NodeRecord, kind: ClassRecord | None) -> Saved:
    if kind is None:
        return {name: _dump_as_it_came(port, told=bool(node.order)) for name, port in node.ports.items()}
    facts = keyed(kind.ports)
    return {
        name: _dump_as_it_came(port, told=True) if name in TRIGGER_PAIR else _dump_port(port, facts.get(name))
        for name, port in node.ports.items()
        if name not in TRIGGER_PAIR or port != _PLAIN_TRIGGER_OUTPUT
    }


def _dump_as_it_came(port: PortRecord, *, told: bool) -> Saved:
    """Return all a port says; what a file told of it comes back without the keys the file left out."""
    said: Saved = {key: getattr(port, key) for key in _PORT_KINDS}
    if told:
        usual = {"is_input": port.id != TRIGGER_OUTPUT, "emit_value_set": True}
        _leave_out_unasked(said, port, usual)
    return _arrange(said, port.extra, port.order)


def _dump_port(port: PortRecord, fact: PortRecord | None) -> Saved:
    said: Saved = {key: getattr(port, key) for key in _PORT_KINDS}
    if port.name == port.id:
        said["name"] = UNSET
    if fact is not None:
        _leave_out_equal(
            said,
            fact,
            (
                "type",
                "description",
                "render_options",
                "value_options",
                "allow_multiple",
                "required",
                "does_trigger",
            ),
        )
        if _equal(port.default, fact.class_default):
            said["default"] = UNSET
    if port.hidden is False and (fact is None or fact.hidden is not True):
        said["hidden"] = UNSET
    return _arrange(said, port.extra, ())


def _leave_out_equal(said: Saved, kind: ClassRecord | PortRecord, keys: Iterable[str]) -> None:
    for key in keys:
        if _equal(said[key], getattr(kind, key)):
            said[key] = UNSET


def _leave_out_unasked(said: Saved, record: NodeRecord | PortRecord, usual: Saved) -> None:
    """Leave out what the saved entry did not say (or said in a way nobody understood) and what is no news."""
    for key, value in usual.items():
        if (key not in record.order or key in record.extra) and said[key] == value:
            said[key] = UNSET


def _equal(one: JsonValue, other: JsonValue) -> bool:
    """Tell whether two values are the same JSON; 1, 1.0 and true are three values, as node code sees them."""
    if one is other:
        return True
    return one is not UNSET and other is not UNSET and encode(one) == encode(other)


def _arrange(said: Saved, extra: Mapping[str, JsonValue], order: tuple[str, ...]) -> Saved:
    """Return what is said, in the order the saved entry had, then the rest; unknown keys as they came."""
    written = {key: value for key, value in said.items() if value is not UNSET}
    everything = {**extra, **written}
    first = {key: everything[key] for key in order if key in everything}
    return {**first, **written, **extra, **written}


def dump_group(group: GroupRecord) -> Saved:
    """Return a group as it is saved and sent."""
    said: Saved = {
        "node_ids": list(group.node_ids),
        "child_groups": list(group.child_groups),
        "parent_group": group.parent_group,
        "meta": dict(group.meta),
        "position": UNSET if group.position is UNSET else list(group.position),
    }
    return _arrange(said, group.extra, ())
