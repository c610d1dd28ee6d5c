"""Outputs that outlive the process: which are worth it, and which nodes need not run when a flow is opened.

Owns the decision on both sides. *Keeping*: when the graph is quiet, the outputs of nodes that ran are handed
on with fingerprints of the inputs they were computed from and a hash of the code, if they are small for what
they cost. *Taking up*: after the graph was built, a node gets its outputs back when code and inputs are the
same, and does not run. Where an input is not known yet, because the node before it must run first, the kept
outputs are shown and the node is asked again when that input has arrived: it runs if it differs.

All of this belongs to the graph's thread; reading and writing bytes is `process/keeping`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary, WeakSet

import msgspec
from funcnodes_core.document.model import TRIGGER_PAIR, NodeId, PortId
from funcnodes_core.node.placeholder import PlaceHolderNode
from funcnodes_core.nodemaker.instance import NodeClassNode
from funcnodes_core.novalue import NoValue

from funcnodes_worker.runtime.kept_code import Codes
from funcnodes_worker.runtime.kept_values import decode, fingerprint, size_of
from funcnodes_worker.store.kept import KeptRecord

ALWAYS_BYTES = 64 * 1024
"""What is this small is kept whatever it cost."""
BYTES_PER_SECOND = 20_000_000
"""More is kept if computing it took a second for so many bytes: reading them back is ten times as fast."""
MOST_BYTES = 100 * 1024 * 1024

_FIXED = frozenset({int, float, bool, str, bytes, complex, type(None), type(NoValue)})

Content: TypeAlias = Callable[[str], bytes | None]
Kept: TypeAlias = tuple[Mapping[NodeId, KeptRecord], Content]
"""What an earlier process left: records, and the bytes they name."""


class Candidate(msgspec.Struct, frozen=True):
    """A node whose outputs may be worth keeping: its values themselves, read while the graph is quiet."""

    node: NodeId
    code: str
    inputs: Mapping[PortId, Any]
    outputs: Mapping[PortId, Any]
    allowed: int
    """How many bytes its outputs may have."""

    @property
    def is_fixed(self) -> bool:
        """Whether nobody can write into its values."""
        return all(type(value) in _FIXED for value in (*self.inputs.values(), *self.outputs.values()))


def allowed_bytes(seconds: float) -> int:
    """Return how many bytes the outputs of a node may have that took so long."""
    return min(MOST_BYTES, max(ALWAYS_BYTES, int(seconds * BYTES_PER_SECOND)))


class Keeper:
    """What is kept of the living nodes."""

    def __init__(self, codes: Codes) -> None:
        self._codes = codes
        self._taken_up: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        """Nodes that show what was kept, and how many runs they had made then."""
        self._waiting: WeakSet[Any] = WeakSet()
        """Those of them that are asked again before they run."""

    @property
    def has_taken_up(self) -> bool:
        """Whether any node got its outputs back."""
        return bool(self._taken_up)

    def is_kept(self, node: Any) -> bool:
        """Tell whether a node shows what was kept, and has not run since."""
        # Nearly always nothing is: then no figures are made for each node that ran.
        return bool(self._taken_up) and self._taken_up.get(node) == node.figures.runs

    # Keeping

    def candidates(self, nodes: Iterable[Any]) -> list[Candidate]:
        """Return those of these nodes whose outputs may be kept as they are now."""
        return [one for node in nodes if (one := self._candidate(node)) is not None]

    def _candidate(self, node: Any) -> Candidate | None:
        state = node.run_state
        if state.status != "idle" or node.figures.runs == 0 or not _may_be_kept(node):
            return None
        code = self._codes.of(type(node))
        outputs = _values(node.outputs)
        allowed = allowed_bytes(node.figures.last_s)
        if code is None or sum(size_of(value) for value in outputs.values()) > allowed:
            return None
        return Candidate(node.uuid, code, _values(node.inputs), outputs, allowed)

    # Taking up

    def take_up(self, nodes: Iterable[Any], records: Mapping[NodeId, KeptRecord], content: Content) -> None:
        """Give nodes their kept outputs back; those that got them are not to be asked for a run now."""
        given = [node for node in nodes if node.uuid in records and self._give(node, records, content)]
        self._taken_up = WeakKeyDictionary({node: node.figures.runs for node in given})
        # Values are all in place: now each is compared with what its node had computed from. What comes from
        # a node that has yet to run is not known; it is compared when it arrives.
        stale = [node for node in given if not _is_same(node, records[node.uuid], self._is_open)]
        for node in stale:
            del self._taken_up[node]
        unsure = self._below([node for node in nodes if node not in self._taken_up])
        for node in stale:
            for name, port in node.outputs.items():
                if name not in TRIGGER_PAIR:
                    port.push(NoValue, False)
        for node in unsure:
            if node in self._taken_up:
                self._ask_again(node, records[node.uuid])

    def _give(self, node: Any, records: Mapping[NodeId, KeptRecord], content: Content) -> bool:
        record = records[node.uuid]
        if not _may_be_kept(node) or self._codes.of(type(node)) != record.code:
            return False
        if not set(record.outputs) <= set(node.outputs):
            return False
        try:
            values = {
                name: decode(kept.format, _whole(content, kept.hash)) for name, kept in record.outputs.items()
            }
        except ValueError:
            return False
        for name, value in values.items():
            node.outputs[name].push(value, False)
        return True

    def _is_open(self, port: Any) -> bool:
        return any(source.node not in self._taken_up for source in port.sources) or any(
            self._is_open(forwarder) for forwarder in port.forwarders
        )

    def _below(self, roots: Iterable[Any]) -> list[Any]:
        """Return all nodes that a value of one of these may reach."""
        seen: dict[Any, None] = {}
        left = [node.cell for node in roots]
        while left:
            for child in left.pop().children():
                if child not in seen:
                    seen[child] = None
                    left.append(child)
        return [cell.node for cell in seen]

    def _ask_again(self, node: Any, record: KeptRecord) -> None:
        self._waiting.add(node)

        def is_there() -> bool:
            if node not in self._waiting:
                return False
            self._waiting.discard(node)
            return _is_same(node, record)

        node.cell.engine.lasting.ask_before(node.cell, is_there)

    def code_changed(self) -> None:
        """Hear that modules were loaded again: what ran before them is not what they compute."""
        self._codes.forget()

    def forget(self) -> None:
        """Let every node run that is asked to: somebody changed the graph, or what had to run has run."""
        self._waiting.clear()


def _may_be_kept(node: Any) -> bool:
    # A node of an external worker speaks with something outside, which nobody knows to be as it was.
    if isinstance(node, PlaceHolderNode | NodeClassNode):
        return False
    return bool(getattr(node, "keeps_outputs", True))


def _values(ports: Mapping[PortId, Any]) -> dict[PortId, Any]:
    return {name: port.value for name, port in ports.items() if name not in TRIGGER_PAIR}


def _is_same(node: Any, record: KeptRecord, is_open: Callable[[Any], bool] = lambda port: False) -> bool:
    ports = {name: port for name, port in node.inputs.items() if name not in TRIGGER_PAIR}
    if ports.keys() != record.inputs.keys():
        return False
    return all(
        is_open(port) or fingerprint(port.value) == record.inputs[name] for name, port in ports.items()
    )


def _whole(content: Content, identity: str) -> bytes:
    data = content(identity)
    if data is None:
        raise ValueError(f"{identity} is not kept any more")
    return data
