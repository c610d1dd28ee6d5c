"""The nodespace: one living graph with its library, properties and groups.

It tells what its nodes tell, when somebody listens; the worker's feed does not listen here but at the
engine's sink.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Mapping
from typing import Any, cast

from funcnodes_core.document.graph_properties import CYCLE_LIMIT, wanted_for
from funcnodes_core.engine.blocking import forget_all
from funcnodes_core.engine.runner import current_engine
from funcnodes_core.engine.states import OPENED
from funcnodes_core.eventmanager import EventEmitterMixin
from funcnodes_core.exceptions import NodeClassNotFoundError, NodeIOError, NodeTriggerError, a_kind_of
from funcnodes_core.groups import NodeGroups
from funcnodes_core.io.input import NodeInput
from funcnodes_core.io.port import NodeIO
from funcnodes_core.lib.library import Library
from funcnodes_core.lib.shelf import Shelf, flatten_shelf
from funcnodes_core.node import shapes
from funcnodes_core.node.node import Node
from funcnodes_core.node.placeholder import PlaceHolderNode
from funcnodes_core.node.registry import REGISTERED_NODES
from funcnodes_core.utils.ids import new_id

__all__ = ["FullNodeSpaceJSON", "NodeSpace", "NodeSpaceJSON"]

_logger = logging.getLogger("funcnodes")

NodeSpaceJSON = dict[str, Any]
FullNodeSpaceJSON = dict[str, Any]


class NodeSpace(EventEmitterMixin):
    """A graph in one hand."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - the published name
        self.id = id or new_id()
        self.lib = Library()
        self.groups = NodeGroups()
        self._nodes: dict[str, Node] = {}
        self._properties: dict[str, Any] = {}
        self._secrets: dict[str, Any] = {}

    # --- nodes ---------------------------------------------------------------------------------
    @property
    def nodes(self) -> list[Node]:
        """All nodes, in the order in which they came."""
        return list(self._nodes.values())

    @property
    def edges(self) -> list[tuple[NodeIO, NodeInput]]:
        """All connections and forwards, as pairs of ports."""
        found: list[tuple[NodeIO, NodeInput]] = []
        for node in self._nodes.values():
            for output in node.outputs.values():
                found += [(output, target) for target in output.targets]
            for port in node.inputs.values():
                found += [(port, target) for target in port.forwards]
        return found

    def get_node_by_id(self, nid: str) -> Node:
        """Return a node."""
        node = self._nodes.get(nid)
        if node is None:
            raise ValueError(f"this nodespace has no node {nid!r}")
        return node

    def has_node(self, nid: str) -> bool:
        """Return whether a node of this id is here."""
        return nid in self._nodes

    def add_node_instance(self, node: Node) -> Node:
        """Take a node in."""
        if not isinstance(node, Node):  # pyright: ignore[reportUnnecessaryIsInstance] - by who forgets the brackets
            raise TypeError(
                f"a nodespace takes nodes, not {node!r}; make one of a class by calling the class"
            )
        if not node.inputs:
            raise ValueError(f"{node.name} was removed and has no ports any more; make a new node")
        if node.uuid in self._nodes:
            raise ValueError(f"this nodespace has a node {node.uuid!r} already")
        self._nodes[node.uuid] = node
        node.nodespace = self
        if self.is_heard:
            self.emit("node_added", {"node": node.full_serialize()})
        return node

    def add_node_by_id(self, node_id: str, **node_kwargs: Any) -> Node:
        """Make a node of this class and take it in."""
        return self.add_node_instance(self._class_of(node_id)(**node_kwargs))

    def _class_of(self, node_id: str) -> type[Node]:
        found = self.lib.class_of(node_id) or REGISTERED_NODES.get(node_id)
        return self.lib.get_node_by_id(node_id) if found is None else found

    def remove_node_instance(self, node: Node) -> str | None:
        """Remove a node with its connections; return its id, or None when it was not here."""
        if self._nodes.get(node.uuid) is not node:
            return None
        uuid = node.uuid
        node.cleanup()
        del self._nodes[uuid]
        self.groups.ungroup_nodes([uuid])
        self.emit("node_removed", {"node": uuid})
        return uuid

    def remove_node_by_id(self, nid: str) -> str | None:
        """Remove a node by id; return the id, or None when it was not here."""
        node = self._nodes.get(nid)
        return None if node is None else self.remove_node_instance(node)

    def clear(self) -> None:
        """Remove all nodes, groups and properties; secrets stay."""
        forget_all(node.cell for node in self.nodes)
        for node in self.nodes:
            self.remove_node_instance(node)
        self.groups.clear()
        self._properties.clear()

    # --- library -------------------------------------------------------------------------------
    def add_shelf(self, shelf: Shelf) -> Shelf:
        """Add a shelf to the library."""
        return self.lib.add_shelf(shelf)

    def remove_shelf(self, shelf: Shelf, with_nodes: bool = True) -> None:
        """Take a shelf from the library, and the nodes of its classes from the graph."""
        classes = set(flatten_shelf(shelf)[0])
        self.lib.remove_shelf(shelf)
        if with_nodes:
            for node in self.nodes:
                if type(node) in classes:
                    self.remove_node_instance(node)

    # --- properties ----------------------------------------------------------------------------
    @property
    def cycle_limit(self) -> int | None:
        """How often a cycle goes round before it is stopped; None for the engine's own limit.

        It is the property `cycle_limit`, so it is saved with the graph.
        """
        limit = self._properties.get(CYCLE_LIMIT)
        # A file may hold anything; what is no limit is kept, and means none was said.
        return limit if wanted_for(CYCLE_LIMIT, limit) is None else None

    @cycle_limit.setter
    def cycle_limit(self, value: int | None) -> None:
        if value is None:
            self.remove_property(CYCLE_LIMIT)
        else:
            self.set_property(CYCLE_LIMIT, value)

    def set_property(self, key: str, value: Any, secret: bool = False) -> None:
        """Keep something with the nodespace; a secret is never written out."""
        wanted = None if secret else wanted_for(key, value)
        if wanted is not None:
            raise ValueError(f"the property {key!r} of a nodespace takes {wanted}, not {value!r}")
        (self._secrets if secret else self._properties)[key] = value

    def get_property(self, key: str) -> Any:
        """Return a property, else a secret one, else None."""
        return self._properties[key] if key in self._properties else self._secrets.get(key)

    def set_secret_property(self, key: str, value: Any) -> None:
        """Keep a secret."""
        self._secrets[key] = value

    def get_secret_property(self, key: str) -> Any:
        """Return a secret, or None."""
        return self._secrets.get(key)

    def remove_property(self, key: str) -> None:
        """Forget a property, secret or not."""
        self._properties.pop(key, None)
        self._secrets.pop(key, None)

    # --- events --------------------------------------------------------------------------------
    @property
    def is_heard(self) -> bool:
        """Whether anyone listens."""
        return bool(self.listeners or self.default_listeners)

    def listening_changed(self) -> None:
        """Let the nodes know whether their events have a listener."""
        for node in self.__dict__.get("_nodes", {}).values():
            node.listening_changed()

    def tell_node_event(self, node: Node, event: str, message: dict[str, Any]) -> None:
        """Tell an event of a node, with `node=<uuid>`. Called by nodes."""
        if self.is_heard:
            self.emit(event, {**message, "node": node.uuid})

    def tell_node_error(self, node: Node, error: Exception) -> None:
        """Tell the error of a node. Called by nodes."""
        if self.is_heard:
            state = node.run_state
            lines = state.error.traceback if state.error is not None else [str(error)]
            event = "node_trigger_error" if isinstance(error, NodeTriggerError) else "node_error"
            self.emit(event, {"node": node.uuid, "error": error, "tb": lines})

    # --- running -------------------------------------------------------------------------------
    async def await_done(self) -> None:
        """Run what was asked for, and return when no node runs or is about to."""
        engine = current_engine()
        for node in self.nodes:
            node.trigger_if_requested()
        cells = [node.cell for node in self.nodes if node.cell.engine is engine]
        while any(cell.state for cell in cells):
            await engine.waiting.turn()
            cells = [node.cell for node in self.nodes if node.cell.engine is engine]
        # Whoever was told of the last run gets to act on it before the caller goes on.
        await asyncio.sleep(0)

    # --- plain data ----------------------------------------------------------------------------
    def serialize_edges(self) -> list[list[str]]:
        """Return all edges as `[source node, source port, target node, target port]`."""
        return [
            [src.node.uuid, src.uuid, trg.node.uuid, trg.uuid]
            for src, trg in self.edges
            if src.node is not None and trg.node is not None
        ]

    def serialize(self) -> NodeSpaceJSON:
        """Return the graph as plain data, without what the classes say."""
        return {
            "nodes": [node.serialize() for node in self.nodes],
            "edges": self.serialize_edges(),
            "prop": dict(self._properties),
            "groups": self.groups.serialize(),
        }

    def full_serialize(self, with_io_values: bool = False) -> FullNodeSpaceJSON:
        """Return everything about the graph and its library."""
        return {
            "nodes": [node.full_serialize(with_io_values) for node in self.nodes],
            "edges": self.serialize_edges(),
            "prop": dict(self._properties),
            "lib": self.lib.full_serialize(),
            "groups": self.groups.serialize(),
        }

    def deserialize(self, data: Mapping[str, Any]) -> None:
        """Become a saved graph. A node of an unknown class becomes a placeholder.

        An edge that cannot be is skipped, and the log says so. What is no saved graph is refused (ValueError)
        before anything changes.
        """
        _assert_saved_graph(data)
        self.clear()
        self._properties.update(data.get("prop") or {})
        # All that is made here stays: looking for garbage among it would take a sixth of the time.
        collects = gc.isenabled()
        gc.disable()
        try:
            for saved in data.get("nodes") or ():
                self.add_node_from_saved(saved)
            for edge in data.get("edges") or ():
                if not self.add_saved_edge(edge):
                    _logger.warning("the saved edge %r leads nowhere and is left out", edge)
        finally:
            if collects:
                gc.enable()
        self.groups.deserialize(data.get("groups") or {})

    def add_node_from_saved(self, saved: Mapping[str, Any]) -> Node:
        """Take a saved node in, or a placeholder for it."""
        try:
            node_class = self._class_of(saved["node_id"])
        except NodeClassNotFoundError:
            return self.add_node_instance(PlaceHolderNode(raw=saved))
        node = node_class(uuid=saved.get("id"), name=saved.get("name"), trigger_on_create=False)
        node.deserialize(saved)
        self.add_node_instance(node)
        if node.default_trigger_on_create and node.ready():
            node.ask_for_run(OPENED)
        return node

    def add_saved_edge(self, edge: Any) -> bool:
        """Connect what a saved edge says; False when it cannot be."""
        if not isinstance(edge, list | tuple) or len(cast("list[Any]", edge)) != 4:
            return False
        src_node, src_port, trg_node, trg_port = map(str, cast("list[Any]", edge))
        source, target = self._nodes.get(src_node), self._nodes.get(trg_node)
        if source is None or target is None:
            return False
        if isinstance(source, PlaceHolderNode) and src_port not in source.inputs:
            source.make_port(src_port, is_input=False)
        if isinstance(target, PlaceHolderNode):
            target.make_port(trg_port, is_input=True)
        src = source.outputs.get(src_port) or source.inputs.get(src_port)
        trg = target.inputs.get(trg_port)
        if src is None or trg is None:
            return False
        try:
            src.connect(trg)
        except NodeIOError:
            return False
        return True


def _assert_saved_graph(data: Any) -> None:
    """Raise ValueError, with what is wrong, unless this is what `serialize` writes."""
    if not isinstance(data, Mapping):
        raise ValueError(f"a saved graph is a dictionary with `nodes` and `edges`, not {a_kind_of(data)}")
    saved = cast("Mapping[str, Any]", data)
    for word in ("nodes", "edges"):
        if not isinstance(saved.get(word) or [], list | tuple):
            raise ValueError(f"the {word} of a saved graph are a list, not {a_kind_of(saved[word])}")
    ids: set[str] = set()
    nodes: list[Any] = saved.get("nodes") or []
    for place, node in enumerate(nodes, 1):
        of_node = cast("Mapping[str, Any]", node if isinstance(node, Mapping) else {})
        if not isinstance(of_node.get("node_id"), str):
            raise ValueError(f"node {place} of the saved graph has no node_id, so nobody knows its class")
        uuid = of_node.get("id")
        if not isinstance(uuid, str | None):
            raise ValueError(f"the id of node {place} of the saved graph is a text, not {a_kind_of(uuid)}")
        if uuid in ids:
            raise ValueError(f"two nodes of the saved graph have the id {uuid!r}; give one of them another")
        if uuid is not None:
            ids.add(uuid)


def serialize_nodespace_for_saving(nodespace: NodeSpace) -> NodeSpaceJSON:
    """Return a graph as it is written to disk: without values."""
    return {**nodespace.serialize(), "nodes": [_saved(node) for node in nodespace.nodes]}


def _saved(node: Node) -> dict[str, Any]:
    return node.serialize() if isinstance(node, PlaceHolderNode) else shapes.saved(node)
