"""What a module's author writes: nodes, a shelf, tests with the published plugin (`test_core_alone`)."""

# The plugin is not installed beside this checkout, and authors write no types in their tests.
# pyright: basic, reportMissingImports=false

import pytest
from pytest_funcnodes import all_nodes_tested, nodetest

import funcnodes_core as fn


@fn.NodeDecorator("author.half")
def half(value: float) -> float:
    """Takes the half."""
    return value / 2


@fn.NodeDecorator("author.fails")
def fails(value: float) -> float:
    """Fails."""
    raise ValueError(f"no {value}")


SHELF = fn.Shelf(name="Author", nodes=[half, fails])


@nodetest(half)
async def test_half():
    node = half()
    node.inputs["value"].value = 3.0
    await node
    assert node.outputs["out"].value == 1.5


@nodetest(fails)
async def test_fails():
    node = fails()
    node.inputs["value"].value = 3.0
    with pytest.raises(fn.NodeTriggerError, match=r"no 3\.0"):
        await node


def test_all_are_tested(all_nodes):
    all_nodes_tested(all_nodes, SHELF)
