"""Who is told what: the fleet's changes and progress, to each client in its own dialect.

Owns the set of clients and the coalescing of changes. Nothing is sent on a clock: no change, no message.
"""

from __future__ import annotations

import asyncio
import contextlib

from funcnodes_worker.rpc import envelope
from funcnodes_worker.rpc.outbox import Frame
from funcnodes_worker.wire.control import Access
from funcnodes_worker.wire.fleet import ProgressNote

from funcnodes.server.manager.client import ManagerClient
from funcnodes.server.manager.published_shapes import progress_message, worker_status_message
from funcnodes.supervisor.supervisor import Supervisor

COALESCE_S = 0.02
"""Changes within this time of the last telling are told together; well below the 100 ms within which a window
shows them. The first after a quiet time is told at once."""
SESSION_ENDED = 4401


class News:
    """All clients of the manager's socket."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self.clients: set[ManagerClient] = set()
        self._is_due = False
        self._told_at = float("-inf")
        self._figures: asyncio.Task[None] | None = None
        supervisor.on_change(self._changed)
        supervisor.on_progress(self.tell_progress)

    def _changed(self) -> None:
        if not self._is_due:
            self._is_due = True
            loop = asyncio.get_running_loop()
            loop.call_later(max(0.0, self._told_at + COALESCE_S - loop.time()), self.tell_status)

    def tell_status(self) -> None:
        """Show all clients the workers as they are now."""
        self._is_due = False
        self._told_at = asyncio.get_running_loop().time()
        for client in self.clients:
            if client.watches or not client.speaks_jsonrpc:
                # Rendered when it is sent: a client that reads slowly is shown the newest, not the history.
                client.send_late("status", lambda client=client: self._status_for(client))

    def _status_for(self, client: ManagerClient) -> Frame:
        if client.watches:
            workers = self._supervisor.statuses()
            return Frame(envelope.write_notification("status", {"workers": workers}))
        return Frame(worker_status_message(self._supervisor, client.host))

    def tell_progress(self, note: ProgressNote) -> None:
        """Show progress to those who look on, and to those who wait for an answer."""
        for client in self.clients:
            if client.watches or client.open_calls:
                client.send(Frame(envelope.write_notification("progress", note)))
            elif not client.speaks_jsonrpc:
                client.send(Frame(progress_message(note)))

    def figures_watched(self) -> None:
        """Begin to read figures, since a client wants them. Ends by itself when none does."""
        if self._figures is None:
            self._figures = self._supervisor.spawn(self._tell_figures())

    async def _tell_figures(self) -> None:
        try:
            async with contextlib.aclosing(self._supervisor.figures()) as readings:
                async for figures in readings:
                    watchers = [client for client in self.clients if client.watches_figures]
                    if not watchers:
                        return
                    frame = Frame(envelope.write_notification("figures", {"workers": figures}))
                    for client in watchers:
                        client.send_late("figures", lambda frame=frame: frame)
        finally:
            self._figures = None

    def sessions_changed(self, access: Access) -> None:
        """Close the connections of sessions that do not count any more."""
        counting = {session for hashes in access.sessions.values() for session in hashes}
        counting |= {grant.hash for grant in access.grants}
        for client in list(self.clients):
            if client.caller.session is not None and client.caller.session not in counting:
                client.close(SESSION_ENDED, "this session was ended")
