"""Devices as external workers, a browser plugin and render options: what a module may bring beside nodes."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pydantic import Field

import funcnodes_core as fn
from funcnodes_worker import ExternalWorkerConfig, FuncNodesExternalWorker

HERE = Path(__file__).parent


class PumpConfig(ExternalWorkerConfig):
    """What a pump is told."""

    port: str = "COM1"
    rate: int = 1
    password: str = Field("factory", json_schema_extra={"export": False})


class Pump(FuncNodesExternalWorker):
    """A pump that counts how often it was asked."""

    NODECLASSID = "bench.pump"
    NAME = "Pump"
    config_cls = PumpConfig

    async def loop(self) -> None:
        """Breathe."""
        self.strokes = getattr(self, "strokes", 0) + 1

    async def stop(self) -> None:
        """Write down that the device was let go."""
        await super().stop()
        assert self.data_path is not None
        (self.data_path / "stopped").write_text(self.name)

    @fn.instance_nodefunction()
    def flow(self, seconds: float = 1.0) -> float:
        """Return what flows."""
        return self.config.rate * seconds  # type: ignore[attr-defined]

    @fn.instance_nodefunction()
    def itself(self) -> object:
        """Hand the device on."""
        return self


class Jammed(FuncNodesExternalWorker):
    """A device that cannot be opened."""

    NODECLASSID = "bench.jammed"

    def __init__(self, *args: object, **kwargs: object) -> None:
        raise OSError("no device on COM9")

    async def loop(self) -> None:
        """Never called."""
        await asyncio.sleep(0)


@fn.NodeDecorator("bench.twice", name="Twice")
def twice(value: float) -> float:
    """Double it."""
    return 2 * value


class Count(fn.Node):
    """Counts slowly enough to be seen."""

    node_id = "bench.count"
    node_name = "Count"
    steps = fn.NodeInput(type=int)
    last = fn.NodeOutput(type=int)

    async def func(self, steps: int) -> None:
        """Count."""
        for step in self.progress(range(steps), desc="counting"):
            await asyncio.sleep(0.15)
            self.outputs["last"].value = step


WORKERS = [Pump, Jammed]
NODE_SHELF = fn.Shelf(name="Bench", nodes=[twice, Count])
REACT_PLUGIN = {"module": HERE / "plugin.js", "js": [], "css": [HERE / "plugin.css"]}
FUNCNODES_RENDER_OPTIONS = {"typemap": {"bench": "image"}, "inputconverter": {}}
