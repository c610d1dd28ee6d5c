"""Runs where nothing of ours is installed but the core: makes nodes, runs, saves and loads a graph."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from pathlib import Path

from funcnodes_core.nodespace import serialize_nodespace_for_saving

import funcnodes_core as fn


@fn.NodeDecorator("alone.add", name="Add")
def add(a: float, b: float = 2.0) -> float:
    """Adds."""
    return a + b


@fn.NodeDecorator("alone.thread", separate_thread=True)
def in_thread(a: float) -> float:
    """Doubles, beside the graph."""
    return 2 * a


SHELF = fn.Shelf(name="Alone", nodes=[add, in_thread])


async def run() -> list[float]:
    space = fn.NodeSpace()
    space.add_shelf(SHELF)
    first, second = (space.add_node_by_id("alone.add", uuid=name) for name in ("first", "second"))
    third = space.add_node_by_id("alone.thread", uuid="third")
    first["out"].connect(second["a"])
    second["out"].connect(third["a"])
    first["a"].value = 1.0
    first.inputs["b"].set_default(5.0)
    await space.await_done()
    saved = json.dumps(serialize_nodespace_for_saving(space), cls=fn.JSONEncoder)

    again = fn.NodeSpace()
    again.add_shelf(SHELF)
    again.deserialize(json.loads(saved, cls=fn.JSONDecoder))
    again.get_node_by_id("first")["a"].value = 2.0
    await again.await_done()
    return [one.get_node_by_id("third")["out"].value for one in (space, again)]


def main() -> None:
    missing = [
        name
        for name in ("funcnodes", "funcnodes_worker", "pytest", "pytest_funcnodes")
        if importlib.util.find_spec(name) is None
    ]
    written = sorted(path.name for path in Path.home().iterdir())
    print(json.dumps({"values": asyncio.run(run()), "modules": list(fn.setup()), "missing": missing,
                      "written": written}))  # fmt: skip


if __name__ == "__main__":
    main()
