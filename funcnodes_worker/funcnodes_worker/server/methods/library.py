"""Methods about node classes and the packages that bring them. Only the supervisor installs: these ask it."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import msgspec

from funcnodes_worker.rpc.dispatch import MethodTable, NoParams, Turn
from funcnodes_worker.rpc.errors import InvalidParams
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.runtime.module_list import read_list
from funcnodes_worker.server.context import CallContext

TABLE: MethodTable[CallContext] = MethodTable()
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NO_CONSTRAINT = re.compile(r"[<>=!~]*\s*latest")


@TABLE.method("get_library", Right.VIEW, NoParams)
async def get_library(context: CallContext, params: NoParams) -> msgspec.Raw:
    """Return all shelves with their node classes."""
    return msgspec.Raw(context.services.process.library.shelves)


@TABLE.method("get_available_modules", Right.VIEW, NoParams)
async def get_available_modules(context: CallContext, params: NoParams) -> dict[str, Any]:
    """Return the modules that are installed, those the worker was asked to have, and all others."""
    installed = list(context.services.process.library.modules)
    wanted = context.services.process.read_config().package_dependencies
    active = [module for module in installed if module["name"] in wanted]
    names = [module["name"] for module in installed]
    available = await asyncio.to_thread(read_list, context.services.process.module_list, names)
    return {"installed": installed, "active": active, "available": available}


class PackageToAdd(msgspec.Struct, frozen=True):
    """A package to install. The published flags are taken and mean nothing here."""

    name: str | None = None
    package: str | None = None
    version: str | None = None
    dep: Any = None
    save: bool | None = None
    sync: bool | None = None
    do_reload_base: bool | None = None


@TABLE.method("add_package_dependency", Right.INSTALL, PackageToAdd, Turn.LONG)
async def add_package_dependency(context: CallContext, params: PackageToAdd) -> None:
    """Return when the package is installed and its nodes can be used; progress is told to all meanwhile."""
    version = params.version
    if version is not None and _NO_CONSTRAINT.fullmatch(version.strip()):
        version = None
    await context.services.process.install(_package(params.name or params.package), version or None)


class PackageToRemove(msgspec.Struct, frozen=True):
    """A package to remove."""

    name: str | None = None
    package: str | None = None
    dep: Any = None
    save: bool | None = None


@TABLE.method("remove_package_dependency", Right.INSTALL, PackageToRemove, Turn.LONG)
async def remove_package_dependency(context: CallContext, params: PackageToRemove) -> None:
    """Return when the package is no longer among the worker's."""
    await context.services.process.remove(_package(params.name or params.package))


class ShelfDescriptor(msgspec.Struct, frozen=True):
    """A shelf by the old name of its package."""

    module: str
    package: str | None = None
    version: str | None = None
    path: str | None = None


class OldShelf(msgspec.Struct, frozen=True):
    """A shelf: the module that brings it, or its descriptor."""

    src: str | ShelfDescriptor
    save: bool | None = None


@TABLE.method("add_shelf", Right.INSTALL, OldShelf, Turn.LONG)
async def add_shelf(context: CallContext, params: OldShelf) -> bool:
    """Return True; the old name of `add_package_dependency`, for the package a module belongs to."""
    package, version = _package_of(params.src)
    await context.services.process.install(package, version)
    return True


@TABLE.method("remove_shelf", Right.INSTALL, OldShelf, Turn.LONG)
async def remove_shelf(context: CallContext, params: OldShelf) -> None:
    """Remove a module's package: the old name of `remove_package_dependency`."""
    await context.services.process.remove(_package_of(params.src)[0])


def _package_of(source: str | ShelfDescriptor) -> tuple[str, str | None]:
    shelf = ShelfDescriptor(source) if isinstance(source, str) else source
    if shelf.path is not None:
        raise InvalidParams(
            "a shelf is not loaded from a path: put the code into a package, or external workers into the "
            "worker's local_scripts"
        )
    return _package(shelf.package or shelf.module.replace("_", "-")), shelf.version


def _package(name: str | None) -> str:
    if name is None or not _NAME.fullmatch(name):
        raise InvalidParams(
            f"{name!r} is no name of a package; write it as in the registry, like 'funcnodes-numpy'"
        )
    return name
