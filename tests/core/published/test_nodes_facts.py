"""Facts of the contract about nodes, functions as nodes, and running: sections 4, 5, 6 and 15.1."""

# Class attributes of nodes are declared as authors write them; annotations are read by the parser.
from __future__ import annotations

import asyncio
from typing import Annotated, Any, Optional

import pytest
from funcnodes_core.exceptions import InTriggerError, IONotFoundError, NodeAlreadyDefinedError
from tqdm import tqdm

import funcnodes_core as fn
from funcnodes_core import Node, NodeDecorator, NodeInput, NodeOutput, NodeSpace, NoValue
from tests.core.graphs import add, chain, inc, source


async def test_a_class_style_node_sets_its_outputs_itself() -> None:
    """4: what `func` returns is not set; inputs without a value are left to its own defaults."""

    class Own(Node):
        node_id = "tests.published.own"
        a = NodeInput(id="a", type=int, required=False)
        out = NodeOutput(id="out", type=int)

        async def func(self, a: int = 7) -> int:
            self.outputs["out"].value = a
            return -1

    node = Own()
    await node
    assert (node.outputs["out"].value, await node.await_trigger()) == (7, [-1])
    assert node.outputs["_triggeroutput"].value > 0
    assert Own.node_name == "Own"


async def test_a_node_says_who_it_is() -> None:
    """4.1: names, ids, and what it may belong to."""
    node, told = inc(uuid="u"), list[Any]()
    assert (str(node), node.name, inc(id="i").uuid) == ("IncNode(u)", "IncNode(u)", "i")
    assert len(inc().uuid) == 32
    node.on("after_set_nodespace", lambda result, **_: told.append(result))
    space = NodeSpace()
    space.add_node_instance(node)
    assert (node.nodespace, told) == (space, [space])
    space.remove_node_instance(node)
    assert (node.nodespace, told) == (None, [space, None])
    node = inc(uuid="u")
    with pytest.raises(NodeAlreadyDefinedError):
        source().add_input(node.inputs["a"])
    with pytest.raises(KeyError):
        node.get_input_or_output("nothing")
    assert issubclass(IONotFoundError, KeyError)
    told.clear()
    node.on("cleanup", lambda **_: told.append("cleanup"))
    node.cleanup()
    assert (told, node.inputs, node.outputs) == (["cleanup"], {}, {})


def test_an_input_that_needs_no_value_says_that_it_has_none() -> None:
    """4.1: the node is ready all the same."""

    class Easy(Node):
        node_id = "tests.published.easy"
        a = NodeInput(id="a", type=int, required=False)

        async def func(self, a: int = 7) -> None:
            raise NotImplementedError

    node = Easy(trigger_on_create=False)
    state = node.status()
    assert state["ready_state"]["inputs"]["a"] == {"node": True, "value": False}
    assert (state["ready"], state["inputs"]["a"]["ready"], node.ready_state()) == (
        True,
        True,
        state["ready_state"],
    )


async def test_options_of_an_instance_win_over_those_of_the_class() -> None:
    """4.2: merged deep, all keys of a port, handlers included."""
    heard: list[Any] = []

    @NodeDecorator(
        "tests.published.options",
        default_io_options={
            "a": {
                "name": "Aa", "description": "of a", "default": 3, "required": False, "does_trigger": False,
                "hidden": True, "value": 99, "value_options": {"min": 0, "max": 5},
                "on": {"after_set_value": lambda src, result: heard.append(result)},
            },
        },
    )  # fmt: skip
    def options(a: int) -> int:
        return a

    node = options(io_options={"a": {"value_options": {"max": 9}}}, trigger_on_create=False)
    port = node.inputs["a"]
    assert (port.name, port.description, port.value, port.required, port.does_trigger, port.hidden) == (
        "Aa",
        "of a",
        3,
        False,
        False,
        True,
    )
    assert port.value_options == {"step": 1, "min": 0, "max": 9}
    port.value = 4
    assert (heard[-1], node.requests_trigger) == (4, False)
    assert options.serialize_cls()["inputs"] == [{"uuid": "a", "type": "int", "description": None}]


def test_a_saved_node_brings_its_settings() -> None:
    """4.3: description, render options (its own win), reset, properties merged; a foreign id is refused."""
    node = inc(trigger_on_create=False, properties={"mine": 1}, render_options={"data": {"type": "a"}})
    node.deserialize(
        {
            "node_id": "tests.inc",
            "description": "other",
            "render_options": {"data": {"type": "b"}},
            "reset_inputs_on_trigger": True,
            "properties": {"theirs": 2},
            "io": {"a": {"name": "A", "default": 4}},
        }
    )
    shape = node.serialize()
    assert {key: shape[key] for key in ("description", "reset_inputs_on_trigger", "render_options")} == {
        "description": "other",
        "reset_inputs_on_trigger": True,
        "render_options": {"data": {"type": "b"}},
    }
    assert shape["properties"] == {"mine": 1, "theirs": 2}
    assert (node.inputs["a"].value, shape["io"]["a"]["name"]) == (4, "A")


async def test_metadata_on_parameters_and_results() -> None:
    """5.1: the published `InputMeta` and `OutputMeta`; a default satisfies a required input."""

    def annotated(a, b=2):  # type: ignore[no-untyped-def]
        return a + b, str(a)

    annotated.__annotations__ = {
        "a": Annotated[int, fn.InputMeta(name="Aa", description="d", default=1, does_trigger=False)],
        "b": Optional[int],  # noqa: UP045 - the published way of saying it
        "return": tuple[Annotated[int, fn.OutputMeta(name="n", description="o")], str],
    }
    made = NodeDecorator("tests.published.annotated")(annotated)
    node = made()
    assert (node.inputs["a"].name, node.inputs["a"].description, node.inputs["b"].required) == (
        "Aa",
        "d",
        True,
    )
    assert node.ready()
    await node
    assert [(p.uuid, p.value) for p in node.outputs.values()][:2] == [("n", 3), ("out1", "1")]


def test_class_names_come_from_display_names() -> None:
    """5: pieces at `_`, a `node` at the end is not said twice; module and docstring are the function's.

    Without a name users see the function's own, as `abs_node` of the basic nodes; `node_name` is seen only.
    """

    def load_node() -> None:
        """Load it."""

    made = NodeDecorator("tests.published.load", unknown_word=1)(load_node)
    named = NodeDecorator(id="tests.published.named", name="shown_as", node_name="other_name")(load_node)
    assert (made.__name__, made.node_name, made.__module__, made.__doc__) == (
        "LoadNode",
        "load_node",
        __name__,
        "Load it.",
    )
    assert (named.__name__, named.node_name) == ("ShownAsNode", "other_name")
    assert NodeDecorator("tests.published.plain_base", superclass=made)(load_node).__mro__[1] is made


async def test_node_is_handed_on_below_a_thread_and_plain_calls_go_without() -> None:
    """5.3, 6.5: it makes no input, whatever its default."""

    @NodeDecorator("tests.published.threaded_node", separate_thread=True)
    async def threaded(a: int, node: Any = None) -> str:
        await asyncio.sleep(0)
        return f"{a}{'' if node is None else node.uuid}"

    node = threaded(uuid="u")
    node["a"] = 1
    await node
    assert (node.outputs["out"].value, [p.uuid for p in threaded.class_inputs]) == (
        "1u",
        ["a", "_triggerinput"],
    )
    assert await threaded.o_func(2) == "2"  # type: ignore[attr-defined]


async def test_who_may_start_what() -> None:
    """6.1: the table of requests, for a node that is idle, not ready, or about to run."""
    node = add()
    node["a"] = 1
    assert (node.trigger_if_requested(), node.requests_trigger, node.in_trigger) == (False, True, False)
    await node
    node["b"] = 2
    assert (node.in_trigger, node.ready_to_trigger(), node.trigger_if_requested()) == (True, False, False)
    with pytest.raises(InTriggerError):
        node.trigger()
    await fn.run_until_complete(node)
    assert (node.outputs["out"].value, node.ready_to_trigger()) == (3, True)


def test_all_that_follows_a_node() -> None:
    """6.1: itself and everything downstream, also round a loop."""
    nodes = chain(4)
    nodes[-1].outputs["out"].connect(nodes[1].inputs["a"], replace=True)
    nodes[0].outputs["out"].connect(nodes[1].inputs["a"], replace=True)
    assert fn.get_deep_connected_nodeset(nodes[1]) == set(nodes[1:])
    assert fn.get_deep_connected_nodeset(nodes[0]) == set(nodes)


async def test_an_error_carries_its_cause_and_leaves_outputs() -> None:
    """6.3: the original's text and traceback; a nodespace tells it with its lines."""
    told: list[Any] = []

    @NodeDecorator("tests.published.halves")
    def halves(a: int) -> float:
        return 1 / a

    space = NodeSpace()
    space.on("node_trigger_error", lambda node, error, tb, **_: told.append((node, error, "".join(tb))))
    node = space.add_node_instance(halves(uuid="n"))
    node["a"] = 2
    await node
    stamp = node.outputs["_triggeroutput"].value
    node["a"] = 0
    await node
    assert (node.outputs["out"].value, node.outputs["_triggeroutput"].value) == (0.5, stamp)
    (uuid, error, lines), *others = told
    assert (uuid, str(error), type(error), others) == ("n", "division by zero", fn.NodeTriggerError, [])
    assert "return 1 / a" in lines


async def test_progress_is_a_tqdm_whose_figures_are_told() -> None:
    """6.4: iteration, `update`, `set_description`, as a context; the published keys."""
    told: list[dict[str, Any]] = []
    node = inc()
    node.on("progress", lambda info, **_: told.append(info))
    with node.progress(total=3, desc="work", unit="step", mininterval=0) as bar:
        bar.set_description("more")
        bar.update(3)
    assert list(node.progress([1, 2])) == [1, 2]
    assert isinstance(bar, tqdm)
    assert {"n", "total", "elapsed", "prefix", "unit", "rate", "postfix", "initial", "unit_scale"} <= set(
        told[0]
    )
    assert any((info["n"], info["total"], info["prefix"]) == (3, 3, "more: ") for info in told)


async def test_functions_made_sync_and_async() -> None:
    """6.5: storage uses a coroutine function as a handler."""
    from funcnodes_core.utils.functions import call_sync, make_async_if_needed, make_sync_if_needed

    async def later(a: int) -> int:
        await asyncio.sleep(0)
        return a + 1

    def now(a: int) -> int:
        return a + 2

    assert (make_sync_if_needed(later)(1), make_sync_if_needed(now)(1), call_sync(later, 1)) == (2, 3, 2)
    assert (await make_async_if_needed(later)(1), await make_async_if_needed(now)(1)) == (2, 3)


async def test_a_loop_node_of_others_waits_by_the_data_path() -> None:
    """6.1, 15.4: it sets an output again and again and waits for what follows, without being awaited."""
    seen: list[int] = []

    class Looping(Node):
        node_id = "tests.published.looping"
        items = NodeInput(id="items", type=list)
        item = NodeOutput(id="item", type=int)

        async def func(self, items: list[int]) -> None:
            for item in items:
                self.outputs["item"].value = item
                for target in self.outputs["item"].connections:
                    path: Any = target.datapath
                    while not path.done(breaking_nodes=[self]):  # noqa: ASYNC110 - as basic does it
                        await asyncio.sleep(0)

    @NodeDecorator("tests.published.noting")
    async def noting(a: int) -> int:
        await asyncio.sleep(0)
        seen.append(a)
        return a

    loop, note, after = Looping(), noting(), inc()
    loop.outputs["item"].connect(note.inputs["a"])
    note.outputs["out"].connect(after.inputs["a"])
    loop["items"] = [1, 2, 3]
    await loop
    assert (seen, after.outputs["out"].value) == ([1, 2, 3], 4)


def test_objects_with_node_functions_are_counted_with_their_bases() -> None:
    """15.1: inherited functions count, the uuid is set once, a name has a default."""

    class Base(fn.NodeClassMixin):
        IS_ABSTRACT = True

        @fn.instance_nodefunction(description="from below")
        def start_now(self) -> int:
            return 1

    class Pump(Base):
        NODECLASSID = "tests.published.pump"

        @fn.instance_nodefunction()
        def stop_it(self, a: int) -> int:
            return a

    pump = Pump()
    with pytest.raises(ValueError, match="no uuid"):
        _ = pump.uuid
    pump.uuid = "p"
    with pytest.raises(ValueError, match="once"):
        pump.uuid = "q"
    pump.create_nodes()
    first, second = pump.get_all_nodeclasses()
    assert (first.node_id, first.node_name, first.description) == (
        "tests.published.pump.p.start_now",
        "Start_Now",
        "from below",
    )
    assert (second.node_id, second.default_trigger_on_create, issubclass(second, fn.NodeClassNode)) == (
        "tests.published.pump.p.stop_it",
        False,
        True,
    )
    assert (pump.name, pump.get_nodes("stop_it"), pump.start_now.nodeclass(pump)) == ("Pump(p)", [], first)
    node = second()
    assert pump.get_all_nodes() == [node]
    pump.cleanup()
    assert node.inputs == {}


async def test_nodes_keep_running_after_the_source_is_gone() -> None:
    """4: a node in a nodespace is held by it alone."""
    space = NodeSpace()
    first, second = space.add_node_instance(source()), space.add_node_instance(inc())
    first.outputs["out"].connect(second.inputs["a"])
    first["value"] = 4
    await space.await_done()
    space.remove_node_instance(first)
    assert (second.inputs["a"].value, second.outputs["out"].value) == (NoValue, 5)


async def test_an_output_beside_an_input_of_its_id_has_an_id_of_its_own() -> None:
    """As published (`out_` of `numpy.fix`), so that their graphs find the port; it keeps its name."""

    @fn.NodeDecorator("facts.fix", outputs=[{"name": "out"}])
    def fix(x: float, out: float | None = None) -> float:
        return float(int(x)) + (out or 0)

    class Both(fn.Node):
        node_id = "facts.both"
        v = fn.NodeInput(id="v", type=int)
        taken = fn.NodeInput(id="v_", type=int, default=0)
        w = fn.NodeOutput(id="v", type=int)

        async def func(self, v: int, v_: int) -> None:
            self.outputs["v__"].value = v + v_

    node, both = fix(), Both()
    node["x"].value, node["out"].value, both["v"].value = 2.5, 3, 4
    await fn.run_until_complete(node, both)

    assert (list(node.inputs), list(node.outputs)) == (
        ["x", "out", "_triggerinput"],
        ["out_", "_triggeroutput"],
    )
    assert (node["out"].value, node["out_"].value, node["out_"].name) == (3, 5.0, "out")
    assert both["v__"].value == 4
    assert fix.serialize_cls()["outputs"][0] | {"type": ""} == {
        "uuid": "out_", "name": "out", "type": "", "description": None,
    }  # fmt: skip
    assert list(node.serialize()["io"]) == ["x", "out", "out_"]
