"""The Python Objects shelf: attributes of any object that travels on a wire.

Setting and deleting change the object itself: objects are passed on, never copied.
"""

from typing import Any

from funcnodes_core.decorator import update_other_io_options

import funcnodes_core as fn


def public_attributes(obj: object) -> list[str]:
    """Return the names of the attributes that are meant for others, sorted."""
    return sorted(name for name in dir(obj) if not name.startswith("_"))


def _offer_attributes() -> dict[str, dict[str, Any]]:
    return {"obj": {"on": {"after_set_value": update_other_io_options("attribute", public_attributes)}}}


def _missing(obj: object, attribute: str) -> AttributeError:
    return AttributeError(f"an object of type {type(obj).__name__} has no attribute {attribute!r}")


@fn.NodeDecorator(id="pyobject_get_attribute", name="Get Attribute", default_io_options=_offer_attributes())
def get_attribute(obj: Any, attribute: str) -> Any:
    """Give the value of an attribute."""
    if not hasattr(obj, attribute):
        raise _missing(obj, attribute)
    return getattr(obj, attribute)


@fn.NodeDecorator(id="pyobject_has_attribute", name="Has Attribute")
def has_attribute(obj: Any, attribute: str) -> bool:
    """Say whether an object has an attribute."""
    return hasattr(obj, attribute)


@fn.NodeDecorator(id="pyobject_set_attribute", name="Set Attribute")
def set_attribute(obj: Any, attribute: str, value: Any) -> Any:
    """Set an attribute of the object itself, and give the object on."""
    setattr(obj, attribute, value)
    return obj


@fn.NodeDecorator(
    id="pyobject_delete_attribute", name="Delete Attribute", default_io_options=_offer_attributes()
)
def delete_attribute(obj: Any, attribute: str) -> Any:
    """Delete an attribute of the object itself, and give the object on."""
    if not hasattr(obj, attribute):
        raise _missing(obj, attribute)
    delattr(obj, attribute)
    return obj


NODE_SHELF = fn.Shelf(
    name="Python Objects",
    description="Attributes of Python objects.",
    nodes=[get_attribute, has_attribute, set_attribute, delete_attribute],
)
