"""A document as `nodespace.json` and back, in the published shape and its older forms.

Owns which key is written when and what is set aside. A node whose class is missing keeps every key it had, in
its order, and is written back equal; one whose class is known is written as the difference to its class. The
published shape knows defaults only; a `value` is added where a user gave one.
"""

from collections.abc import Container, Iterable, Mapping
from typing import Any

from msgspec import UNSET
from msgspec.json import encode
from msgspec.structs import replace

from funcnodes_core.document.filling import fill
from funcnodes_core.document.graph_properties import wanted_for
from funcnodes_core.document.grouping import put_right
from funcnodes_core.document.keys import id_behind, keyed
from funcnodes_core.document.model import (
    TRIGGER_OUTPUT,
    TRIGGER_PAIR,
    Classes,
    ClassRecord,
    Document,
    Edge,
    GroupId,
    GroupRecord,
    JsonValue,
    NodeId,
    NodeRecord,
    PortId,
    PortRecord,
)
from funcnodes_core.document.reading import (
    Kinds,
    Saved,
    Strange,
    as_dict,
    as_list,
    listed,
    named_in_list,
    named_in_map,
    part,
    split,
    with_earlier,
)

_PORT_KINDS: Kinds = {
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
_NODE_KINDS: Kinds = {
    "name": (str,),
    "id": (str,),
    "node_id": (str,),
    "node_name": (str,),
    "reset_inputs_on_trigger": (bool,),
    "description": (str, type(None)),
    "render_options": (dict,),
    "properties": (dict,),
}
_GROUP_KINDS: Kinds = {
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
    """Return the document a saved file holds; the rules allow it. Liberal: every part may be missing.

    What can not be read (a node without an id, an edge without an end, a group in two places) is kept under
    `unreadable` in the surroundings and written back, so that nothing of a person's file is lost.
    """
    strange: Strange = {}
    whole = saved.get("backend", saved if "nodes" in saved else None)
    backend = part(whole, "backend", strange)
    surroundings = {key: value for key, value in saved.items() if key != "backend" and backend is not saved}
    nodes = _load_nodes(backend.get("nodes"), classes, strange)
    edges = _load_edges(backend.get("edges"), nodes, strange)
    view = as_dict(surroundings.get("view"))
    if "nodes" in view:
        nodes = {name: _with_old_view(node, as_dict(view["nodes"])) for name, node in nodes.items()}
        surroundings["view"] = {key: value for key, value in view.items() if key != "nodes"}
    properties = _load_properties(backend.get("prop"), strange)
    groups = _load_groups(backend.get("groups"), nodes, strange)
    if strange:
        surroundings["unreadable"] = with_earlier(surroundings.get("unreadable"), strange)
    return Document(
        nodes=nodes,
        edges=edges,
        properties=properties,
        groups=groups,
        extra={key: v for key, v in backend.items() if key not in ("nodes", "edges", "prop", "groups")},
        surroundings=surroundings,
    )


def _load_properties(saved: JsonValue, strange: Strange) -> Saved:
    properties = part(saved, "prop", strange)
    refused = {key: value for key, value in properties.items() if wanted_for(key, value) is not None}
    if not refused:
        return properties
    strange.setdefault("prop", []).append(refused)
    return {key: value for key, value in properties.items() if key not in refused}


def _load_nodes(saved: JsonValue, classes: Classes, strange: Strange) -> dict[NodeId, NodeRecord]:
    nodes: dict[NodeId, NodeRecord] = {}
    for entry in listed(saved, "nodes", strange):
        identity, class_id = as_dict(entry).get("id"), as_dict(entry).get("node_id")
        if isinstance(identity, str) and identity and isinstance(class_id, str) and identity not in nodes:
            nodes[identity] = _load_node(as_dict(entry), classes.get(class_id), strange)
        else:
            strange.setdefault("nodes", []).append(entry)
    return nodes


def _load_node(saved: Saved, kind: ClassRecord | None, strange: Strange) -> NodeRecord:
    """Return the node a saved entry holds; without a class it is a placeholder, told as it stands there."""
    fields, extra = _split(saved, _NODE_KINDS)
    io = extra.pop("io", None)
    no_sense: list[JsonValue] = []
    entries = named_in_list(as_list(io), no_sense) if isinstance(io, list) else named_in_map(io, no_sense)
    names = {name for name, _ in entries}
    read: dict[tuple[PortId, bool], PortRecord] = {}
    for name, entry in entries:
        port = _load_port(_port_id(name, entry, names), entry, keep_order=kind is None)
        place = (port.id, port.is_input)
        if place in read:
            no_sense.append([entry] if isinstance(io, list) else {name: entry})
        else:
            read[place] = port
    if no_sense:
        strange.setdefault("ports", []).extend({"node": saved["id"], "io": io} for io in no_sense)
    ports = keyed(read.values())
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


def _split(saved: Saved, kinds: Kinds) -> tuple[dict[str, Any], Saved]:
    """Return the keys that are known and hold what they should, under our names, and all others."""
    known, extra = split(saved, kinds)
    return {_RENAMED.get(key, key): value for key, value in known.items()}, extra


def _with_old_view(node: NodeRecord, view: Saved) -> NodeRecord:
    found = as_dict(view.get(node.id))
    news = {name: found[key] for key, name in _OLD_VIEW.items() if key in found}
    properties = {**news, **node.properties}
    return node if properties == node.properties else replace(node, properties=properties)


def _load_edges(saved: JsonValue, nodes: Mapping[NodeId, NodeRecord], strange: Strange) -> tuple[Edge, ...]:
    edges: dict[Edge, None] = {}
    for entry in listed(saved, "edges", strange):
        texts = [text for text in as_list(entry) if isinstance(text, str)]
        if len(texts) == 4 == len(as_list(entry)) and texts[0] in nodes and texts[2] in nodes:
            edges[Edge(*texts)] = None
        else:
            strange.setdefault("edges", []).append(entry)
    return tuple(edges)


def _load_groups(
    saved: JsonValue, nodes: Mapping[NodeId, NodeRecord], strange: Strange
) -> Mapping[GroupId, GroupRecord]:
    entries = part(saved, "groups", strange)
    groups = put_right({name: _load_group(as_dict(entry)) for name, entry in entries.items()}, nodes)
    left_out = [{name: entry} for name, entry in entries.items() if not _is_told(entry, groups.get(name))]
    if left_out:
        strange.setdefault("groups", []).extend(left_out)
    return groups


def _load_group(saved: Saved) -> GroupRecord:
    fields, rest = _split(saved, _GROUP_KINDS)
    # These are always written: what is no list of texts would be written over.
    extra = {key: value for key, value in rest.items() if key not in _GROUP_KINDS}
    position = as_list(extra.get("position"))
    if len(position) == 2 and all(type(number) in (int, float) for number in position):
        fields["position"] = tuple(position)
        del extra["position"]
    for key in ("node_ids", "child_groups"):
        fields[key] = tuple(one for one in fields.get(key, ()) if isinstance(one, str))
    return GroupRecord(extra=extra, **fields)


def _is_told(saved: JsonValue, group: GroupRecord | None) -> bool:
    """Tell whether the group holds all that the saved entry says."""
    if group is None or not isinstance(saved, dict):
        return False
    entry = as_dict(saved)
    for key, members in (("node_ids", group.node_ids), ("child_groups", group.child_groups)):
        said = entry.get(key)
        if said is not None and said != list(members[: len(as_list(said))]):
            return False
    return entry.get("parent_group") in (None, group.parent_group) and isinstance(
        entry.get("meta"), dict | None
    )


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
