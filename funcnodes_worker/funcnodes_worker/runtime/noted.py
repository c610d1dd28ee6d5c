"""What node code changed by itself, noted in the document: pure functions for `Writer.observe`."""

from __future__ import annotations

from collections.abc import Set

from funcnodes_core.document.filling import observe_ports
from funcnodes_core.document.model import Document, JsonValue, NodeId, PortId
from msgspec import UnsetType
from msgspec.structs import replace

from funcnodes_worker.runtime.records import Batch


def note_batch(
    head: Document, committed: Document, batch: Batch, newer: Set[tuple[NodeId, PortId]]
) -> Document:
    """Return the document with what a batch observed; the same one when it holds nothing new.

    A user may have set an input while the batch was under way: it is in `newer` when the edit is committed,
    and differs between `committed` and `head` when it is not. The user's word counts.
    """
    for node, ports in batch.ports.items():
        head = observe_ports(head, node, ports)
    for (node, port), value in batch.own_values.items():
        if (node, port) not in newer and not _is_pending(head, committed, node, port):
            head = _with_value(head, node, port, value)
    return head


def _is_pending(head: Document, committed: Document, node: NodeId, port: PortId) -> bool:
    new, old = head.nodes.get(node), committed.nodes.get(node)
    if new is None or old is None:
        return True
    mine, theirs = new.ports.get(port), old.ports.get(port)
    return mine is None or theirs is None or mine.value is not theirs.value


def _with_value(head: Document, node: NodeId, port: PortId, value: JsonValue | UnsetType) -> Document:
    record = head.nodes[node]
    changed = replace(record, ports={**record.ports, port: replace(record.ports[port], value=value)})
    return replace(head, nodes={**head.nodes, node: changed})
