"""How our own client hears the news: notifications `edit`, `feed`, `library`, `progress`, `worker`."""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec
from funcnodes_core.document.draft import whole
from funcnodes_core.document.model import Document

from funcnodes_worker.rpc.envelope import write_notification
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.rpc.outbox import Frame
from funcnodes_worker.runtime.board import Board
from funcnodes_worker.runtime.board import News as Unheard
from funcnodes_worker.runtime.records import Batch, NodeState, Noted
from funcnodes_worker.runtime.writer import Committed, Past, Writer
from funcnodes_worker.server.client import Client, Ticker
from funcnodes_worker.server.frames import our_preview


class OurNews:
    """Edits and what node code did to ports in order and whole; the feed newest only, one frame per tick."""

    def __init__(self, client: Client, writer: Writer, board: Board, since: int, rate: float) -> None:
        self._client, self._writer, self._board = client, writer, board
        self._since = since
        self._unheard = Unheard()
        self._observed: deque[tuple[int, dict[str, Any]]] = deque()
        """What is in the document since a revision that this client has not heard of yet."""
        self.ticker = Ticker(rate, self._flush)

    def committed(self, committed: Committed) -> None:
        """Tell an edit; what the subscription's document already held is passed over."""
        if committed.revision > self._since:
            self._notify("edit", self.shape(committed))
            self._since = committed.revision
            self._tell_observed()

    def observed(self, noted: Noted) -> None:
        """Tell the ports of nodes whose code changed them, in order: after the edits that were before it."""
        nodes = self._writer.document.nodes
        records = {name: nodes[name] for name in (*noted.ports, *noted.values) if name in nodes}
        ports = {name: list(record.ports.values()) for name, record in records.items()}
        feed: dict[str, Any] = {"states": {}, "values": {}, "ports": ports}
        if noted.surroundings:
            feed["surroundings"] = self._writer.document.surroundings
        self._observed.append((self._writer.revision, feed))
        self._tell_observed()

    def _tell_observed(self) -> None:
        # An edit is told after its answer, so one that is in the document already may not be told yet.
        while self._observed and self._observed[0][0] <= self._since:
            self._notify("feed", self._observed.popleft()[1])

    def shape(self, committed: Committed | Past) -> dict[str, Any]:
        """Return one committed transaction as it is told."""
        return {"revision": committed.revision, "author": committed.author, "edits": committed.edits}

    def batch(self, batch: Batch) -> None:
        """Take note of what changed; told at the client's rate."""
        self._unheard.values.update(dict.fromkeys(batch.values))
        self._unheard.states.update(dict.fromkeys(batch.states))
        self._unheard.states.update(dict.fromkeys(batch.progress))
        if self._unheard:
            self.ticker.ask()

    def tell_now(self) -> None:
        """Tell what waits for the next tick."""
        if self._unheard:
            self._notify("feed", self.feed(self._unheard))
            self._unheard.clear()

    def _flush(self) -> None:
        # Written when the client reads: one that is slow gets one frame with the newest of everything.
        self._client.outbox.put_late("feed", self._render)

    def _render(self) -> Frame | None:
        if not self._unheard:
            return None
        feed = self.feed(self._unheard)
        self._unheard.clear()
        return Frame(write_notification("feed", feed))

    def feed(self, unheard: Unheard) -> dict[str, Any]:
        """Return what is newest of all that is named."""
        values: dict[str, dict[str, Any]] = {}
        for node, port in unheard.values:
            values.setdefault(node, {})[port] = our_preview(self._board.value(node, port))
        states = {node: self._state(node, self._board.state(node)) for node in unheard.states}
        return {"states": states, "values": values, "ports": {}}

    def whole_feed(self) -> dict[str, Any]:
        """Return all that is known of the running graph."""
        everything = Unheard(
            values={(node, port): None for node, ports in self._board.values.items() for port in ports},
            states=dict.fromkeys(self._board.states),
        )
        return self.feed(everything)

    def _state(self, node: str, state: NodeState) -> dict[str, Any]:
        error: dict[str, Any] | None = None
        if state.error is not None:
            may_see = self._client.caller.may(Right.EDIT)
            trace = state.error.traceback if may_see else ()
            error = {"message": state.error.message, "traceback": trace, "kind": state.error.kind}
        return {
            "status": state.status,
            "run": state.run,
            "error": error,
            "progress": self._board.progress.get(node),
            "blocked_by": state.blocked_by,
            "notice": state.notice,
            "figures": state.figures._asdict(),
            "kept": state.kept,
        }

    def progress(self, message: str, status: str, fraction: float, blocking: bool) -> None:
        """Tell how far an installation has come."""
        self._notify(
            "progress", {"message": message, "status": status, "progress": fraction, "blocking": blocking}
        )

    def event(self, event: str, data: dict[str, object]) -> None:
        """Tell an event of the worker; a grown library is asked for again."""
        if event == "lib_update":
            self._notify("library", {})
        else:
            self._notify("worker", {"event": event, **data})

    def stop(self) -> None:
        """Tell nothing more."""
        self.ticker.stop()

    def _notify(self, method: str, params: object) -> None:
        self._client.tell(Frame(write_notification(method, params)))


def document_json(document: Document) -> msgspec.Raw:
    """Return a document in its JSON form, written once."""
    return msgspec.Raw(msgspec.json.encode(whole(document)))
