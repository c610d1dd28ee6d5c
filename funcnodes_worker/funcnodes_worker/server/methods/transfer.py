"""Methods about flows as files: `.fnw` out and in. Big ones go by `GET /export` and `POST /import`."""

from __future__ import annotations

import msgspec

from funcnodes_worker.rpc.dispatch import MethodTable, Turn
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.server.context import CallContext
from funcnodes_worker.server.transfer import Transfer

TABLE: MethodTable[CallContext] = MethodTable()


class ExportWish(msgspec.Struct, frozen=True):
    """What goes into the archive."""

    with_files: bool = True


@TABLE.method("export_worker", Right.EDIT, ExportWish, Turn.LONG)
async def export_worker(context: CallContext, params: ExportWish) -> str:
    """Return the flow as base64 text of a `.fnw` archive: no secret, no path of this machine, no person."""
    return await Transfer(context.services).export_text(with_files=params.with_files)


class Archive(msgspec.Struct, frozen=True):
    """A `.fnw` archive as base64 text."""

    data: str


@TABLE.method("update_from_export", Right.INSTALL, Archive, Turn.LONG)
async def update_from_export(context: CallContext, params: Archive) -> None:
    """Put the flow of an archive in the place of the present one: graph, files and packages.

    Refused archives change nothing; a package that fails is told by progress, the flow is there without it.
    """
    await Transfer(context.services).import_text(params.data, context.client.author)
