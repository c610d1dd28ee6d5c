"""How published clients hear the news: `nsevent`, `workerevent`, `progress`, value frames (contract 6, 7).

Owns the translation of edits and run states into those names. One event per edge, where the original sends
three.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from funcnodes_core.document.draft import wires_of
from funcnodes_core.document.edits import (
    AddEdge,
    AddNode,
    Edit,
    RemoveEdge,
    RemoveNode,
    ReplaceGraph,
    SetDefault,
    SetPortOption,
    SetValue,
)
from funcnodes_core.document.keys import source_port
from funcnodes_core.document.model import Document, Edge, NodeId, PortId

from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.rpc.outbox import Frame
from funcnodes_worker.runtime.board import Board
from funcnodes_worker.runtime.records import Batch, NodeState, Noted, Preview
from funcnodes_worker.runtime.writer import Committed, Writer
from funcnodes_worker.server.choices import with_raw_choice
from funcnodes_worker.server.client import Client, Ticker, text
from funcnodes_worker.server.frames import json_value, value_frame
from funcnodes_worker.server.node_ids import has_place_in_a_header
from funcnodes_worker.server.node_texts import full_node_json
from funcnodes_worker.server.shapes import find_port

RATE = 30.0


class PublishedNews:
    """Events by their published names; values and states newest only."""

    def __init__(self, client: Client, writer: Writer, board: Board) -> None:
        self._client, self._writer, self._board = client, writer, board
        self._values: dict[tuple[NodeId, PortId], None] = {}
        self._states: dict[NodeId, None] = {}
        self._progress: dict[NodeId, None] = {}
        self._started: dict[NodeId, int] = {}
        """Runs whose start was told and whose end was not."""
        self._told: dict[NodeId, int] = {}
        self._barred: dict[NodeId, Mapping[str, Any]] = {}
        """Nodes whose progress was told, and what was told last: it stands there until it is taken back."""
        self.ticker = Ticker(RATE, self._flush)

    # Edits

    def committed(self, committed: Committed) -> None:
        """Tell an edit by the published events that say it; a full sync where there is none."""
        resync = False
        before = committed.before
        for edit in committed.edits:
            resync = not self._tell(edit, before, committed.document) or resync
        # Renames, moves and options have no event: other windows read all again, its author knows.
        if resync and committed.author != self._client.author:
            self._client.outbox.put_late("fullsync", lambda: text(_worker_event("fullsync", {})))

    def _tell(self, edit: Edit, before: Document, after: Document) -> bool:
        match edit:
            case AddNode(node):
                record = after.nodes.get(node.id)
                if record is not None:
                    shape = full_node_json(after, record, self._board)
                    self._event("node_added", {"node": shape}, node.id)
            case RemoveNode(node):
                for edge in wires_of(before).get(node, ()):
                    self._edge(edge, before, added=False)
                self._barred.pop(node, None)
                self._event("node_removed", {"node": node})
            case AddEdge(edge):
                self._edge(edge, after, added=True)
            case RemoveEdge(edge):
                self._edge(edge, before, added=False)
            case SetPortOption(node, port, "value_options"):
                record = after.nodes.get(node)
                found = record and find_port(record, port)
                if found:
                    data = {"node": node, "io": found.id, "result": found.value_options or {}}
                    self._event("after_update_value_options", data)
            case SetValue() | SetDefault():
                pass  # The value itself comes with the feed, as for every port.
            case ReplaceGraph():
                self._client.outbox.put_late("fullsync", lambda: text(_worker_event("fullsync", {})))
            case _:
                return False
        return True

    def _edge(self, edge: Edge, document: Document, added: bool) -> None:
        source = document.nodes.get(edge.src_node)
        port = source and (source_port(source, edge.src_port) or find_port(source, edge.src_port))
        forwards = port is not None and port.is_input
        name = ("after_forward" if forwards else "after_connect") if added else None
        name = name or ("after_unforward" if forwards else "after_disconnect")
        self._event(name, {"node": edge.src_node, "io": edge.src_port, "result": list(edge)})

    # The running graph

    def batch(self, batch: Batch) -> None:
        """Take note of what changed; told at the client's rate."""
        self._values.update(dict.fromkeys(batch.values))
        self._states.update(dict.fromkeys(batch.states))
        self._progress.update(dict.fromkeys(batch.progress))
        self.ticker.ask()

    def observed(self, noted: Noted) -> None:
        """Tell the options of ports that node code has changed."""
        nodes = self._writer.document.nodes
        for node in noted.ports:
            record = nodes.get(node)
            for port in record.ports.values() if record is not None else ():
                data = {"node": node, "io": port.id, "result": port.value_options or {}}
                self._event("after_update_value_options", data)

    def _flush(self) -> None:
        nodes = self._writer.document.nodes
        for node in self._states:
            if node in nodes:
                self._tell_state(node, self._board.state(node))
        for node in self._progress:
            if (info := self._board.progress.get(node)) is not None:
                self._barred[node] = info
                self._event("progress", {"node": node, "info": info})
        for node, port in self._values:
            self._queue_value(node, port)
        for heard in (self._states, self._progress, self._values):
            heard.clear()

    def _queue_value(self, node: NodeId, port: PortId) -> None:
        record = self._writer.document.nodes.get(node)
        found = record and find_port(record, port)
        if not found or not found.emit_value_set:
            return
        self._client.outbox.put_late(
            ("value", node, port),
            lambda: self._write_value(node, found.id, with_raw_choice(self._board.value(node, port), found)),
        )

    def _write_value(self, node: NodeId, port: PortId, preview: Preview | None) -> Frame:
        if has_place_in_a_header(node) and has_place_in_a_header(port):
            return value_frame(node, port, preview)
        # In the header the id would be read as something else. Clients know this event too (contract 6.1).
        data = {"node": node, "io": port, "result": json_value(preview)}
        return text({"type": "nsevent", "event": "after_set_value", "data": data})

    def _tell_state(self, node: NodeId, state: NodeState) -> None:
        started = self._started.pop(node, None)
        if state.status == "running":
            if started != state.run:
                self._event("triggerstart", {"node": node})
            self._started[node] = state.run
            return
        if state.error is not None and self._told.get(node) != state.run:
            self._tell_error(node, state)
        elif started is not None:
            self._event("triggerdone", {"node": node})
        elif self._told.get(node, 0) < state.run:
            self._event("triggerfast", {"node": node})
        self._told[node] = state.run
        if (info := self._barred.pop(node, None)) is not None:
            self._event("progress", {"node": node, "info": {**info, **_IDLE}})

    def _tell_error(self, node: NodeId, state: NodeState) -> None:
        assert state.error is not None
        trace = state.error.traceback if self._client.caller.may(Right.EDIT) else ()
        self._event("node_trigger_error", {"node": node, "error": state.error.message, "tb": trace})

    # The worker

    def progress(self, message: str, status: str, fraction: float, blocking: bool) -> None:
        """Tell how far an installation has come."""
        self._client.tell(
            text(
                {
                    "type": "progress",
                    "message": message,
                    "status": status,
                    "progress": fraction,
                    "blocking": blocking,
                }
            )
        )

    def event(self, event: str, data: dict[str, object]) -> None:
        """Tell an event of the worker."""
        self._client.tell(text(_worker_event(event, data)))

    def stop(self) -> None:
        """Tell nothing more."""
        self.ticker.stop()

    def _event(self, event: str, data: dict[str, Any], node: NodeId = "") -> None:
        """Tell an event; `node` names the node it is about where `data` does not."""
        self._client.tell(text({"type": "nsevent", "event": event, "data": data}))


_IDLE: Mapping[str, Any] = {
    "n": 0,
    "total": None,
    "elapsed": 0.0,
    "rate": None,
    "prefix": "idle",
    "postfix": None,
}


def _worker_event(event: str, data: dict[str, object]) -> dict[str, object]:
    return {"type": "workerevent", "event": event, "data": data}
