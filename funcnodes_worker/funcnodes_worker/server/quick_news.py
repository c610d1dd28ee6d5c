"""How a client hears the news that asked for more of it than thirty times a second."""

from __future__ import annotations

from funcnodes_worker.server.client import Client
from funcnodes_worker.server.context import Services
from funcnodes_worker.server.our_news import OurNews


class QuickNews(OurNews):
    """As `OurNews`, and the graph's thread brings what is newest as often as this client hears it."""

    def __init__(self, client: Client, services: Services, rate: float) -> None:
        super().__init__(client, services.writer, services.board, services.writer.revision, rate)
        self._services = services

    def begin(self) -> None:
        """Ask the graph's thread to keep up with this client."""
        living, pause_s = self._services.living, self.ticker.pause_s
        self._services.graph.post(lambda: living.hurry(self, pause_s))

    def stop(self) -> None:
        """Tell nothing more; the graph's thread goes back to the pace of the others."""
        super().stop()
        living = self._services.living
        self._services.graph.post(lambda: living.hurry_no_more(self))
