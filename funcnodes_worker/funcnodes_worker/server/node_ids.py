"""What the id of a node may be, so that every client can be told of it.

Owns the rule for new nodes. Graphs that were saved by others may hold any text: their values are told in
another form (`published_news`).
"""

from __future__ import annotations

from funcnodes_worker.rpc.errors import InvalidParams

MAX_LENGTH = 256
_SIGNS = ";=\r\n"


def has_place_in_a_header(name: str) -> bool:
    """Tell whether a name can stand in the header of a published frame, which has no quoting."""
    return name == name.strip() and not any(sign in name for sign in _SIGNS)


def check_new_id(node: str) -> None:
    """Return when a new node may have this id, or raise `InvalidParams`."""
    if not 0 < len(node) <= MAX_LENGTH:
        raise InvalidParams(
            f"the id of a node has 1 to {MAX_LENGTH} characters; leave it out to be given one"
        )
    if not has_place_in_a_header(node):
        raise InvalidParams(
            f"the id {node[:80]!r} is not taken: ';', '=', line ends and spaces at its ends have no place in "
            "the frames that tell of its values; choose another, or leave it out to be given one"
        )
