"""Installed modules: found by their entry points, imported only when something of them is wanted.

Owns `AVAILABLE_MODULES` and how a module is set up when it is first used: plugin setup, setup plugins,
render options, then what is declared by attributes in place of entry points. A module that fails does not
break the others.
"""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

from funcnodes_core.lib.render import update_render_options

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint, PackageMetadata

__all__ = [
    "AVAILABLE_MODULES",
    "PLUGIN_FUNCTIONS",
    "BasePlugin",
    "InstalledModule",
    "get_installed_modules",
    "register_setup_plugin",
    "setup",
    "setup_module",
]

GROUP = "funcnodes.module"
_ATTRIBUTES = {
    "shelf": ("NODE_SHELF", "NODE_SHELFE"),
    "react_plugin": ("REACT_PLUGIN",),
    "external_worker": ("FUNCNODES_WORKER_CLASSES",),
    "render_options": ("FUNCNODES_RENDER_OPTIONS",),
    "plugin_setup": ("FUNCNODES_PLUGIN_SETUP",),
}
_logger = logging.getLogger("funcnodes.modules")
_MISSING = object()


class Unloaded:
    """An entry point that nobody has asked for yet."""

    def __init__(self, entry: EntryPoint) -> None:
        self._entry = entry

    def load(self) -> Any:
        """Import what it names."""
        return self._entry.load()


class LazyEntries(dict[str, Any]):
    """The entry points of a module by key. Reading one imports it and sets the module up."""

    def __init__(self, owner: InstalledModule) -> None:
        super().__init__()
        self._owner = owner

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if isinstance(value, Unloaded):
            value = value.load()
            self[key] = value
        if key != "plugin_setup":
            setup_module(self._owner)
            value = super().__getitem__(key)
        return value

    def get(self, key: str, default: Any = None) -> Any:
        """Return an entry, or `default` when there is none, also none by attribute."""
        if key not in self and key != "plugin_setup":
            setup_module(self._owner)
        if key not in self:
            return default
        return self[key]

    def peek(self, key: str, default: Any = None) -> Any:
        """Return what is there without setting the module up; an entry point is loaded."""
        value = super().get(key, default)
        return value.load() if isinstance(value, Unloaded) else value

    def items(self) -> Any:
        """Return keys and loaded entries."""
        return [(key, self[key]) for key in self]

    def values(self) -> Any:
        """Return the loaded entries."""
        return [self[key] for key in self]


@dataclass(eq=False)
class InstalledModule:
    """One installed package that brings nodes."""

    name: str
    module: ModuleType | None = None
    description: str | None = None
    version: str = ""
    plugins: list[Any] = field(default_factory=list[Any])
    render_options: dict[str, Any] | None = None
    is_set_up: bool = False

    def __post_init__(self) -> None:
        self.entry_points = LazyEntries(self)

    def load(self) -> ModuleType:
        """Return the imported package."""
        if self.module is None:
            self.module = importlib.import_module(self.name)
        return self.module

    @property
    def rep_dict(self) -> dict[str, Any]:
        """The module as plain data, without importing it."""
        return {
            "name": self.name,
            "description": self.description,
            "entry_points": list(self.entry_points.keys()),
            "version": self.version,
            "plugins": [str(plugin) for plugin in self.plugins],
            "render_options": self.render_options is not None,
        }

    def _repr_json_(self) -> dict[str, Any]:
        return self.rep_dict

    def __str__(self) -> str:
        return f"InstalledModule({self.name} {self.version})"


class BasePlugin:
    """Something that another package adds to a module."""


AVAILABLE_MODULES: dict[str, InstalledModule] = {}
"""All installed modules by import name; filled by `setup()`."""

PLUGIN_FUNCTIONS: dict[str, Callable[[InstalledModule], Any]] = {}
"""What is called with each module when it is set up, one function per defining Python module."""


def register_setup_plugin(plugin_function: Callable[[InstalledModule], Any]) -> None:
    """Call a function with every module that is set up, those that are already included."""
    PLUGIN_FUNCTIONS[plugin_function.__module__] = plugin_function
    for entry in AVAILABLE_MODULES.values():
        if entry.is_set_up:
            _try(entry, "setup plugin", lambda entry=entry: plugin_function(entry))


def get_installed_modules(
    named_objects: dict[str, InstalledModule] | None = None,
    among: Iterable[Distribution] | None = None,
) -> dict[str, InstalledModule]:
    """Return all installed modules from the metadata of their distributions; nothing is imported.

    With `among` only these distributions are asked: who has looked for them already need not look twice.
    """
    found: dict[str, InstalledModule] = {} if named_objects is None else named_objects
    for about, entry in _entries(among):
        name = entry.value.split(":")[0].split(".")[0]
        known = found.get(name)
        if known is None:
            known = found[name] = InstalledModule(name=name)
        known.version = about["Version"]
        known.description = about["Summary"]
        known.module = known.module or sys.modules.get(name)
        if dict.get(known.entry_points, entry.name) is None:
            known.entry_points[entry.name] = Unloaded(entry)
    return found


def _entries(among: Iterable[Distribution] | None) -> Iterator[tuple[PackageMetadata, EntryPoint]]:
    """Yield the entry points of modules, each with its package's metadata, which are parsed at every look."""
    # Reading metadata is needed by those who look for modules, not by everybody who imports us.
    from importlib.metadata import distributions

    seen: set[str] = set()
    for distribution in distributions() if among is None else among:
        entries = [entry for entry in distribution.entry_points if entry.group == GROUP]
        if not entries:
            continue
        about = distribution.metadata
        name = about["Name"]
        # One that stands twice is imported from the first place of `sys.path`; the other is hidden by it.
        if name not in seen:
            seen.add(name)
            yield from ((about, entry) for entry in entries)


def setup() -> dict[str, InstalledModule]:
    """Fill `AVAILABLE_MODULES` from what is installed, and return it."""
    get_installed_modules(AVAILABLE_MODULES)
    for entry in tuple(AVAILABLE_MODULES.values()):
        # What only brings a plugin has no shelf that would ask for its setup.
        if "plugin_setup" in entry.entry_points:
            setup_module(entry)
    return AVAILABLE_MODULES


def setup_module(entry: InstalledModule) -> bool:
    """Set a module up, once; return whether it could be imported."""
    if entry.is_set_up:
        return True
    module = _try(entry, "import", entry.load)
    if module is None:
        return False
    entry.is_set_up = True
    plugin_setup = _try(entry, "plugin_setup", lambda: _entry_or_attribute(entry, module, "plugin_setup"))
    if callable(plugin_setup):
        _try(entry, "plugin_setup", plugin_setup)
    for function in tuple(PLUGIN_FUNCTIONS.values()):
        _try(entry, "setup plugin", lambda function=function: function(entry))
    options = _try(entry, "render_options", lambda: _entry_or_attribute(entry, module, "render_options"))
    if isinstance(options, dict):
        entry.render_options = options
        update_render_options(options)
    for key in ("external_worker", "shelf", "react_plugin"):
        _try(entry, key, lambda key=key: _entry_or_attribute(entry, module, key))
    return True


def _entry_or_attribute(entry: InstalledModule, module: ModuleType, key: str) -> Any:
    """Return an entry point's object, else the module's attribute for it, which is written back."""
    value = entry.entry_points.peek(key, _MISSING)
    if value is _MISSING:
        for attribute in _ATTRIBUTES[key]:
            value = getattr(module, attribute, _MISSING)
            if value is not _MISSING:
                break
    if value is _MISSING:
        return None
    entry.entry_points[key] = value
    return value


def _try(entry: InstalledModule, what: str, action: Callable[[], Any]) -> Any:
    try:
        return action()
    except Exception:  # a module's own code may fail in any way; the others go on
        _logger.exception("%s of module %s failed; the other modules are not affected", what, entry.name)
        return None
