"""From a function to a node class: one input per parameter, outputs from what it returns.

Signatures, docstrings and type strings are read by exposedfunctionality; this page lays what the decorator
says over that and draws up the plan by which the engine calls the function.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import typing
import warnings
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
)
from typing import Any, cast

from exposedfunctionality import assure_exposed_method

from funcnodes_core.engine.plan import Kind, Plan
from funcnodes_core.engine.results import hand_out
from funcnodes_core.io.input import DefaultFactory, NodeInput
from funcnodes_core.io.output import NodeOutput
from funcnodes_core.node.making import apart, streams
from funcnodes_core.node.node import Node
from funcnodes_core.novalue import NoValue
from funcnodes_core.utils.functions import make_run_in_new_thread

__all__ = ["NodeDecorator", "node_class_from_function"]

_COMMON = (
    "type", "description", "allow_multiple", "render_options", "value_options", "emit_value_set", "on",
    "hidden",
)  # fmt: skip
_INPUT = (*_COMMON, "does_trigger", "required", "default")
_CLASS_ATTRIBUTES = (
    "default_io_options", "default_render_options", "default_trigger_on_create", "default_pretrigger_delay",
    "default_reset_inputs_on_trigger", "latest",
    "time_limit_s",
)  # fmt: skip

_STREAMS = (Iterator, Iterable, Generator, AsyncIterator, AsyncIterable, AsyncGenerator)


def NodeDecorator(  # noqa: N802 - the published name
    id: str | None = None,  # noqa: A002 - the published name
    **kwargs: Any,
) -> Callable[[Callable[..., Any]], type[Node]]:
    """Return a decorator that makes a node class of a function."""
    node_id = kwargs.pop("node_id", None) or id
    if not node_id:
        raise ValueError("a node needs an id: NodeDecorator(id=…)")

    def decorate(function: Callable[..., Any]) -> type[Node]:
        return node_class_from_function(function, node_id, **kwargs)

    return decorate


def node_class_from_function(
    function: Callable[..., Any],
    node_id: str,
    *,
    superclass: type[Node] = Node,
    name: str | None = None,
    node_name: str | None = None,
    description: str | None = None,
    inputs: list[Any] | None = None,
    outputs: list[Any] | None = None,
    separate_thread: bool = False,
    separate_process: bool = False,
    **others: Any,
) -> type[Node]:
    """Return a node class that calls `function`; words that mean nothing here are ignored."""
    separate_thread = _with_old_spelling("seperate_thread", separate_thread, others)
    separate_process = _with_old_spelling("seperate_process", separate_process, others)
    if separate_thread and separate_process:
        raise ValueError("a node runs in a thread or in a process of its own, not in both")
    with _items_as_results(function):
        exposed = cast("Any", assure_exposed_method(function, inputs=inputs, outputs=outputs))
    meta = exposed.ef_funcmeta
    shown = node_name or name
    defaults = _defaults(exposed)
    in_ports = [_input(p, defaults) for p in meta["input_params"] if p["name"] != "node"]
    out_ports = [_output(p) for p in meta["output_params"]]
    kind: Kind = "thread" if separate_thread else "process" if separate_process else _kind(exposed)
    wants_node = len(in_ports) != len(meta["input_params"])
    own_outputs = apart([*superclass.class_inputs, *in_ports], out_ports)
    plan = _plan(exposed, kind, tuple(port.uuid for port in own_outputs), wants_node)
    if plan.streams and others.get("latest"):
        plan = dataclasses.replace(plan, latest=True)
    namespace: dict[str, Any] = {
        "__module__": getattr(function, "__module__", __name__),
        "__doc__": function.__doc__,
        "node_id": node_id,
        "description": description if description is not None else _summary(meta),
        "o_func": staticmethod(exposed),
        "func": plan.func,
        "run_plan": plan,
        **{f"input_{port.uuid}": port for port in in_ports},
        **{f"output_{port.uuid}": port for port in out_ports},
        **{key: others[key] for key in _CLASS_ATTRIBUTES if others.get(key) is not None},
    }
    if shown:
        namespace["node_name"] = shown
    class_name = _class_name(shown or getattr(exposed, "__name__", type(function).__name__))
    make: Any = type(superclass)
    return make(class_name, (superclass,), namespace)


def _plan(function: Callable[..., Any], kind: Kind, outputs: tuple[str, ...], wants_node: bool) -> Plan:
    """Return the plan, with the async wrapper that stands under `func` for those who call it themselves."""
    run = make_run_in_new_thread(function) if kind in ("thread", "process") else function

    @functools.wraps(function)
    async def func(self: Node, *args: Any, **kwargs: Any) -> Any:
        if wants_node:
            kwargs.setdefault("node", self)
        if streams(function):
            return await _through(function(*args, **kwargs), lambda item: give(self, item))
        result = run(*args, **kwargs)
        if inspect.isawaitable(result):
            result = await result
        give(self, result)
        return result

    def give(self: Node, result: Any) -> None:
        if len(outputs) == 1:
            self.outputs[outputs[0]].value = result
        elif outputs:
            hand_out(self.cell, result, NodeOutput.set_value)

    return Plan(
        func=func,
        function=function,
        kind=kind,
        outputs=outputs,
        wants_node=wants_node,
        streams=streams(function),
    )


async def _through(items: Any, give: Callable[[Any], None]) -> Any:
    """Hand each item on; return the last."""
    last: Any = None
    if inspect.isasyncgen(items):
        async for last in items:
            give(last)
    else:
        for last in items:
            give(last)
    return last


def _kind(function: Callable[..., Any]) -> Kind:
    return "coroutine" if inspect.iscoroutinefunction(function) or streams(function) else "inline"


@contextlib.contextmanager
def _items_as_results(function: Any) -> Generator[None, None, None]:
    """Let a function that yields seem to return one item: its outputs have the type of that."""
    said: Any = None
    if streams(function):
        # What cannot be resolved is left to the parser, as with any function.
        with contextlib.suppress(Exception):
            said = typing.get_type_hints(function, include_extras=True).get("return")
    if typing.get_origin(said) not in _STREAMS:
        yield
        return
    kept = function.__annotations__
    function.__annotations__ = {**kept, "return": typing.get_args(said)[0]}
    try:
        yield
    finally:
        function.__annotations__ = kept


def _defaults(exposed: Callable[..., Any]) -> Mapping[str, Any]:
    """Return the defaults of the parameters as they are."""
    try:
        parameters = inspect.signature(exposed, follow_wrapped=False).parameters
    except (TypeError, ValueError):  # what is written in C may not say
        return {}
    return {name: one.default for name, one in parameters.items() if one.default is not one.empty}


def _input(said: Mapping[str, Any], defaults: Mapping[str, Any]) -> NodeInput:
    # The parser moves the parameter's own name to `_name` when another one is to be shown.
    io_id = str(said.get("_name", said["name"]))
    options = {key: said[key] for key in _INPUT if key in said}
    text = options.get("default")
    if isinstance(text, str):
        # The parser turns defaults that are not JSON into text.
        meant = defaults.get(io_id, text)
        if text == "<NoValue>":
            # Left out, the function's own default applies.
            options["default"] = NoValue
            options.setdefault("required", False)
        elif not isinstance(meant, str):
            options["default"] = DefaultFactory(lambda _: meant, text)
    return NodeInput(id=io_id, name=said["name"] if said["name"] != io_id else None, **options)


def _output(said: Mapping[str, Any]) -> NodeOutput:
    return NodeOutput(id=said["name"], **{key: said[key] for key in _COMMON if key in said})


def _summary(meta: Mapping[str, Any]) -> str:
    docstring: dict[str, Any] = meta.get("docstring") or {}
    return str(docstring.get("summary") or "")


def _class_name(shown: str) -> str:
    name = "".join(piece[:1].upper() + piece[1:].lower() for piece in shown.split("_"))
    if name.lower().endswith("node"):
        name = name[: -len("node")]
    return f"{name}Node"


def _with_old_spelling(word: str, value: bool, others: dict[str, Any]) -> bool:
    if word not in others:
        return value
    warnings.warn(f"{word} is spelt separate{word[len('seperate') :]}", DeprecationWarning, stacklevel=4)
    return bool(others.pop(word)) or value
