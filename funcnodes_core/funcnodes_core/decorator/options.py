"""Handlers that let one port's value decide what another port offers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["update_other_io", "update_other_io_options", "update_other_io_value_options"]

Handler = Callable[..., None]


def _unchanged(result: Any) -> Any:
    return result


def update_other_io_options(trg: str | list[str], modifier: Callable[[Any], Any] = _unchanged) -> Handler:
    """Return a handler that offers `modifier(result)` as the choices of other ports of the same node."""
    return update_other_io_value_options(trg, lambda result: {"options": modifier(result)})


def update_other_io_value_options(
    trg: str | list[str], options_generator: Callable[[Any], dict[str, Any]]
) -> Handler:
    """Return a handler that updates the value options of other ports of the same node.

    It is called with whatever value arrives, also with unfit ones and before the node is whole: then it
    does nothing.
    """
    targets = [trg] if isinstance(trg, str) else list(trg)

    def handler(src: Any, result: Any, **_: Any) -> None:
        if src.node is None:
            return
        try:
            options = options_generator(result)
        except Exception:  # noqa: BLE001 - the author's function meets values it was not made for
            return
        for port in _known_ports(src.node, targets):
            port.update_value_options(**options)

    return handler


def _known_ports(node: Any, ids: Iterable[str]) -> list[Any]:
    ports = {**node.outputs, **node.inputs}
    return [ports[io_id] for io_id in ids if io_id in ports]


def update_other_io(trg: str | list[str], modifier: Callable[[Any], Any] = _unchanged) -> Handler:
    """Return what `update_other_io_options` returns, under its old name."""
    warnings.warn("update_other_io is called update_other_io_options now", DeprecationWarning, stacklevel=2)
    return update_other_io_options(trg, modifier)
