"""Modules that are imported when they are first used. Published as `funcnodes.LazyImport`."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any


class LazyImport(ModuleType):
    """A stand-in for a module: the first use of an attribute imports it and takes the stand-in's place."""

    def __init__(
        self,
        local_name: str,
        parent_module_globals: dict[str, Any],
        target: str,
        *,
        register_in_sys_modules: bool = False,
        register_alias: bool = False,
        install_hint: str | None = None,
    ) -> None:
        """Stand for module `target` under `local_name` in the namespace it is given.

        `register_in_sys_modules` makes `import target` find the stand-in, `register_alias` makes
        `import <parent>.<local_name>` find it; `install_hint` is said when the module is not there.
        """
        super().__init__(target)
        self._local_name = local_name
        self._parent = parent_module_globals
        self._target = target
        self._install_hint = install_hint
        self._module: ModuleType | None = None
        self._stands_for = [target] if register_in_sys_modules else []
        if register_alias and (parent := parent_module_globals.get("__name__")):
            self._stands_for.append(f"{parent}.{local_name}")
        for name in self._stands_for:
            sys.modules.setdefault(name, self)

    def load(self) -> ModuleType:
        """Return the module, imported now if it was not before."""
        if self._module is None:
            # The import must not find the stand-in itself.
            for name in self._stands_for:
                if sys.modules.get(name) is self:
                    del sys.modules[name]
            try:
                self._module = importlib.import_module(self._target)
            except ImportError as problem:
                if self._install_hint:
                    raise ImportError(f"{problem}; {self._install_hint}") from problem
                raise
            for name in self._stands_for:
                sys.modules.setdefault(name, self._module)
            self._parent[self._local_name] = self._module
        return self._module

    def is_loaded(self) -> bool:
        """Tell whether the module has been imported through this stand-in."""
        return self._module is not None

    def __getattr__(self, name: str) -> Any:
        """Return the module's attribute."""
        return getattr(self.load(), name)

    def __dir__(self) -> list[str]:
        """Return the module's names."""
        return dir(self.load())
