"""Facts of the contract about ports: sections 2 and 3."""

from __future__ import annotations

import enum
from typing import Any, Literal, Optional

import pytest
from exposedfunctionality.function_parser.types import TypeNotFoundError

from funcnodes_core import Node, NodeDecorator, NodeInput, NodeOutput, NodeSpace, NoValue
from tests.core.graphs import add, inc, source


class Colour(enum.Enum):
    RED = "r"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (int, "int"),
        ("Optional[int]", {"anyOf": ["int", "None"]}),
        (Optional[int], {"anyOf": ["int", "None"]}),  # noqa: UP045 - the published way of saying it
        (list[int], {"type": "array", "items": "int", "uniqueItems": False}),
        (set[str], {"type": "array", "items": "str", "uniqueItems": True}),
        (dict[str, int], {"type": "object", "keys": "str", "values": "int"}),
        (tuple[int, str], {"allOf": ["int", "str"]}),
        (Colour, {"type": "enum", "values": ["r"], "keys": ["RED"], "nullable": False}),
        (Literal["a", 1], {"type": "enum", "values": ["a", 1], "keys": ["a", "1"], "nullable": False}),
        (type[int], {"type": "type", "value": "int"}),
        ({"anyOf": ["int", "None"]}, {"anyOf": ["int", "None"]}),
    ],
)
def test_types_are_stored_in_the_published_words(given: Any, stored: Any) -> None:
    """3.1: types, type strings, and what is serialized already."""
    assert (NodeInput(id="x", type=given).type, NodeOutput(id="x", type=given).type) == (stored, stored)


def test_an_unknown_type_string_is_refused() -> None:
    """3.1: by the exception of the library that resolves them."""
    with pytest.raises(TypeNotFoundError):
        NodeInput(id="x", type="tests.there.is.no.such")


def test_ids_and_names() -> None:
    """3.1: `uuid` wins over `id`, blanks at the ends go, `is_input` and `value` are ignored."""
    port = NodeInput(uuid=" a ", id="b", name=" Aa ", is_input=False, value=5)
    assert (port.uuid, port.name, port.is_input(), port.value) == ("a", "Aa", True, NoValue)
    assert NodeOutput().uuid.startswith("_")
    plain_in, plain_out = NodeInput(id="x"), NodeOutput(id="x")
    assert (plain_in.allow_multiple, plain_in.does_trigger, plain_in.required) == (False, True, True)
    assert (plain_out.allow_multiple, plain_out.does_trigger) == (True, True)


def test_inputs_that_do_not_trigger_are_never_forced_by_an_output() -> None:
    """3.2: `False` is passed on as `False`, everything else as the input's own flag."""
    out = source().outputs["out"]
    eager, calm = add(), add()
    for node in (eager, calm):
        node.inputs["a"].set_value(1, does_trigger=False)
        out.connect(node.inputs["b"])
    calm.inputs["b"].does_trigger = False
    out.set_value(1, does_trigger=True)
    assert (eager.requests_trigger, calm.requests_trigger) == (True, False)
    other = add()
    quiet = source().outputs["out"]
    quiet.connect(other.inputs["b"])
    other.inputs["a"].set_value(1, does_trigger=False)
    quiet.set_value(1, does_trigger=False)
    assert (other.requests_trigger, other.inputs["b"].value) == (False, 1)


def test_values_are_passed_by_reference_unchecked() -> None:
    """3.2: nothing is copied, validated or converted to the declared type."""
    value = ["not", "a", "number"]
    a, b = source(), inc()
    a.outputs["out"].connect(b.inputs["a"])
    a.outputs["out"].value = value
    assert b.inputs["a"].value is value


def test_ports_that_tell_no_values_are_quiet() -> None:
    """3.5: `emit_value_set=False` suppresses the event."""
    told: list[Any] = []
    port = NodeInput(id="x", emit_value_set=False, on={"after_set_value": lambda **_: told.append(1)})
    port.value = 1
    assert told == []


def test_handlers_hear_what_an_input_of_a_node_begins_with() -> None:
    """3.2: when the node is made, with all its ports; where no value is told, neither is this."""
    heard: list[Any] = []

    def hear(src: NodeInput, result: Any) -> None:
        heard.append((src.node is not None, src.uuid, result))
        if src.node is not None:
            if "added" not in src.node.inputs:
                src.node.add_input(NodeInput(id="added"))
            src.node.inputs["choice"].update_value_options(options=[result])

    class Hearing(Node):
        node_id = "tests.published.hearing"
        default_io_options = {  # noqa: RUF012 - declared as authors write it
            "late": {"default": 3, "on": {"after_set_value": hear}},
            "mute": {"default": 4, "emit_value_set": False, "on": {"after_set_value": hear}},
        }
        early = NodeInput(id="early", default=1, on={"after_set_value": hear})
        empty = NodeInput(id="empty", on={"after_set_value": hear})
        late = NodeInput(id="late")
        mute = NodeInput(id="mute")
        choice = NodeInput(id="choice")

        async def func(self, **_: Any) -> None:
            raise NotImplementedError

    assert heard == [(False, "early", 1)]
    heard.clear()
    node = Hearing(trigger_on_create=False)
    assert heard == [(True, "early", 1), (True, "late", 3)]
    assert node.inputs["choice"].value_options == {"options": [3]}
    heard.clear()
    NodeInput(id="still", default=1, emit_value_set=False, on={"after_set_value": hear})
    more = NodeInput(id="more", default=5, on={"after_set_value": hear})
    node.add_input(more)
    assert heard == [(False, "more", 5), (True, "more", 5)]


async def test_an_output_may_feed_its_own_node() -> None:
    """3.3: loops are legal."""

    @NodeDecorator("tests.published.until_five")
    def until_five(a: int) -> int:
        return min(a + 1, 5)

    node = until_five()
    node.outputs["out"].connect(node.inputs["a"])
    node.inputs["a"].does_trigger = False
    for _ in range(7):
        node.request_trigger()
        if node["a"].value is NoValue:
            node.inputs["a"].value = 0
        await node
    assert node.outputs["out"].value == 5


def test_connecting_gives_up_the_users_default() -> None:
    """3.3: it falls back to the class's."""
    a, b = source(), add()
    b.inputs["b"].set_default(9)
    edge = b.inputs["b"].connect(a.outputs["out"])
    assert (edge, b.inputs["b"].default) == ([a.uuid, "out", b.uuid, "b"], NoValue)
    assert (b.inputs["b"].d(), b.inputs["b"].value) == (None, NoValue)
    assert a.outputs["out"].c(b.inputs["b"]) == edge
    connections = a.outputs["out"].connections
    connections.clear()
    assert a.outputs["out"].connections == [b.inputs["b"]]


def test_forwarding_does_not_trigger_at_first_and_does_later() -> None:
    """3.2, 3.3: the value now without a run, later sets with the same `does_trigger`."""
    a, b = inc(trigger_on_create=False), inc(trigger_on_create=False)
    a.inputs["a"].set_value(1, does_trigger=False)
    edge = a.inputs["a"].connect(b.inputs["a"])
    assert (edge, b.inputs["a"].value, b.requests_trigger) == ([a.uuid, "a", b.uuid, "a"], 1, False)
    a.inputs["a"].set_value(2, does_trigger=False)
    assert (b.inputs["a"].value, b.requests_trigger) == (2, False)
    a.inputs["a"].value = 3
    assert (b.inputs["a"].value, b.requests_trigger) == (3, True)
    fresh = source()
    fresh.outputs["out"].connect(b.inputs["a"], replace=True)
    assert (a.inputs["a"].get_forward_connections(), b.inputs["a"].has_forwards_from(a.inputs["a"])) == (
        [],
        False,
    )


def test_choices_are_taken_back_by_none() -> None:
    """3.4: files passes `options=None`; other keys stay."""
    port = NodeInput(id="x", type=int, value_options={"options": [1, 2]})
    assert port.update_value_options(options=None)["options"] is None
    assert port.value_options["step"] == 1


def test_class_level_ports_take_options_for_later_nodes() -> None:
    """3.4: webcam asks the class attribute, without a node."""

    @NodeDecorator("tests.published.device")
    def device(index: int = 0) -> int:
        return index

    declared: Any = device.input_index  # type: ignore[attr-defined]
    declared.update_value_options(options=[0, 1])
    assert device(trigger_on_create=False).inputs["index"].value_options["options"] == [0, 1]


def test_events_of_ports_reach_node_and_nodespace() -> None:
    """3.5: with `io=<port>`, then `node=<node>`; `src` is who tells."""
    space, told = NodeSpace(), list[Any]()
    node = space.add_node_instance(inc(uuid="n"))
    port = node.inputs["a"]
    port.on("after_set_value", lambda **m: told.append((m.pop("src") is port, m)))
    node.on("after_set_value", lambda **m: told.append((m.pop("src") is node, m)))
    space.on("after_set_value", lambda **m: told.append((m.pop("src") is space, m)))
    port.value = 1
    assert told == [
        (True, {"result": 1}),
        (True, {"io": "a", "result": 1}),
        (True, {"io": "a", "node": "n", "result": 1}),
    ]


def test_compact_form_says_only_what_is_not_plain() -> None:
    """3.6: names, flags and defaults where they differ."""
    port = NodeInput(
        id="x", name="X", description="d", hidden=True, required=False, does_trigger=False, default=2,
        allow_multiple=True, render_options={"type": "text"},
    )  # fmt: skip
    assert port.serialize() == {
        "type": "Any",
        "id": "x",
        "is_input": True,
        "value": 2,
        "emit_value_set": True,
        "name": "X",
        "description": "d",
        "render_options": {"type": "text"},
        "hidden": True,
        "allow_multiple": True,
        "required": False,
        "does_trigger": False,
        "default": 2,
    }
    assert port.serialize_class() == {
        "uuid": "x",
        "type": "Any",
        "description": "d",
        "name": "X",
        "allow_multiple": True,
    }
    assert "default" not in NodeOutput(id="o").full_serialize()
