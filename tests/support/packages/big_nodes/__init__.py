"""Nodes whose values are large: what a worker must show without carrying all of it about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import funcnodes_core as fn


@fn.NodeDecorator("big.floats", name="Floats")
def floats(count: int) -> list[float]:
    """Return a list of floats that are no round numbers."""
    return (np.arange(count) / 7).tolist()


@fn.NodeDecorator("big.array", name="Array")
def array(count: int) -> Any:
    """Return an array whose every page has been written."""
    return np.arange(count) / 7


@fn.NodeDecorator("big.frame", name="Frame")
def frame(rows: int) -> Any:
    """Return a table of numbers and text."""
    return pd.DataFrame(
        {
            "number": np.arange(rows),
            "share": np.linspace(0, 1, rows),
            "name": [f"row {i}" for i in range(rows)],
            **{f"more {i}": np.arange(rows) * i for i in range(12)},
        }
    )


@fn.NodeDecorator("big.picture", name="Picture")
def picture(side: int) -> Any:
    """Return a picture as an array of bytes."""
    rows, columns = np.mgrid[0:side, 0:side]
    return np.stack([rows % 256, columns % 256, (rows + columns) % 256], axis=2).astype("uint8")


@fn.NodeDecorator("big.raw", name="Raw")
def raw(count: int) -> bytes:
    """Return bytes that tell where they are."""
    return (np.arange(count, dtype="u4") % 251).astype("u1").tobytes()


@fn.NodeDecorator("big.text", name="Text")
def text(count: int) -> str:
    """Return a long text."""
    return "0123456789" * (count // 10)


@fn.NodeDecorator("big.read", name="Read")
def read(path: Path) -> int:
    """Return how many bytes a file has."""
    return Path(path).stat().st_size


@fn.NodeDecorator("big.page", name="Page")
def page(text: str) -> str:
    """Return what would be a page if a browser opened it."""
    return f"<script>{text}</script>"


NODE_SHELF = fn.Shelf(
    name="Big",
    description="Nodes whose values are large",
    nodes=[floats, array, frame, picture, raw, text, read, page],
    subshelves=[],
)
