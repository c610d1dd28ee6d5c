"""What happens when a node class is made: its ports are gathered, its plan is drawn up, it is registered."""

from __future__ import annotations

import copyreg
import importlib
import inspect
import sys
import threading
from abc import ABCMeta
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from funcnodes_core.engine.plan import Plan
from funcnodes_core.io.input import NodeInput
from funcnodes_core.io.output import NodeOutput
from funcnodes_core.io.port import NodeIO
from funcnodes_core.node.registry import get_nodeclass, register_node

if TYPE_CHECKING:
    from funcnodes_core.node.node import Node

__all__ = ["NodeMeta", "apart", "checked_limit", "streams"]

_framework: set[str] = set()
"""Attributes of `Node` itself, which no port may hide. Filled when `Node` is made."""

_framework_ports: dict[type, dict[str, NodeIO]] = {}
"""The ports among what `Node` and its bases say: every class has them, and they are looked for once."""


def checked_limit(value: object, owner: str = "") -> float | None:
    """Return how many seconds a run may take, if a clock can keep that; None for no limit."""
    # The clock is a thread that waits: what is more than a wait can last would end it with no limit kept.
    if value is None or (isinstance(value, int | float) and 0 < value <= threading.TIMEOUT_MAX):
        return value
    raise ValueError(f"{owner}time_limit_s is a number of seconds above zero, or None for no limit")


class NodeMeta(ABCMeta):
    """The class of node classes."""

    def __init__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], /, **kwargs: Any
    ) -> None:
        super().__init__(name, bases, namespace, **kwargs)
        node_class = cast("type[Node]", cls)
        if not _framework:
            _framework.update(key for key in namespace if not key.startswith("__"))
            # What each node sets in its constructor, and what it has from the emitter.
            _framework.update({"inputs", "outputs", "cell"}, dir(bases[0]) if bases else ())
            _framework_ports.update((base, _ports_in(vars(base))) for base in cls.__mro__)
        else:
            _refuse_hiding(name, namespace)
            if "time_limit_s" in namespace:
                # On a node the name is a property, so that the engine hears of a change.
                node_class.default_time_limit_s = checked_limit(namespace["time_limit_s"], f"{name}.")
                type.__delattr__(cls, "time_limit_s")
        for attribute, port in namespace.items():
            if isinstance(port, NodeIO):
                port.named_by_attribute(attribute)
        node_class.class_inputs, node_class.class_outputs = _gather(node_class)
        if "run_plan" not in namespace and "func" in namespace:
            func = node_class.func
            node_class.run_plan = Plan(
                func=func,
                function=func,
                kind="coroutine",
                outputs=_own(node_class.class_outputs) if streams(func) else None,
                wants_self=True,
                streams=streams(func),
                latest=node_class.latest,
            )
        if not inspect.isabstract(cls):
            _enter(node_class)

    def __setattr__(cls, name: str, value: Any) -> None:
        # A test may replace `func` on a class whose nodes are there already, and put it back.
        if name == "func":
            cast("type[Node]", cls).run_plan.disputed = True
        super().__setattr__(name, value)


def _refuse_hiding(name: str, namespace: dict[str, Any]) -> None:
    hidden = sorted(
        key for key, value in namespace.items() if key in _framework and isinstance(value, NodeIO)
    )
    if hidden:
        raise TypeError(
            f"class {name} would hide {', '.join(hidden)} of Node; give the port another attribute name"
        )


def _ports_in(namespace: Mapping[str, Any]) -> dict[str, NodeIO]:
    return {name: value for name, value in namespace.items() if isinstance(value, NodeIO)}


def _gather(node_class: type[Node]) -> tuple[tuple[NodeInput, ...], tuple[NodeOutput, ...]]:
    """Return the ports in order of definition, those of bases first, the trigger pair last."""
    found: dict[str, Any] = {}
    for base in reversed(node_class.__mro__):
        own = vars(base)
        # What a class says under the name of a port of its bases stands in its place, port or not.
        found.update((name, own[name]) for name in found.keys() & own.keys())
        known = _framework_ports.get(base)
        found.update(_ports_in(own) if known is None else known)
    ports = [value for value in found.values() if isinstance(value, NodeIO)]
    ports.sort(key=lambda port: port.uuid in ("_triggerinput", "_triggeroutput"))
    inputs = tuple(port for port in ports if isinstance(port, NodeInput))
    outputs = [port for port in ports if isinstance(port, NodeOutput)]
    return inputs, apart(inputs, outputs)


def apart(inputs: Iterable[NodeInput], outputs: Iterable[NodeOutput]) -> tuple[NodeOutput, ...]:
    """Return the outputs with ids of their own: `out` beside an input `out` is `out_`, called `out`.

    As published, so that graphs of others hold edges that we find (`numpy.fix`).
    """
    taken = {port.uuid for port in inputs}
    found: list[NodeOutput] = []
    for output in outputs:
        own = output
        if output.uuid in taken:
            own = output.copy()
            while own.uuid in taken:
                own.uuid = f"{own.uuid}_"
        taken.add(own.uuid)
        found.append(own)
    return tuple(found)


def _own(outputs: tuple[NodeOutput, ...]) -> tuple[str, ...]:
    return tuple(output.uuid for output in outputs if output.uuid != "_triggeroutput")


def streams(function: Any) -> bool:
    """Return whether a function yields its results one after the other."""
    return inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)


def _enter(node_class: type[Node]) -> None:
    if not isinstance(getattr(node_class, "node_id", None), str):
        raise AttributeError(f"node class {node_class.__name__} needs a node_id")
    if "node_name" not in vars(node_class):
        node_class.node_name = node_class.__name__
    import funcnodes_core.node as room

    register_node(node_class, override=room.ALLOW_REGISTERED_NODES_OVERRIDE)


def _by_id(module: str, node_id: str) -> type[Node]:
    importlib.import_module(module)
    return get_nodeclass(node_id)


def _pickled(node_class: type[Node]) -> Any:
    """Return how a class is found again: by its name, or by its id where the name is a display name."""
    found: Any = sys.modules.get(node_class.__module__)
    for part in node_class.__qualname__.split("."):
        found = getattr(found, part, None)
    if found is node_class:
        return node_class.__qualname__
    return _by_id, (node_class.__module__, node_class.node_id)


copyreg.pickle(cast("Any", NodeMeta), _pickled)
