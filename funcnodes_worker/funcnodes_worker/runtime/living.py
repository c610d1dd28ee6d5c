"""The living graph: follows edits, in order and once, and answers questions about what runs.

Owns when an edit is followed, ahead of the disk or behind it, and what is told of it; what it does to the
nodes stands in `living_space`. An edit was allowed by the rules and is on disk, or will be: if node code
objects now, that is logged as a problem of this node, and following goes on. All but `interrupt` and
`running` belongs to the graph's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from funcnodes_core.document.edits import (
    ChangeGroups,
    Edit,
    NameExternalWorker,
    RenameNode,
    SetGroups,
    SetProperty,
)
from funcnodes_core.document.model import (
    Document,
    JsonValue,
    NodeId,
    PortId,
)
from funcnodes_core.engine.runner import Engine, current_engine
from funcnodes_core.engine.states import ASKED_BY_USER, OPENED
from funcnodes_core.node.placeholder import PlaceHolderNode
from funcnodes_core.nodespace import NodeSpace
from msgspec.structs import replace

from funcnodes_worker.runtime.ahead import SETTLE_S, Begun
from funcnodes_worker.runtime.feed import Feed, preview_of
from funcnodes_worker.runtime.holding import Holding
from funcnodes_worker.runtime.kept import Candidate, Keeper, Kept
from funcnodes_worker.runtime.kept_code import Codes
from funcnodes_worker.runtime.living_space import LivingSpace, guarded
from funcnodes_worker.runtime.observe import port_under, state_of
from funcnodes_worker.runtime.previews import full_value
from funcnodes_worker.runtime.records import NodeState, Preview, RunFailure
from funcnodes_worker.runtime.running import RunningNode
from funcnodes_worker.runtime.steps import Deliver, StepSink

_log = logging.getLogger("funcnodes.worker")
_SAYS_NOTHING = (SetProperty, RenameNode, SetGroups, ChangeGroups, NameExternalWorker)
"""Edits that no run depends on."""


class LivingGraph:
    """The nodes that run."""

    def __init__(
        self,
        space: NodeSpace,
        running: RunningNode,
        read_stored: Callable[[JsonValue], JsonValue] = lambda reference: reference,
        secrets: Mapping[str, Any] | None = None,
        scripts: Path | None = None,
    ) -> None:
        """`read_stored` gives the value behind a reference; `secrets` are properties that are never shown.

        `scripts` is the folder of the user's own Python files.
        """
        self.space = space
        self.running = running
        self._engine: Engine | None = None
        self._feed: Feed | None = None
        self._steps: StepSink | None = None
        self.followed = 0
        """The revision that the living graph has reached."""
        self.is_built = False
        """Whether there is a living graph: a flow that nobody has trusted yet has none."""
        self._keeper = Keeper(Codes(time.time(), scripts))
        self.holding = Holding()
        self._nodes = LivingSpace(
            space, self.holding, read_stored, secrets or {}, self._sink, self._replace_graph
        )
        self.observer = self._nodes.observer
        self._begun = Begun()
        self._settling: asyncio.Task[None] | None = None
        self._document = Document()
        """The one that the living graph follows."""

    def enter(self, feed: Feed) -> None:
        """Let the engine of the running loop tell what runs to the feed and the marker."""
        self._engine = current_engine()
        self._engine.sink = self._feed = feed
        self._engine.marker = self.running
        self._nodes.set_secrets()

    def _sink(self) -> Any:
        return None if self._engine is None else self._engine.sink

    def tell_steps(self, who: Hashable, deliver: Deliver) -> None:
        """Hand every step of what runs on from now on, in order, to one who asked."""
        # A step is told at once, so from here on no value goes ahead of the disk.
        self._begun.when_none(lambda: self._tell_steps(who, deliver))

    def _tell_steps(self, who: Hashable, deliver: Deliver) -> None:
        assert self._engine is not None
        assert self._feed is not None
        if self._steps is None:
            self._steps = StepSink(self._feed, self.state_of)
        self._steps.listen(who, deliver)
        self._engine.sink = self._steps

    def tell_no_steps(self, who: Hashable) -> None:
        """Hand no steps on to this one any more; nobody pays for them when nobody asked."""
        self._begun.when_none(lambda: self._tell_no_steps(who))

    def _tell_no_steps(self, who: Hashable) -> None:
        if self._steps is not None and self._engine is not None:
            self._steps.leave(who)
            if not self._steps:
                self._engine.sink = self._feed

    def hurry(self, who: Hashable, pause_s: float) -> None:
        """Tell what runs as often as this one wants to hear of it."""
        if self._feed is not None:
            self._feed.hurry(who, pause_s)

    def hurry_no_more(self, who: Hashable) -> None:
        """Tell what runs as often as the others want to hear of it."""
        if self._feed is not None:
            self._feed.hurry_no_more(who)

    # Following

    def build(self, document: Document, revision: int, kept: Callable[[], Kept] | None = None) -> None:
        """Make the whole living graph once, quietly, and stir it once: every node that is ready runs.

        Those whose outputs are `kept` get them back and rest.
        """
        self.followed, self._document = revision, document
        self.is_built = True
        self._nodes.build(document)
        nodes = list(self.space.nodes)
        for node in nodes:
            if self.holding.sentence_for(node.uuid) is not None:
                self._tell_state(node)
        if kept is not None:
            self._keeper.take_up(nodes, *kept())
        if not self._keeper.has_taken_up:
            self._stir(nodes)
            return
        for node in nodes:
            self._tell_state(node)
        # One turn of the loop for the feed: what is kept is shown before a node that must run blocks it.
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._stir, nodes)

    def _stir(self, nodes: Iterable[Any]) -> None:
        for node in nodes:
            if node.nodespace is not self.space or node.in_trigger or self._keeper.is_kept(node):
                continue
            # An edit that came with the opening has had it run already.
            if node.figures.runs:
                continue
            if node.default_trigger_on_create and node.ready():
                node.ask_for_run(OPENED)

    def _tell_state(self, node: Any) -> None:
        if (sink := self._sink()) is not None:
            sink.state_changed(node)

    def follow(self, edits: Sequence[Edit], document: Document, revision: int) -> None:
        """Bring the living graph into line with edits; `document` is the one after them."""
        if not self._begun.is_done(revision):
            self._follow_all(edits, document, revision)

    def begin(self, edits: Sequence[Edit], document: Document, revision: int) -> None:
        """Follow edits that only give values, ahead of the disk; or leave them until they are there.

        A node that is held is let go by an edit on disk alone. `follow` or `take_back` comes in any case.
        """
        is_free = self.is_built and not self._steps
        may = is_free and all(self.holding.changed_by(edit) is None for edit in edits)
        if self._begun.takes(revision, may=may):
            self._follow_all(edits, document, revision)

    def take_back(
        self, begun: Mapping[int, Sequence[Edit]], document: Document, revision: int, number: int
    ) -> None:
        """Undo what was begun: the ways back of these revisions, first one first. The disk took none.

        The feed says the number of this taking back when all has run again with what counts.
        """
        for one in self._begun.take_back(list(begun)):
            self._follow_all(begun[one], document, revision)
        self.followed, self._document = revision, document
        if self._feed is not None:
            if self._settling is not None:
                self._settling.cancel()
            self._settling = asyncio.get_running_loop().create_task(self._settle(self._feed, number))
        self._begun.go_on()

    async def _settle(self, feed: Feed, number: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                await current_engine().wait_idle()
                await feed.wait_told()
        feed.tell_settled(number)

    def _follow_all(self, edits: Sequence[Edit], document: Document, revision: int) -> None:
        self.followed, self._document = revision, document
        if any(not isinstance(edit, _SAYS_NOTHING) for edit in edits):
            self._keeper.forget()
        for edit in edits:
            try:
                self._nodes.follow(edit, document)
            # Constructors, handlers and setters are code of node authors; the edit itself is made and stays
            # made.
            except Exception:  # noqa: BLE001
                _log.exception("the running graph could not follow %s", type(edit).__name__)
        for node in {node for edit in edits if (node := self.holding.changed_by(edit)) is not None}:
            self._let_go(node)

    def _let_go(self, node: NodeId) -> bool:
        """Return whether this node was held; it is brought to life as the document has it."""
        record = self._document.nodes.get(node)
        if not self.holding.let_go(node) or record is None:
            return False
        guarded(lambda: self._nodes.revive(record, self._document))
        self._tell_state(self._nodes.node(node))
        return True

    def _replace_graph(self, document: Document) -> None:
        self._nodes.clear()
        self.build(document, self.followed)

    # Growing

    def replace_placeholders(self, document: Document) -> None:
        """Bring those nodes to life whose class has become known."""
        for node in list(self.space.nodes):
            record = document.nodes.get(node.uuid)
            if isinstance(node, PlaceHolderNode) and record and self.space.lib.has_node_id(record.class_id):
                guarded(lambda record=record: self._nodes.revive(record, document))

    def renew(self, classes: Collection[str], document: Document) -> None:
        """Make the nodes of these classes anew: as placeholders, where the library has them no more."""
        self._keeper.code_changed()
        for node in list(self.space.nodes):
            record = document.nodes.get(node.uuid)
            if record is not None and record.class_id in classes:
                guarded(lambda record=record: self._nodes.revive(record, document))

    # Keeping

    def state_of(self, node: Any) -> NodeState:
        """Return what a living node is doing, and whether it shows what was kept."""
        state = state_of(node)
        if (why_held := self.holding.sentence_for(node.uuid)) is not None:
            return replace(state, status="failed", error=RunFailure(why_held, (), "Held"))
        return replace(state, kept=True) if self._keeper.is_kept(node) else state

    def worth_keeping(self, nodes: Iterable[NodeId]) -> tuple[list[Candidate], int]:
        """Return what these nodes gave, if it is worth keeping, and a stamp for `is_quiet_since`."""
        stamp = self._stamp()
        if stamp >= 0:
            # All that the opening set going has ended: from here on, who is asked runs.
            self._keeper.forget()
        living = [self.space.get_node_by_id(node) for node in nodes if self.space.has_node(node)]
        return self._keeper.candidates(living), stamp

    def is_quiet_since(self, stamp: int) -> bool:
        """Tell whether nothing ran since a stamp was given, and nothing runs."""
        return stamp >= 0 and stamp == self._stamp()

    def _stamp(self) -> int:
        return self.running.number if self._engine is not None and self._engine.idle else -1

    # Questions

    def request_trigger(self, node: NodeId) -> None:
        """Have a node run as soon as it may."""
        self._keeper.forget()
        if self._let_go(node) and self._nodes.node(node).in_trigger:
            return
        self._nodes.node(node).ask_for_run(ASKED_BY_USER)

    def previews(self, node: NodeId, ports: Iterable[PortId]) -> dict[PortId, Preview | None]:
        """Return ports' values as they are shown, made now."""
        if not self.is_built:
            return {}
        living = self._nodes.node(node)
        return {key: preview_of(port.value) for key in ports if (port := port_under(living, key)) is not None}

    def full_value(self, node: NodeId, port: PortId) -> tuple[str, bytes]:
        """Return a port's whole value as mime and bytes."""
        return full_value(port_under(self._nodes.node(node), port).value)

    async def wait_idle(self) -> None:
        """Return when nothing runs and nothing waits to run, and that was told. In the graph's thread."""
        await current_engine().wait_idle()
        if self._feed is not None:
            self._feed.tell_states()

    def interrupt(self, node: NodeId | None) -> str:
        """End the run of a node, or of whatever runs; from any thread. Returns what was done."""
        if self._engine is None:
            return "the graph does not run yet"
        return self._engine.interrupt(node)
