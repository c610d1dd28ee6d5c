"""A client's own copy of the document, kept by what it is told: as the browser does, in Python."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from funcnodes_core.document.apply import apply_all
from funcnodes_core.document.edits import Edit
from funcnodes_core.document.keys import keyed
from funcnodes_core.document.model import Document, PortRecord
from msgspec import convert
from msgspec.structs import replace


@dataclass
class Follower:
    """What one client knows."""

    document: Document = field(default_factory=Document)
    epoch: str = ""
    revision: int = -1
    authors: list[str] = field(default_factory=list[str])
    """Of the edits it was told, in order."""
    wholes: int = 0
    """How often it was given the whole document."""

    @property
    def since(self) -> dict[str, Any]:
        """What it says at `subscribe` of what it knows."""
        if self.revision < 0:
            return {}
        return {"since": {"epoch": self.epoch, "revision": self.revision}}

    def begin(self, answer: Any) -> None:
        """Take in the answer to `subscribe`."""
        if answer["edits"] is not None:
            # Also where the whole document comes with them: in order, without a gap, up to its revision.
            for missed in answer["edits"]:
                self.heard({"method": "edit", "params": missed})
            assert self.revision == answer["revision"]
        if answer["document"] is not None:
            self.document = convert(answer["document"], Document)
            self.wholes += 1
        self.epoch, self.revision = answer["epoch"], answer["revision"]

    def heard(self, message: Any) -> None:
        """Take in one notification."""
        params = message.get("params")
        match message.get("method"):
            case "edit":
                assert params["revision"] == self.revision + 1, "edits come in order, without a gap"
                self.revision = params["revision"]
                self.authors.append(params["author"])
                self.document = apply_all(self.document, convert(params["edits"], tuple[Edit, ...]))
            case "feed":
                if "surroundings" in params:
                    self.document = replace(self.document, surroundings=params["surroundings"])
                for node, ports in params["ports"].items():
                    self._observe(node, convert(ports, tuple[PortRecord, ...]))
            case _:
                pass

    def _observe(self, node: str, ports: tuple[PortRecord, ...]) -> None:
        record = self.document.nodes[node]
        nodes = {**self.document.nodes, node: replace(record, ports=keyed(ports))}
        self.document = replace(self.document, nodes=nodes)
