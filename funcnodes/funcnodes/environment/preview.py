"""Looking ahead: what a request would do to an environment, without touching it.

Owns the look: a resolution in a folder of its own that is gone afterwards. Carrying out is `provision`'s.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import msgspec
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.worker_home import WorkerHome

from funcnodes.environment import manifest, state
from funcnodes.environment.catalog import installed_modules
from funcnodes.environment.errors import Conflict
from funcnodes.environment.installer import Installer
from funcnodes.environment.origin import own_build
from funcnodes.environment.plan import Difference, Package, Plan, Way, make_plan, read_lock, without
from funcnodes.environment.progress import Report
from funcnodes.environment.request import Request
from funcnodes.environment.sizes import download_sizes


class Preview(msgspec.Struct, frozen=True):
    """What a request would do."""

    difference: Difference = Difference()
    way: Way = Way.NOTHING
    sizes: dict[str, int] = {}
    """Bytes to download by package, as far as they are known."""
    modules: frozenset[str] = frozenset()
    """Packages with nodes that stand in the environment now."""
    conflicts: tuple[str, ...] = ()
    """Why it cannot be done, as sentences; then nothing else is known."""

    @property
    def live(self) -> bool:
        """Whether a running worker would go on running."""
        return self.way is not Way.BUILD and not self.difference.left_out


async def look_ahead(
    base: Base, installer: Installer, home: WorkerHome, request: Request, report: Report
) -> Preview:
    """Return what this request would do to the worker's environment. Changes nothing of it."""
    build = await asyncio.to_thread(own_build, base.cache)
    standing = await asyncio.to_thread(state.head, home)
    project = state.text_of(home.project_file) if standing is None else standing.project
    lock = state.text_of(home.lock_file) if standing is None else standing.lock
    before = frozenset[Package]() if standing is None else read_lock(standing.lock)
    request.check(before)
    text = request.edit(manifest.with_origin(project or manifest.new_manifest(), build.wheels))
    base.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".plan-", dir=base.cache) as name:
        folder = Path(name)
        (folder / "pyproject.toml").write_text(text, encoding="utf-8")
        if lock is not None:
            (folder / "uv.lock").write_text(lock, encoding="utf-8")
        try:
            await installer.lock(
                folder, wanted=str(request), upgrade=request.let_go, say=lambda line: report(line, 0.5)
            )
        except Conflict as conflict:
            return Preview(conflicts=(conflict.plainly or conflict.explanation,))
        resolved = (folder / "uv.lock").read_text(encoding="utf-8")
    plan = make_plan(None if standing is None else before, read_lock(resolved))
    changes = without(plan.difference, request.remove, resolved)
    modules = frozenset[str]()
    if standing is not None:
        packages = state.site_packages(state.folder_of(home, standing))
        found = await asyncio.to_thread(installed_modules, packages)
        modules = frozenset(module.name for module in found)
    return Preview(changes, plan.way, _sizes(plan, resolved), modules)


def _sizes(plan: Plan, lock: str) -> dict[str, int]:
    return download_sizes(lock, plan.must_load)
