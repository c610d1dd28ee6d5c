"""The Lists shelf: looking into lists and making new ones from them.

No node changes the list it is given: a list on a wire may be read by many. Index ports learn their limits
from the list that arrives, so that a client can offer only what exists.
"""

# `all` is the name of a port in saved graphs; ports are named after parameters.
# ruff: noqa: A002

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, cast

from funcnodes_core.decorator import update_other_io_value_options
from funcnodes_core.exceptions import a_kind_of

import funcnodes_core as fn


def _limits(
    low: Callable[[int], int], high: Callable[[int], int]
) -> Callable[[Sequence[Any]], dict[str, int]]:
    def options(items: Sequence[Any]) -> dict[str, int]:
        return {"min": low(len(items)), "max": max(high(len(items)), 0)}

    return options


def _lst_limits(*ports: str, high: Callable[[int], int]) -> dict[str, dict[str, Any]]:
    handler = update_other_io_value_options(list(ports), _limits(lambda length: -length, high))
    return {"lst": {"on": {"after_set_value": handler}}}


_AT_AN_ITEM = _lst_limits("index", high=lambda length: length - 1)
_BETWEEN_ITEMS = _lst_limits("index", high=lambda length: length)
_A_STRETCH = _lst_limits("start", "end", high=lambda length: length)


def _new_list(items: Iterable[Any]) -> list[Any]:
    # Text and dicts are iterable too, but whoever sends one here has forgotten a step.
    if isinstance(items, (str, bytes, Mapping)):
        raise TypeError(f"a list is needed here, not {a_kind_of(cast('object', items))}; use To List first")
    return list(items)


@fn.NodeDecorator(id="contains_node", name="Contains")
def contains(
    # Both types name text besides Any, so that a client offers a text field for the item.
    collection: Annotated[list[Any], {"type": "List[Union[Any, str]]"}],
    item: Annotated[Any, {"type": "Union[str, Any]"}],
) -> bool:
    """Say whether an item is in a list (or another collection)."""
    return item in collection


@fn.NodeDecorator(
    id="list_get", name="Get Element", outputs=[{"name": "element"}], default_io_options=_AT_AN_ITEM
)
def list_get(lst: list[Any], index: int = -1) -> Any:
    """Give the element at an index, counted from 0, or from the end when negative; -1 is the last."""
    return lst[index]


@fn.NodeDecorator(id="to_list", name="To List")
def to_list(obj: Any) -> list[Any]:
    """Make a list of what can be gone through (text: its characters); anything else becomes a list of one."""
    if isinstance(obj, Iterable):
        return list(cast("Iterable[Any]", obj))
    return [obj]


@fn.NodeDecorator(id="list_length", name="List Length")
def list_length(lst: list[Any]) -> int:
    """Count the elements of a list."""
    return len(lst)


@fn.NodeDecorator(id="list_append", name="List Append")
def list_append(lst: list[Any], item: Any) -> list[Any]:
    """Give the list with one more item at its end."""
    return [*_new_list(lst), item]


@fn.NodeDecorator(id="list_extend", name="List Extend")
def list_extend(lst: list[Any], items: list[Any]) -> list[Any]:
    """Give the list followed by the items of another list."""
    return _new_list(lst) + _new_list(items)


@fn.NodeDecorator(
    id="list_pop",
    name="List Pop",
    outputs=[{"name": "new_list"}, {"name": "item"}],
    default_io_options=_AT_AN_ITEM,
)
def list_pop(lst: list[Any], index: int = -1) -> tuple[list[Any], Any]:
    """Take the item at an index out of a list: give the list without it, and the item."""
    rest = _new_list(lst)
    item = rest.pop(index)
    return rest, item


@fn.NodeDecorator(id="list_remove", name="List Remove")
def list_remove(lst: list[Any], item: Any, all: bool = False) -> list[Any]:
    """Give the list without the first element equal to the item, or without all of them."""
    items = _new_list(lst)
    if all:
        return [other for other in items if other != item]
    if item in items:
        items.remove(item)
    return items


@fn.NodeDecorator(id="list_index", name="List Index")
def list_index(lst: list[Any], item: Any) -> int:
    """Give the index of the first element equal to the item; an error when there is none."""
    return lst.index(item)


@fn.NodeDecorator(id="list_reverse", name="List Reverse")
def list_reverse(lst: list[Any]) -> list[Any]:
    """Give the list in the opposite order."""
    return _new_list(lst)[::-1]


@fn.NodeDecorator(id="list_sort", name="List Sort")
def list_sort(lst: list[Any], reverse: bool = False) -> list[Any]:
    """Give the list sorted from small to large, or from large to small."""
    return sorted(_new_list(lst), reverse=bool(reverse))


@fn.NodeDecorator(id="list_count", name="List Count")
def list_count(lst: list[Any], item: Any) -> int:
    """Count the elements that are equal to the item."""
    return lst.count(item)


@fn.NodeDecorator(id="list_insert", name="List Insert", default_io_options=_BETWEEN_ITEMS)
def list_insert(lst: list[Any], item: Any, index: int = -1) -> list[Any]:
    """Give the list with an item put in before the element at an index; -1 is before the last."""
    items = _new_list(lst)
    items.insert(index, item)
    return items


@fn.NodeDecorator(id="list_set", name="List Set", default_io_options=_AT_AN_ITEM)
def list_set(lst: list[Any], item: Any, index: int = -1) -> list[Any]:
    """Give the list with the element at an index replaced by the item."""
    items = _new_list(lst)
    items[index] = item
    return items


@fn.NodeDecorator(id="list_slice", name="List Slice", default_io_options=_A_STRETCH)
def list_slice(lst: list[Any], start: int = 0, end: int = -1) -> list[Any]:
    """Give the elements from start up to, not including, end; -1 as end leaves out the last."""
    return lst[start:end]


@fn.NodeDecorator(id="list_slice_step", name="List Slice Step", default_io_options=_A_STRETCH)
def list_slice_step(lst: list[Any], start: int = 0, end: int = -1, step: int = 1) -> list[Any]:
    """Give every step-th element from start up to, not including, end; a negative step goes backwards."""
    return lst[start:end:step]


@fn.NodeDecorator(id="list_flatten", name="List Flatten")
def list_flatten(lst: list[Any]) -> list[Any]:
    """Open the lists inside a list by one level; other elements stay as they are."""
    flat: list[Any] = []
    for element in _new_list(lst):
        if isinstance(element, (list, tuple)):
            flat.extend(cast("Iterable[Any]", element))
        else:
            flat.append(element)
    return flat


@fn.NodeDecorator(id="list_unique", name="List Unique")
def list_unique(lst: list[Any]) -> list[Any]:
    """Give each different element once, in the order of their first appearance."""
    items = _new_list(lst)
    try:
        return list(dict.fromkeys(items))
    except TypeError:
        # Lists and dicts cannot be keys; they are compared one with another instead.
        unique: list[Any] = []
        unique.extend(item for item in items if item not in unique)
        return unique


NODE_SHELF = fn.Shelf(
    name="Lists",
    description="Look into lists and make new ones.",
    nodes=[
        contains, list_get, to_list, list_length, list_append, list_extend, list_pop, list_remove, list_index,
        list_reverse, list_sort, list_count, list_insert, list_set, list_slice, list_slice_step, list_flatten,
        list_unique,
    ],
)  # fmt: skip
