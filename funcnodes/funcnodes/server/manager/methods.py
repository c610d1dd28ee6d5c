"""All JSON-RPC methods of the manager on one page: name, parameters, right, handler.

Owns the page. What a method is asked with stands in `parameters`; what it does is the supervisor's.
"""

from __future__ import annotations

import asyncio
import sys

import msgspec
from funcnodes_worker.home.grants import shown_grant
from funcnodes_worker.home.limits import BadLimit, read_limits
from funcnodes_worker.home.worker_config import (
    DEFAULT_AUTOSTART,
    BadAutostart,
    WorkerConfigBroken,
    read_autostart,
)
from funcnodes_worker.home.worker_home import BadWorkerUuid
from funcnodes_worker.rpc import errors
from funcnodes_worker.rpc.dispatch import MethodTable, NoParams
from funcnodes_worker.rpc.dispatch import Turn as When
from funcnodes_worker.rpc.gate import Right

from funcnodes.environment.errors import EnvironmentProblem
from funcnodes.environment.request import Request, asked
from funcnodes.server.manager.client import Turn
from funcnodes.server.manager.logs import last_lines
from funcnodes.server.manager.parameters import (
    CatalogParams,
    ChangeParams,
    CloneParams,
    EndsParams,
    GrantParams,
    InstallParams,
    LimitsParams,
    LogParams,
    NewWorkerParams,
    OfWorker,
    RemoveParams,
    RepairParams,
    SettingsParams,
    StartParams,
    StopParams,
    UpgradeParams,
    WatchParams,
    WhichGrant,
)
from funcnodes.server.manager.shown_plan import shown_difference, shown_plan
from funcnodes.supervisor.ends import last_ends
from funcnodes.supervisor.errors import UnknownWorker, WishRefused
from funcnodes.supervisor.registry import NewWorker, WorkerExists

WISH_REFUSED = -32005
"""A worker did not do what it was told to; the message says why."""

CODES: errors.CodeTable = {
    UnknownWorker: errors.NOT_FOUND,
    WishRefused: WISH_REFUSED,
    EnvironmentProblem: errors.INSTALLATION_FAILED,
    WorkerExists: errors.INVALID_PARAMS,
    BadWorkerUuid: errors.INVALID_PARAMS,
    BadAutostart: errors.INVALID_PARAMS,
    BadLimit: errors.INVALID_PARAMS,
    WorkerConfigBroken: WISH_REFUSED,
    OSError: errors.INSTALLATION_FAILED,
}

TABLE: MethodTable[Turn] = MethodTable()


@TABLE.method("status", Right.VIEW, NoParams, When.URGENT)
async def status(turn: Turn, _params: NoParams) -> object:
    """Return all workers."""
    turn.office.supervisor.look_again()
    return {"workers": turn.office.supervisor.statuses()}


@TABLE.method("watch", Right.VIEW, NoParams)
async def watch(turn: Turn, _params: NoParams) -> object:
    """Return all workers, and from now on tell this client of every change and all progress."""
    turn.client.watches = True
    return {"workers": turn.office.supervisor.statuses()}


@TABLE.method("watch_figures", Right.VIEW, WatchParams)
async def watch_figures(turn: Turn, params: WatchParams) -> object:
    """Tell this client once a second what the workers use, or no more."""
    turn.client.watches_figures = params.on
    if params.on:
        turn.office.figures_watched()
    return {}


@TABLE.method("limits", Right.VIEW, OfWorker)
async def limits(turn: Turn, params: OfWorker) -> object:
    """Return what a worker may use: bytes, cores, files. What is not named is free."""
    return {"limits": msgspec.to_builtins(turn.office.supervisor.member(params.workerid).config.limits)}


@TABLE.method("set_limits", Right.ADMIN, LimitsParams)
async def set_limits(turn: Turn, params: LimitsParams) -> object:
    """Set what a worker may use; it counts at once, of one that runs too."""
    await turn.office.supervisor.change_settings(params.workerid, limits=read_limits(params.limits))
    return {}


@TABLE.method("update_worker", Right.ADMIN, SettingsParams)
async def update_worker(turn: Turn, params: SettingsParams) -> object:
    """Change a worker's name or policy, running or not; answered with both as they are now."""
    autostart = None if params.autostart is None else read_autostart(params.autostart)
    config = await turn.office.supervisor.change_settings(
        params.workerid, name=params.name, autostart=autostart
    )
    return {"name": config.name, "autostart": config.autostart}


@TABLE.method("identify", Right.VIEW, NoParams, When.URGENT)
async def identify(_turn: Turn, _params: NoParams) -> object:
    """Say who answers here."""
    return {"class": "WorkerManager", "py": sys.executable}


@TABLE.method("new_worker", Right.ADMIN, NewWorkerParams, When.LONG)
async def new_worker(turn: Turn, params: NewWorkerParams) -> object:
    """Make a worker and its environment; answered when that stands."""
    supervisor = turn.office.supervisor
    uuid = await supervisor.new_worker(
        NewWorker(
            name=params.name,
            uuid=params.uuid,
            in_venv=supervisor.default_in_venv if params.in_venv is None else params.in_venv,
            autostart=DEFAULT_AUTOSTART if params.autostart is None else read_autostart(params.autostart),
            reference=params.reference,
            copy_lib=params.copy_lib,
            copy_graph=params.copy_graph,
            python=params.python,
        )
    )
    return {"uuid": uuid}


@TABLE.method("pythons", Right.VIEW, NoParams, When.LONG)
async def pythons(turn: Turn, _params: NoParams) -> object:
    """Return the Pythons that a new worker can be given, the manager's own first."""
    found = await turn.office.supervisor.pythons()
    return {"pythons": [{"version": one.version, "minor": one.minor, "path": one.path} for one in found]}


@TABLE.method("clone_worker", Right.ADMIN, CloneParams, When.LONG)
async def clone_worker(turn: Turn, params: CloneParams) -> object:
    """Make a worker with the graph, files and environment of another; answered when it can be started."""
    supervisor = turn.office.supervisor
    return {"uuid": await supervisor.clone(params.workerid, params.name, with_files=params.with_files)}


@TABLE.method("start_worker", Right.ADMIN, StartParams, When.LONG)
async def start_worker(turn: Turn, params: StartParams) -> object:
    """Start a worker; answered when it runs. `safe`: its graph is opened without running."""
    await turn.office.supervisor.start(params.workerid, is_safe=params.safe)
    return {}


@TABLE.method("stop_worker", Right.ADMIN, OfWorker, When.LONG)
async def stop_worker(turn: Turn, params: OfWorker) -> object:
    """Stop a worker; answered when its process has ended."""
    await turn.office.supervisor.stop(params.workerid)
    return {}


@TABLE.method("restart_worker", Right.ADMIN, StartParams, When.LONG)
async def restart_worker(turn: Turn, params: StartParams) -> object:
    """Stop a worker and start it again; answered when it runs. `safe`: nothing in its graph runs."""
    await turn.office.supervisor.restart(params.workerid, is_safe=params.safe)
    return {}


@TABLE.method("ends", Right.VIEW, EndsParams)
async def ends(turn: Turn, params: EndsParams) -> object:
    """Return how a worker's processes ended, the last first: when, why, which node ran, what followed."""
    member = turn.office.supervisor.member(params.workerid)
    return {"ends": await asyncio.to_thread(last_ends, member.home, params.limit)}


@TABLE.method("logs", Right.EDIT, LogParams)
async def logs(turn: Turn, params: LogParams) -> object:
    """Return the last lines of a worker's log, running or not; `follow`: then each new one (`log`)."""
    return {"lines": await last_lines(turn.client, params.workerid, params.lines, params.follow)}


@TABLE.method("token_new", Right.ADMIN, GrantParams)
async def token_new(turn: Turn, params: GrantParams) -> object:
    """Make a token with less than all rights; it is shown in this answer and never again."""
    supervisor = turn.office.supervisor
    if params.worker is not None:
        supervisor.member(params.worker)
    grant, token = supervisor.access.grant(
        params.right, worker=params.worker, lasts_s=params.lasts_s, name=params.name
    )
    return {**shown_grant(grant), "token": token}


@TABLE.method("token_list", Right.ADMIN, NoParams)
async def token_list(turn: Turn, _params: NoParams) -> object:
    """Return the tokens that were given away, without the tokens themselves."""
    return {"tokens": [shown_grant(grant) for grant in turn.office.supervisor.access.grants()]}


@TABLE.method("token_revoke", Right.ADMIN, WhichGrant)
async def token_revoke(turn: Turn, params: WhichGrant) -> object:
    """End a token; its open connections are closed."""
    return {"found": turn.office.supervisor.access.withdraw(params.id)}


@TABLE.method("kill_worker", Right.ADMIN, OfWorker, When.LONG)
async def kill_worker(turn: Turn, params: OfWorker) -> object:
    """End a worker that does not answer, without asking it, and start it again with its graph."""
    await turn.office.supervisor.restart(params.workerid, by_force=True)
    return {}


@TABLE.method("delete_worker", Right.ADMIN, OfWorker, When.LONG)
async def delete_worker(turn: Turn, params: OfWorker) -> object:
    """Stop a worker and remove its folder; answered when it is gone."""
    await turn.office.supervisor.delete(params.workerid)
    return {}


@TABLE.method("install", Right.INSTALL, InstallParams, When.LONG)
async def install(turn: Turn, params: InstallParams) -> object:
    """Install a package into a worker; answered when it is there and loaded."""
    package = await _place(turn, params.package, params.version)
    await turn.office.supervisor.packages.install(params.workerid, package, params.version)
    return {}


@TABLE.method("remove", Right.INSTALL, RemoveParams, When.LONG)
async def remove(turn: Turn, params: RemoveParams) -> object:
    """Have a worker ask for a package no more; answered with what changed. It stays if others need it."""
    return shown_difference(await turn.office.supervisor.packages.remove(params.workerid, params.package))


@TABLE.method("plan", Right.INSTALL, ChangeParams, When.LONG)
async def plan(turn: Turn, params: ChangeParams) -> object:
    """Return what `apply` would do: what comes, changes and goes, or why it cannot; changes nothing."""
    request = await _request(turn, params)
    preview = await turn.office.supervisor.packages.preview(params.workerid, request)
    known = await asyncio.to_thread(turn.office.catalog.read)
    return shown_plan(preview, request, {module.name for module in known})


@TABLE.method("apply", Right.INSTALL, ChangeParams, When.LONG)
async def apply(turn: Turn, params: ChangeParams) -> object:
    """Do all that `plan` says or nothing; answered when the worker has it, with what changed."""
    return shown_difference(
        await turn.office.supervisor.packages.apply(params.workerid, await _request(turn, params))
    )


@TABLE.method("upgrade", Right.INSTALL, UpgradeParams, When.LONG)
async def upgrade(turn: Turn, params: UpgradeParams) -> object:
    """Bring packages to the newest releases that fit; answered when the worker has them: what changed."""
    request = asked(upgrade=params.packages)
    return shown_difference(await turn.office.supervisor.packages.apply(params.workerid, request))


@TABLE.method("repair", Right.INSTALL, RepairParams, When.LONG)
async def repair(turn: Turn, params: RepairParams) -> object:
    """Build a worker's environment once more, as its lock says; answered with what was damaged."""
    packages = turn.office.supervisor.packages
    repaired = await packages.repair(params.workerid, versions=params.versions)
    return {"damaged": repaired.damaged}


async def _place(turn: Turn, package: str, version: str | None) -> str:
    """Return the folder of a module of this machine, unless a version is wanted; else the name as it is."""
    place = None if version else await asyncio.to_thread(turn.office.catalog.place_of, package)
    return place or package


async def _request(turn: Turn, params: ChangeParams) -> Request:
    install = [
        (await _place(turn, wanted.package, wanted.version), wanted.version) for wanted in params.install
    ]
    upgrade = [] if params.upgrade is False else None if params.upgrade is True else params.upgrade
    return asked(install, params.remove, upgrade, may_link=True)


@TABLE.method("catalog", Right.VIEW, CatalogParams, When.LONG)
async def catalog(turn: Turn, params: CatalogParams) -> object:
    """Return the modules that can be installed, that are installed, and that the worker was asked to have."""
    catalog, supervisor = turn.office.catalog, turn.office.supervisor
    available = await asyncio.to_thread(catalog.read)
    if not available:
        await catalog.refresh()
        available = await asyncio.to_thread(catalog.read)
    installed, active = await supervisor.packages.modules(params.workerid)
    return {
        "available": available,
        "installed": installed,
        "active": active,
        "statement": catalog.statement,
    }


@TABLE.method("stop", Right.ADMIN, StopParams, When.URGENT)
async def stop(turn: Turn, params: StopParams) -> object:
    """End the manager; its workers go on unless they are to end too."""
    turn.office.request_stop(params.workers)
    return {}
