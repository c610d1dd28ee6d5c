"""Methods of our own client: subscribing, editing by transaction, interrupting."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from funcnodes_core.document.edits import AddNode, Edit, SetDefault, SetProperty, SetValue
from funcnodes_core.document.filling import fill
from funcnodes_core.document.model import PortRecord
from msgspec import UNSET, Meta

from funcnodes_worker.rpc.dispatch import MethodTable, Turn
from funcnodes_worker.rpc.errors import InvalidParams
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.runtime.feed import PAUSE_S
from funcnodes_worker.server.client import MAX_AUTHOR, Client
from funcnodes_worker.server.context import CallContext, Services
from funcnodes_worker.server.node_ids import check_new_id
from funcnodes_worker.server.our_news import OurNews, document_json
from funcnodes_worker.server.places import check_places
from funcnodes_worker.server.quick_news import QuickNews
from funcnodes_worker.server.step_news import StepNews

TABLE: MethodTable[CallContext] = MethodTable()
_FEEDS_RATE = 1 / PAUSE_S
_MAX_RATE = 1000.0
_MAX_PATIENCE_S = 3600.0


class Since(msgspec.Struct, frozen=True):
    """What a client knows already."""

    epoch: str
    revision: int


class Subscription(msgspec.Struct, frozen=True):
    """What a client asks to hear."""

    since: Since | None = None
    author: str | None = None
    rate: Annotated[float, Meta(ge=0)] = 30.0
    """Feeds per second at most, up to 1000; 0 means every step of every run, in order."""


@TABLE.method("subscribe", Right.VIEW, Subscription)
async def subscribe(context: CallContext, params: Subscription) -> dict[str, Any]:
    """Return what was missed since, or the document; from now on the client hears edits and the feed.

    What node code changed, and what another start made of the document, is in no edit: then both are given.
    """
    services, client = context.services, context.client
    if params.author is not None:
        if not 0 < len(params.author) <= MAX_AUTHOR:
            raise InvalidParams(f"'author' has 1 to {MAX_AUTHOR} characters")
        client.author = params.author
    writer = services.writer
    missed = None
    if params.since is not None:
        missed = services.process.missed_since(params.since.epoch, params.since.revision)
    news = _news(services, client, params.rate)
    client.change_news(news)
    if isinstance(news, StepNews | QuickNews):
        news.begin()
    return {
        "epoch": services.process.epoch,
        "revision": writer.revision,
        "author": client.author,
        "document": None if missed is not None and missed.is_all else document_json(writer.document),
        "edits": None if missed is None else [news.shape(one) for one in missed.transactions],
        "feed": news.whole_feed(),
    }


def _news(services: Services, client: Client, rate: float) -> OurNews:
    if rate == 0:
        return StepNews(client, services)
    pace = max(0.1, min(rate, _MAX_RATE))
    if pace > _FEEDS_RATE:
        return QuickNews(client, services, pace)
    return OurNews(client, services.writer, services.board, services.writer.revision, pace)


class Edits(msgspec.Struct, frozen=True):
    """A transaction: all of these edits, or none."""

    edits: tuple[Edit, ...]


@TABLE.method("edit", Right.EDIT, Edits, Turn.EDIT)
async def edit(context: CallContext, params: Edits) -> dict[str, Any]:
    """Return the revision of the transaction."""
    if not params.edits:
        raise InvalidParams("'edits' is empty; name at least one edit")
    classes = context.services.process.library.classes
    edits = [_filled(_kept(one, context), classes) for one in params.edits]
    committed = await context.commit(edits)
    return {"revision": committed.revision}


def _kept(one: Edit, context: CallContext) -> Edit:
    if isinstance(one, SetValue | SetDefault) and one.value is not UNSET:
        return msgspec.structs.replace(one, value=context.kept(one.value))
    if isinstance(one, SetProperty):
        check_places({one.key: one.value})
    if isinstance(one, AddNode):
        check_new_id(one.node.id)
        check_places(one.node.properties)
        ports = {name: _kept_port(port, context) for name, port in one.node.ports.items()}
        return AddNode(msgspec.structs.replace(one.node, ports=ports), one.at)
    return one


def _kept_port(port: PortRecord, context: CallContext) -> PortRecord:
    if port.value is UNSET and port.default is UNSET:
        return port
    return msgspec.structs.replace(port, value=context.kept(port.value), default=context.kept(port.default))


def _filled(one: Edit, classes: Any) -> Edit:
    # A client may name just the class of a new node; its ports come from the library.
    if isinstance(one, AddNode) and one.node.class_id in classes:
        return AddNode(fill(one.node, classes[one.node.class_id]), one.at)
    return one


class RunToEnd(msgspec.Struct, frozen=True):
    """Whose run to end; whatever runs, without a node."""

    node: str | None = None


@TABLE.method("interrupt", Right.RUN, RunToEnd, Turn.URGENT)
async def interrupt(context: CallContext, params: RunToEnd) -> dict[str, Any]:
    """Return what was done to end the run."""
    return {"message": context.services.living.interrupt(params.node)}


class Patience(msgspec.Struct, frozen=True):
    """How long to wait."""

    limit_s: float = 60.0


@TABLE.method("wait_idle", Right.VIEW, Patience, Turn.LONG)
async def wait_idle(context: CallContext, params: Patience) -> None:
    """Return when all that was committed before has run; say with which node the limit passed."""
    if not 0 < params.limit_s <= _MAX_PATIENCE_S:
        raise InvalidParams(f"'limit_s' is above 0 and at most {_MAX_PATIENCE_S:g}")
    services = context.services
    await services.writer.wait_told()
    await services.graph.finish(services.living.wait_idle, params.limit_s)
    # What ran beside it of values that others gave meanwhile is told with their edits.
    await services.writer.wait_durable()
    await services.writer.wait_told()
