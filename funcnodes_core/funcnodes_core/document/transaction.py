"""Several edits as one: all of them or none, with their way back; what of a way back is still possible."""

from collections.abc import Sequence

from msgspec import Struct

from funcnodes_core.document.apply import apply_to_draft
from funcnodes_core.document.draft import Draft
from funcnodes_core.document.edits import Edit
from funcnodes_core.document.invert import invert_in_draft
from funcnodes_core.document.model import Document
from funcnodes_core.document.refusals import EdgeNotFound, ExternalWorkerNotFound, PortNotFound
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


def still_possible(document: Document, edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """Return the edits but for those about what no edit brings back; raise for another that is refused.

    Node code takes its ports away by itself, and no edit removes an external worker: who set or wired
    something there could undo nothing of what is older.
    """
    draft, kept = Draft(document), list[Edit]()
    for edit in edits:
        try:
            check_in_draft(draft, edit)
        except PortNotFound as refusal:
            # A placeholder runs no code: its port is there, its file only did not list it.
            if draft.nodes[refusal.node].order:
                raise
            continue
        # An edge is not there when its port was not, as it was to come back.
        except (EdgeNotFound, ExternalWorkerNotFound):
            continue
        apply_to_draft(draft, edit)
        kept.append(edit)
    return tuple(kept)
