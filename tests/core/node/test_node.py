"""Node classes and nodes: declaration, ports, options, plain data."""

# Class attributes of nodes are declared as authors write them.
# ruff: noqa: RUF012
from __future__ import annotations

import copy
import gc
import pickle
from typing import Any

import pytest
from funcnodes_core.exceptions import IONotFoundError, NodeIdAlreadyExistsError, NodeReadyError
from funcnodes_core.node import REGISTERED_NODES

from funcnodes_core import Node, NodeDecorator, NodeInput, NodeOutput, NodeSpace, NodeTriggerError, NoValue
from tests.core.graphs import add, inc, source


class Halve(Node):
    """Takes the half."""

    node_id = "tests.halve"
    node_name = "Halve"
    default_io_options = {"x": {"name": "Whole", "value_options": {"max": 9}}, "unknown": {"name": "?"}}
    default_render_options = {"data": {"src": "half", "type": "str"}, "io": {"half": {"type": "table"}}}
    x = NodeInput(type=float, default=1.0)
    half = NodeOutput(id="half", type=float)

    async def func(self, x: float) -> None:
        self.outputs["half"].value = x / 2


def test_no_value_is_one_object() -> None:
    """Through pickle and copies."""
    assert [pickle.loads(pickle.dumps(NoValue)), copy.copy(NoValue), copy.deepcopy([NoValue])[0]] == [
        NoValue
    ] * 3
    assert (str(NoValue), bool(NoValue)) == ("<NoValue>", True)


def test_ports_come_from_attributes_with_the_trigger_pair_last() -> None:
    """Inherited ones first, in the order in which they were written."""

    class Third(Halve):
        node_id = "tests.third"
        another = NodeInput(id="other", type=int, required=False)

    assert list(Third(trigger_on_create=False).inputs) == ["x", "other", "_triggerinput"]
    assert list(Third(trigger_on_create=False).outputs) == ["half", "_triggeroutput"]
    assert Halve.x.uuid == "x"


def test_default_options_reach_instances_not_the_class() -> None:
    """Unknown ports are ignored."""
    node = Halve(trigger_on_create=False)
    assert (node.inputs["x"].name, node.inputs["x"].value_options) == ("Whole", {"max": 9})
    assert node.outputs["half"].render_options == {"type": "table"}
    assert (Halve.x.name, Halve.x.value_options) == ("x", {})


def test_options_of_one_instance_stay_with_it() -> None:
    """And what the caller handed in is not changed."""
    look = {"io": {"half": {"type": "image"}}}
    assert Halve(render_options=look, trigger_on_create=False).outputs["half"].render_options == {
        "type": "image"
    }
    assert Halve(trigger_on_create=False).outputs["half"].render_options == {"type": "table"}
    assert look == {"io": {"half": {"type": "image"}}}
    node = Halve(io_options={"x": {"default": 4.0}}, trigger_on_create=False)
    assert (node.inputs["x"].value, node.inputs["x"].name) == (4.0, "Whole")


def test_a_class_needs_an_id_and_may_not_hide_the_framework() -> None:
    """Both are said when the class is made."""
    with pytest.raises(AttributeError, match="needs a node_id"):
        type("NoId", (Node,), {"func": Halve.func})
    with pytest.raises(TypeError, match="inputs"):
        type("Hiding", (Node,), {"func": Halve.func, "node_id": "tests.hiding", "inputs": NodeInput(id="a")})


def test_a_node_id_belongs_to_one_class() -> None:
    """The same module and name mean that the module was loaded again."""
    again = type(
        "Halve", (Node,), {"func": Halve.func, "node_id": "tests.halve", "__module__": Halve.__module__}
    )
    assert REGISTERED_NODES["tests.halve"] is again
    with pytest.raises(NodeIdAlreadyExistsError):
        type("Other", (Node,), {"func": Halve.func, "node_id": "tests.halve"})
    REGISTERED_NODES["tests.halve"] = Halve


def test_ports_are_found_by_id() -> None:
    """Each door has its error."""
    node = add()
    assert node["a"] is node.get_input("a") is node.i["a"]
    assert node["out"] is node.get_output("out") is node.o["out"]
    with pytest.raises(IONotFoundError, match="has no port 'z'"):
        node["z"]
    with pytest.raises(KeyError):
        node["z"] = 1


def test_ports_can_be_added_and_removed() -> None:
    """They stand before the trigger pair, and their connections go with them."""
    node, other = add(), source()
    node.add_input(NodeInput(id="c", type=int))
    other.outputs["out"].connect(node.inputs["c"])
    with pytest.raises(ValueError, match="already"):
        node.add_input(NodeInput(id="c"))
    assert list(node.inputs) == ["a", "b", "c", "_triggerinput"]
    node.remove_input(node.inputs["c"])
    assert (list(node.inputs), other.outputs["out"].connections) == (["a", "b", "_triggerinput"], [])
    with pytest.raises(ValueError, match="no such port"):
        node.remove_input(NodeInput(id="c"))


def test_settings_are_checked() -> None:
    """Only what makes sense."""
    node = add()
    with pytest.raises(ValueError, match="True, False"):
        node.reset_inputs_on_trigger = 3  # type: ignore[assignment]
    with pytest.raises(ValueError, match="negative"):
        node.pretrigger_delay = -1
    assert add(pretrigger_delay=-1).pretrigger_delay == node.default_pretrigger_delay == 0


def test_a_class_as_plain_data() -> None:
    """Without the trigger pair and the options of instances."""
    assert Halve.serialize_cls() == {
        "node_id": "tests.halve",
        "node_name": "Halve",
        "description": None,
        "inputs": [{"uuid": "x", "type": "float", "description": None}],
        "outputs": [{"uuid": "half", "type": "float", "description": None}],
    }


def test_a_node_saved_and_taken_over() -> None:
    """What differs from the class is kept; saved nodes hold no values."""
    from funcnodes_core.utils.saving import serialize_node_for_saving

    node = inc(uuid="n", name="mine")
    node.inputs["a"].set_default(5)
    node.set_property("frontend:pos", [1, 2])
    saved = serialize_node_for_saving(node)
    assert saved == {
        "name": "mine",
        "id": "n",
        "node_id": "tests.inc",
        "node_name": inc.node_name,
        "io": {"a": {"default": 5}, "out": {}},
        "properties": {"frontend:pos": [1, 2]},
    }
    other = inc(trigger_on_create=False)
    other.deserialize(saved)
    assert (other.uuid, other.name, other.inputs["a"].value, other.properties) == (
        "n",
        "mine",
        5,
        {"frontend:pos": [1, 2]},
    )
    with pytest.raises(ValueError, match="not a"):
        add().deserialize(saved)


def test_everything_about_a_node() -> None:
    """The trigger pair is among its ports."""
    full = inc(uuid="n").full_serialize(with_io_values=True)
    assert list(full) == [
        "name",
        "id",
        "node_id",
        "node_name",
        "description",
        "reset_inputs_on_trigger",
        "status",
        "io",
    ]
    assert [port["id"] for port in full["io"]] == ["a", "_triggerinput", "out", "_triggeroutput"]
    assert full["status"]["ready_state"]["inputs"]["a"] == {"node": True, "value": False}


async def test_initialize_and_call() -> None:
    """The single output, or a dictionary; what is missing is said."""
    assert await inc.inti_call(a=1) == 2
    assert await inc.initialize_and_call(return_dict=True, a=1) == {"out": 2}
    with pytest.raises(NodeReadyError, match="no value for a"):
        await inc.initialize_and_call()
    with pytest.raises(KeyError):
        await inc.initialize_and_call(z=1)


async def test_the_events_of_one_run() -> None:
    """The first run counts as slow; the node re-tells what its ports tell."""
    events: list[Any] = []
    node = inc()
    node.on("*", lambda event, **message: events.append((event, message.get("io"), message.get("result"))))
    node["a"] = 1
    await node
    assert events == [
        ("after_set_value", "a", 1),
        ("before_request_trigger", None, None),
        ("before_trigger", None, None),
        ("after_trigger", None, None),
        ("after_request_trigger", None, None),
        ("before_request_trigger", None, None),
        ("after_request_trigger", None, None),
        ("progress", None, None),
        ("triggerstart", None, None),
        ("after_set_value", "out", 2),
        ("triggerdone", None, None),
        ("progress", None, None),
    ]


async def test_fast_runs_tell_less() -> None:
    """Once the mean run time is small, `triggerfast` stands for start and end."""
    node = inc()
    for value in range(3):
        node["a"] = value
        await node
    events: list[str] = []
    node.on("*", lambda event, **_: events.append(event))
    for value in range(2):
        node["a"] = value
        await node
    assert "triggerfast" in events
    assert "triggerstart" not in events[-8:]


def test_inputs_are_ready_when_every_required_one_has_a_value() -> None:
    """`inputs_ready` is what the tests of published modules ask."""
    node = add()
    before = (node.inputs_ready(), node.ready())
    node.inputs["a"].value = 1
    node.inputs["b"].value = 2

    assert before == (False, False)
    assert (node.inputs_ready(), node.ready()) == (True, True)


async def test_calling_a_node_runs_it_and_returns_its_result() -> None:
    """A call joins a run that is about to begin, and does not ask whether the inputs are ready."""
    node = add()
    node.inputs["a"].value = 1
    node.inputs["b"].value = 2

    assert [await node(), node.outputs["out"].value, node.run_state.run] == [3, 3, 1]
    assert [await node(), node.run_state.run] == [3, 2]
    with pytest.raises(NodeTriggerError, match="a"):
        await add()()


def test_a_port_shown_by_its_user_stays_shown() -> None:
    """Also where the class hides it: in its options, or in the port itself."""

    class Shy(Node):
        node_id = "tests.shy"
        default_io_options = {"a": {"hidden": True}}
        a = NodeInput(type=int)
        b = NodeInput(type=int, hidden=True)

        async def func(self, a: int, b: int) -> None:
            raise NotImplementedError

    node = Shy()
    fresh = [port.get("hidden") for port in node.serialize()["io"].values()]
    node.inputs["a"].hidden = node.inputs["b"].hidden = False
    again = Shy()
    again.deserialize(node.serialize())

    assert [again.inputs["a"].hidden, again.inputs["b"].hidden] == [False, False]
    assert fresh == [True, None]


def test_an_input_that_shares_its_id_with_an_output_is_kept() -> None:
    """As the `out` of numpy's functions."""

    @NodeDecorator("tests.twice_out")
    def twice_out(out: int) -> int:
        return out

    node = twice_out()
    node.inputs["out"].set_default(7)
    again = twice_out()
    again.deserialize(node.serialize())

    assert again.inputs["out"].value == 7


@pytest.mark.parametrize("collects", [True, False])
def test_reading_a_graph_leaves_the_garbage_collector_as_it_was(collects: bool) -> None:
    """Also when what is read turns out to be no graph in the middle."""
    before = gc.isenabled()
    try:
        (gc.enable if collects else gc.disable)()
        NodeSpace().deserialize({"nodes": [], "edges": []})
        assert gc.isenabled() is collects
        with pytest.raises(TypeError):
            NodeSpace().deserialize({"nodes": [{"node_id": "no.such.class", "io": 1}]})
        assert gc.isenabled() is collects
    finally:
        (gc.enable if before else gc.disable)()
