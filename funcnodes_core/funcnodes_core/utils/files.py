"""Files that are whole or not there: the published `write_json_secure`."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["write_json_secure", "write_text_secure"]


def write_json_secure(
    data: Any, filepath: str | Path, cls: type[json.JSONEncoder] | None = None, **kwargs: Any
) -> None:
    """Write data as JSON, whole or not at all; data that cannot be written leaves the old file as it was."""
    write_text_secure(json.dumps(data, cls=cls, **kwargs), filepath)


def write_text_secure(text: str, filepath: str | Path, encoding: str = "utf-8") -> None:
    """Write a text, whole or not at all."""
    path = Path(filepath)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", encoding=encoding, dir=path.parent, delete=False) as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            Path(file.name).unlink()
            raise
    Path(file.name).replace(path)
