"""Where this machine has one of our own packages from, as uv's `tool.uv.sources` says it.

Owns the reading of what the installer noted (PEP 610). What the index gave needs no source.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import msgspec


def own_source(name: str) -> dict[str, str | bool] | None:
    """Return the source that gives somebody else the same package; None for one from the index."""
    try:
        noted = distribution(name).read_text("direct_url.json")
        said: dict[str, Any] = msgspec.json.decode(noted or "{}", type=dict[str, Any])
    except (PackageNotFoundError, msgspec.MsgspecError):
        return None
    return source_of(said)


def source_of(said: dict[str, Any]) -> dict[str, str | bool] | None:
    """Return the source that an installer's note means."""
    url = said.get("url")
    if not isinstance(url, str):
        return None
    parts = urlsplit(url)
    inside = {"subdirectory": str(said["subdirectory"])} if said.get("subdirectory") else {}
    if "vcs_info" in said:
        return {"git": url, "rev": str(said["vcs_info"].get("commit_id", "")), **inside}
    if parts.scheme != "file":
        return {"url": url, **inside}
    path = url2pathname(parts.path)
    is_linked = bool(said.get("dir_info", {}).get("editable"))
    return {"path": path, "editable": True} if is_linked else {"path": path}
