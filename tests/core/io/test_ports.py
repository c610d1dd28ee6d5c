"""Ports: values, defaults, options, events, connections."""

from __future__ import annotations

import enum
import gc
from typing import Any

import pytest
from funcnodes_core.exceptions import MultipleConnectionsError, NodeConnectionError

from funcnodes_core import NodeInput, NodeOutput, NoValue
from tests.core.graphs import add, inc, source


class Mode(enum.Enum):
    A = 1
    B = 2


def test_an_input_without_value_shows_its_default() -> None:
    """Setting `NoValue` means back to the default."""
    port = NodeInput(id="x", default=3)
    assert port.value == 3
    port.value = 5
    assert port.value == 5
    port.value = NoValue
    assert port.value == 3
    port.set_default(7)
    assert port.value == 7
    port.set_default(NoValue)
    assert port.value == 3


def test_a_default_factory_is_asked_at_each_read() -> None:
    """Whatever it says now."""
    values = iter([1, 2])
    port = NodeInput(id="x", default=NodeInput.DefaultFactory(lambda io: (io.uuid, next(values))))
    assert [port.value, port.value] == [("x", 1), ("x", 2)]


@pytest.mark.parametrize(
    ("type_", "options"),
    [
        (int, {"step": 1}),
        ("int", {"step": 1}),
        (int | float, {"step": 1}),
        (float, {}),
        (Mode, {"options": {"type": "enum", "values": [1, 2], "keys": ["A", "B"], "nullable": False}}),
    ],
)
def test_a_type_brings_its_value_options(type_: Any, options: dict[str, Any]) -> None:
    """Choices of an enum, steps of a whole number."""
    assert NodeInput(id="x", type=type_).value_options == options


def test_value_options_are_laid_over_and_told() -> None:
    """Class-level ports take them too, without any node."""
    told: list[Any] = []
    port = NodeInput(id="x", type=int, value_options={"min": 0})
    port.on("after_update_value_options", lambda src, result: told.append(result))
    assert port.update_value_options(max=5) == {"step": 1, "min": 0, "max": 5}
    port.update_value_options(options={"a": 1})
    port.update_value_options(options={"b": 2})
    assert port.value_options["options"] == {"b": 2}
    port.value_options = {"max": 9}
    assert (port.value_options, len(told)) == ({"step": 1, "min": 0, "max": 9}, 3)


def test_handlers_given_in_the_declaration_hear_values() -> None:
    """With the port and the value, and without a node at first."""
    heard: list[tuple[Any, Any]] = []
    port = NodeInput(
        id="x", default=1, on={"after_set_value": lambda src, result: heard.append((src.node, result))}
    )
    port.value = 4
    assert heard == [(None, 1), (None, 4)]


def test_an_exception_of_a_handler_reaches_the_setter() -> None:
    """It is not swallowed."""

    def refuse(src: Any, result: Any) -> None:
        raise ValueError("no")

    port = NodeInput(id="x", on={"after_set_value": [refuse]})
    with pytest.raises(ValueError, match="no"):
        port.value = 1


def test_operators_set_and_connect() -> None:
    """`<` sets, `>` connects."""
    out, port = NodeOutput(id="o"), NodeInput(id="i")
    assert out > port
    _ = out < 5
    assert port.value == 5


def test_connecting_says_the_edge_pushes_the_value_and_shows_the_ports() -> None:
    """Once connected, a second time is nothing."""
    a, b = source(), inc()
    a.outputs["out"].value = 3
    b.inputs["a"].hidden = True
    b.inputs["a"].set_default(8)
    edge = [a.uuid, "out", b.uuid, "a"]
    assert b.inputs["a"].connect(a.outputs["out"]) == edge
    assert a.outputs["out"].connect(b.inputs["a"]) is None
    assert (b.inputs["a"].value, b.inputs["a"].hidden, b.inputs["a"].fallback) == (3, False, NoValue)
    assert b.inputs["a"].disconnect(a.outputs["out"]) == [b.uuid, "a", a.uuid, "out"]
    assert (b.inputs["a"].value, b.inputs["a"].disconnect(a.outputs["out"])) == (NoValue, None)


def test_a_busy_input_refuses_and_is_replaced_on_request() -> None:
    """Only its own link goes; the outputs keep their other connections."""
    a, b, nodes = source(), source(), [inc() for _ in range(3)]
    for node in nodes:
        a.outputs["out"].connect(node.inputs["a"])
    b.outputs["out"].connect(add().inputs["a"])
    with pytest.raises(MultipleConnectionsError):
        b.outputs["out"].connect(nodes[0].inputs["a"])
    b.outputs["out"].connect(nodes[0].inputs["a"], replace=True)
    assert nodes[0].inputs["a"].connections == [b.outputs["out"]]
    assert len(a.outputs["out"].connections) == 2
    assert len(b.outputs["out"].connections) == 2


def test_what_cannot_be_connected_is_refused() -> None:
    """Two outputs, or something that is no port."""
    a, b = source(), source()
    with pytest.raises(NodeConnectionError):
        a.outputs["out"].connect(b.outputs["out"])
    with pytest.raises(NodeConnectionError):
        a.outputs["out"].connect("x")  # type: ignore[arg-type]


def test_forwards_mirror_values_and_never_go_round() -> None:
    """A refused forward leaves no trace."""
    a, b, c = inc(), inc(), inc()
    a.inputs["a"].value = 1
    a.inputs["a"].forward(b.inputs["a"])
    b.inputs["a"].connect(c.inputs["a"])
    assert (b.inputs["a"].value, c.inputs["a"].value) == (1, 1)
    with pytest.raises(NodeConnectionError):
        c.inputs["a"].forward(a.inputs["a"])
    with pytest.raises(MultipleConnectionsError):
        inc().inputs["a"].forward(b.inputs["a"])
    a.inputs["a"].value = 2
    assert (c.inputs["a"].value, c.inputs["a"].is_connected(), c.inputs["a"].connections) == (2, True, [])
    assert a.inputs["a"].get_forward_connections() == [b.inputs["a"]]
    assert b.inputs["a"].has_forwards_from(a.inputs["a"])
    assert (a.inputs["a"].has_forward_to(b.inputs["a"]), a.inputs["a"].has_forward_to(c.inputs["a"])) == (
        True,
        False,
    )
    b.inputs["a"].unforward(c.inputs["a"])
    assert (c.inputs["a"].is_connected(), c.inputs["a"].value) == (False, NoValue)


def test_one_event_per_link_on_each_side() -> None:
    """Both nodes hear of it, once."""
    heard: list[tuple[str, str]] = []
    a, b = source(), inc()
    for name, node in (("a", a), ("b", b)):
        for event in ("before_connect", "after_connect", "before_disconnect", "after_disconnect"):
            node.on(event, lambda name=name, event=event, **_: heard.append((name, event)))
    a.outputs["out"].connect(b.inputs["a"])
    a.outputs["out"].disconnect()
    events = ["before_connect", "after_connect", "before_disconnect", "after_disconnect"]
    assert heard == [(name, event) for event in events for name in ("a", "b")]


def test_the_three_shapes_of_a_port() -> None:
    """Class, compact, full."""
    node = inc(uuid="n")
    port = node.inputs["a"]
    port.value = 2
    assert port.serialize_class() == {"uuid": "a", "type": "int", "description": None}
    assert port.serialize() == {
        "type": "int",
        "id": "a",
        "is_input": True,
        "value": 2,
        "emit_value_set": True,
        "value_options": {"step": 1},
    }
    assert port.to_dict() == {
        **port.serialize(),
        "name": "a",
        "render_options": {},
        "value_options": {"step": 1},
        "hidden": False,
    }
    assert node.outputs["out"].to_dict()["value"] is NoValue
    assert port.full_serialize(with_value=True) == {
        "id": "a",
        "full_id": "n__a",
        "name": "a",
        "type": "int",
        "is_input": True,
        "connected": False,
        "node": "n",
        "does_trigger": True,
        "render_options": {},
        "value_options": {"step": 1},
        "hidden": False,
        "emit_value_set": True,
        "value": 2,
        "default": NoValue,
        "required": True,
    }
    assert port.status() == {
        "has_value": True,
        "has_node": True,
        "ready": True,
        "connected": False,
        "required": True,
    }


def test_a_data_path_tells_where_a_value_came_from() -> None:
    """And that nothing is left to be done."""
    a, b = inc(name="A"), inc(name="B")
    a.outputs["out"].connect(b.inputs["a"])
    a.inputs["a"].value = 1
    path = b.inputs["a"].datapath
    assert path is not None
    assert (path.src_repr(), path.done()) == ("A(a) -> A(out) -> B(a)", True)
    assert NodeInput(id="x").datapath is None


def test_ports_are_small() -> None:
    """Slots only: no dictionary per port."""
    gc.collect()
    assert not hasattr(NodeInput(id="x"), "__dict__")
    assert not hasattr(NodeOutput(id="x"), "__dict__")
