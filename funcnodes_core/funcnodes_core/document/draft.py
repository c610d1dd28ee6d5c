"""A document while it is being changed: one copy of what is touched, however many edits follow.

Owns the sharing between documents and the index from nodes to their edges. Knows nothing of single edits.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar, cast

from msgspec.structs import replace

from funcnodes_core.document.growing import Grown, with_more
from funcnodes_core.document.layers import Layered, open_copy, plain, with_entry
from funcnodes_core.document.model import (
    Document,
    Edge,
    GroupId,
    GroupRecord,
    JsonValue,
    NodeId,
    NodeRecord,
)

Wires = Mapping[NodeId, tuple[Edge, ...]]
_CACHED = "wires"
T = TypeVar("T")


class Draft:
    """Reads like the document it began as; writing copies a mapping the first time and never again."""

    def __init__(self, document: Document) -> None:
        self._begin(document)

    def _begin(self, document: Document) -> None:
        self._base = document
        self._nodes: dict[NodeId, NodeRecord] | Layered[NodeId, NodeRecord] | None = None
        self._edges: list[Edge] | None = None
        """All edges, once one of them went or came to a place among them."""
        self._new_edges: list[Edge] = []
        """Those that came at the end before that."""
        self._wires: dict[NodeId, tuple[Edge, ...]] | Layered[NodeId, tuple[Edge, ...]] | None = None
        self._properties: Mapping[str, JsonValue] = document.properties
        self._groups: Mapping[GroupId, GroupRecord] = document.groups
        self._surroundings: Mapping[str, JsonValue] = document.surroundings

    def finish(self) -> Document:
        """Return the document as it is now; the draft goes on from there without touching it."""
        base = self._base
        document = Document(
            nodes=base.nodes if self._nodes is None else self._nodes,
            edges=self._finished_edges(),
            properties=self._properties,
            groups=self._groups,
            extra=base.extra,
            surroundings=self._surroundings,
        )
        # Handed on, since making it goes through all edges: not once more for every version.
        vars(document)[_CACHED] = wires_of(base) if self._wires is None else self._wires
        self._begin(document)
        return document

    def _finished_edges(self) -> tuple[Edge, ...]:
        if self._edges is not None:
            return tuple(self._edges)
        if not self._new_edges:
            return self._base.edges
        # It reads as the tuple that a document is declared to have, which `whole` makes of it for encoders.
        return cast("tuple[Edge, ...]", with_more(self._base.edges, self._new_edges))

    # Reading

    @property
    def nodes(self) -> Mapping[NodeId, NodeRecord]:
        """The nodes as they are now."""
        return self._base.nodes if self._nodes is None else self._nodes

    @property
    def properties(self) -> Mapping[str, JsonValue]:
        """The properties of the graph as they are now."""
        return self._properties

    @property
    def groups(self) -> Mapping[GroupId, GroupRecord]:
        """The groups as they are now."""
        return self._groups

    @property
    def surroundings(self) -> Mapping[str, JsonValue]:
        """What stands beside the graph as it is now."""
        return self._surroundings

    def edges_of(self, node: NodeId) -> tuple[Edge, ...]:
        """Return the edges that begin or end at a node."""
        return self._wire_index().get(node, ())

    def edge_count(self) -> int:
        """Return how many edges there are."""
        return len(self._base.edges) + len(self._new_edges) if self._edges is None else len(self._edges)

    def places_of(self, edges: Iterable[Edge]) -> list[tuple[int, Edge]]:
        """Return the edges with their places in the order of all edges, first one first."""
        wanted = set(edges)
        everything = [*self._base.edges, *self._new_edges] if self._edges is None else self._edges
        if len(wanted) == 1:
            (edge,) = wanted
            return [(everything.index(edge), edge)]
        return [(place, edge) for place, edge in enumerate(everything) if edge in wanted]

    def place_of_node(self, node: NodeId) -> int:
        """Return the place of a node in the order of all nodes."""
        return next(place for place, other in enumerate(self.nodes) if other == node)

    # Writing

    def put_node(self, node: NodeRecord, at: int | None = None) -> None:
        """Put a node in, new ones at a place or at the end."""
        nodes = self._own_nodes()
        if at is None or at >= len(nodes):
            nodes[node.id] = node
            return
        order = list(nodes.items())
        order.insert(at, (node.id, node))
        self._nodes = dict(order)

    def drop_node(self, node: NodeId) -> None:
        """Take a node out, with its edges."""
        edges = self.edges_of(node)
        if edges:
            gone = set(edges)
            self._edges = [edge for edge in self._own_edges() if edge not in gone]
            wires = self._own_wires()
            for other in {end for edge in gone for end in (edge.src_node, edge.trg_node)}:
                wires[other] = tuple(edge for edge in wires[other] if edge not in gone)
            _drop(wires, node)
        _drop(self._own_nodes(), node)

    def put_edge(self, edge: Edge, at: int | None = None) -> None:
        """Put an edge in, at a place or at the end."""
        wires = self._own_wires()
        if self._edges is None and (at is None or at >= self.edge_count()):
            self._new_edges.append(edge)
        else:
            edges = self._own_edges()
            edges.insert(len(edges) if at is None else at, edge)
        for end in {edge.src_node, edge.trg_node}:
            wires[end] = (*wires.get(end, ()), edge)

    def drop_edge(self, edge: Edge) -> None:
        """Take an edge out."""
        wires = self._own_wires()
        self._own_edges().remove(edge)
        for end in {edge.src_node, edge.trg_node}:
            wires[end] = tuple(other for other in wires[end] if other != edge)

    def put_properties(self, properties: Mapping[str, JsonValue]) -> None:
        """Put these properties of the graph in place of the old ones."""
        self._properties = properties

    def put_groups(self, groups: Mapping[GroupId, GroupRecord]) -> None:
        """Put these groups in place of the old ones."""
        self._groups = groups

    def put_surroundings(self, surroundings: Mapping[str, JsonValue]) -> None:
        """Put this in place of what stands beside the graph."""
        self._surroundings = surroundings

    def put_document(self, document: Document) -> None:
        """Put a whole document in place of this one."""
        self._begin(document)

    # Sharing

    def _own_nodes(self) -> dict[NodeId, NodeRecord] | Layered[NodeId, NodeRecord]:
        if self._nodes is None:
            self._nodes = open_copy(self._base.nodes)
        return self._nodes

    def _own_edges(self) -> list[Edge]:
        if self._edges is None:
            self._edges = [*self._base.edges, *self._new_edges]
        return self._edges

    def _wire_index(self) -> Wires:
        return wires_of(self._base) if self._wires is None else self._wires

    def _own_wires(self) -> dict[NodeId, tuple[Edge, ...]] | Layered[NodeId, tuple[Edge, ...]]:
        if self._wires is None:
            self._wires = open_copy(wires_of(self._base))
        return self._wires


def _drop(entries: dict[NodeId, T] | Layered[NodeId, T], node: NodeId) -> None:
    if isinstance(entries, Layered):
        entries.drop(node)
    else:
        entries.pop(node, None)


def whole(document: Document) -> Document:
    """Return the document with its nodes in a plain dictionary and its edges in a tuple: for encoders."""
    edges: Sequence[Edge] = document.edges
    if isinstance(edges, Grown):
        document = _with_same_wires(document, replace(document, edges=edges.whole()))
    nodes = plain(document.nodes)
    return document if nodes is document.nodes else with_nodes(document, nodes)


def with_node(document: Document, node: NodeRecord) -> Document:
    """Return the document with another record for one of its nodes."""
    return with_nodes(document, with_entry(document.nodes, node.id, node))


def with_nodes(document: Document, nodes: Mapping[NodeId, NodeRecord]) -> Document:
    """Return the document with other records for its nodes; what is known of its edges stays known."""
    return _with_same_wires(document, replace(document, nodes=nodes))


def _with_same_wires(document: Document, changed: Document) -> Document:
    if _CACHED in vars(document):
        vars(changed)[_CACHED] = vars(document)[_CACHED]
    return changed


def wires_of(document: Document) -> Wires:
    """Return, for each node that has any, the edges that begin or end at it. Made once per document."""
    cached: Wires | None = vars(document).get(_CACHED)
    if cached is not None:
        return cached
    lists: dict[NodeId, list[Edge]] = {}
    for edge in document.edges:
        for end in {edge.src_node, edge.trg_node}:
            lists.setdefault(end, []).append(edge)
    wires = {node: tuple(edges) for node, edges in lists.items()}
    vars(document)[_CACHED] = wires
    return wires


def with_item(mapping: Mapping[str, JsonValue], key: str, value: JsonValue) -> Mapping[str, JsonValue]:
    """Return the mapping with one more or one changed item."""
    return {**mapping, key: value}


def without_item(mapping: Mapping[str, JsonValue], key: str) -> Mapping[str, JsonValue]:
    """Return the mapping without one key."""
    return {other: value for other, value in mapping.items() if other != key}


def groups_without(groups: Mapping[GroupId, GroupRecord], node: NodeId) -> Mapping[GroupId, GroupRecord]:
    """Return the groups without a node; a group that holds nothing any more disappears, and so on upward."""
    home = next((name for name, group in groups.items() if node in group.node_ids), None)
    if home is None:
        return groups
    group = groups[home]
    left = {**groups, home: replace(group, node_ids=tuple(n for n in group.node_ids if n != node))}
    return without_empty(left, home)


def without_empty(groups: Mapping[GroupId, GroupRecord], name: GroupId) -> Mapping[GroupId, GroupRecord]:
    """Return the groups without this one if it holds nothing, nor those around it that then hold nothing."""
    left = dict(groups)
    here: GroupId | None = name
    while here is not None and here in left and not left[here].node_ids and not left[here].child_groups:
        parent = left.pop(here).parent_group
        if parent is not None and parent in left:
            children = tuple(child for child in left[parent].child_groups if child != here)
            left[parent] = replace(left[parent], child_groups=children)
        here = parent
    return left
