"""What each basic node does: inputs and what comes out, ordinary values first, then edges.

A row is (python name, inputs, outputs). Outputs are a dict of all ports, or `Refused` with a piece.
"""

import math
from dataclasses import dataclass
from typing import Any

from funcnodes_core import NoValue

Row = tuple[str, dict[str, Any], Any]


class Refused:
    """The node fails, and the message has this piece in it."""

    def __init__(self, message: str) -> None:
        self.message = message

    def __repr__(self) -> str:
        return f"Refused({self.message!r})"


@dataclass
class Point:
    x: int
    y: Any = None


class Plain:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plain) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]


INPUT: list[Row] = [
    ("input.json_input", {"input": '{"a": [1, null]}'}, {"json": {"a": [1, None]}}),
    ("input.json_input", {"input": " 3 "}, {"json": 3}),
    ("input.json_input", {"input": "oops"}, Refused("Expecting value")),
    ("input.json_input", {"input": ""}, Refused("Expecting value")),
    ("input.json_input", {"input": {"a": 1}}, Refused("must be str")),
    ("input.json_dump", {"obj": {"b": 1, "a": [1, 2]}}, {"json": '{"b": 1, "a": [1, 2]}'}),
    ("input.json_dump", {"obj": {"b": 1, "a": 2}, "sort_keys": True}, {"json": '{"a": 2, "b": 1}'}),
    ("input.json_dump", {"obj": [1], "indent": 2}, {"json": "[\n  1\n]"}),
    ("input.json_dump", {"obj": [1], "indent": -1}, {"json": "[1]"}),
    ("input.json_dump", {"obj": None}, {"json": "null"}),
    ("input.json_dump", {"obj": {1, 2}}, Refused("not JSON serializable")),
    ("input.any_input", {"input": "text"}, {"out": "text"}),
    ("input.any_input", {"input": 1.5}, {"out": 1.5}),
    ("input.any_input", {"input": None}, {"out": None}),
    ("input.str_input", {"input": "text"}, {"string": "text"}),
    ("input.str_input", {"input": 1.5}, {"string": "1.5"}),
    ("input.int_input", {"input": 7}, {"integer": 7}),
    ("input.int_input", {"input": " 7 "}, {"integer": 7}),
    ("input.int_input", {"input": 1.7}, {"integer": 1}),
    ("input.int_input", {"input": "x"}, Refused("invalid literal")),
    ("input.int_input", {"input": None}, Refused("NoneType")),
    ("input.float_input", {"input": 2}, {"float": 2.0}),
    ("input.float_input", {"input": "2.5"}, {"float": 2.5}),
    ("input.float_input", {"input": "-inf"}, {"float": -math.inf}),
    ("input.float_input", {"input": "x"}, Refused("could not convert")),
    ("input.bool_input", {"input": True}, {"boolean": True}),
    ("input.bool_input", {"input": 0}, {"boolean": False}),
    ("input.bool_input", {"input": "True"}, {"boolean": True}),
    ("input.bool_input", {"input": " FALSE "}, {"boolean": False}),
    ("input.bool_input", {"input": "off"}, {"boolean": False}),
    ("input.bool_input", {"input": ""}, {"boolean": False}),
    ("input.bool_input", {"input": []}, {"boolean": False}),
]

LISTS: list[Row] = [
    ("lists.contains", {"collection": [1, 2], "item": 2}, {"out": True}),
    ("lists.contains", {"collection": [1, 2], "item": "2"}, {"out": False}),
    ("lists.contains", {"collection": {"a": 1}, "item": "a"}, {"out": True}),
    ("lists.contains", {"collection": 5, "item": 5}, Refused("not iterable")),
    ("lists.list_get", {"lst": [1, 2, 3], "index": 0}, {"element": 1}),
    ("lists.list_get", {"lst": [1, 2, 3]}, {"element": 3}),
    ("lists.list_get", {"lst": "abc", "index": 1}, {"element": "b"}),
    ("lists.list_get", {"lst": [], "index": 0}, Refused("out of range")),
    ("lists.to_list", {"obj": (1, 2)}, {"out": [1, 2]}),
    ("lists.to_list", {"obj": "ab"}, {"out": ["a", "b"]}),
    ("lists.to_list", {"obj": 5}, {"out": [5]}),
    ("lists.to_list", {"obj": None}, {"out": [None]}),
    ("lists.to_list", {"obj": range(3)}, {"out": [0, 1, 2]}),
    ("lists.list_length", {"lst": [1, 2]}, {"out": 2}),
    ("lists.list_length", {"lst": []}, {"out": 0}),
    ("lists.list_append", {"lst": [1], "item": [2]}, {"out": [1, [2]]}),
    ("lists.list_append", {"lst": (1,), "item": 2}, {"out": [1, 2]}),
    ("lists.list_append", {"lst": "ab", "item": "c"}, Refused("use To List")),
    ("lists.list_extend", {"lst": [1], "items": [2, 3]}, {"out": [1, 2, 3]}),
    ("lists.list_extend", {"lst": [], "items": []}, {"out": []}),
    ("lists.list_extend", {"lst": [1], "items": "ab"}, Refused("use To List")),
    ("lists.list_pop", {"lst": [1, 2, 3]}, {"new_list": [1, 2], "item": 3}),
    ("lists.list_pop", {"lst": [1, 2, 3], "index": 0}, {"new_list": [2, 3], "item": 1}),
    ("lists.list_pop", {"lst": []}, Refused("empty list")),
    ("lists.list_remove", {"lst": [1, 2, 1], "item": 1}, {"out": [2, 1]}),
    ("lists.list_remove", {"lst": [1, 2, 1], "item": 1, "all": True}, {"out": [2]}),
    ("lists.list_remove", {"lst": [1], "item": 5}, {"out": [1]}),
    ("lists.list_index", {"lst": [1, 2, 1], "item": 1}, {"out": 0}),
    ("lists.list_index", {"lst": [1], "item": 5}, Refused("not in list")),
    ("lists.list_reverse", {"lst": [1, 2, 3]}, {"out": [3, 2, 1]}),
    ("lists.list_reverse", {"lst": []}, {"out": []}),
    ("lists.list_sort", {"lst": [3, 1, 2]}, {"out": [1, 2, 3]}),
    ("lists.list_sort", {"lst": [3, 1, 2], "reverse": True}, {"out": [3, 2, 1]}),
    ("lists.list_sort", {"lst": [1, "a"]}, Refused("not supported")),
    ("lists.list_count", {"lst": [1, 2, 1], "item": 1}, {"out": 2}),
    ("lists.list_count", {"lst": [], "item": 1}, {"out": 0}),
    ("lists.list_insert", {"lst": [1, 2], "item": 9, "index": 0}, {"out": [9, 1, 2]}),
    ("lists.list_insert", {"lst": [1, 2], "item": 9}, {"out": [1, 9, 2]}),
    ("lists.list_insert", {"lst": [1, 2], "item": 9, "index": 50}, {"out": [1, 2, 9]}),
    ("lists.list_insert", {"lst": [], "item": 9}, {"out": [9]}),
    ("lists.list_set", {"lst": [1, 2], "item": 9}, {"out": [1, 9]}),
    ("lists.list_set", {"lst": [1, 2], "item": 9, "index": 2}, Refused("out of range")),
    ("lists.list_slice", {"lst": [1, 2, 3]}, {"out": [1, 2]}),
    ("lists.list_slice", {"lst": [1, 2, 3], "start": 1, "end": 10}, {"out": [2, 3]}),
    ("lists.list_slice_step", {"lst": [1, 2, 3, 4], "end": 4, "step": 2}, {"out": [1, 3]}),
    ("lists.list_slice_step", {"lst": [1, 2, 3, 4], "start": 3, "end": 0, "step": -1}, {"out": [4, 3, 2]}),
    ("lists.list_slice_step", {"lst": [1, 2], "step": 0}, Refused("cannot be zero")),
    ("lists.list_flatten", {"lst": [1, [2, [3]], (4,), "ab"]}, {"out": [1, 2, [3], 4, "ab"]}),
    ("lists.list_flatten", {"lst": [[], []]}, {"out": []}),
    ("lists.list_unique", {"lst": [3, 1, 3, 2]}, {"out": [3, 1, 2]}),
    ("lists.list_unique", {"lst": [[1], [1], {"a": 1}]}, {"out": [[1], {"a": 1}]}),
]

DICTS: list[Row] = [
    ("dicts.DictGetNode", {"dictionary": {"a": 1}, "key": "a"}, {"value": 1}),
    ("dicts.DictGetNode", {"dictionary": {"a": 1}, "key": "z"}, {"value": NoValue}),
    ("dicts.DictGetNode", {"dictionary": {1: 2}, "key": "1"}, {"value": 2}),
    ("dicts.DictGetNode", {"dictionary": {1: 2}, "key": 1}, {"value": 2}),
    ("dicts.DictGetNode", {"dictionary": {"a": 1, "b": 2}, "key": "1"}, {"value": 2}),
    ("dicts.DictGetNode", {"dictionary": {"a": 1}, "key": "1"}, {"value": NoValue}),
    ("dicts.dict_keys", {"dictionary": {"a": 1}}, {"out": ["a"]}),
    ("dicts.dict_keys", {"dictionary": {None: 1, 2: 3}}, {"out": [None, 2]}),
    ("dicts.dict_keys", {"dictionary": {}}, {"out": []}),
    ("dicts.dict_values", {"dictionary": {"a": 1}}, {"out": [1]}),
    ("dicts.dict_values", {"dictionary": {}}, {"out": []}),
    ("dicts.dict_items", {"dictionary": {"a": 1}}, {"out": [("a", 1)]}),
    ("dicts.dict_items", {"dictionary": {}}, {"out": []}),
    ("dicts.dict_from_items", {"items": [["a", 1], ("a", 2)]}, {"out": {"a": 2}}),
    ("dicts.dict_from_items", {"items": [("a", 1, 2)]}, Refused("length 3")),
    ("dicts.dict_from_keys_values", {"keys": ["a", "b"], "values": [1, 2]}, {"out": {"a": 1, "b": 2}}),
    ("dicts.dict_from_keys_values", {"keys": ["a", "b"], "values": [1]}, {"out": {"a": 1}}),
    ("dicts.dict_to_list", {"dictionary": {"a": 1, "b": 2}}, {"keys": ["a", "b"], "values": [1, 2]}),
    ("dicts.dict_to_list", {"dictionary": {}}, {"keys": [], "values": []}),
    ("dicts.dict_set_default", {"dictionary": {"a": 1}, "key": "a", "value": 5}, {"out": {"a": 1}}),
    ("dicts.dict_set_default", {"dictionary": {}, "key": "a", "value": 5}, {"out": {"a": 5}}),
    ("dicts.dict_set_key", {"dictionary": {"a": 1}, "key": "a", "value": 5}, {"out": {"a": 5}}),
    ("dicts.dict_set_key", {"dictionary": {}, "key": "a", "value": None}, {"out": {"a": None}}),
    ("dicts.dict_merge", {"a": {"k": 1, "m": 2}, "b": {"k": 3}}, {"out": {"k": 3, "m": 2}}),
    ("dicts.dict_merge", {"a": {"k": 1}, "b": {"k": 3}, "prefer": "a"}, {"out": {"k": 1}}),
    ("dicts.dict_select_keys", {"dictionary": {"a": 1, "b": 2}, "keys": ["b", "z"]}, {"out": {"b": 2}}),
    ("dicts.dict_select_keys", {"dictionary": {"a": 1, "b": 2}, "keys": "b"}, {"out": {"b": 2}}),
    (
        "dicts.dict_select_keys",
        {"dictionary": {"a": 1}, "keys": ["z"], "ignore_missing": False},
        Refused("'z'"),
    ),
    (
        "dicts.dict_rename_key",
        {"dictionary": {"a": 1, "b": 2}, "old_key": "a", "new_key": "c"},
        {"out": {"c": 1, "b": 2}},
    ),
    (
        "dicts.dict_rename_key",
        {"dictionary": {"a": 1, "b": 2}, "old_key": "a", "new_key": "a"},
        {"out": {"a": 1, "b": 2}},
    ),
    (
        "dicts.dict_rename_key",
        {"dictionary": {"a": 1, "b": 2}, "old_key": "a", "new_key": "b"},
        Refused("key already"),
    ),
    (
        "dicts.dict_rename_key",
        {"dictionary": {"a": 1, "b": 2}, "old_key": "a", "new_key": "b", "overwrite": True},
        {"out": {"b": 1}},
    ),
    ("dicts.dict_rename_key", {"dictionary": {}, "old_key": "a", "new_key": "b"}, Refused("'a'")),
    ("dicts.dict_delete_key", {"dictionary": {"a": 1, "b": 2}, "key": "a"}, {"out": {"b": 2}}),
    ("dicts.dict_delete_key", {"dictionary": {"a": 1}, "key": "z"}, {"out": {"a": 1}}),
    ("dicts.dict_delete_key", {"dictionary": {}, "key": "z", "ignore_missing": False}, Refused("'z'")),
    ("dicts.dict_pop", {"dictionary": {"a": 1}, "key": "a", "default": 9}, {"new_dict": {}, "value": 1}),
    ("dicts.dict_pop", {"dictionary": {"a": 1}, "key": "a"}, {"new_dict": {}, "value": 1}),
    ("dicts.dict_pop", {"dictionary": {}, "key": "a"}, Refused("'a'")),
    ("dicts.dict_pop", {"dictionary": {}, "key": "a", "default": None}, {"new_dict": {}, "value": None}),
    ("dicts.dict_pop", {"dictionary": {}, "key": "a", "default": 9}, {"new_dict": {}, "value": 9}),
    ("dicts.dict_deep_get", {"obj": {"a": [10, {"b": 5}]}, "path": ["a", 1, "b"]}, {"out": 5}),
    ("dicts.dict_deep_get", {"obj": {"a": [10]}, "path": ["a", "0"]}, {"out": 10}),
    ("dicts.dict_deep_get", {"obj": {"a": 1}, "path": []}, {"out": {"a": 1}}),
    ("dicts.dict_deep_get", {"obj": {"a": 1}, "path": ["a", "b"]}, {"out": NoValue}),
    ("dicts.dict_deep_get", {"obj": {"a": [1]}, "path": ["a", 9]}, {"out": NoValue}),
    (
        "dicts.dict_deep_set",
        {"dictionary": {"a": {"b": 1}}, "path": ["a", "c"], "value": 2},
        {"out": {"a": {"b": 1, "c": 2}}},
    ),
    ("dicts.dict_deep_set", {"dictionary": {}, "path": ["a", "b"], "value": 2}, {"out": {"a": {"b": 2}}}),
    (
        "dicts.dict_deep_set",
        {"dictionary": {}, "path": ["a", "b"], "value": 2, "create_missing": False},
        Refused("'a'"),
    ),
    ("dicts.dict_deep_set", {"dictionary": {}, "path": [], "value": 2}, Refused("must not be empty")),
    (
        "dicts.dict_deep_set",
        {"dictionary": {"a": 1}, "path": ["a", "b"], "value": 2},
        Refused("needed under 'a'"),
    ),
]

OBJECTS: list[Row] = [
    ("pyobjects.get_attribute", {"obj": 3 + 2j, "attribute": "imag"}, {"out": 2.0}),
    ("pyobjects.get_attribute", {"obj": 1, "attribute": "nope"}, Refused("no attribute 'nope'")),
    ("pyobjects.get_attribute", {"obj": 1, "attribute": "__class__"}, Refused("is private")),
    ("pyobjects.has_attribute", {"obj": 1, "attribute": "__class__"}, {"out": True}),
    ("pyobjects.has_attribute", {"obj": 1, "attribute": "imag"}, {"out": True}),
    ("pyobjects.set_attribute", {"obj": Plain(), "attribute": "_b", "value": 2}, Refused("is private")),
    ("pyobjects.delete_attribute", {"obj": Plain(_a=1), "attribute": "_a"}, Refused("is private")),
    ("pyobjects.has_attribute", {"obj": 1, "attribute": "nope"}, {"out": False}),
    ("pyobjects.set_attribute", {"obj": Plain(a=1), "attribute": "b", "value": 2}, {"out": Plain(a=1, b=2)}),
    ("pyobjects.set_attribute", {"obj": 1, "attribute": "b", "value": 2}, Refused("attribute")),
    ("pyobjects.delete_attribute", {"obj": Plain(a=1, b=2), "attribute": "a"}, {"out": Plain(b=2)}),
    ("pyobjects.delete_attribute", {"obj": Plain(), "attribute": "a"}, Refused("no attribute 'a'")),
    (
        "dataclass.dataclass_to_dict",
        {"instance": Point(1, Point(2))},
        {"out": {"x": 1, "y": {"x": 2, "y": None}}},
    ),
    ("dataclass.dataclass_to_dict", {"instance": 5}, Refused("Expected a dataclass instance, not int")),
    ("dataclass.dataclass_to_dict", {"instance": Point}, Refused("Expected a dataclass instance")),
    ("dataclass.dataclass_get_field", {"instance": Point(1, 2), "field_name": "y"}, {"out": 2}),
    ("dataclass.dataclass_get_field", {"instance": Point(1), "field_name": "z"}, Refused("no field 'z'")),
]
