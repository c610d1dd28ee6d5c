"""How clients of the documented dialect hear the news: `nodespaceevent` with the node in `data.uuid`.

Owns only the names: what is told and when is as in `published_news`. Values come as JSON text, not as binary
frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from funcnodes_core.document.model import NodeId, PortId

from funcnodes_worker.rpc.outbox import Frame
from funcnodes_worker.runtime.records import Preview
from funcnodes_worker.server.client import text
from funcnodes_worker.server.frames import json_value
from funcnodes_worker.server.published_news import PublishedNews

_NAMES: Mapping[str, str] = {
    "after_connect": "edge_added",
    "after_forward": "edge_added",
    "after_disconnect": "edge_removed",
    "after_unforward": "edge_removed",
    "triggerstart": "node_triggered",
    "triggerdone": "node_done",
    "progress": "node_progress",
    "node_trigger_error": "node_error",
}
_ENDS = ("src_uuid", "src_io", "dst_uuid", "dst_io")


class DocumentedNews(PublishedNews):
    """Events by their documented names."""

    def _event(self, event: str, data: dict[str, Any], node: NodeId = "") -> None:
        told = _told(data, node)
        if event == "triggerfast":
            # A run that was over at once has begun and ended; the documented names know no third word.
            self._tell_documented("node_triggered", told)
            self._tell_documented("node_done", told)
        else:
            self._tell_documented(_NAMES.get(event, event), told)

    def _tell_documented(self, event: str, data: dict[str, Any]) -> None:
        self._client.tell(text({"type": "nodespaceevent", "event": event, "data": data}))

    def _write_value(self, node: NodeId, port: PortId, preview: Preview | None) -> Frame:
        data = {"uuid": node, "io_id": port, "value": json_value(preview)}
        return text({"type": "nodespaceevent", "event": "io_value_changed", "data": data})


def _told(data: dict[str, Any], node: NodeId) -> dict[str, Any]:
    """Return an event's data by its documented names."""
    told: dict[str, Any] = {"uuid": node or data["node"]}
    for key, value in data.items():
        match key:
            case "result" if isinstance(value, list):
                told |= dict(zip(_ENDS, cast("list[str]", value), strict=True))
            case "node" if not node:
                pass
            case "io" if isinstance(data.get("result"), list):
                pass
            case _:
                told[_KEYS.get(key, key)] = value
    return told


_KEYS: Mapping[str, str] = {"tb": "traceback", "io": "io_id"}
