"""Shelves found in modules. Looking never installs anything."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from funcnodes_core.lib.modules import AVAILABLE_MODULES, InstalledModule, setup_module
from funcnodes_core.lib.shelf import Shelf, check_shelf
from funcnodes_core.node.node import Node

__all__ = ["find_shelf", "find_shelf_from_module", "module_to_shelf"]

Found = tuple[Shelf, dict[str, Any]]


def module_to_shelf(mod: ModuleType, name: str | None = None) -> Shelf:
    """Return the shelf that a module declares, else one with every concrete node class found in it."""
    entry = AVAILABLE_MODULES.get(mod.__name__)
    if entry is None:
        entry = InstalledModule(name=mod.__name__, module=mod)
    setup_module(entry)
    declared = entry.entry_points.get("shelf")
    if declared is not None:
        shelf = check_shelf(declared)
    else:
        shelf = check_shelf(Shelf(name=name or mod.__name__, nodes=_node_classes(mod)))
    if name is not None:
        shelf.name = name
    return shelf


def _node_classes(mod: ModuleType) -> list[type[Node]]:
    return [
        value
        for value in vars(mod).values()
        if isinstance(value, type) and issubclass(value, Node) and not inspect.isabstract(value)
    ]


def find_shelf_from_module(mod: str | Mapping[str, Any], args: Any = None) -> Found | None:
    """Return the shelf of a module, or None when there is no such module."""
    name = mod if isinstance(mod, str) else str(mod["module"])
    name = name.replace("-", "_")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            return None
        # It is there, and something that it needs is not: whoever asked must hear what.
        raise
    return module_to_shelf(module), {"module": name}


def find_shelf_from_path(path: str | Mapping[str, Any], args: Any = None) -> Found | None:
    """Return the shelf of a file or package folder."""
    said: dict[str, Any] = {"path": path} if isinstance(path, str) else dict(path)
    where = Path(said["path"]).expanduser().resolve()
    if said.get("module"):
        where = where / (str(said["module"]).replace("-", "_"))
    source = where / "__init__.py" if where.is_dir() else where
    if not source.exists():
        return None
    name = source.parent.name if source.name == "__init__.py" else source.stem
    spec = importlib.util.spec_from_file_location(name, source)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        # As an import does: half a module is no module.
        sys.modules.pop(name)
        if before is not None:
            sys.modules[name] = before
        raise
    return module_to_shelf(module), {**said, "module": name}


def _distribution_name(requirement: str) -> str:
    """Return the name at the head of a requirement; versions and sources behind it are the installer's."""
    found = re.match(r"\s*[\w.-]+", requirement)
    return found.group().strip() if found else requirement


def find_shelf(src: str | Mapping[str, Any], args: Any = None) -> Found | None:
    """Return the shelf that a name, a path or a description leads to, with how it was found, or None."""
    if isinstance(src, str):
        if src.startswith("pip://"):
            return find_shelf_from_module(_distribution_name(src.removeprefix("pip://")))
        if src.startswith("file://"):
            return find_shelf_from_path(src.removeprefix("file://"))
        return find_shelf_from_module(src)
    if "path" in src:
        return find_shelf_from_path(src)
    if "module" in src:
        return find_shelf_from_module(src)
    if "package" in src:
        return find_shelf_from_module(str(src["package"]))
    return cast("Found | None", None)
