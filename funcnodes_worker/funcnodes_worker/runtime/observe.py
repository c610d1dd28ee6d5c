"""Living → document: what node code changed by itself, as plain records.

Owns the description of a living port and of a node class. What it finds is kept in the document and
published, but is no user's edit (`Writer.observe`). Called in the graph's thread only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from funcnodes_core.document.keys import id_behind, output_key
from funcnodes_core.document.model import TRIGGER_PAIR, JsonValue, NodeId, PortId, PortRecord
from funcnodes_core.novalue import NoValue
from msgspec import UNSET, UnsetType

from funcnodes_worker.runtime.previews import as_json, is_json
from funcnodes_worker.runtime.records import Batch, NodeState, RunFailure

_MAX_OWN_VALUE = 64 * 1024
_MAX_SHARED = 5000
_Names: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""The names of a node's inputs and of its outputs."""


def describe_port(port: Any) -> PortRecord:
    """Return what a living port, or one of a node class, says about itself."""
    is_input: bool = port.is_input()
    return PortRecord(
        id=port.uuid,
        is_input=is_input,
        name=port.name,
        type=port.type if isinstance(port.type, str) else as_json(port.type),
        description=port.description,
        class_default=_default(port) if is_input else UNSET,
        allow_multiple=UNSET if port.own_allow_multiple is None else port.own_allow_multiple,
        required=port.required if is_input else UNSET,
        does_trigger=port.does_trigger if is_input else UNSET,
        hidden=True if port.hidden else UNSET,
        emit_value_set=port.emit_value_set,
        value_options=_said(port.value_options),
        render_options=_said(port.render_options),
    )


def _said(options: Mapping[str, Any]) -> Any:
    return as_json(options) if options else UNSET


def key_of(node: Any, port: Any) -> PortId:
    """Return the key under which a living port stands in its node's record."""
    is_beside_its_input = not port.is_input() and port.uuid in node.inputs
    return output_key(port.uuid) if is_beside_its_input else port.uuid


def port_under(node: Any, key: PortId) -> Any:
    """Return the living port that stands under a key in its node's record, or None."""
    port = node.inputs.get(key) or node.outputs.get(key)
    return port if port is not None else node.outputs.get(id_behind(key))


def _default(port: Any) -> JsonValue | UnsetType:
    default = port.class_default
    if isinstance(default, type(port).DefaultFactory):
        return UNSET if default.text is None else default.text
    if default is NoValue:
        return UNSET
    return as_json(default)


def ports_of(node: Any) -> tuple[PortRecord, ...]:
    """Return all ports of a living node but the trigger pair, inputs first."""
    return tuple(describe_port(port) for port in own_ports(node))


def own_ports(node: Any) -> list[Any]:
    """Return the living ports of a node but the trigger pair, inputs first."""
    ports = [*node.inputs.values(), *node.outputs.values()]
    return [port for port in ports if port.uuid not in TRIGGER_PAIR]


def state_of(node: Any) -> NodeState:
    """Return what a living node is doing."""
    state = node.run_state
    error = state.error
    failure = None
    if error is not None:
        failure = RunFailure(error.message, tuple(error.traceback), error.kind)
    return NodeState(
        state.status, state.run, failure, node.ready(), state.blocked_by, state.notice, node.figures
    )


class Observer:
    """Remembers what is known of the living nodes, to see what their code changes."""

    def __init__(self) -> None:
        self._options: dict[NodeId, dict[tuple[PortId, bool], Any]] = {}
        self._names: dict[NodeId, _Names] = {}
        self._shared: dict[_Names, _Names] = {}
        """Names that were seen, each once: nodes of a class have the same, and hold them together."""
        self._set_by_user: dict[NodeId, dict[PortId, Any]] = {}

    def know(self, node: Any) -> None:
        """Take a node as it is now for what the document says. Called after each edit was followed."""
        name = node.uuid
        self._names[name] = self.names_of(node)
        # As `know_port` does for each. A new node has nothing to say here, and they come by the thousand.
        for port in node.inputs.values():
            if port.value_options or name in self._options:
                self._know_options(name, port, port.value_options)
            if port.stored is not NoValue or name in self._set_by_user:
                self._set_by_user.setdefault(name, {})[port.uuid] = port.stored
        for port in node.outputs.values():
            if port.value_options or name in self._options:
                self._know_options(name, port, port.value_options)

    def names_of(self, node: Any) -> _Names:
        """Return the names of a node's ports: the same object for all that have the same."""
        names = (tuple(node.inputs), tuple(node.outputs))
        known = self._shared.get(names)
        if known is None:
            if len(self._shared) >= _MAX_SHARED:
                self._shared.clear()
            self._shared[names] = known = names
        return known

    def know_fewer(self, node: Any, unknown: Iterable[Any]) -> None:
        """Take these ports of a node for news, since the document does not have them yet."""
        gone = set(unknown)
        inputs = tuple(name for name, port in node.inputs.items() if port not in gone)
        outputs = tuple(name for name, port in node.outputs.items() if port not in gone)
        self._names[node.uuid] = (inputs, outputs)

    def know_port(self, node: NodeId, port: Any) -> None:
        """Take a port as it is now for what the document says."""
        self._know_options(node, port, port.value_options)
        if port.is_input() and (port.stored is not NoValue or node in self._set_by_user):
            self._set_by_user.setdefault(node, {})[port.uuid] = port.stored

    def _know_options(self, node: NodeId, port: Any, options: Any) -> None:
        # Most ports have none: nothing is kept of them, for each port of ten thousand nodes.
        if options or node in self._options:
            self._options.setdefault(node, {})[port.uuid, port.is_input()] = options

    def forget(self, node: NodeId) -> None:
        """Forget a node that was removed."""
        self._names.pop(node, None)
        self._options.pop(node, None)
        self._set_by_user.pop(node, None)

    def changes_of(self, ports: Iterable[Any]) -> Batch:
        """Return what node code changed on these ports, and which ports it added or took away."""
        changed: dict[NodeId, Any] = {}
        own_values: dict[tuple[NodeId, PortId], JsonValue | UnsetType] = {}
        looked_at: set[NodeId] = set()
        for port in ports:
            node = port.node
            if node is None or (names := self._names.get(name := node.uuid)) is None:
                continue
            if name not in looked_at:
                looked_at.add(name)
                if names != (tuple(node.inputs), tuple(node.outputs)):
                    changed[name] = node
            if self._has_new_options(name, port):
                changed[name] = node
            if port.is_input() and not port.is_connected() and self._is_own_value(name, port):
                self._set_by_user[name][port.uuid] = port.stored
                own_values[name, port.uuid] = UNSET if port.stored is NoValue else port.stored
        described = {name: ports_of(node) for name, node in changed.items()}
        for name, node in changed.items():
            self._names[name] = (tuple(node.inputs), tuple(node.outputs))
        return Batch(ports=described, own_values=own_values)

    def _has_new_options(self, node: NodeId, port: Any) -> bool:
        options = port.value_options
        known = self._options.get(node)
        if known is None and not options:
            return False
        key = (port.uuid, port.is_input())
        if _same((known or {}).get(key, {}), options):
            return False
        self._options.setdefault(node, {})[key] = options
        return True

    def _is_own_value(self, node: NodeId, port: Any) -> bool:
        known = self._set_by_user.setdefault(node, {}).get(port.uuid, NoValue)
        stored = port.stored
        if stored is known or port.uuid in TRIGGER_PAIR:
            return False
        # What is no JSON, or large, would not come back equal from the file; it is shown, not kept.
        if isinstance(stored, str):
            return len(stored) <= _MAX_OWN_VALUE
        # A value that went back to none (`reset_inputs_on_trigger`) must not come back at the next start.
        return stored is NoValue or is_json(stored)


def _same(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    # Options may hold values of modules (arrays) whose comparison is no yes or no: then they are news.
    except Exception:  # noqa: BLE001
        return False
