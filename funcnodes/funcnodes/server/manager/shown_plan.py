"""What a plan for an environment looks like on the wire.

Owns the form. Making plans is `environment`'s.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from funcnodes.environment.plan import Difference
from funcnodes.environment.preview import Preview
from funcnodes.environment.request import Request


def shown_difference(difference: Difference) -> dict[str, Any]:
    """Return what changes, as plain data with a sentence."""
    return {
        "added": [{"name": one.name, "version": one.version} for one in difference.added],
        "changed": [
            {"name": one.after.name, "before": one.before.version, "after": one.after.version}
            for one in difference.changed
        ],
        "removed": [{"name": one.name, "version": one.version} for one in difference.removed],
        "stays": [{"name": one.name, "needed_by": list(one.needed_by)} for one in difference.stays],
        "left_out": list(difference.left_out),
        "summary": str(difference),
    }


def _download(preview: Preview) -> int | None:
    """Return the bytes to fetch as far as they are known; None when nothing is known of any."""
    fetched = preview.difference.added or preview.difference.changed
    return sum(preview.sizes.values()) if preview.sizes or not fetched else None


def shown_plan(preview: Preview, request: Request, known_modules: Collection[str]) -> dict[str, Any]:
    """Return a plan as plain data. `known_modules` are the packages that are known to bring nodes."""
    shown = shown_difference(preview.difference)
    for entry in (*shown["added"], *shown["changed"]):
        entry["size"] = preview.sizes.get(entry["name"])
    names = {entry["name"] for part in ("added", "changed", "removed") for entry in shown[part]}
    modules = preview.modules | {*known_modules}
    return {
        **shown,
        "download": _download(preview),
        "live": preview.live,
        "modules": sorted(name for name in names | {*request.must_load} if name in modules),
        "conflicts": list(preview.conflicts),
    }
