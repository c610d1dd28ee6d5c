"""What a client knows after it came back, and what it is told of the time between."""

from __future__ import annotations

from typing import Any

from funcnodes.client.happenings import Changed, Edited, Preview, Resynced
from funcnodes.client.mirror import Mirror
from funcnodes_core.document.edits import SetGraphProperty

EMPTY: dict[str, Any] = {"states": {}, "values": {}, "ports": {}}


def answer(revision: int, document: Any, steps: list[int] | None) -> dict[str, Any]:
    edits = [
        {
            "revision": step,
            "author": "ann",
            "edits": [{"kind": "set_graph_property", "key": "k", "value": step}],
        }
        for step in steps or ()
    ]
    return {
        "epoch": "e",
        "revision": revision,
        "document": document,
        "edits": None if steps is None else edits,
        "feed": EMPTY,
    }


def edited(step: int) -> Edited:
    return Edited(step, "ann", (SetGraphProperty("k", step),))


def test_steps_that_come_with_a_whole_document_are_told_and_not_made_again() -> None:
    """After a restart: the document holds them already, and what no edit says."""
    mirror = Mirror()
    assert mirror.subscribed(answer(1, {"properties": {"k": 1}}, None)) == [Resynced(1), Changed()]
    assert mirror.subscribed(answer(3, None, [2, 3])) == [edited(2), edited(3), Changed()]
    assert (mirror.revision, mirror.document.properties) == (3, {"k": 3})
    whole = {"properties": {"k": 5, "of the start": True}}
    assert mirror.subscribed(answer(5, whole, [4, 5])) == [edited(4), edited(5), Changed()]
    assert (mirror.revision, mirror.document.properties) == (5, whole["properties"])


def test_a_number_without_a_word_in_json_says_which_it_is() -> None:
    mirror = Mirror()
    nan = {"mime": "application/json", "value": None, "cut": False, "type": "float", "summary": "nan"}
    mirror.notified("feed", {**EMPTY, "values": {"a": {"out": nan}}})
    assert mirror.values["a", "out"] == Preview("application/json", None, type="float", summary="nan")
