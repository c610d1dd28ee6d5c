"""The Python Objects shelf: attributes of any object that travels on a wire.

Setting and deleting change the object itself: objects are passed on, never copied.
"""

from typing import Any

from funcnodes_core.decorator import update_other_io_options

import funcnodes_core as fn
from funcnodes_core import NoValue


def public_attributes(obj: object) -> list[str] | None:
    """Return the names of the attributes that are meant for others, sorted; None when there is no object."""
    return None if obj is NoValue else sorted(name for name in dir(obj) if not name.startswith("_"))


def _offer_attributes() -> dict[str, dict[str, Any]]:
    return {"obj": {"on": {"after_set_value": update_other_io_options("attribute", public_attributes)}}}


def _check_public(attribute: str) -> None:
    # A name with an underscore leads into the interpreter: `__class__`, `__globals__`.
    if attribute.startswith("_"):
        raise AttributeError(f"{attribute!r} is private; nodes reach public attributes only")


def _check_present(obj: object, attribute: str) -> None:
    _check_public(attribute)
    if not hasattr(obj, attribute):
        raise AttributeError(f"an object of type {type(obj).__name__} has no attribute {attribute!r}")


@fn.NodeDecorator(id="pyobject_get_attribute", name="Get Attribute", default_io_options=_offer_attributes())
def get_attribute(obj: Any, attribute: str) -> Any:
    """Give the value of an attribute."""
    _check_present(obj, attribute)
    return getattr(obj, attribute)


@fn.NodeDecorator(id="pyobject_has_attribute", name="Has Attribute")
def has_attribute(obj: Any, attribute: str) -> bool:
    """Say whether an object has an attribute."""
    return hasattr(obj, attribute)


@fn.NodeDecorator(id="pyobject_set_attribute", name="Set Attribute")
def set_attribute(obj: Any, attribute: str, value: Any) -> Any:
    """Set an attribute of the object itself, and give the object on."""
    _check_public(attribute)
    setattr(obj, attribute, value)
    return obj


@fn.NodeDecorator(
    id="pyobject_delete_attribute", name="Delete Attribute", default_io_options=_offer_attributes()
)
def delete_attribute(obj: Any, attribute: str) -> Any:
    """Delete an attribute of the object itself, and give the object on."""
    _check_present(obj, attribute)
    delattr(obj, attribute)
    return obj


NODE_SHELF = fn.Shelf(
    name="Python Objects",
    description="Attributes of Python objects.",
    nodes=[get_attribute, has_attribute, set_attribute, delete_attribute],
)
