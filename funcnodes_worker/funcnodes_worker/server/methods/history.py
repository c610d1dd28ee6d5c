"""Methods about the history: what was done, undo, redo, the graph of an earlier revision."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from funcnodes_core.document.history import Line
from msgspec import Meta

from funcnodes_worker.rpc.dispatch import MethodTable, Turn
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.runtime.history import turned_by
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
    if (made := context.made_before()) is not None:
        step, title = turned_by(made.entry)
        return {"revision": made.entry.revision, "undone": step, "title": title}
    author = context.client.author
    committed, step, title = await context.services.history.undo(
        author, None if params.all else author, params.revision, context.mark
    )
    context.made(committed)
    return {"revision": committed.revision, "undone": step, "title": title}


class RedoWish(msgspec.Struct, frozen=True):
    """Whose undone step to do again: one's own, or with `all` that of anybody."""

    all: bool = False


@TABLE.method("redo", Right.EDIT, RedoWish, Turn.ALONE)
async def redo(context: CallContext, params: RedoWish) -> dict[str, Any]:
    """Return the revision that does again what was undone last, as long as nothing new was done since."""
    if (made := context.made_before()) is not None:
        step, title = turned_by(made.entry)
        return {"revision": made.entry.revision, "redone": step, "title": title}
    author = context.client.author
    of = None if params.all else author
    committed, step, title = await context.services.history.redo(author, of, context.mark)
    context.made(committed)
    return {"revision": committed.revision, "redone": step, "title": title}


class RestoreWish(msgspec.Struct, frozen=True):
    """Which graph to bring back."""

    revision: _Revision
    epoch: str | None = None


@TABLE.method("restore", Right.EDIT, RestoreWish, Turn.ALONE)
async def restore(context: CallContext, params: RestoreWish) -> dict[str, Any]:
    """Return the revision at which the graph is as it was at an earlier one. It can be undone like any."""
    if (made := context.made_before()) is not None:
        return {"revision": made.entry.revision, "restored": params.revision}
    author, history = context.client.author, context.services.history
    committed = await history.restore(author, params.revision, params.epoch, context.mark)
    context.made(committed)
    return {"revision": committed.revision, "restored": params.revision}
