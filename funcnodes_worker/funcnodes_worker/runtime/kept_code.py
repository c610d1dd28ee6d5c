"""What code a node is made of, as a hash: of the package its function comes from, and of all that imports.

Owns the answer "is this the code that computed it". Sources somebody works on count by their content, what is
installed by its version (`code_roots`). Sources that changed after this process began may have been imported
before that: their code is unknown, and nothing of their nodes is kept.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from funcnodes_worker.runtime.code_roots import Root, Roots


class Codes:
    """The hashes of node classes' code, each found once."""

    def __init__(
        self, since: float, scripts: Path | None = None, installed: Iterable[Path] | None = None
    ) -> None:
        """`since`: what was changed later may not be what was imported.

        `scripts` is the folder of the user's own files, which count all together; `installed` are the folders
        that only installing changes, by default those of this environment.
        """
        self._since, self._scripts = since, scripts
        self._installed = None if installed is None else tuple(installed)
        self._roots: Roots | None = None
        self._found: dict[tuple[str, bool], Root | None] = {}
        self._known: dict[tuple[str, ...], str | None] = {}

    def of(self, node_class: Any) -> str | None:
        """Return the hash of a node class's code, or None when it cannot be told."""
        function = getattr(node_class.run_plan, "function", None)
        modules = {node_class.__module__, getattr(function, "__module__", node_class.__module__)}
        own = tuple(sorted({str(module).partition(".")[0] for module in modules}))
        if own not in self._known:
            self._known[own] = self._all_of(own)
        found = self._known[own]
        return None if found is None else _hashed([node_class.node_id, found])

    def forget(self) -> None:
        """Find all of it anew: modules were loaded again."""
        self._found.clear()
        self._known.clear()

    def _all_of(self, own: tuple[str, ...]) -> str | None:
        """Return the hash of these packages and of everything they import."""
        said: dict[str, str] = {}
        waiting = list(own)
        while waiting:
            name = waiting.pop()
            if name in said:
                continue
            root = self._root(name, is_own=name in own)
            if root is None:
                return None
            said[name] = root.said
            waiting += root.imports
        python = f"{sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}"
        return _hashed([python, *(f"{name} {said[name]}" for name in sorted(said))])

    def _root(self, name: str, *, is_own: bool) -> Root | None:
        if self._roots is None:
            # Not with the rest: two milliseconds of each start, and most have nothing that was kept.
            from funcnodes_worker.runtime.code_roots import Roots, site_folders

            installed = site_folders() if self._installed is None else self._installed
            self._roots = Roots(self._since, self._scripts, installed)
        key = name, is_own
        if key not in self._found:
            self._found[key] = self._roots.of(name, is_own=is_own)
        return self._found[key]


def _hashed(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
