"""Edits on the living nodes: what each of them does in the `NodeSpace`.

Owns the nodes, ports and wires as objects: making them, finding them by the names that edits use, bringing
them back to life when their class has come. When an edit is followed, and what is told of it, is decided in
`living`; nodes are made in `making`. Belongs to the graph's thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, assert_never

from funcnodes_core.document.draft import wires_of
from funcnodes_core.document.edits import (
    AddEdge,
    AddNode,
    ChangeGroups,
    Edit,
    NameExternalWorker,
    RemoveEdge,
    RemoveNode,
    RenameNode,
    ReplaceGraph,
    SetDefault,
    SetGraphProperty,
    SetGroups,
    SetNodeOption,
    SetPortOption,
    SetProperty,
    SetValue,
)
from funcnodes_core.document.model import (
    Document,
    Edge,
    GroupRecord,
    JsonValue,
    NodeId,
    NodeRecord,
    PortId,
    PortRecord,
)
from funcnodes_core.document.serialize import dump_group
from funcnodes_core.engine.states import MADE_READY
from funcnodes_core.node.placeholder import PlaceHolderNode
from funcnodes_core.nodespace import NodeSpace
from msgspec import UNSET, UnsetType

from funcnodes_worker.runtime.classes import node_option_of_class, port_option_of_class
from funcnodes_worker.runtime.external_workers import FuncNodesExternalWorker
from funcnodes_worker.runtime.holding import Holding
from funcnodes_worker.runtime.making import NodeMaker
from funcnodes_worker.runtime.observe import Observer, key_of, own_ports, port_under

_log = logging.getLogger("funcnodes.worker")
MAX_COMPLETE = 5000


class LivingSpace:
    """The nodes of one graph, as edits know them."""

    def __init__(
        self,
        space: NodeSpace,
        holding: Holding,
        read_stored: Callable[[JsonValue], JsonValue],
        secrets: Mapping[str, Any],
        sink: Callable[[], Any],
        replace: Callable[[Document], None],
    ) -> None:
        """`read_stored` gives the value behind a reference; `secrets` are properties that are never shown.

        `sink` gives the engine's, if there is one; `replace` puts a whole graph in the place of this one.
        """
        self.space, self.observer = space, Observer()
        self._holding, self._secrets = holding, dict(secrets)
        self._maker = NodeMaker(space.lib, read_stored)
        self._sink, self._replace = sink, replace
        self._quiet = False
        self._complete: dict[int, tuple[Mapping[PortId, PortRecord], object]] = {}
        """Records of all ports of a node, by identity, and the names of living ports that are all in them."""

    def set_secrets(self) -> None:
        """Let nodes have the properties that are never shown."""
        for key, value in self._secrets.items():
            self.space.set_secret_property(key, value)

    def follow(self, edit: Edit, document: Document) -> None:
        """Do what one edit says; `document` is the one after all that are followed now."""
        match edit:
            case AddNode(node):
                self._add_node(document.nodes.get(node.id, node))
            case RemoveNode(node):
                self.space.remove_node_by_id(node)
                self.observer.forget(node)
            case AddEdge(edge):
                self._add_edge(edge)
            case RemoveEdge(edge):
                self._remove_edge(edge)
                self._give_back(edge, document)
            case SetValue(node, port, value):
                self._input(node, port).set_value(self._maker.value_of(value))
                self._know(node, port)
            case SetDefault(node, port, value):
                self._input(node, port).set_default(self._maker.value_of(value))
            case RenameNode(node, name):
                self.node(node).name = None if name is UNSET else name
            case SetProperty(node, key, value):
                if value is UNSET:
                    self.node(node).properties.pop(key, None)
                else:
                    self.node(node).set_property(key, value)
            case SetNodeOption(node, key, value):
                living = self.node(node)
                setattr(living, key, node_option_of_class(living, key) if value is UNSET else value)
            case SetPortOption(node, port, key, value):
                living = self.node(node)
                self._maker.set_options(living, document.nodes[node].ports.get(port))
                if (known := port_under(living, port)) is not None:
                    if value is UNSET:
                        setattr(known, key, port_option_of_class(living, known, key))
                    self.observer.know_port(node, known)
            case SetGraphProperty(key, value):
                if value is UNSET:
                    self.space.remove_property(key)
                else:
                    self.space.set_property(key, value)
            case SetGroups() | ChangeGroups():
                self._set_groups(document.groups)
            case NameExternalWorker(class_id, worker, name):
                _name_external_worker(class_id, worker, name)
            case ReplaceGraph():
                self._replace(document)
            case _:
                assert_never(edit)

    def build(self, document: Document) -> None:
        """Make all of a document, quietly: no node asks for a run."""
        self._quiet = True
        try:
            self._build(document)
        finally:
            self._quiet = False

    def _build(self, document: Document) -> None:
        for key, value in document.properties.items():
            guarded(lambda key=key, value=value: self.space.set_property(key, value))
        for record in document.nodes.values():
            guarded(lambda record=record: self._add_node(record))
        for edge in document.edges:
            guarded(lambda edge=edge: self._add_edge(edge))
        guarded(lambda: self._set_groups(document.groups))

    def clear(self) -> None:
        """Take all nodes away."""
        for node in list(self.space.nodes):
            self.observer.forget(node.uuid)
        self.space.clear()
        self.set_secrets()

    def _add_node(self, record: NodeRecord) -> None:
        node = self._maker.make(record, is_held=self._holding.sentence_for(record.id) is not None)
        self.space.add_node_instance(node)
        self.observer.know(node)
        self._tell_own_ports(node, record)
        if not self._quiet and node.default_trigger_on_create and node.ready():
            node.ask_for_run(MADE_READY)

    def _tell_own_ports(self, node: Any, record: NodeRecord) -> None:
        """Have the ports that the node's constructor added told like those it adds later."""
        # All new nodes of a class share their records: those whose ports have the same names need no look.
        names = self.observer.names_of(node)
        known = self._complete.get(id(record.ports))
        if known is not None and known[0] is record.ports and known[1] is names:
            return
        added = [port for port in own_ports(node) if key_of(node, port) not in record.ports]
        if added and (sink := self._sink()) is not None:
            self.observer.know_fewer(node, added)
            sink.port_changed(added[0])
        if not added:
            if len(self._complete) >= MAX_COMPLETE:
                self._complete.clear()
            self._complete[id(record.ports)] = record.ports, names

    def _set_groups(self, groups: Mapping[str, GroupRecord]) -> None:
        self.space.groups.deserialize({name: dump_group(group) for name, group in groups.items()})

    def _add_edge(self, edge: Edge) -> None:
        source = self._port(edge.src_node, edge.src_port, is_input=None)
        target = self._port(edge.trg_node, edge.trg_port, is_input=True)
        source.connect(target)
        self._know(edge.trg_node, edge.trg_port)

    def _remove_edge(self, edge: Edge) -> None:
        source = self._port(edge.src_node, edge.src_port, is_input=None)
        target = self._port(edge.trg_node, edge.trg_port, is_input=True)
        if source.is_input():
            source.unforward(target)
        else:
            source.disconnect(target)
        self._know(edge.trg_node, edge.trg_port)

    def _give_back(self, edge: Edge, document: Document) -> None:
        """Let an input that lost its last wire have what its user gave it before it was wired."""
        target = self._port(edge.trg_node, edge.trg_port, is_input=True)
        node = document.nodes.get(edge.trg_node)
        record = node.ports.get(edge.trg_port) if node is not None else None
        if record is None or target.is_connected():
            return
        if record.default is not UNSET:
            target.set_default(self._maker.value_of(record.default))
        if record.value is not UNSET:
            target.set_value(self._maker.value_of(record.value), does_trigger=False)
        self._know(edge.trg_node, edge.trg_port)

    def node(self, node: NodeId) -> Any:
        """Return a living node."""
        return self.space.get_node_by_id(node)

    def _input(self, node: NodeId, port: PortId) -> Any:
        return self._port(node, port, is_input=True)

    def _port(self, node: NodeId, port: PortId, is_input: bool | None) -> Any:
        living = self.node(node)
        if isinstance(living, PlaceHolderNode):
            known = living.inputs.get(port) or living.outputs.get(port)
            return known or living.make_port(port, bool(is_input))
        if is_input:
            return living.get_input(port)
        # An output and an input may share an id; an edge begins at the output unless there is none.
        return living.outputs.get(port) or living.get_input(port)

    def _know(self, node: NodeId, port: PortId) -> None:
        self.observer.know_port(node, self._input(node, port))

    def revive(self, record: NodeRecord, document: Document) -> None:
        """Make a node anew, with its wires."""
        self.space.remove_node_by_id(record.id)
        self._add_node(record)
        for edge in wires_of(document).get(record.id, ()):
            guarded(lambda edge=edge: self._add_edge(edge))


def guarded(step: Callable[[], None]) -> None:
    """Take one step of several: one node whose code objects does not keep the others from being there."""
    try:
        step()
    # Constructors, handlers and setters are code of node authors.
    except Exception:  # noqa: BLE001
        _log.exception("a part of the graph could not be brought to life")


def _name_external_worker(class_id: str, worker: str, name: str | UnsetType) -> None:
    known = FuncNodesExternalWorker.RUNNING_WORKERS.get(class_id)
    instance = None if known is None else known.get(worker)
    if instance is not None:
        instance.name = getattr(instance, "NAME", "") if name is UNSET else name
