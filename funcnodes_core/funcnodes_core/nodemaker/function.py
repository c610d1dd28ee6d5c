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

from exposedfunctionality import assure_exposed_method, is_exposed_method

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

_EXPOSED_HERE = "_funcnodes_exposed"
"""The attribute of a function that says: we have shown it to the parser, for another node class."""

_STREAMS = (Iterator, Iterable, Generator, AsyncIterator, AsyncIterable, AsyncGenerator)


def NodeDecorator(  # noqa: N802 - the published name
    id: str | None = None,  # noqa: A002 - the published name
    **kwargs: Any,
) -> Callable[[Callable[..., Any]], type[Node]]:
    """Return a decorator that makes a node class of a function."""
    node_id = kwargs.pop("node_id", None) or id
    if not node_id:
        raise ValueError("a node needs an id: NodeDecorator(id=…)")
    if not isinstance(node_id, str):
        # Without brackets the function itself arrives here.
        raise TypeError(f"the id of a node is a text, not {node_id!r}: write @NodeDecorator(id=…) above it")

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
    said_inputs, said_outputs = _dicts("inputs", inputs, node_id), _dicts("outputs", outputs, node_id)
    with _naming_what_is_wrong(function, node_id):
        exposed = _exposed(function, said_inputs, said_outputs)
    meta = exposed.ef_funcmeta
    named = name or getattr(exposed, "__name__", type(function).__name__)
    in_params = _named("input", meta["input_params"], node_id)
    defaults = _defaults(exposed, in_params)
    in_ports = [_input(p, defaults) for p in in_params if _parameter(p) != "node"]
    out_ports = [_output(p) for p in _named("output", meta["output_params"], node_id)]
    kind: Kind = "thread" if separate_thread else "process" if separate_process else _kind(exposed)
    wants_node = len(in_ports) != len(in_params)
    own_outputs = apart([*superclass.class_inputs, *in_ports], out_ports)
    plan = _plan(exposed, kind, tuple(port.uuid for port in own_outputs), wants_node)
    if plan.streams and others.get("latest"):
        plan = dataclasses.replace(plan, latest=True)
    namespace: dict[str, Any] = {
        "__module__": getattr(function, "__module__", __name__),
        "__doc__": function.__doc__,
        "node_id": node_id,
        "node_name": node_name or named,
        "description": description if description is not None else _summary(meta),
        "o_func": staticmethod(exposed),
        "func": plan.func,
        "run_plan": plan,
        **{f"input_{port.uuid}": port for port in in_ports},
        **{f"output_{port.uuid}": port for port in out_ports},
        **{key: others[key] for key in _CLASS_ATTRIBUTES if others.get(key) is not None},
    }
    make: Any = type(superclass)
    return make(_class_name(named), (superclass,), namespace)


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


def _dicts(word: str, said: Any, node_id: str) -> list[dict[str, Any]] | None:
    """Return what the decorator was told of ports, once it is sure to be of the right form."""
    if said is None:
        return None
    if isinstance(said, list | tuple):
        entries = list(cast("list[Any]", said))
        if all(isinstance(entry, dict) for entry in entries):
            return entries
    raise TypeError(f"{word}= of {node_id} is a list of dicts, one for each port, not {said!r}")


@contextlib.contextmanager
def _naming_what_is_wrong(function: Any, node_id: str) -> Generator[None, None, None]:
    """Add to the parser's error which node it is about, and what its function says of types."""
    try:
        yield
    except Exception as error:
        said: Mapping[str, Any] = getattr(function, "__annotations__", {})
        words = ", ".join(f"{name}: {_shown(kind)}" for name, kind in said.items())
        error.add_note(
            f"while the node {node_id!r} was made of {getattr(function, '__qualname__', function)}({words}): "
            "each annotation is a type, a text that names one, or Annotated[type, …]"
        )
        raise


def _shown(kind: Any) -> str:
    return kind if isinstance(kind, str) else kind.__name__ if isinstance(kind, type) else repr(kind)


def _exposed(function: Callable[..., Any], inputs: Any, outputs: Any) -> Any:
    """Return the function with what its parser read of it, and over that what the decorator says."""
    # Who exposed it says what it is; but if it was us, for another node, what is said now counts.
    known = vars(function) if hasattr(function, "__dict__") else {}
    if (inputs or outputs) and known.get(_EXPOSED_HERE) == id(function):
        for mark in ("_is_exposed_method", "ef_funcmeta"):
            delattr(function, mark)
    was_exposed = is_exposed_method(function)
    with _items_as_results(function):
        exposed = cast("Any", assure_exposed_method(function, inputs=inputs, outputs=outputs))
    if not was_exposed:
        # With its identity: a wrapper of it takes its attributes over.
        setattr(exposed, _EXPOSED_HERE, id(exposed))
    return exposed


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


def _defaults(exposed: Callable[..., Any], params: list[dict[str, Any]]) -> Mapping[str, Any]:
    """Return the defaults of the parameters as they are, where the parser may have made text of one."""
    # It does so of what is not JSON; the signature is not read once more for a number.
    if not any(isinstance(param.get("default"), str) for param in params):
        return {}
    try:
        parameters = inspect.signature(exposed, follow_wrapped=False).parameters
    except (TypeError, ValueError):  # what is written in C may not say
        return {}
    return {name: one.default for name, one in parameters.items() if one.default is not one.empty}


def _named(word: str, ports: list[dict[str, Any]], node_id: str) -> list[dict[str, Any]]:
    """Return what is said of ports, once each is sure to have a name, and outputs names of their own."""
    names: set[str] = set()
    for place, said in enumerate(ports, 1):
        name = said.get("name")
        if not isinstance(name, str):
            raise ValueError(f"{word} {place} of {node_id} has no name: {said!r}; give it one under 'name'")
        if name in names and word == "output":
            raise ValueError(f"two outputs of {node_id} are called {name!r}; give each a name of its own")
        names.add(name)
    return ports


def _parameter(said: Mapping[str, Any]) -> str:
    """Return the parameter's own name: the parser moves it to `_name` when another one is to be shown."""
    return str(said.get("_name", said["name"]))


def _input(said: Mapping[str, Any], defaults: Mapping[str, Any]) -> NodeInput:
    io_id = _parameter(said)
    options = {key: said[key] for key in _INPUT if key in said}
    text = options.get("default")
    if isinstance(text, str):
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


def _class_name(named: str) -> str:
    name = "".join(piece[:1].upper() + piece[1:].lower() for piece in named.split("_"))
    if name.lower().endswith("node"):
        name = name[: -len("node")]
    return f"{name}Node"


def _with_old_spelling(word: str, value: bool, others: dict[str, Any]) -> bool:
    if word not in others:
        return value
    warnings.warn(f"{word} is spelt separate{word[len('seperate') :]}", DeprecationWarning, stacklevel=4)
    return bool(others.pop(word)) or value
