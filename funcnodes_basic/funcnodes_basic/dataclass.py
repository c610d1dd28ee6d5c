"""The dataclass shelf: the fields of a dataclass instance."""

import dataclasses
from typing import Any

from funcnodes_core.decorator import update_other_io_options

import funcnodes_core as fn


def field_names(instance: Any) -> list[str]:
    """Return the field names in the order of the class; TypeError for what is no dataclass instance."""
    if not dataclasses.is_dataclass(instance) or isinstance(instance, type):
        raise TypeError(f"Expected a dataclass instance, not {type(instance).__name__}")
    return [field.name for field in dataclasses.fields(instance)]


def _offered(instance: Any) -> list[str] | None:
    try:
        return field_names(instance)
    except TypeError:
        return None


@fn.NodeDecorator(id="dataclass.to_dict", name="Dataclass To Dict")
def dataclass_to_dict(instance: Any) -> dict[str, Any]:
    """Give the fields of a dataclass instance as a dict, dataclasses inside it too."""
    field_names(instance)
    return dataclasses.asdict(instance)


@fn.NodeDecorator(
    id="dataclass.get_field",
    name="Dataclass Field",
    default_io_options={
        "instance": {"on": {"after_set_value": update_other_io_options("field_name", _offered)}}
    },
)
def dataclass_get_field(instance: Any, field_name: str) -> Any:
    """Give the value of one field of a dataclass instance."""
    if field_name not in field_names(instance):
        raise AttributeError(f"{type(instance).__name__} has no field {field_name!r}")
    return getattr(instance, field_name)


NODE_SHELF = fn.Shelf(
    name="dataclass",
    description="Fields of dataclass instances.",
    nodes=[dataclass_to_dict, dataclass_get_field],
)
