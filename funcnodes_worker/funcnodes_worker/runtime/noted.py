"""What node code changed by itself, noted in the document: pure functions for `Writer.observe`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from funcnodes_core.document.draft import with_node
from funcnodes_core.document.edits import Edit, RemoveNode, ReplaceGraph
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
    return with_node(head, changed)


class Renewed:
    """Nodes that took the place of others with the same id, until the living graph has followed.

    What is told meanwhile of a node with such an id was said by the one before, and is dropped.
    """

    def __init__(self) -> None:
        self._since: dict[NodeId, int] = {}

    def note(self, nodes: Iterable[NodeId], revision: int) -> None:
        """Note that these nodes are new since a revision."""
        self._since.update(dict.fromkeys(nodes, revision))

    def without_old(self, batch: Batch) -> Batch:
        """Return the batch without what was said by nodes that are no longer there."""
        old = {node for node, since in self._since.items() if since > batch.followed}
        self._since = {node: self._since[node] for node in old}
        if not old:
            return batch
        return replace(
            batch,
            values={key: value for key, value in batch.values.items() if key[0] not in old},
            states={node: state for node, state in batch.states.items() if node not in old},
            progress={node: info for node, info in batch.progress.items() if node not in old},
            ports={node: ports for node, ports in batch.ports.items() if node not in old},
            own_values={key: value for key, value in batch.own_values.items() if key[0] not in old},
        )


def renewed_by(edits: Sequence[Edit], before: Document) -> set[NodeId]:
    """Return the nodes of which nothing that was known counts any more."""
    gone: set[NodeId] = set()
    for edit in edits:
        if isinstance(edit, RemoveNode):
            gone.add(edit.id)
        elif isinstance(edit, ReplaceGraph):
            gone.update(before.nodes)
    return gone
