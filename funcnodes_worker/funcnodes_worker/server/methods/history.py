"""Methods about the history: what was done, undo, redo, the graph of an earlier revision."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from funcnodes_core.document.history import Line
from msgspec import Meta

from funcnodes_worker.rpc.dispatch import MethodTable, Turn
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.server.context import CallContext

TABLE: MethodTable[CallContext] = MethodTable()

# The journal counts them in SQLite's integers.
_Revision = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Page(msgspec.Struct, frozen=True):
    """Which part of the history is asked for: `limit` lines before a revision, by default the newest."""

    before: int | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    author: str | None = None
    epoch: str | None = None
    """An earlier line of history, by default the current one."""


@TABLE.method("history", Right.VIEW, Page)
async def history(context: CallContext, params: Page) -> dict[str, Any]:
    """Return what was done, newest first, and the lines of history there are."""
    services = context.services
    lines, more = await services.history.page(params.before, params.limit, params.author, params.epoch)
    return {
        "epoch": params.epoch or services.process.epoch,
        "revision": services.writer.revision,
        "steps": [_shape(line) for line in lines],
        "more": more,
        "epochs": [
            {
                "epoch": one.epoch,
                "begun": one.begun,
                "reason": one.reason,
                "first": one.first,
                "last": one.last,
                "current": one.is_current,
            }
            for one in await services.history.lines()
        ],
    }


def _shape(line: Line) -> dict[str, Any]:
    return {
        "revision": line.revision,
        "first": line.first,
        "time": line.time,
        "author": line.author,
        "title": line.title,
        "kind": line.kind,
        "undone": line.is_undone,
    }


class UndoWish(msgspec.Struct, frozen=True):
    """Whose last step to undo: one's own, or with `all` that of anybody; or the step of a revision."""

    all: bool = False
    revision: _Revision | None = None


@TABLE.method("undo", Right.EDIT, UndoWish, Turn.ALONE)
async def undo(context: CallContext, params: UndoWish) -> dict[str, Any]:
    """Return the revision that undoes a step; refused when somebody's later change builds on it."""
    author = context.client.author
    committed, step, title = await context.services.history.undo(
        author, None if params.all else author, params.revision
    )
    context.made(committed)
    return {"revision": committed.revision, "undone": step, "title": title}


class RedoWish(msgspec.Struct, frozen=True):
    """Whose undone step to do again: one's own, or with `all` that of anybody."""

    all: bool = False


@TABLE.method("redo", Right.EDIT, RedoWish, Turn.ALONE)
async def redo(context: CallContext, params: RedoWish) -> dict[str, Any]:
    """Return the revision that does again what was undone last, as long as nothing new was done since."""
    author = context.client.author
    committed, step, title = await context.services.history.redo(author, None if params.all else author)
    context.made(committed)
    return {"revision": committed.revision, "redone": step, "title": title}


class RestoreWish(msgspec.Struct, frozen=True):
    """Which graph to bring back."""

    revision: _Revision
    epoch: str | None = None


@TABLE.method("restore", Right.EDIT, RestoreWish, Turn.ALONE)
async def restore(context: CallContext, params: RestoreWish) -> dict[str, Any]:
    """Return the revision at which the graph is as it was at an earlier one. It can be undone like any."""
    services = context.services
    committed = await services.history.restore(context.client.author, params.revision, params.epoch)
    context.made(committed)
    return {"revision": committed.revision, "restored": params.revision}
