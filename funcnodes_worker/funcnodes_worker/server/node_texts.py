"""Whole nodes as JSON text, each written once for its answer and for all who hear of it.

Owns what is remembered of them. New nodes of a class differ in nothing but their id and name until one of
them runs, is wired or set up: they are written from a text with blanks. What a node looks like is said by
`shapes`. Used in the server's thread only.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import msgspec
from funcnodes_core.document.draft import wires_of
from funcnodes_core.document.model import ClassRecord, Document, NodeRecord
from msgspec import UNSET

from funcnodes_worker.runtime.board import Board
from funcnodes_worker.server.shapes import full_node

MAX_TOLD = 2000
MAX_BLANKS = 500
_encode = msgspec.json.Encoder().encode
# Nothing that a class says can hold them by chance.
_ID, _NAME = f"id-{secrets.token_hex(16)}", f"name-{secrets.token_hex(16)}"


class _Blank(msgspec.Struct, frozen=True):
    """The text of a new node in parts: the id stands between those of each side, the name between them."""

    like: NodeRecord
    kind: ClassRecord | None
    before: Sequence[bytes]
    after: Sequence[bytes]

    def fits(self, node: NodeRecord, kind: ClassRecord | None) -> bool:
        like = self.like
        return (
            like.ports is node.ports
            and self.kind is kind
            and (like.class_id, like.class_name) == (node.class_id, node.class_name)
        )

    def filled(self, node: NodeRecord) -> bytes:
        here = _encode(node.id)[1:-1]
        text = here.join(self.before) + _encode(node.name) + here.join(self.after)
        return text[:-1] + b',"properties":' + _encode(node.properties) + b"}" if node.properties else text


_blanks: dict[int, _Blank] = {}
"""By the identity of the ports, which are kept alive here and shared by all new nodes of a class."""


def full_node_json(document: Document, node: NodeRecord, board: Board) -> msgspec.Raw:
    """Return `full_node` as JSON text."""
    edges = wires_of(document).get(node.id, ())
    known = board.told.get(node.id)
    if known is not None and known[0] is node and known[1] == edges:
        return known[2]
    blank = None if edges or node.id in board.states or node.id in board.values else _blank_for(node, board)
    written = msgspec.Raw(_encode(full_node(document, node, board)) if blank is None else blank.filled(node))
    if len(board.told) >= MAX_TOLD:
        board.told.clear()
    board.told[node.id] = node, edges, written
    return written


def _blank_for(node: NodeRecord, board: Board) -> _Blank | None:
    if node.name is UNSET or not (
        node.description is node.reset_inputs_on_trigger is node.render_options is UNSET
    ):
        return None
    blank = _blanks.get(id(node.ports))
    if blank is None or not blank.fits(node, board.classes.get(node.class_id)):
        if len(_blanks) >= MAX_BLANKS:
            _blanks.clear()
        blank = _blanks[id(node.ports)] = _make_blank(node, board)
    return blank


def _make_blank(node: NodeRecord, board: Board) -> _Blank:
    like = msgspec.structs.replace(node, id=_ID, name=_NAME, properties={})
    new = Board()
    new.know(board.classes)
    before, after = _encode(full_node(Document(), like, new)).split(_encode(_NAME))
    return _Blank(
        like, board.classes.get(node.class_id), before.split(_ID.encode()), after.split(_ID.encode())
    )
