"""Methods about the worker itself: who it is, its settings, its end, its log."""

from __future__ import annotations

import asyncio
import base64
import os
from pathlib import Path
from typing import Any, Literal

import msgspec

import funcnodes_core
from funcnodes_worker.home.worker_config import WorkerConfig, read_autostart
from funcnodes_worker.rpc.dispatch import MethodTable, NoParams, Turn
from funcnodes_worker.rpc.errors import InvalidParams, NotFound
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.runtime.library_loader import Plugin
from funcnodes_worker.server.context import CallContext

TABLE: MethodTable[CallContext] = MethodTable()
_MAX_NAME = 200
_MAX_LOG_BYTES = 1024 * 1024


@TABLE.method("uuid", Right.VIEW, NoParams, Turn.URGENT)
async def get_uuid(context: CallContext, params: NoParams) -> str:
    """Return the worker's id. Its manager asks this to see whom it talks to."""
    return context.services.process.uuid


@TABLE.method("name", Right.VIEW, NoParams)
async def get_name(context: CallContext, params: NoParams) -> str:
    """Return the worker's name, or its id when it has none."""
    return context.services.process.read_config().name or context.services.process.uuid


@TABLE.method("get_meta", Right.VIEW, NoParams)
async def get_meta(context: CallContext, params: NoParams) -> dict[str, Any]:
    """Return the id of the graph and the version that runs it."""
    meta = context.document.surroundings.get("meta", {})
    return {"id": meta.get("id", ""), "version": funcnodes_core.__version__}


@TABLE.method("get_runstate", Right.VIEW, NoParams, Turn.URGENT)
async def get_runstate(context: CallContext, params: NoParams) -> str:
    """Return the word for what the worker does."""
    return context.services.process.run_word


@TABLE.method("heartbeat", Right.VIEW, NoParams, Turn.URGENT)
async def heartbeat(context: CallContext, params: NoParams) -> None:
    """Hear that a client needs the worker; one that requires it (`required_heartbeat`) stops without."""
    context.services.process.heartbeat()


@TABLE.method("get_config", Right.VIEW, NoParams)
async def get_config(context: CallContext, params: NoParams) -> dict[str, Any]:
    """Return the worker's settings in the published form."""
    return _shown(context, context.services.process.read_config())


class ConfigChanges(msgspec.Struct, frozen=True):
    """Settings that a client may change."""

    name: str | None = None
    autostart: str | bool | None = None
    update_on_startup: dict[str, bool] | None = None


@TABLE.method("update_worker_config", Right.ADMIN, ConfigChanges)
async def update_worker_config(context: CallContext, params: ConfigChanges) -> dict[str, Any]:
    """Return the settings after the given ones were changed."""
    changes: dict[str, Any] = {}
    if params.name is not None:
        changes["name"] = _checked_name(params.name)
    if params.autostart is not None:
        try:
            changes["autostart"] = read_autostart(params.autostart)
        except ValueError as problem:
            raise InvalidParams(str(problem)) from problem
    if params.update_on_startup is not None:
        before = context.services.process.read_config().update_on_startup
        changes["update_on_startup"] = {**before, **params.update_on_startup}
    shown = _shown(context, context.services.process.change_config(changes))
    # Other windows read the settings again; the published names have no word for it.
    context.services.hub.event("config_update")
    return shown


def _checked_name(name: str) -> str:
    if not 0 < len(name.strip()) <= _MAX_NAME:
        raise InvalidParams(f"the name of a worker has 1 to {_MAX_NAME} characters; nothing was changed")
    return name


def _shown(context: CallContext, config: WorkerConfig) -> dict[str, Any]:
    shown = config.as_json()
    if shown.get("data_path") is None:
        shown["data_path"] = str(context.services.process.log_file.parent)
    return shown


@TABLE.method("stop_worker", Right.ADMIN, NoParams, Turn.URGENT)
async def stop_worker(context: CallContext, params: NoParams) -> bool:
    """Return True; the worker saves and ends."""
    context.services.process.request_stop()
    return True


class WhichPlugins(msgspec.Struct, frozen=True):
    """The kind of plugin that is asked for."""

    type: Literal["react"]


@TABLE.method("get_plugin_keys", Right.VIEW, WhichPlugins)
async def get_plugin_keys(context: CallContext, params: WhichPlugins) -> list[str]:
    """Return the keys of the browser plugins that modules bring: the names of their packages."""
    return sorted(context.services.process.library.plugins)


class WhichPlugin(WhichPlugins, frozen=True, kw_only=True):
    """A plugin, by its key."""

    key: str


@TABLE.method("get_plugin", Right.VIEW, WhichPlugin)
async def get_plugin(context: CallContext, params: WhichPlugin) -> dict[str, Any]:
    """Return the code of a browser plugin, each file as base64."""
    plugin = context.services.process.library.plugins.get(params.key)
    if plugin is None:
        raise NotFound(f"there is no plugin {params.key[:80]!r}; ask get_plugin_keys for those there are")
    return await asyncio.to_thread(_read_plugin, params.key, plugin)


def _read_plugin(key: str, plugin: Plugin) -> dict[str, Any]:
    # The paths come from a module that runs here anyway, never from a client.
    try:
        return {
            "module": _base64(plugin.module) if plugin.module is not None else "",
            "js": [_base64(file) for file in plugin.js],
            "css": [_base64(file) for file in plugin.css],
        }
    except OSError as problem:
        raise NotFound(
            f"a file of the plugin {key!r} cannot be read ({problem.strerror}); install its package again"
        ) from problem


def _base64(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()


class LogWish(msgspec.Struct, frozen=True):
    """How much of the log is asked for."""

    lines: int = 200
    follow: bool | None = None
    """True: new lines are told from now on, as the worker's event `log`. False: no more."""


@TABLE.method("logs", Right.EDIT, LogWish, Turn.URGENT)
async def logs(context: CallContext, params: LogWish) -> dict[str, Any]:
    """Return the last lines of the worker's log; new ones are told as they come to a client that follows."""
    if params.follow is not None:
        context.services.hub.follow_log(context.client, wants=params.follow)
    return {"lines": _tail(context.services.process.log_file, max(0, min(params.lines, 10_000)))}


def _tail(file: Path, lines: int) -> list[str]:
    try:
        with file.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - _MAX_LOG_BYTES))
            content = log.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    return content.splitlines()[-lines:] if lines else []
