"""The engine on a real loop under a random life: edits, values and cancels in the middle of waves.

Slow nodes wait at gates that the test opens, so nothing depends on the clock. After every step the
invariants hold; whenever everything has come to rest, values are those of a reference evaluation.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from funcnodes_core.engine import invariants
from funcnodes_core.engine.runner import Engine, current_engine
from funcnodes_core.engine.scheduler import Scheduler
from funcnodes_core.exceptions import NodeIOError
from funcnodes_core.io.input import NodeInput
from funcnodes_core.nodespace import NodeSpace
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from funcnodes_core import Node, NoValue
from tests.core.engine import gates
from tests.core.engine.gates import KINDS, made_of, until_quiet

MOST_NODES = 9
LAPS = 15
node_at = st.integers(0, MOST_NODES - 1)
port_at = st.integers(0, 2)
value_of = st.integers(0, 20)


class Watched(Scheduler):
    """Asserts at each start that no ancestor stands in its way."""

    __slots__ = ()

    def next(self) -> int:
        """Take what runs now."""
        n = super().next()
        if n >= 0:
            invariants.check_start(self, n)
        return n


class LifeOfAGraph(RuleBasedStateMachine):
    """What people and programs do to a graph."""

    def __init__(self) -> None:
        super().__init__()
        self.gates = gates.fresh()
        self.threads = set(threading.enumerate())
        self.space = NodeSpace()
        self.nodes: list[Node] = []
        self.made = 0
        self.loose: dict[Node, int] = {}
        """Nodes whose inputs changed without a cause for a run, and how often they had run by then."""
        self.problems: list[dict[str, Any]] = []
        self.closed: list[asyncio.AbstractEventLoop] = []
        self._new_loop()

    # --- the loop ------------------------------------------------------------------------------
    def _new_loop(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda loop, context: self.problems.append(context))
        self.engine = self._run(self._engine)

    def _engine(self) -> Engine:
        engine = current_engine()
        engine.scheduler = Watched(engine._cycle_limit_of)
        engine.scheduler.lap_limit = LAPS
        return engine

    def _run(self, act: Callable[[], Any]) -> Any:
        """Do something in the loop, and let everything go on to the gates."""
        self.gates.fuses.clear()

        async def acting() -> Any:
            result = act()
            await until_quiet(current_engine())
            return result

        return self.loop.run_until_complete(acting())

    def _some(self, at: int) -> Node | None:
        return self.nodes[at % len(self.nodes)] if self.nodes else None

    def _loosen(self, node: Node) -> None:
        """Note that an input gets or loses a value without a cause for a run, and what it forwards to."""
        stack, seen = [node], set[Node]()
        while stack:
            here = stack.pop()
            if here not in seen:
                seen.add(here)
                self.loose[here] = self.gates.runs[here.uuid]
                stack.extend(trg.node for socket in here.inputs.values() for trg in socket.forwards)

    # --- edits ---------------------------------------------------------------------------------
    @precondition(lambda self: len(self.nodes) < MOST_NODES)
    @rule(kind=st.sampled_from(sorted(KINDS)), inside=st.booleans(), value=value_of)
    def add(self, kind: str, inside: bool, value: int) -> None:
        """A node comes, into the nodespace or outside of it."""

        def act() -> None:
            node = KINDS[kind](uuid=f"n{self.made:03}")
            self.made += 1
            self.nodes.append(node)
            if inside:
                self.space.add_node_instance(node)
            else:
                node.on_error(lambda **_: None)
            node["x0"] = value

        self._run(act)

    @precondition(lambda self: self.nodes)
    @rule(at=node_at)
    def remove(self, at: int) -> None:
        """A node goes, whatever it is doing."""
        node = self._some(at)
        assert node is not None
        fed = [target.node for target in node.outputs["out"].targets]
        fed += [target.node for port in node.inputs.values() for target in port.forwards]

        def act() -> None:
            if node.nodespace is None:
                node.cleanup()
            else:
                self.space.remove_node_instance(node)

        for other in fed:
            self._loosen(other)
        self._run(act)
        self.nodes.remove(node)
        self.loose.pop(node, None)

    @precondition(lambda self: self.nodes)
    @rule(a=node_at, b=node_at, port=port_at)
    def connect(self, a: int, b: int, port: int) -> None:
        """An edge comes, also one that closes a cycle; the one that was there goes."""
        source, target = self._some(a), self._some(b)
        assert source is not None
        assert target is not None
        # Nothing may have come out of the source yet: then the old value goes without a cause for a run.
        self._loosen(target)
        self._run(lambda: source.outputs["out"].connect(target.inputs[f"x{port}"], replace=True))

    @precondition(lambda self: self.nodes)
    @rule(at=node_at, port=port_at)
    def disconnect(self, at: int, port: int) -> None:
        """An edge goes."""
        node = self._some(at)
        assert node is not None
        self._loosen(node)
        self._run(lambda: node.inputs[f"x{port}"].disconnect())

    @precondition(lambda self: self.nodes)
    @rule(a=node_at, b=node_at, ports=st.tuples(port_at, port_at))
    def forward(self, a: int, b: int, ports: tuple[int, int]) -> None:
        """An input hands its values on to another; in a circle they may not go."""
        source, target = self._some(a), self._some(b)
        assert source is not None
        assert target is not None

        def act() -> None:
            try:
                source.inputs[f"x{ports[0]}"].forward(target.inputs[f"x{ports[1]}"], replace=True)
            except NodeIOError:
                return
            self._loosen(target)

        self._run(act)

    @precondition(lambda self: self.nodes)
    @rule(
        at=node_at, what=st.sampled_from(["slow start", "quick start", "limit", "no limit", "name", "hide"])
    )
    def set_option(self, at: int, what: str) -> None:
        """Options change how a run is done, not what comes out."""
        node = self._some(at)
        assert node is not None

        def act() -> None:
            match what:
                case "slow start":
                    node.pretrigger_delay = 1e-9
                case "quick start":
                    node.pretrigger_delay = 0
                case "limit":
                    node.time_limit_s = 600
                case "no limit":
                    node.time_limit_s = None
                case "name":
                    node.name = "another"
                case _:
                    node.inputs["x1"].hidden = True

        self._run(act)

    # --- values and runs -----------------------------------------------------------------------
    @precondition(lambda self: self.nodes)
    @rule(
        what=st.lists(st.tuples(node_at, port_at, value_of), min_size=1, max_size=4), elsewhere=st.booleans()
    )
    def set_values(self, what: list[tuple[int, int, int]], elsewhere: bool) -> None:
        """Values come in one wave, from the loop's thread or from another."""

        def act() -> None:
            for at, port, value in what:
                node = self._some(at)
                assert node is not None
                socket = node.inputs[f"x{port}"]
                if not socket.is_connected() and not socket.forwarders:
                    socket.value = value

        def from_a_thread() -> None:
            thread = threading.Thread(target=act)
            thread.start()
            thread.join()

        self._run(from_a_thread if elsewhere else act)

    @precondition(lambda self: self.nodes)
    @rule(at=node_at)
    def ask_for_a_run(self, at: int) -> None:
        node = self._some(at)
        assert node is not None
        self._run(node.request_trigger)

    @precondition(lambda self: self.gates.waiting)
    @rule(at=node_at)
    def open_a_gate(self, at: int) -> None:
        """One slow run goes on."""
        waiting = sorted(self.gates.waiting)
        self._run(lambda: self.gates.let_go(waiting[at % len(waiting)]))

    @precondition(lambda self: self.nodes)
    @rule(at=node_at)
    def cancel(self, at: int) -> None:
        """Whoever runs fails and stays usable; of others nothing is heard."""
        node = self._some(at)
        assert node is not None
        runs = node.cell.engine is self.engine and node.cell.index in self.engine.lasting.runs
        before = {other: other.run_state.run for other in self.nodes}

        said = self._run(lambda: self.engine.interrupt(node.uuid))
        waited = not runs and before[node] == node.run_state.run and "waited for its turn" in said
        assert ("does not run" in said) == (not runs and not waited)
        if waited:
            self._loosen(node)
        if runs:
            # One more run may have been queued behind it, and begin or wait for others.
            assert node.run_state.status in ("failed", "marked") or node.run_state.run > before[node]

    # --- loops ---------------------------------------------------------------------------------
    @rule(at_rest=st.booleans())
    def go_on_in_another_loop(self, at_rest: bool) -> None:
        """The loop ends, at rest or in the middle; the graph goes on in a new one."""
        if at_rest:
            self._come_to_rest()
        self._end_loop()
        for node in self.nodes:
            self._loosen(node)
        self._new_loop()

    def _end_loop(self) -> None:
        async def cancel_all() -> None:
            # Who was held back by a cancelled run starts then, so once is not enough.
            loop: Any = asyncio.get_running_loop()
            while (others := asyncio.all_tasks() - {asyncio.current_task()}) or loop._ready:
                for task in others:
                    task.cancel()
                await asyncio.gather(asyncio.sleep(0), *others, return_exceptions=True)

        self.gates.let_all_go()
        self.loop.run_until_complete(cancel_all())
        left = asyncio.all_tasks(self.loop)
        self.loop.close()
        assert not left, "the end of the loop left tasks behind"
        self.gates.open = False
        self._wait_for_threads()

    def _wait_for_threads(self) -> None:
        for thread in set(threading.enumerate()) - self.threads:
            thread.join(10)
            assert not thread.is_alive(), f"{thread.name} was left behind"

    # --- what holds ----------------------------------------------------------------------------
    @invariant()
    def the_scheduler_is_sound(self) -> None:
        invariants.check(self.engine.scheduler)
        assert not self.problems, self.problems

    @invariant()
    def the_engine_knows_the_graph(self) -> None:
        """Each edge between two nodes that sit here is the scheduler's too, and no other."""
        order = self.engine.scheduler.order
        seated = {node.cell.index: node for node in self.nodes if node.cell.engine is self.engine}
        for n, node in seated.items():
            assert self.engine.cell_at(n) is node.cell
            children = list(node.cell.children())
            assert {child.engine for child in children} <= {self.engine}, "a child sits elsewhere"
            assert Counter(order.children[n]) == Counter(child.index for child in children)

    @invariant()
    def runs_that_last_are_known(self) -> None:
        running = {run.cell.node.uuid for run in self.engine.lasting.runs.values()}
        for node in self.nodes:
            if node.run_state.status == "running":
                assert node.uuid in running
        assert set(self.engine.scheduler.lasting) == set(self.engine.lasting.runs)

    @invariant()
    def what_is_blocked_has_a_failed_ancestor(self) -> None:
        failed = {node.uuid: node for node in self.nodes if node.run_state.error is not None}
        for node in self.nodes:
            if node.run_state.status == "blocked":
                blocker = failed.get(node.run_state.blocked_by or "")
                assert blocker is not None, "blocked by nobody"
                if node.cell.engine is blocker.cell.engine is self.engine:
                    assert self.engine.scheduler.order.reaches(blocker.cell.index, node.cell.index)

    # --- at rest -------------------------------------------------------------------------------
    @rule()
    def come_to_rest(self) -> None:
        """All gates open; what then stands is what a reference evaluation gives."""
        self._come_to_rest()

    def _come_to_rest(self) -> None:
        self._run(self._let_all_go)
        self.loop.run_until_complete(asyncio.wait_for(self.engine.wait_idle(), 20))
        self.gates.open = False
        assert self.engine.idle
        assert not self.engine.lasting.runs
        assert not asyncio.all_tasks(self.loop)
        for node in self.nodes:
            self._check_at_rest(node)

    def _let_all_go(self) -> None:
        self.gates.let_all_go()
        for node in self.nodes:
            # A value that came from a thread while no loop knew the node is a wish that was kept.
            node.trigger_if_requested()

    def _check_at_rest(self, node: Node) -> None:
        assert node.run_state.status in ("idle", "failed", "blocked")
        assert node.inputs["x0"].datapath.done()  # type: ignore[union-attr]
        assert str(node.inputs["x0"].datapath)
        for socket in node.inputs.values():
            for source in socket.sources:
                if not socket.forwarders and source.value is not NoValue:
                    assert socket.value == source.value
        if node in self.loose and self.gates.runs[node.uuid] > self.loose[node]:
            del self.loose[node]
        if node in self.loose or node.run_state.error is not None or not node.ready():
            return
        inputs = [node.inputs[f"x{i}"].value for i in range(3)]
        assert node.outputs["out"].value == made_of(*inputs), f"{node} shows an old value"

    @precondition(lambda self: self.nodes)
    @rule(at=node_at, value=value_of)
    def one_change_is_one_run(self, at: int, value: int) -> None:
        """At rest, in a graph without cycles and streams: each affected node runs once, others do not."""
        self._come_to_rest()
        node = self._some(at)
        assert node is not None
        socket = node.inputs["x0"]
        if socket.is_connected() or socket.forwarders:
            return
        affected = self._below(socket)
        before = self.gates.runs.copy()
        exact = affected is not None and all(other.ready() or other is node for other in affected)
        self._run(lambda: socket.set_value(value))
        self._come_to_rest()
        if exact and affected is not None and all(other.run_state.error is None for other in affected):
            ran = {n: self.gates.runs[n.uuid] - before[n.uuid] for n in self.nodes}
            assert ran == {n: int(n in affected) for n in self.nodes}

    def _below(self, start: NodeInput) -> set[Node] | None:
        """Return whom a value at this input reaches; None when a stream or a cycle is among them."""
        found: set[Node] = set()
        stack, order = [start], self.engine.scheduler.order
        while stack:
            socket = stack.pop()
            stack.extend(socket.forwards)
            node: Any = socket.node
            if node in found:
                continue
            found.add(node)
            stack.extend(node.outputs["out"].targets)
            here = node.cell
            goes_round = order.reaches(here.index, here.index) if here.engine is self.engine else True
            if node.run_plan.streams or goes_round:
                return None
        return found

    def teardown(self) -> None:
        """Everything comes to rest, and nothing is left behind."""
        try:
            self._come_to_rest()
        finally:
            self._end_loop()


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@pytest.fixture(autouse=True)
def quiet_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of nodes fail on purpose; their tracebacks would be most of the time."""
    monkeypatch.setattr(logging.getLogger("funcnodes.trigger"), "disabled", True)


def live(examples: int, steps: int, same_each_time: bool) -> None:
    run_state_machine_as_test(
        LifeOfAGraph,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=same_each_time,
            database=None,
            deadline=None,
            suppress_health_check=QUIET,
        ),
    )


def test_a_graph_survives_edits_values_and_cancels_in_the_middle_of_waves() -> None:
    """The same lives in every run; `make soak` looks for new ones."""
    live(examples=40, steps=30, same_each_time=True)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_graph_survives_a_long_life() -> None:
    """Other lives each time."""
    live(examples=4_000, steps=60, same_each_time=False)
