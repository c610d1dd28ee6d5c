"""A node's runs: whether it is ready, how it stands, asking for runs and waiting for them.

The half of `Node` that marks and waits. When and how the function runs is the engine's.
"""

from __future__ import annotations

from asyncio.events import _get_running_loop as running_loop  # pyright: ignore[reportPrivateUsage]
from collections.abc import Coroutine, Generator
from typing import TYPE_CHECKING, Any

from funcnodes_core.engine.runner import current_engine
from funcnodes_core.engine.scheduler import IDLE
from funcnodes_core.engine.states import ASKED_BY_CODE, RunFigures, RunState
from funcnodes_core.engine.waiting import TriggerStack
from funcnodes_core.exceptions import GraphRunsElsewhere, InTriggerError, NodeReadyError
from funcnodes_core.io.output import NodeOutput
from funcnodes_core.node.ports import PortsOfNode
from funcnodes_core.novalue import NoValue

if TYPE_CHECKING:
    from funcnodes_core.node.progress import NodeProgress

__all__ = ["RunsOfNode"]


class RunsOfNode(PortsOfNode):
    """Something that runs."""

    # --- state ---------------------------------------------------------------------------------
    def ready(self) -> bool:
        """Return whether every required input has a value."""
        return self.cell.ready()

    def inputs_ready(self) -> bool:
        """Return the same as `ready`: the name by which the tests of published modules ask."""
        return self.ready()

    def ready_to_trigger(self) -> bool:
        """Return whether asking for a run would start one."""
        return self.ready() and not self.in_trigger and running_loop() is not None

    @property
    def in_trigger(self) -> bool:
        """Whether the node is about to run or runs."""
        return self.cell.state != IDLE

    @property
    def is_working(self) -> bool:
        """The same as `in_trigger`."""
        return self.in_trigger

    @property
    def requests_trigger(self) -> bool:
        """Whether a run was asked for that has not been started."""
        return self.cell.requested or self.cell.is_queued

    @property
    def run_state(self) -> RunState:
        """How the node stands: status, error, number of the latest run."""
        return self.cell.run_state

    @property
    def figures(self) -> RunFigures:
        """How often the node ran, how long that took, how long it waited, and why it ran last."""
        return self.cell.figures

    def ready_state(self) -> dict[str, Any]:
        """Return what each input has; one without a value is ready all the same where none is required."""
        return {
            "inputs": {
                name: {"node": port.node is not None, "value": port.value is not NoValue}
                for name, port in self.inputs.items()
            }
        }

    def status(self) -> dict[str, Any]:
        """Return all that clients ask about a node's state."""
        return {
            "ready": self.ready(),
            "ready_state": self.ready_state(),
            "in_trigger": self.in_trigger,
            "requests_trigger": self.requests_trigger,
            "inputs": {name: port.status() for name, port in self.inputs.items()},
            "outputs": {name: port.status() for name, port in self.outputs.items()},
        }

    # --- running -------------------------------------------------------------------------------
    def request_trigger(self) -> None:
        """Ask for a run: at once when ready, as soon as it is asked again otherwise."""
        self.cell.ask(ASKED_BY_CODE)

    def ask_for_run(self, reason: str) -> None:
        """Ask for a run and say why: `figures` will tell. What a class makes of `request_trigger` counts."""
        if type(self).request_trigger is RunsOfNode.request_trigger:
            self.cell.ask(reason)
        else:
            self.request_trigger()

    def trigger(self, triggerstack: TriggerStack | None = None) -> TriggerStack:
        """Start a run whatever the inputs hold; awaiting the answer waits for the results."""
        if self.in_trigger:
            raise InTriggerError(f"{self.name} is about to run or runs already")
        if "_triggerinput" not in self.inputs:
            raise NodeReadyError(f"{self.name} was removed and has no ports any more; make a new node")
        stack = TriggerStack(self.cell) if triggerstack is None else triggerstack
        stack.cell = self.cell
        self.cell.stacks = [*(self.cell.stacks or ()), stack]
        self.cell.force()
        return stack

    def trigger_if_requested(self, triggerstack: TriggerStack | None = None) -> bool:
        """Start a run that was asked for earlier; return whether that was possible."""
        if self.cell.requested and self.ready_to_trigger():
            self.request_trigger()
            return True
        return False

    async def await_trigger(self) -> list[Any]:
        """Run and return what the function returned, or wait for the run that is under way."""
        self.assert_awaited_here()
        if self.in_trigger:
            stack = TriggerStack(self.cell)
            self.cell.stacks = [*(self.cell.stacks or ()), stack]
            return await stack
        return await self.trigger()

    async def __call__(self) -> Any:
        """Run, whatever the inputs hold, and return what the function returned."""
        results = await self.await_trigger()
        return results[-1] if results else None

    def __await__(self) -> Generator[Any, None, None]:
        return self._run_and_wait().__await__()

    def assert_awaited_here(self) -> None:
        """Raise `GraphRunsElsewhere` in a thread in which the graph does not run.

        Two loops cannot wait for each other's futures: the waiting would end at once or never.
        """
        if not self.cell.here():
            raise GraphRunsElsewhere(self.name)

    async def _run_and_wait(self) -> None:
        self.assert_awaited_here()
        self.request_trigger()
        await current_engine().waiting.until_over(self.cell)

    def settled(self, output: NodeOutput | str) -> Coroutine[Any, Any, None]:
        """Return when everything that the latest value of `output` started has finished; to be awaited.

        For loops within `func`. Awaited by others, it does not wait for the node itself.
        """
        self.assert_awaited_here()
        port = self.outputs[output] if isinstance(output, str) else output
        engine = self.cell.engine or current_engine()
        return engine.waiting.settled(self.cell, port)

    def progress(self, *args: Any, **kwargs: Any) -> NodeProgress:
        """Return a tqdm whose refreshes reach clients; may be used from a thread of the node."""
        from funcnodes_core.node.progress import NodeProgress

        return NodeProgress(*args, tell=self.tell_progress, **kwargs)

    def tell_progress(self, info: dict[str, Any]) -> None:
        """Tell how far the run is; from any thread."""
        if not self.cell.here():
            self.cell.post(lambda: self.tell_progress(info))
            return
        engine = self.cell.engine
        if engine is not None and engine.sink is not None:
            engine.sink.progressed(self, info)
        self.emit("progress", {"info": info})
