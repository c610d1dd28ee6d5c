"""Where connections are better than those of the original: section 16 of the contract."""

from __future__ import annotations

from typing import Any

import pytest
from funcnodes_core.exceptions import NodeConnectionError

from funcnodes_core import NodeInput, NodeSpace
from tests.core.graphs import inc, source


def test_replacing_a_link_of_an_input_leaves_the_outputs_others_alone() -> None:
    """Point 4: three links of the output stay, the input's old link goes."""
    busy, new, nodes = source(), source(), [inc() for _ in range(4)]
    for node in nodes[:3]:
        new.outputs["out"].connect(node.inputs["a"])
    busy.outputs["out"].connect(nodes[3].inputs["a"])
    new.outputs["out"].connect(nodes[3].inputs["a"], replace=True)
    assert new.outputs["out"].connections == [node.inputs["a"] for node in nodes]
    assert busy.outputs["out"].connections == []


def test_a_refused_forward_leaves_nothing_half_made() -> None:
    """Point 5: the chain works on, and no set goes round."""
    a, b, c = (inc().inputs["a"] for _ in range(3))
    a.forward(b)
    b.forward(c)
    for back in (a, b):
        with pytest.raises(NodeConnectionError):
            c.forward(back)
    assert (c.forwards, a.forwarders, b.forwarders) == ((), (), (a,))
    a.value = 5
    assert [a.value, b.value, c.value] == [5, 5, 5]


def test_links_may_be_cut_while_a_value_goes_along_them() -> None:
    """Point 5: a listener that unwires what is being walked breaks nothing."""
    out, ports = source().outputs["out"], [inc().inputs["a"] for _ in range(3)]
    first = NodeInput(id="first")
    out.connect(first)
    for port in ports:
        out.connect(port)
        first.forward(NodeInput(id="x"))
    first.on("after_set_value", lambda **_: [out.disconnect(port) for port in ports])
    first.on("after_set_value", lambda **_: [first.unforward(port) for port in first.forwards])
    out.value = 1
    assert (out.connections, first.forwards, first.value) == ([first], (), 1)


def test_a_failing_listener_does_not_leave_a_value_half_set() -> None:
    """Point 21: whoever sets hears of it, and everyone after the listener has the value."""
    out, ports = source().outputs["out"], [inc().inputs["a"] for _ in range(3)]
    forwarded = inc().inputs["a"]
    for port in ports:
        out.connect(port)
    ports[0].forward(forwarded)

    def refuse(**_: Any) -> None:
        raise ValueError("not mine")

    out.on("after_set_value", refuse)
    ports[0].on("after_set_value", refuse)
    with pytest.raises(ValueError, match="not mine"):
        out.value = 3
    assert [port.value for port in (*ports, forwarded)] == [3, 3, 3, 3]
    assert all(port.node is not None and port.node.requests_trigger for port in ports)


def test_each_link_is_told_once_also_through_the_nodespace() -> None:
    """Point 21: one event before and one after, with its result."""
    space, told = NodeSpace(), list[Any]()
    a, b = space.add_node_instance(source(uuid="a")), space.add_node_instance(inc(uuid="b"))
    for event in ("before_connect", "after_connect", "before_disconnect", "after_disconnect"):
        space.on(event, lambda event=event, result=None, **_: told.append((event, result)))
    a.outputs["out"].connect(b.inputs["a"])
    b.inputs["a"].disconnect()
    assert told == [
        ("before_connect", None),
        ("after_connect", ["a", "out", "b", "a"]),
        ("before_disconnect", None),
        ("after_disconnect", ["b", "a", "a", "out"]),
    ]


def test_a_removed_node_takes_its_forwards_along() -> None:
    """Point 23: neither end remembers it."""
    space = NodeSpace()
    a, b, c = (space.add_node_instance(inc(uuid=name)) for name in "abc")
    before, mine, after = a.inputs["a"], b.inputs["a"], c.inputs["a"]
    before.forward(mine)
    mine.forward(after)
    space.remove_node_instance(b)
    assert (before.forwards, after.forwarders, mine.forwards, space.edges) == ((), (), (), [])
    assert not after.is_connected()
