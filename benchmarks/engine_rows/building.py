"""What graphs cost to make, to keep, to write down and to read, and what importing the core costs."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from funcnodes_core.utils.serialization import JSONDecoder, JSONEncoder

from benchmarks.engine_rows.graphs import chain, increment
from benchmarks.engine_rows.measuring import ROUNDS, count, figure
from funcnodes_core import NodeSpace

NODES = 2000


async def building() -> list[dict[str, Any]]:
    """Return time and memory per connected node."""
    times: list[float] = []
    for _ in range(ROUNDS + 1):
        gc.collect()
        started = time.perf_counter()
        kept = chain(NODES)
        times.append((time.perf_counter() - started) / NODES)
        del kept
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    made = chain(NODES)
    gc.collect()
    size = (tracemalloc.get_traced_memory()[0] - before) / NODES
    tracemalloc.stop()
    assert len(made.nodes) == NODES
    return [
        figure("building a connected node", times[1:], "µs", 1e6, f"of {NODES}; to reach 30"),
        count("memory of a connected node", size, "bytes", f"of {NODES}, tracemalloc; to reach 3000"),
    ]


async def writing() -> list[dict[str, Any]]:
    """Return what writing a graph down and reading it takes, the text as JSON not counted."""
    space = _space()
    saved = json.loads(json.dumps(space.serialize(), cls=JSONEncoder), cls=JSONDecoder)
    written = _timed(space.serialize)
    read = _timed(lambda: NodeSpace().deserialize(saved))
    return [
        figure(f"serialize {NODES} nodes", written, "s", 1, "to reach 0.02"),
        figure(f"deserialize {NODES} nodes", read, "s", 1, "to reach 0.06"),
    ]


def _space() -> NodeSpace:
    space, graph = NodeSpace(), chain(NODES)
    for node in graph.nodes:
        space.add_node_instance(node)
    assert type(space.nodes[0]) is increment
    return space


def _timed(work: Callable[[], object]) -> list[float]:
    times: list[float] = []
    for _ in range(ROUNDS + 1):
        gc.collect()
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return times[1:]


def importing() -> list[dict[str, Any]]:
    """Time `import funcnodes_core` in a fresh interpreter, less what the bare interpreter takes."""
    times: dict[str, list[float]] = {"pass": [], "import funcnodes_core": []}
    for _ in range(2 * ROUNDS + 1):
        for code, taken in times.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            taken.append(time.perf_counter() - started)
    pairs = zip(times["import funcnodes_core"][1:], times["pass"][1:], strict=True)
    own = [whole - bare for whole, bare in pairs]
    return [figure("import funcnodes_core", own, "s", 1.0, "with bytecode, to reach 0.10")]
