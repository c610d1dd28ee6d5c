"""The browser editor of FuncNodes, as files ready to be served."""

from __future__ import annotations

from pathlib import Path

__version__ = "3.0.0"
__all__ = ["static_folder"]

BUILD_COMMAND = "uv build --wheel --package funcnodes-react-flow"
"""What makes the bundle in a checkout, and says why when it cannot be made."""


def static_folder() -> Path | None:
    """Return the folder with the built editor and its `index.html`, or None when it has not been built."""
    folder = Path(__file__).parent / "static"
    return folder if (folder / "index.html").is_file() else None
