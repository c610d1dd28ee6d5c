"""Several edits as one: all of them or none, with their way back."""

from collections.abc import Sequence

from msgspec import Struct

from funcnodes_core.document.apply import apply_to_draft
from funcnodes_core.document.draft import Draft
from funcnodes_core.document.edits import Edit
from funcnodes_core.document.invert import invert_in_draft
from funcnodes_core.document.model import Document
from funcnodes_core.document.rules import check_in_draft


class Transaction(Struct, frozen=True):
    """What a list of edits makes of a document, and the edits that lead back, first one first."""

    document: Document
    edits: tuple[Edit, ...]
    inverse: tuple[Edit, ...]


def transact(document: Document, edits: Sequence[Edit]) -> Transaction:
    """Return the outcome of all edits; raises `EditRejected` for the first refused one, and none counts."""
    draft = Draft(document)
    inverse: list[tuple[Edit, ...]] = []
    for edit in edits:
        check_in_draft(draft, edit)
        inverse.append(invert_in_draft(draft, edit))
        apply_to_draft(draft, edit)
    back = tuple(step for steps in reversed(inverse) for step in steps)
    return Transaction(draft.finish(), tuple(edits), back)
