"""Methods about external workers: the classes modules bring, and their instances."""

from __future__ import annotations

from typing import Any

import msgspec

from funcnodes_worker.rpc.dispatch import MethodTable, NoParams, Turn
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.server.context import CallContext

TABLE: MethodTable[CallContext] = MethodTable()


@TABLE.method("get_worker_dependencies", Right.VIEW, NoParams)
async def get_worker_dependencies(context: CallContext, params: NoParams) -> list[dict[str, Any]]:
    """Return the classes of external workers with their instances, secrets left out."""
    # Who asks may just have made the folder of scripts.
    context.services.process.externals.stir()
    return [dict(one) for one in context.services.process.library.externals]


class ExternalClass(msgspec.Struct, frozen=True):
    """A class of external workers, as it is listed."""

    module: str
    cls_module: str
    cls_name: str


@TABLE.method("add_external_worker", Right.EDIT, ExternalClass, Turn.CHANGE)
async def add_external_worker(context: CallContext, params: ExternalClass) -> dict[str, Any]:
    """Return a new instance; its nodes are in the library."""
    return await context.services.process.externals.add(params.module, params.cls_module, params.cls_name)


class ExternalWorker(msgspec.Struct, frozen=True):
    """An instance of an external worker."""

    worker_id: str
    class_id: str


class ExternalChanges(ExternalWorker, frozen=True):
    """What to change of an instance; settings that are not named stay as they are."""

    name: str | None = None
    config: dict[str, Any] | None = None


@TABLE.method("update_external_worker", Right.EDIT, ExternalChanges, Turn.CHANGE)
async def update_external_worker(context: CallContext, params: ExternalChanges) -> None:
    """Name or set an instance."""
    which = (params.class_id, params.worker_id)
    externals = context.services.process.externals
    await externals.update(which, params.name, params.config, context.commit)


@TABLE.method("remove_external_worker", Right.EDIT, ExternalWorker, Turn.CHANGE)
async def remove_external_worker(context: CallContext, params: ExternalWorker) -> bool:
    """Return True; the instance has ended and its nodes are gone."""
    await context.services.process.externals.remove((params.class_id, params.worker_id), context.commit)
    return True


@TABLE.method("get_external_worker_config", Right.VIEW, ExternalWorker)
async def get_external_worker_config(context: CallContext, params: ExternalWorker) -> dict[str, Any]:
    """Return schema and present values of an instance's settings; a secret can be given, never read."""
    return await context.services.process.externals.form((params.class_id, params.worker_id))
