"""What JSON cases can not say: values that no JSON text can hold."""

from typing import Any

import pytest
from funcnodes_core.document.edits import (
    AddNode,
    SetDefault,
    SetGraphProperty,
    SetNodeOption,
    SetPortOption,
    SetProperty,
    SetValue,
)
from funcnodes_core.document.filling import new_node
from funcnodes_core.document.model import Document
from funcnodes_core.document.refusals import NotJson
from funcnodes_core.document.transaction import transact

from tests.support.random_edits import ADD


class Text(str):
    """Not quite a text."""


NOT_JSON: list[Any] = [float("nan"), float("inf"), (1, 2), {1: 2}, {"a": [object()]}, b"x", {1}, Text("x")]


@pytest.mark.parametrize("value", NOT_JSON, ids=lambda value: type(value).__name__)
def test_a_value_that_would_come_back_as_something_else_is_refused(value: Any) -> None:
    document = transact(Document(), [AddNode(new_node(ADD, "n"))]).document
    for edit in (
        SetValue("n", "a", value),
        SetDefault("n", "a", value),
        SetProperty("n", "k", value),
        SetNodeOption("n", "render_options", value),
        SetPortOption("n", "a", "value_options", value),
        SetGraphProperty("k", value),
    ):
        with pytest.raises(NotJson, match="JSON"):
            transact(document, [edit])


@pytest.mark.parametrize("value", [None, 0, 2**80, -1.5, "", [], {}, [{"a": [None, True]}]], ids=repr)
def test_any_json_is_a_value(value: Any) -> None:
    document = transact(Document(), [AddNode(new_node(ADD, "n")), SetValue("n", "a", value)]).document

    assert document.nodes["n"].ports["a"].value == value
