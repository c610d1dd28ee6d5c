"""A flow runs to its end without a browser: watched while it runs, judged when nothing runs any more.

Owns what counts as done and as failed. Where the worker comes from and where it goes is `cli`'s.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from funcnodes_core.document.model import Document
from funcnodes_worker.home.unpacking import PortGiven

from funcnodes.client.asynchronous import AsyncWorker
from funcnodes.client.errors import GraphBusy, NotFound
from funcnodes.client.happenings import Changed
from funcnodes.client.mirror import whole_value

_LOOK_AGAIN_S = 600.0
"""A flow may run for days; the worker is asked anew that often whether it is done."""


@dataclass(frozen=True)
class Stand:
    """How far a flow has come."""

    done: int
    nodes: int
    running: str | None
    """The name of a node that runs now."""


@dataclass(frozen=True)
class FailedNode:
    """A node that did not do its work."""

    node: str
    name: str
    problem: str


@dataclass
class Outcome:
    """What a flow came to."""

    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    missing: list[str] = field(default_factory=list[str])
    """Outputs that were asked for and have no value."""
    failed: list[FailedNode] = field(default_factory=list[FailedNode])
    blocked: list[str] = field(default_factory=list[str])
    """Names of nodes behind one that failed."""

    @property
    def is_good(self) -> bool:
        """Whether all nodes that ran did their work and all that was asked for is there."""
        return not self.failed and not self.missing


class TookTooLong(Exception):
    """Raised when a flow still ran when its time was over."""

    def __init__(self, limit_s: float, nodes: Sequence[str]) -> None:
        super().__init__()
        self.limit_s, self.nodes = limit_s, nodes

    def __str__(self) -> str:
        what = ", ".join(repr(name) for name in self.nodes)
        ran = f"; {what} still ran" if what else ""
        return f"the flow was not done after {self.limit_s:g} s{ran}; give it longer with --timeout"


async def wait_done(worker: AsyncWorker, told: Callable[[Stand], None], limit_s: float | None) -> None:
    """Return when nothing runs any more; raise `TookTooLong` with what still runs."""
    watching = asyncio.create_task(_watch(worker, told))
    try:
        async with asyncio.timeout(limit_s):
            await _wait_done(worker)
    except TimeoutError:
        assert limit_s is not None
        raise TookTooLong(limit_s, _named(worker, "running")) from None
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _wait_done(worker: AsyncWorker) -> None:
    while True:
        with contextlib.suppress(GraphBusy):
            await worker.wait_idle(_LOOK_AGAIN_S)
            return


async def _watch(worker: AsyncWorker, told: Callable[[Stand], None]) -> None:
    async with worker.listening() as heard:
        told(_stand(worker))
        while True:
            if isinstance(await heard.get(), Changed):
                told(_stand(worker))


def _stand(worker: AsyncWorker) -> Stand:
    states = {name: worker.state(name) for name in worker.document.nodes}
    done = sum(state.run > 0 and state.status in ("idle", "failed") for state in states.values())
    running = _named(worker, "running")
    return Stand(done, len(states), running[0] if running else None)


async def judge(worker: AsyncWorker, outputs: Sequence[tuple[str, PortGiven]]) -> Outcome:
    """Return what the flow came to; `outputs` are labels and ports.

    The worker is one that was connected to after `wait_done`: what it says of the nodes is how they ended.
    """
    outcome = Outcome(blocked=_named(worker, "blocked"))
    known = set(_class_ids(await worker.call("get_library")))
    for name, node in worker.document.nodes.items():
        state = worker.state(name)
        if node.class_id not in known:
            problem = f"no module that is installed has its class {node.class_id!r}"
            outcome.failed.append(FailedNode(name, node_name(worker.document, name), problem))
        elif state.status == "failed":
            problem = state.error or "it failed and said nothing"
            outcome.failed.append(FailedNode(name, node_name(worker.document, name), problem))
    for label, given in outputs:
        found = await _value(worker, given)
        if found is _NOTHING:
            outcome.missing.append(label)
        else:
            outcome.outputs[label] = found
    return outcome


def _class_ids(library: Any) -> Iterator[str]:
    """Give the ids of all node classes of a library, whatever shelf they stand on."""
    if isinstance(library, dict):
        entry = cast("dict[str, Any]", library)
        if isinstance(entry.get("node_id"), str):
            yield entry["node_id"]
        library = list(entry.values())
    if isinstance(library, list):
        for inner in cast("list[Any]", library):
            yield from _class_ids(inner)


_NOTHING = object()
_NO_VALUE = b'"<NoValue>"'
"""How a worker says that a port has none; a text of these letters comes as text."""


async def _value(worker: AsyncWorker, given: PortGiven) -> Any:
    """Return a whole value as JSON can say it; what is no JSON as base64 text."""
    try:
        answer: dict[str, Any] = await worker.call("get_io_full_value", nid=given.node, ioid=given.port)
    except NotFound:
        return _NOTHING
    if answer["mime"] == "application/json" and base64.b64decode(answer["data"]) == _NO_VALUE:
        return _NOTHING
    value = whole_value(answer)
    if isinstance(value, bytes):
        return {"mime": answer["mime"], "base64": base64.b64encode(value).decode()}
    return value


def _named(worker: AsyncWorker, status: str) -> list[str]:
    nodes = [name for name in worker.document.nodes if worker.state(name).status == status]
    return [node_name(worker.document, name) for name in nodes]


def node_name(document: Document, node: str) -> str:
    """Return what a node is called."""
    name = document.nodes[node].name
    return name if isinstance(name, str) else node
