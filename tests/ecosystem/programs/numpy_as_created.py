"""Runs where funcnodes-numpy is installed: nodes as a user drops them, with one input set."""

# The package is not installed beside this checkout, and what it imports warns.
# pyright: basic, reportMissingImports=false
# ruff: noqa: E402

import asyncio
import json
import warnings

warnings.simplefilter("ignore")

import funcnodes_numpy
import numpy as np

import funcnodes_core as fn

CLASSES = {node.node_id: node for node in fn.flatten_shelf(funcnodes_numpy.NODE_SHELF)[0]}


async def largest() -> float:
    """Return what `np.max` makes of an array when nothing else of it is set."""
    return float(await CLASSES["np.max"].initialize_and_call(a=np.array([1.5, -2.5])))


async def saved_and_loaded() -> float:
    """Return the same from a node that was written down and read, its defaults spelt out as others do."""
    node = CLASSES["np.max"]()
    shape = json.loads(json.dumps(node.serialize(), cls=fn.JSONEncoder), cls=fn.JSONDecoder)
    for port in ("initial", "keepdims"):
        shape["io"][port]["default"] = node.inputs[port].told_default
    again = CLASSES["np.max"]()
    again.deserialize(shape)
    again.inputs["a"].value = np.array([7.0])
    await again
    return float(again.outputs["max"].value)


fix = CLASSES["np.fix"]()
print(
    json.dumps(
        {
            "largest": asyncio.run(largest()),
            "loaded": asyncio.run(saved_and_loaded()),
            "inputs of fix": list(fix.inputs),
            "outputs of fix": list(fix.outputs),
        }
    )
)
