"""The shared cases: the browser's edits and ours are the same edits."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from funcnodes_core.document import refusals
from funcnodes_core.document.apply import apply_all
from funcnodes_core.document.edits import Edit
from funcnodes_core.document.model import Document
from funcnodes_core.document.transaction import transact

CASES = sorted((Path(__file__).parents[2] / "contract" / "edits").glob("*.json"))


def to_json(record: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(record))


def in_order(document: Any) -> list[str]:
    return list(document.get("nodes", {}))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_edits_do_what_the_case_says(path: Path) -> None:
    case = json.loads(path.read_text())
    document = msgspec.convert(case["document"], Document)
    edits = msgspec.convert(case["edits"], tuple[Edit, ...])

    if case["refused"] is not None:
        with pytest.raises(getattr(refusals, case["refused"])) as refusal:
            transact(document, edits)
        assert type(refusal.value).__name__ == case["refused"]
        assert to_json(document) == case["document"], "a refused edit leaves no trace"
        return

    done = transact(document, edits)
    assert to_json(done.document) == case["after"]
    assert in_order(to_json(done.document)) == in_order(case["after"]), "nodes keep their order"
    assert to_json(done.inverse) == case["inverse"]
    assert to_json(document) == case["document"], "the document before is not touched"

    back = apply_all(done.document, done.inverse)
    assert back == document
    assert list(back.nodes) == list(document.nodes)


def test_there_are_cases_for_every_kind_of_edit() -> None:
    kinds = {edit["kind"] for path in CASES for edit in json.loads(path.read_text())["edits"]}

    assert kinds == {str(kind.__struct_config__.tag) for kind in Edit.__args__}
