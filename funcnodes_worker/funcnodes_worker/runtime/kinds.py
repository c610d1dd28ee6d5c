"""What a value is like, told by what its class can do: tables and arrays of libraries nobody imports here.

Owns the duck typing and the cutting of a corner out of a table or array. Only the class is asked, never the
object: a `__getattr__` that computes or invents answers is not woken. Called in the graph's thread only.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast


def is_frame(value: object) -> bool:
    """Tell whether a value is a table with named columns, as those of pandas are."""
    return _can(value, "iloc", "columns", "dtypes", "index")


def is_series(value: object) -> bool:
    """Tell whether a value is one column with an index, as those of pandas are."""
    return _can(value, "iloc", "dtype", "index") and not is_frame(value)


def is_array(value: object) -> bool:
    """Tell whether a value is an array of one or more dimensions, as those of numpy are."""
    return _can(value, "shape", "dtype", "tolist", "__getitem__") and len(shape_of(value)) > 0


def is_scalar(value: object) -> bool:
    """Tell whether a value is a number of a library that holds one item (`numpy.bool_`, an array of none)."""
    return _can(value, "shape", "dtype", "item") and len(shape_of(value)) == 0


def is_picture(value: object) -> bool:
    """Tell whether a value is an image object, as those of Pillow are."""
    return _can(value, "thumbnail", "convert", "save") and hasattr(value, "size")


def raw_bytes(value: object) -> memoryview | None:
    """Return a view of the bytes a value is, nothing copied; None when it is something else."""
    if not isinstance(value, bytes | bytearray | memoryview):
        return None
    view: memoryview[Any] = memoryview(cast("bytes", value))
    if view.format == "B" and view.ndim == 1:
        return view
    return view.cast("B") if view.c_contiguous else memoryview(view.tobytes())


def says_json(value: object) -> bool:
    """Tell whether a value says itself how it is written as JSON."""
    return hasattr(type(value), "_repr_json_")


def is_container(value: object) -> bool:
    """Tell whether a value is a collection that would walk all its items to say itself as text."""
    if not isinstance(value, Collection) or isinstance(value, range):
        return False
    return not any("__str__" in vars(base) for base in type(cast("object", value)).__mro__[:-1])


def _can(value: object, *names: str) -> bool:
    kind = type(value)
    return all(hasattr(kind, name) for name in names)


def shape_of(value: Any) -> tuple[int, ...]:
    """Return the lengths of an array's dimensions."""
    try:
        return tuple(int(length) for length in value.shape)
    # Whatever claims a shape and has none is no array.
    except (TypeError, ValueError, AttributeError):
        return ()


def dtype_of(value: Any) -> str:
    """Return the name of what an array or column is made of."""
    return str(value.dtype)


def is_plainly_typed(value: Any) -> bool:
    """Tell whether an array holds numbers or booleans, whose list needs no encoder."""
    return getattr(value.dtype, "kind", "O") in "biuf"


def names_of(frame: Any) -> list[str]:
    """Return the names of a table's columns as text; they may repeat."""
    return [str(name) for name in frame.columns]


def corner_of(value: Any, rows: int, columns: int) -> Any:
    """Return the beginning of an array as nested lists, at the cost of what is returned."""
    if is_series(value):
        return value.iloc[:rows].tolist()
    lengths = shape_of(value)
    if len(lengths) == 1:
        return value[:rows].tolist()
    steps = [slice(0, rows), slice(0, columns), slice(0, 3), slice(0, 3)]
    cut = tuple(steps[dimension] if dimension < len(steps) else 0 for dimension in range(len(lengths)))
    return value[cut].tolist()


def split_form(frame: Any) -> dict[str, Any]:
    """Return a table as columns, index and rows: the form that the editor shows as a table."""
    rows = [list(row) for row in frame.itertuples(index=False, name=None)]
    return {"columns": names_of(frame), "index": frame.index.tolist(), "data": rows}
