"""The Dicts shelf: looking into dicts and making new ones from them.

No node changes the dict it is given. Ports that name a key offer the keys of the dict that arrived.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, cast

from funcnodes_core.decorator import update_other_io_options
from funcnodes_core.exceptions import a_kind_of

import funcnodes_core as fn
from funcnodes_core import NoValue

# Plain `dict` and `tuple` are the types that published graphs and clients know these ports by.
Dictionary = Annotated[dict[Any, Any], {"type": "dict"}]
Pairs = Annotated[list[tuple[Any, Any]], {"type": "List[tuple]"}]


def _keys(dictionary: object) -> list[Any] | None:
    return list(cast("Mapping[Any, Any]", dictionary)) if isinstance(dictionary, Mapping) else None


def _offer_keys(port: str) -> dict[str, dict[str, Any]]:
    return {"dictionary": {"on": {"after_set_value": update_other_io_options(port, _keys)}}}


def places_by_label(dictionary: object) -> dict[str, str] | None:
    """Return what a client offers for `key`: labels, and the text that is sent for each.

    Published graphs hold the place of the chosen key, as text: any key can be sent so, whatever its type.
    Where a key looks like a place itself, the label is sent instead: a place would be taken for that key.
    """
    keys = _keys(dictionary)
    if keys is None:
        return None
    labels = [str(key) for key in keys]
    if any(label.isdecimal() for label in labels):
        return {label: label for label in labels}
    return {label: str(place) for place, label in enumerate(labels)}


class DictGetNode(fn.Node):
    """Looks a key up."""

    node_id = "dict_get"
    node_name = "Dict Get"
    description = "Give the value under a key; nothing when the dict has no such key."
    default_io_options: ClassVar[dict[str, dict[str, Any]]] = {
        "dictionary": {"on": {"after_set_value": update_other_io_options("key", places_by_label)}}
    }
    dictionary = fn.NodeInput(id="dictionary", type=dict, description="Where to look.")
    key = fn.NodeInput(id="key", type=str, description="What to look for.")
    value = fn.NodeOutput(id="value", type=Any, description="What was found.")

    async def func(self, dictionary: Mapping[Any, Any], key: Hashable) -> None:
        """Set the value found, or no value."""
        self.outputs["value"].value = look_up(dictionary, key)


def look_up(dictionary: Mapping[Any, Any], key: Hashable) -> Any:
    """Return the value under a key, under the key with that text, or at that place; else `NoValue`."""
    if key in dictionary:
        return dictionary[key]
    if not isinstance(key, str):
        return NoValue
    for other, value in dictionary.items():
        if str(other) == key:
            return value
    values = list(dictionary.values())
    return values[int(key)] if key.isdecimal() and int(key) < len(values) else NoValue


@fn.NodeDecorator(id="dict_keys", name="Dict Keys")
def dict_keys(dictionary: Dictionary) -> list[Any]:
    """List the keys of a dict."""
    return list(dictionary.keys())


@fn.NodeDecorator(id="dict_values", name="Dict Values")
def dict_values(dictionary: Dictionary) -> list[Any]:
    """List the values of a dict."""
    return list(dictionary.values())


@fn.NodeDecorator(id="dict_items", name="Dict Items")
def dict_items(dictionary: Dictionary) -> Pairs:
    """List the pairs of key and value of a dict."""
    return list(dictionary.items())


@fn.NodeDecorator(id="dict_from_items", name="Dict From Items")
def dict_from_items(items: Pairs) -> Dictionary:
    """Make a dict of pairs of key and value; of equal keys the last counts."""
    return dict(items)


@fn.NodeDecorator(id="dict_from_keys_values", name="Dict From Keys Values")
def dict_from_keys_values(keys: list[Any], values: list[Any]) -> Dictionary:
    """Make a dict of a list of keys and a list of values; what is too many in the longer list is left out."""
    return dict(zip(keys, values, strict=False))


@fn.NodeDecorator(id="dict_to_lists", name="Dict To Lists", outputs=[{"name": "keys"}, {"name": "values"}])
def dict_to_list(dictionary: Dictionary) -> tuple[list[Any], list[Any]]:
    """Take a dict apart into the list of its keys and the list of its values."""
    return list(dictionary.keys()), list(dictionary.values())


@fn.NodeDecorator(id="dict_set_default", name="Dict Set Default")
def dict_set_default(dictionary: Dictionary, key: Any, value: Any) -> Dictionary:
    """Give the dict with a value under the key, unless the key is there already."""
    return {key: value, **dictionary} if key not in dictionary else dict(dictionary)


@fn.NodeDecorator(id="dict_set_key", name="Dict Set Key")
def dict_set_key(dictionary: Dictionary, key: Any, value: Any) -> Dictionary:
    """Give the dict with the value under the key."""
    return {**dictionary, key: value}


@fn.NodeDecorator(id="dict_merge", name="Dict Merge")
def dict_merge(a: Dictionary, b: Dictionary, prefer: Literal["a", "b"] = "b") -> Dictionary:
    """Put two dicts together; prefer says whose value stays under a key that both have."""
    return {**b, **a} if prefer == "a" else {**a, **b}


@fn.NodeDecorator(id="dict_select_keys", name="Dict Select Keys", default_io_options=_offer_keys("keys"))
def dict_select_keys(dictionary: Dictionary, keys: list[Any], ignore_missing: bool = True) -> Dictionary:
    """Give the dict with only the chosen keys, in the order chosen."""
    # A client that offers the keys one by one sends a single one as it is.
    chosen: Iterable[Any] = [keys] if isinstance(keys, str) else keys
    return {key: dictionary[key] for key in chosen if not ignore_missing or key in dictionary}


@fn.NodeDecorator(id="dict_rename_key", name="Dict Rename Key", default_io_options=_offer_keys("old_key"))
def dict_rename_key(
    dictionary: Dictionary, old_key: Any, new_key: Any, overwrite: bool = False
) -> Dictionary:
    """Give the dict with one key renamed at its place; overwrite allows the name of another key."""
    if old_key not in dictionary:
        raise KeyError(old_key)
    if new_key in dictionary and new_key != old_key and not overwrite:
        raise KeyError(f"{new_key!r} is a key already; set overwrite to replace it")
    kept = {key: value for key, value in dictionary.items() if key != new_key or key == old_key}
    return {(new_key if key == old_key else key): value for key, value in kept.items()}


@fn.NodeDecorator(id="dict_delete_key", name="Dict Delete Key", default_io_options=_offer_keys("key"))
def dict_delete_key(dictionary: Dictionary, key: Any, ignore_missing: bool = True) -> Dictionary:
    """Give the dict without a key."""
    if key not in dictionary and not ignore_missing:
        raise KeyError(key)
    return {other: value for other, value in dictionary.items() if other != key}


@fn.NodeDecorator(
    id="dict_pop",
    name="Dict Pop",
    outputs=[{"name": "new_dict"}, {"name": "value"}],
    default_io_options=_offer_keys("key"),
)
def dict_pop(
    # Without a default a missing key is an error; so the port can stay empty.
    dictionary: Dictionary,
    key: Any,
    default: Annotated[Any, {"required": False}] = NoValue,
) -> tuple[Dictionary, Any]:
    """Take a key out of a dict: give the dict without it, and its value or else the default."""
    rest = dict(dictionary)
    value = rest.pop(key) if default is NoValue else rest.pop(key, default)
    return rest, value


@fn.NodeDecorator(id="dict_deep_get", name="Dict Deep Get")
def dict_deep_get(obj: Any, path: list[Any]) -> Any:
    """Go into dicts and lists along a path of keys and indices; nothing when a step leads nowhere."""
    here = obj
    for step in path:
        here = _step_into(here, step)
        if here is NoValue:
            return NoValue
    return here


def _step_into(here: Any, step: Any) -> Any:
    try:
        if isinstance(here, Mapping):
            return cast("Mapping[Any, Any]", here)[step]
        if isinstance(here, Sequence) and not isinstance(here, (str, bytes)):
            return cast("Sequence[Any]", here)[int(step)]
    except (LookupError, TypeError, ValueError):
        return NoValue
    return NoValue


@fn.NodeDecorator(id="dict_deep_set", name="Dict Deep Set")
def dict_deep_set(
    dictionary: Dictionary, path: list[Any], value: Any, create_missing: bool = True
) -> Dictionary:
    """Give the dict with a value set at the end of a path of keys; missing dicts are made on the way."""
    if not path:
        raise ValueError("path must not be empty")
    return with_value_at(dictionary, path, value, create_missing)


def with_value_at(
    dictionary: Mapping[Any, Any], path: Sequence[Any], value: Any, create_missing: bool
) -> dict[Any, Any]:
    """Return a dict that differs from `dictionary` only along `path`; what is beside the path is shared."""
    first, *rest = path
    if not rest:
        return {**dictionary, first: value}
    if first not in dictionary and not create_missing:
        raise KeyError(first)
    inner = dictionary.get(first, {})
    if not isinstance(inner, Mapping):
        raise TypeError(f"a dict is needed under {first!r}, not {a_kind_of(inner)}")
    deeper = cast("Mapping[Any, Any]", inner)
    return {**dictionary, first: with_value_at(deeper, rest, value, create_missing)}


NODE_SHELF = fn.Shelf(
    name="Dicts",
    description="Look into dicts and make new ones.",
    nodes=[
        DictGetNode, dict_keys, dict_values, dict_items, dict_from_items, dict_from_keys_values,
        dict_to_list, dict_set_default, dict_set_key, dict_merge, dict_select_keys, dict_rename_key,
        dict_delete_key, dict_pop, dict_deep_get, dict_deep_set,
    ],
)  # fmt: skip
