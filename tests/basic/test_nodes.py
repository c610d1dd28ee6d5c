"""Every basic node does what its sentence says, on ordinary values and at the edges, and changes no input."""

import copy
import math
from collections import Counter
from typing import Any

import pytest

import funcnodes_core as fn
from tests.basic import cases, cases_of_math, cases_of_text
from tests.basic.cases import Refused, Row
from tests.basic.tree import node_class, nodes_of

ROWS: list[Row] = [
    *cases.INPUT,
    *cases.LISTS,
    *cases.DICTS,
    *cases.OBJECTS,
    *cases_of_math.ARITHMETIC,
    *cases_of_math.TRUTHS,
    *cases_of_math.FUNCTIONS,
    *cases_of_text.TEXT,
    *cases_of_text.PATTERNS,
]
# These change the object they are given: that is what they are for.
IN_PLACE = {"pyobjects.set_attribute", "pyobjects.delete_attribute"}


def alike(got: Any, expected: Any) -> bool:
    """Say whether two values are the same; floats to twelve digits, and true is not 1."""
    if isinstance(expected, float) and isinstance(got, float):
        return math.isclose(got, expected, rel_tol=1e-12) or (math.isnan(got) and math.isnan(expected))
    return type(got) is type(expected) and got == expected


@pytest.mark.parametrize(("python", "inputs", "expected"), ROWS, ids=lambda value: str(value)[:40])
async def test_a_node_does_what_its_sentence_says(python: str, inputs: dict[str, Any], expected: Any) -> None:
    cls = node_class(python)
    given = copy.deepcopy(inputs)

    if isinstance(expected, Refused):
        with pytest.raises(fn.NodeTriggerError) as failure:
            await cls.initialize_and_call(**given)
        assert expected.message in str(failure.value)
    else:
        got = await cls.initialize_and_call(return_dict=True, **given)
        got.pop("_triggeroutput", None)
        assert set(got) == set(expected)
        assert all(alike(got[port], expected[port]) for port in expected), (got, expected)
    if python not in IN_PLACE:
        assert all(alike(given[port], inputs[port]) for port in inputs), "an input was changed"


def test_every_node_stands_in_the_tables() -> None:
    """Logic nodes have a test module of their own."""
    known = {node["python"] for node in nodes_of() if not node["python"].startswith("logic.")}

    assert {python for python, _, _ in ROWS} == known


def test_every_node_is_shown_at_an_edge_too() -> None:
    """Two rows at least; a constant has nothing that could be at an edge."""
    shown = Counter(python for python, _, _ in ROWS)

    assert [
        python for python, rows in shown.items() if rows < 2 and node_class(python).class_inputs[1:]
    ] == []


INDEX_LIMITS = [
    ("lists.list_get", "index", [1, 2, 3], (-3, 2)),
    ("lists.list_get", "index", [], (0, 0)),
    ("lists.list_pop", "index", [1, 2, 3], (-3, 2)),
    ("lists.list_set", "index", [1, 2, 3], (-3, 2)),
    ("lists.list_insert", "index", [1, 2, 3], (-3, 3)),
    ("lists.list_slice", "start", [1, 2, 3], (-3, 3)),
    ("lists.list_slice", "end", [1, 2, 3], (-3, 3)),
    ("lists.list_slice_step", "end", [1, 2, 3], (-3, 3)),
]


@pytest.mark.parametrize(("python", "port", "items", "limits"), INDEX_LIMITS)
def test_index_ports_learn_their_limits_from_the_list(
    python: str, port: str, items: list[int], limits: tuple[int, int]
) -> None:
    node = node_class(python)()

    node.inputs["lst"].value = items

    options = node.inputs[port].value_options
    assert (options["min"], options["max"], options["step"]) == (*limits, 1)


def test_index_ports_keep_their_limits_when_what_arrives_has_no_length() -> None:
    node = node_class("lists.list_get")()
    node.inputs["lst"].value = [1, 2]

    node.inputs["lst"].value = 5

    assert node.inputs["index"].value_options == {"min": -2, "max": 1, "step": 1}


OFFERED = [
    ("dicts.DictGetNode", "dictionary", {"a": 1, None: 3}, "key", {"a": "0", "None": "1"}),
    ("dicts.DictGetNode", "dictionary", {"a": 1, 2: 3}, "key", {"a": "a", "2": "2"}),
    ("dicts.dict_select_keys", "dictionary", {"a": 1, "b": 2}, "keys", ["a", "b"]),
    ("dicts.dict_rename_key", "dictionary", {"a": 1}, "old_key", ["a"]),
    ("dicts.dict_delete_key", "dictionary", {"a": 1}, "key", ["a"]),
    ("dicts.dict_pop", "dictionary", {"a": 1}, "key", ["a"]),
    ("pyobjects.get_attribute", "obj", 1j, "attribute", ["conjugate", "imag", "real"]),
    ("pyobjects.delete_attribute", "obj", cases.Plain(a=1), "attribute", ["a"]),
    ("dataclass.dataclass_get_field", "instance", cases.Point(1), "field_name", ["x", "y"]),
]


@pytest.mark.parametrize(("python", "source", "value", "port", "options"), OFFERED)
def test_ports_that_name_a_part_offer_the_parts(
    python: str, source: str, value: Any, port: str, options: Any
) -> None:
    node = node_class(python)()

    node.inputs[source].value = value

    assert node.inputs[port].value_options["options"] == options


@pytest.mark.parametrize(
    ("python", "source", "value", "port"), [(row[0], row[1], row[2], row[3]) for row in OFFERED]
)
def test_nothing_is_offered_once_the_parts_are_gone(python: str, source: str, value: Any, port: str) -> None:
    node = node_class(python)()
    node.inputs[source].value = value

    node.inputs[source].value = fn.NoValue

    assert node.inputs[port].value_options["options"] is None


@pytest.mark.parametrize(
    "dictionary", [{"a": 1, "b": 2}, {"1": "x", "0": "y"}, {7: 1, "b": 2}, {None: 1, "": 2}]
)
async def test_whatever_is_offered_for_a_key_leads_to_its_value(dictionary: dict[Any, Any]) -> None:
    """What a client sends for a label, the node finds again, also when keys look like places."""
    node = node_class("dicts.DictGetNode")()
    node.inputs["dictionary"].value = dictionary
    offered = node.inputs["key"].value_options["options"]

    found = []
    for sent in offered.values():
        node.inputs["key"].value = sent
        await fn.run_until_complete(node)
        found.append(node.outputs["value"].value)

    assert found == list(dictionary.values())


def test_one_nodes_limits_are_not_another_nodes() -> None:
    """Options live on the port of one node, not on its class."""
    cls = node_class("lists.list_get")
    first, second = cls(), cls()

    first.inputs["lst"].value = [1, 2, 3]

    assert second.inputs["index"].value_options == {"step": 1}
    assert cls().inputs["index"].value_options == {"step": 1}
