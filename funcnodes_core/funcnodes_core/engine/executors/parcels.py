"""What goes to a process and comes back: frames of bytes on pipes, and objects as bytes.

Used on both sides. Plain pickle first; cloudpickle, which can do more and costs more, for what it cannot.
"""

from __future__ import annotations

import importlib
import pickle
import struct
import sys
from collections.abc import Callable
from operator import attrgetter
from typing import Any, BinaryIO

__all__ = ["CannotSend", "named", "packed", "packed_function", "receive", "send", "unpacked"]

_HEAD = struct.Struct("!Q")


class CannotSend(Exception):
    """Something cannot go to a process or come back; `lasting` when it will be so at every run."""

    def __init__(self, why: str, lasting: bool) -> None:
        super().__init__(why)
        self.why, self.lasting = why, lasting


def send(pipe: BinaryIO, content: bytes) -> None:
    """Write one frame."""
    pipe.write(_HEAD.pack(len(content)))
    pipe.write(content)
    pipe.flush()


def receive(pipe: BinaryIO) -> bytes:
    """Read one frame; EOFError when the other side is gone."""
    (length,) = _HEAD.unpack(_exactly(pipe, _HEAD.size))
    return _exactly(pipe, length)


def _exactly(pipe: BinaryIO, length: int) -> bytes:
    content = pipe.read(length)
    if len(content) < length:
        raise EOFError("the other side is gone")
    return content


def packed(value: Any) -> bytes:
    """Return an object as bytes; whatever it raises means that it cannot be sent."""
    try:
        content = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001 - classes raise what they like when they are pickled
        import cloudpickle

        return cloudpickle.dumps(value)
    if b"__main__" in content:
        # Pickle names what was defined in the script that was started; a process started another one.
        import cloudpickle

        return cloudpickle.dumps(value)
    return content


def unpacked(content: bytes) -> Any:
    """Return the object that was sent."""
    return pickle.loads(content)  # noqa: S301 - both ends are this program


def packed_function(function: Callable[..., Any]) -> bytes:
    """Return a node's function as bytes: by name where it has one, else as a whole.

    By name, the process has the module as others have it, with all that the module keeps.
    """
    module, path = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if module and module != "__main__" and "<" not in path:
        try:
            if _function_at(sys.modules[module], path) is function:
                return pickle.dumps((module, path))
        except (KeyError, AttributeError):
            pass
    return packed(function)


def named(content: bytes) -> Callable[..., Any]:
    """Return the function that was sent."""
    sent = unpacked(content)
    if isinstance(sent, tuple):
        module, path = sent  # pyright: ignore[reportUnknownVariableType]
        return _function_at(importlib.import_module(str(module)), str(path))  # pyright: ignore[reportUnknownArgumentType]
    return sent


def _function_at(module: Any, path: str) -> Any:
    found = attrgetter(path)(module)
    # The decorator has put the node class where the function stood.
    plan = getattr(found, "run_plan", None)
    return found if plan is None else plan.function
