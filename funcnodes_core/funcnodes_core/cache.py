"""Files that can be made again, below the base folder: the published names of `utils.cache`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from funcnodes_core.config import get_config_dir
from funcnodes_core.utils.files import write_json_secure, write_text_secure

__all__ = [
    "clear_cache",
    "get_cache_dir",
    "get_cache_meta_for",
    "get_cache_meta_path_for",
    "get_cache_path",
    "set_cache_meta_for",
    "write_cache_text",
]


def get_cache_dir(subdir: str = "cache") -> Path:
    """Return the folder of the cache, made now if it is not there."""
    folder = get_config_dir() / subdir
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def get_cache_path(filename: str, subdir: str = "cache") -> Path:
    """Return where a file of the cache is or will be; a name that leads out of the cache is refused."""
    folder = get_cache_dir(subdir)
    path = folder / filename
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{filename!r} leads out of the cache; give a name within it")
    return path


def get_cache_meta_path_for(cache_path: Path) -> Path:
    """Return where is written what is known about a file of the cache."""
    path = Path(cache_path)
    return path.with_name(f"{path.name}.meta.json")


def get_cache_meta_for(cache_path: Path) -> dict[str, Any] | None:
    """Return what is known about a file of the cache, or None where nothing can be read."""
    try:
        meta = json.loads(get_cache_meta_path_for(cache_path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return meta if isinstance(meta, dict) else None  # pyright: ignore[reportUnknownVariableType]


def set_cache_meta_for(cache_path: Path, meta: dict[str, Any]) -> None:
    """Write what is known about a file of the cache."""
    write_json_secure(meta, get_cache_meta_path_for(cache_path))


def write_cache_text(cache_path: Path, text: str, encoding: str = "utf-8") -> None:
    """Write a text into the cache, whole or not at all."""
    write_text_secure(text, cache_path, encoding)


def clear_cache() -> None:
    """Take the files of the cache away; its folders belong to others (the manager keeps builds there)."""
    for path in get_cache_dir().iterdir():
        if path.is_file() or path.is_symlink():
            path.unlink()
