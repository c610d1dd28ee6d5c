"""The worker's graph as one client knows it: the committed document, and what is newest of what runs.

Owns the folding of answers and notifications into it. Pure: no socket, no clock.
"""

from __future__ import annotations

import base64
import re
import sys
from array import array
from collections.abc import Mapping
from typing import Any

import msgspec
from funcnodes_core.document.apply import apply_all
from funcnodes_core.document.edits import Edit
from funcnodes_core.document.filling import observe_ports
from funcnodes_core.document.model import Document, PortRecord

from funcnodes.client.happenings import Changed, Edited, Event, NodeState, Preview, Progress, Resynced, Told


class _Told(msgspec.Struct):
    revision: int
    author: str
    edits: tuple[Edit, ...]


class Mirror:
    """What is known."""

    def __init__(self) -> None:
        self.epoch = ""
        self.revision = -1
        self.document = Document()
        self.states: dict[str, NodeState] = {}
        self.values: dict[tuple[str, str], Preview | None] = {}

    @property
    def since(self) -> dict[str, Any] | None:
        """What to ask for when the connection is there again."""
        return {"epoch": self.epoch, "revision": self.revision} if self.epoch else None

    def subscribed(self, answer: Mapping[str, Any]) -> list[Event]:
        """Take in the answer to `subscribe`; return what it tells."""
        self.epoch = answer["epoch"]
        told: list[Event] = []
        if answer["document"] is not None:
            self.document = msgspec.convert(answer["document"], Document)
            self.states.clear()
            self.values.clear()
            # Beside them, what was missed is told step by step; the document holds it, and what no edit says.
            missed = answer["edits"]
            told += [Resynced(answer["revision"])] if missed is None else map(_edited, missed)
        else:
            told += [self._apply(one) for one in answer["edits"]]
        self.revision = answer["revision"]
        told.append(self._changed(answer["feed"]))
        return told

    def notified(self, method: str, params: Mapping[str, Any]) -> Event:
        """Take in a notification; return what it tells."""
        match method:
            case "edit":
                return self._apply(params)
            case "feed":
                return self._changed(params)
            case "progress":
                status, blocking = str(params["status"]), bool(params["blocking"])
                return Progress(params["message"], params["progress"], status, blocking)
            case "worker":
                return Told(params["event"], {key: params[key] for key in params if key != "event"})
            case _:
                return Told(method, dict(params))

    def _apply(self, params: Mapping[str, Any]) -> Edited:
        told = _edited(params)
        self.document = apply_all(self.document, told.edits)
        self.revision = told.revision
        for gone in [node for node in self.states if node not in self.document.nodes]:
            del self.states[gone]
        for gone in [key for key in self.values if key[0] not in self.document.nodes]:
            del self.values[gone]
        return told

    def _changed(self, feed: Mapping[str, Any]) -> Changed:
        for node, ports in feed["ports"].items():
            self.document = observe_ports(self.document, node, msgspec.convert(ports, tuple[PortRecord, ...]))
        if (around := feed.get("surroundings")) is not None:
            self.document = msgspec.structs.replace(self.document, surroundings=around)
        states = {node: _state(state) for node, state in feed["states"].items()}
        values = {
            (node, port): _preview(preview)
            for node, ports in feed["values"].items()
            for port, preview in ports.items()
        }
        self.states |= states
        self.values |= values
        return Changed(states, values)


def _edited(params: Mapping[str, Any]) -> Edited:
    told = msgspec.convert(params, _Told)
    return Edited(told.revision, told.author, told.edits)


def _state(state: Mapping[str, Any]) -> NodeState:
    error: Mapping[str, Any] = state["error"] or {}
    return NodeState(
        state["status"],
        state["run"],
        error.get("message"),
        tuple(error.get("traceback", ())),
        state["progress"],
    )


def _preview(preview: Mapping[str, Any] | None) -> Preview | None:
    if preview is None:
        return None
    value = base64.b64decode(preview["data"]) if "data" in preview else preview.get("value")
    return Preview(preview["mime"], value, preview["cut"], preview["type"], preview.get("summary") or "")


def whole_value(answer: Mapping[str, Any]) -> Any:
    """Return the value in an answer of `get_io_full_value`: JSON and text decoded, anything else as bytes."""
    return value_of(str(answer["mime"]), base64.b64decode(answer["data"]))


NPY = "application/x-npy"
"""What a list of floats is asked for as: numpy's format, its head one line of text."""


def value_of(mime: str, data: bytes | memoryview) -> Any:
    """Return the value that these bytes of a mime say; a list of floats may come as `NPY`."""
    if mime.partition(";")[0] == "application/json":
        return msgspec.json.decode(data)
    head, end, _ = bytes(data[:_MAX_HEAD]).partition(b"\n")
    if mime == NPY and end and _LIST_OF_FLOATS.search(head):
        numbers = array("d")
        numbers.frombytes(data[len(head) + 1 :])
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers.tolist()
    data = bytes(data)
    return data.decode(errors="replace") if mime.startswith("text/") else data


_MAX_HEAD = 256
_LIST_OF_FLOATS = re.compile(rb"'descr': '<f8', 'fortran_order': False, 'shape': \(\d+,\), ")
