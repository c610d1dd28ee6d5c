"""What graphs cost to make, to keep, to write down and to read, and what importing the core costs."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from funcnodes_core.utils.serialization import JSONDecoder, JSONEncoder

from benchmarks.engine_rows.graphs import chain, increment
from benchmarks.engine_rows.measuring import ROUNDS, count, figure, in_plain_calls, plain_calls
from funcnodes_core import NodeSpace

NODES = 2000


async def building() -> list[dict[str, Any]]:
    """Return time and memory per connected node."""
    times, plain = list[float](), list[float]()
    for _ in range(ROUNDS + 1):
        gc.collect()
        started = time.perf_counter()
        kept = chain(NODES)
        times.append((time.perf_counter() - started) / NODES)
        del kept
        plain.append(plain_calls(NODES) / NODES)
    cost = in_plain_calls(times[1:], plain[1:], 1)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    made = chain(NODES)
    gc.collect()
    size = (tracemalloc.get_traced_memory()[0] - before) / NODES
    tracemalloc.stop()
    assert len(made.nodes) == NODES
    return [
        figure("building a connected node", times[1:], "µs", 1e6, f"of {NODES}; {cost}; to reach 30"),
        count("memory of a connected node", size, "bytes", f"of {NODES}, tracemalloc; to reach 3000"),
    ]


async def writing() -> list[dict[str, Any]]:
    """Return what writing a graph down and reading it takes, the text as JSON not counted."""
    space = _space()
    saved = json.loads(json.dumps(space.serialize(), cls=JSONEncoder), cls=JSONDecoder)
    return [
        _timed("serialize", space.serialize, "0.02"),
        _timed("deserialize", lambda: NodeSpace().deserialize(saved), "0.06"),
    ]


def _space() -> NodeSpace:
    space, graph = NodeSpace(), chain(NODES)
    for node in graph.nodes:
        space.add_node_instance(node)
    assert type(space.nodes[0]) is increment
    return space


def _timed(name: str, work: Callable[[], object], wanted: str) -> dict[str, Any]:
    times, plain = list[float](), list[float]()
    for _ in range(ROUNDS + 1):
        gc.collect()
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
        plain.append(plain_calls(NODES))
    note = f"a node: {in_plain_calls(times[1:], plain[1:], NODES)}; to reach {wanted}"
    return figure(f"{name} {NODES} nodes", times[1:], "s", 1, note)


def importing() -> list[dict[str, Any]]:
    """Time `import funcnodes_core` in a fresh interpreter, less what the bare interpreter takes."""
    times: dict[str, list[float]] = {"pass": [], "import funcnodes_core": []}
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory(prefix="funcnodes-bytecode-") as folder:
        # With bytecode, whatever is said where this runs: the first of the imports writes it.
        environment = {**kept, "PYTHONPYCACHEPREFIX": folder}
        for _ in range(2 * ROUNDS + 1):
            for code, taken in times.items():
                started = time.perf_counter()
                subprocess.run([sys.executable, "-c", code], check=True, env=environment)
                taken.append(time.perf_counter() - started)
    pairs = zip(times["import funcnodes_core"][1:], times["pass"][1:], strict=True)
    own = [whole - bare for whole, bare in pairs]
    return [figure("import funcnodes_core", own, "s", 1.0, "with bytecode, to reach 0.10")]
