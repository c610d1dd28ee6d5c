"""Cells: a node's place in the engine, with everything that a run touches close at hand.

A cell keeps shortcuts to the ports that a run reads and writes, so that the runner looks up no name. It
belongs to its node and dies with it; the engine only knows where it is.
"""

from __future__ import annotations

from asyncio.events import _get_running_loop as running_loop  # pyright: ignore[reportPrivateUsage]
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from funcnodes_core.engine.plan import Plan
from funcnodes_core.engine.scheduler import IDLE, MARKED, RUNNING
from funcnodes_core.engine.states import ASKED_BY_CODE, RunError, RunFigures, RunState
from funcnodes_core.io.input import NodeInput
from funcnodes_core.io.output import NodeOutput
from funcnodes_core.novalue import NoValue

if TYPE_CHECKING:
    from asyncio import Future

    from funcnodes_core.engine.runner import Engine

# `_get_running_loop` is asyncio's own door for this question: it answers None instead of raising, and in C,
# which matters since every set from outside asks it.

__all__ = ["Cell", "Runnable"]

_NEVER = (NodeInput(id="removed"),)
"""What a removed node requires, one without its trigger input: it may be held still, and asked for runs."""


class Runnable(Protocol):
    """A node, as far as the engine goes."""

    inputs: dict[str, NodeInput]
    outputs: dict[str, NodeOutput]
    cell: Cell

    @property
    def uuid(self) -> str:
        """The node's id."""
        ...

    @property
    def name(self) -> str:
        """The node's name."""
        ...

    @property
    def pretrigger_delay(self) -> float:
        """How long a run stays open before it reads its inputs."""
        ...

    @property
    def time_limit_s(self) -> float | None:
        """How many seconds a run may take."""
        ...

    @property
    def cycle_limit(self) -> int | None:
        """How often a cycle through it may go round; None for the engine's own limit."""
        ...

    @property
    def reset_inputs_on_trigger(self) -> bool:
        """Whether inputs go back to their defaults after a run."""
        ...

    def emit(self, event_name: str, msg: dict[str, Any] | None = None) -> bool:
        """Tell an event."""
        ...

    def run_failed(self, error: Exception) -> bool:
        """Tell whoever listens to errors; False when nobody does. Called by the runner."""
        ...


class Cell:
    """Where one node sits in the engine."""

    __slots__ = (
        "__weakref__", "arguments", "begun", "blocked_by", "by_position", "cause", "engine", "error",
        "failure", "failures", "forced", "heard", "index", "last_s", "lasting", "marked_at", "mean",
        "mismatch", "node", "noted", "notice", "out", "outer_wave", "outs", "patient", "plan",
        "port_changed", "queue_s", "requested", "required", "rests", "runs", "slow", "spoken", "stacks",
        "total_s", "trigger_out", "unheard", "waiters", "why",
    )  # fmt: skip

    def __init__(self, node: Runnable, plan: Plan) -> None:
        self.node = node
        self.plan = plan
        self.engine: Engine | None = None
        self.index = -1
        self.heard = False
        self.port_changed: Callable[[Any], object] | None = None
        self.lasting = False
        self.slow = True
        """Whether a run lasts: its function is no plain one, or it is `patient`."""
        self.patient = False
        """Whether a delay or a time limit is to be asked for."""
        self.rests = False
        """Whether inputs are reset after a run."""
        self.arguments: tuple[NodeInput, ...] = ()
        self.by_position = False
        """Whether the function's first parameters are these, so that values need no names: half as dear."""
        self.required: tuple[NodeInput, ...] = ()
        self.outs: tuple[Any, ...] = ()
        """Outputs by the position of their results; None where one was taken off the node."""
        self.out: NodeOutput | None = None
        """The output that takes the whole result, where there is one only."""
        self.trigger_out: NodeOutput | None = None
        self.requested = False
        """Whether a run was asked for that could not be marked: not ready, or no loop."""
        self.forced = False
        """Whether the coming run was asked for regardless of readiness."""
        self.waiters: list[Future[None]] | None = None
        self.stacks: list[Any] | None = None
        self.error: RunError | None = None
        self.failure: Exception | None = None
        self.unheard: Exception | None = None
        """The latest failure, if nobody listened to it."""
        self.failures = 0
        self.blocked_by: str | None = None
        self.noted: Any = None
        """What the engine's sink keeps with the node; nobody else reads it."""
        self.notice: str | None = None
        """What users should know of how the latest run was done, though it was no error."""
        self.mismatch: str | None = None
        """The same, of results that did not fit the outputs."""
        self.spoken: set[NodeOutput] | None = None
        self.outer_wave = 0
        self.mean = 0.22
        self.cause: NodeInput | str = ASKED_BY_CODE
        """Why the coming run was asked for: the input that changed, or words."""
        self.marked_at = 0.0
        self.why: NodeInput | str = ""
        """Why the latest run came."""
        self.begun = self.queue_s = self.last_s = self.total_s = 0.0
        self.runs = 0

    def refresh(self) -> None:
        """Take the shortcuts anew. Called when ports or settings of the node changed."""
        node = self.node
        # Every node that is made comes by here: loops cost less than comprehensions where there is little.
        ports, required = list(node.inputs.values()), list[NodeInput]()
        trigger = node.inputs.get("_triggerinput")
        if trigger is not None:
            ports.remove(trigger)
        for port in ports:
            if port.declaration.required:
                required.append(port)
        self.arguments = tuple(ports)
        parameters = self.plan.parameters
        self.by_position = parameters[: len(ports)] == [port.declaration.uuid for port in ports]
        needed = self.arguments if len(required) == len(ports) else tuple(required)
        self.required = needed if trigger is not None else _NEVER
        outputs, names = node.outputs, self.plan.outputs
        outs = () if names is None else tuple(map(outputs.get, names))
        self.outs = outs = outs if None not in outs or any(outs) else ()
        self.out = outs[0] if len(outs) == 1 else None
        self.trigger_out = outputs.get("_triggeroutput")
        self.patient = node.pretrigger_delay > 0 or node.time_limit_s is not None
        # A class may have its function from a base that is no node: no plan was drawn up for that.
        is_planned = self.plan.func is getattr(type(node), "func")  # noqa: B009 - the protocol does not name it
        self.slow = self.patient or self.plan.kind != "inline" or not is_planned
        self.rests = node.reset_inputs_on_trigger

    # --- asking for runs -----------------------------------------------------------------------
    def ready(self) -> bool:
        """Return whether every required input has a value."""
        for port in self.required:
            if port.stored is NoValue and (port.fallback is NoValue or port.value is NoValue):
                return False
        return True

    def ask(self, cause: str) -> None:
        """Ask for a run, from any thread."""
        if self.here():
            self.request(cause)
        else:
            self.post(lambda: self.request(cause))

    def request(self, cause: NodeInput | str) -> None:
        """Ask for a run: at once when ready, else as soon as someone asks again. In the graph's thread."""
        engine = self.engine
        # `now` is set while the engine hands outputs on: then this is its thread.
        if engine is None or not (engine.now or running_loop() is engine.loop):
            engine = self.settle_down(cause)
            if engine is None:
                return
        scheduler, n = engine.scheduler, self.index
        if (
            scheduler.state[n] == MARKED
            and scheduler.wave_of[n] == scheduler.wave
            and not (self.heard or self.requested)
        ):
            # Where ways meet, all but the first bring no news; whether values are there is asked at the run.
            return
        for port in self.required:
            if port.stored is NoValue and (port.fallback is NoValue or port.value is NoValue):
                self.requested = True
                return
        if self.heard:
            self._request_heard(engine, cause)
            return
        # A wish from before the node was ready is met by this run; kept, it would be granted again and again.
        self.requested = False
        if scheduler.mark(n):
            self.cause = cause
            self.marked_at = engine.now or perf_counter()
            if not engine.awake:
                engine.wake()

    def force(self) -> None:
        """Ask for a run whatever the inputs hold."""
        engine = self.settle_down()
        if engine is None:
            return
        self.forced = True
        self._request_heard(engine, ASKED_BY_CODE)

    def _request_heard(self, engine: Engine, cause: NodeInput | str) -> None:
        emit = self.node.emit
        emit("before_request_trigger")
        if engine.scheduler.state[self.index] == IDLE:
            emit("before_trigger")
            engine.mark(self, cause)
            emit("after_trigger", {"result": None})
        else:
            engine.mark(self, cause)
        emit("after_request_trigger", {"result": None})

    def settle_down(self, cause: NodeInput | str = ASKED_BY_CODE) -> Engine | None:
        """Return the engine of this thread's running loop, with this node in it.

        Without one the wish is kept.
        """
        loop, engine = running_loop(), self.engine
        if engine is not None and loop is engine.loop:
            return engine
        if engine is not None and engine.elsewhere():
            engine.post(lambda: self.request(cause))
            return None
        if loop is None:
            self.requested = True
            return None
        from funcnodes_core.engine.runner import current_engine

        engine = current_engine()
        engine.adopt(self)
        return engine

    # --- what ports ask ------------------------------------------------------------------------
    def here(self) -> bool:
        """Return whether the calling thread may act on the graph."""
        engine = self.engine
        return engine is None or running_loop() is engine.loop or not engine.elsewhere()

    def post(self, action: Callable[[], object]) -> None:
        """Let the graph's thread do this."""
        if self.engine is not None:
            self.engine.post(action)

    def speak(self, output: NodeOutput) -> None:
        """Note that the lasting run sets an output."""
        if self.engine is None or not self.lasting:
            return
        spoken = self.spoken
        if spoken is None:
            spoken = self.spoken = set()
        self.outer_wave = self.engine.scheduler.wave
        self.engine.scheduler.speaks(self.index, again=output in spoken)
        spoken.add(output)

    def hush(self) -> None:
        """Note that the value has gone on."""
        if self.engine is not None and self.lasting:
            self.engine.spoke(self)

    def linked(self, child: Any) -> None:
        """Take an edge over into the engine that either end sits in."""
        if isinstance(child, Cell):
            engine = self.engine
            if engine is None or engine is not child.engine or running_loop() is not engine.loop:
                engine = _living(engine, child.engine)
            if engine is not None:
                engine.link(self, child)

    def unlinked(self, child: Any) -> None:
        """Take an edge out of the engine."""
        engine = self.engine
        # An engine whose loop is closed learns of no edges any more, so it may not know this one.
        if isinstance(child, Cell) and engine is not None and engine is child.engine and not engine.over:
            engine.cut(self, child)
        if isinstance(child, Cell):
            from funcnodes_core.engine.blocking import unblock_below

            unblock_below(self, child)

    def children(self) -> Iterable[Cell]:
        """Return the cells that an edge leads to, once per edge."""
        for output in self.node.outputs.values():
            for target in output.targets:
                if isinstance(target.cell, Cell):
                    yield target.cell
        for port in self.node.inputs.values():
            for target in port.forwards:
                if isinstance(target.cell, Cell):
                    yield target.cell

    def parents(self) -> Iterable[Cell]:
        """Return the cells that an edge comes from, once per edge."""
        for port in self.node.inputs.values():
            for source in (*port.sources, *port.forwarders):
                if isinstance(source.cell, Cell):
                    yield source.cell

    @property
    def is_queued(self) -> bool:
        """Whether one more run waits behind the present one."""
        engine = self.engine
        return engine is not None and self.index in engine.scheduler.queued

    # --- what can be said ----------------------------------------------------------------------
    @property
    def state(self) -> int:
        """The scheduler's word for this node."""
        engine = self.engine
        if engine is None or engine.over:
            return IDLE
        return engine.scheduler.state[self.index]

    @property
    def figures(self) -> RunFigures:
        """What the runs of this node have cost."""
        why = self.why
        reason = why if isinstance(why, str) else f"input `{why.uuid}` changed"
        return RunFigures(self.runs, self.last_s, self.total_s, self.queue_s, reason)

    @property
    def run_state(self) -> RunState:
        """How the node stands."""
        state = self.state
        run = self.engine.scheduler.run[self.index] if self.engine is not None else 0
        notice = self.notice or self.mismatch
        if state == RUNNING:
            return RunState("running", self.error, run, None, notice)
        if state != IDLE:
            return RunState("marked", self.error, run, None, notice)
        if self.error is not None:
            return RunState("failed", self.error, run, None, self.notice)
        if self.blocked_by is not None:
            return RunState("blocked", None, run, self.blocked_by, notice)
        return RunState("idle", None, run, None, notice)


def _living(*engines: Engine | None) -> Engine | None:
    """Return the engine of the running loop if it is among them, else the first whose loop is not closed.

    A graph that was used in a loop that is gone must not draw nodes that run now after it.
    """
    here = running_loop()
    found = [engine for engine in engines if engine is not None and not engine.over]
    return next((engine for engine in found if engine.loop is here), found[0] if found else None)
