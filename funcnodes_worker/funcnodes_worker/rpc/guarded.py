"""The gate in front of every route of an aiohttp application, by construction.

Owns the middleware, CORS and the marks on handlers. A handler without a mark is refused, and an application
with such a route does not start, so a new route is guarded the day it appears (R1, R2, R3 of the security
floor).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

import msgspec
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from msgspec.structs import replace

from funcnodes_worker.rpc.gate import NOBODY, Caller, Gate, Presented, Refused, Right

CALLER: web.RequestKey[Caller] = web.RequestKey("caller", Caller)
_MARK = "__door__"
_SAFE = frozenset({"GET", "HEAD"})
_ALLOWED_HEADERS = "content-type, access-control-allow-origin, authorization"


class Door(msgspec.Struct, frozen=True):
    """What a route asks of whoever comes."""

    right: Right | None
    accepts: frozenset[str] = frozenset({"application/json"})
    """Content types of a body. Forms and plain text are what any page may post without being asked first."""
    leads_to: str = ""
    """The part of the path that names a worker, for a door that leads on to it: a token for that worker only
    opens it too."""
    header: str = ""
    """A header that makes up for the content type: no page may send it without being asked first."""
    reason: str = ""
    """Why it is open to all, for a door without a right."""


# Methods count too: their first parameter is their object.
HandlerT = TypeVar("HandlerT", bound=Callable[..., Awaitable[web.StreamResponse]])


def door(
    right: Right, *, accepts: str = "application/json", header: str = "", leads_to: str = ""
) -> Callable[[HandlerT], HandlerT]:
    """Return a decorator: the handler is called only for callers with this right."""

    def mark(handler: HandlerT) -> HandlerT:
        setattr(handler, _MARK, Door(right, frozenset({accepts}), leads_to, header))
        return handler

    return mark


def open_door(reason: str) -> Callable[[HandlerT], HandlerT]:
    """Return a decorator: the handler is open to all who come by a right Host and Origin, for this reason."""
    assert reason, "an open door needs its reason"

    def mark(handler: HandlerT) -> HandlerT:
        setattr(handler, _MARK, Door(None, reason=reason))
        return handler

    return mark


def guard(app: web.Application, gate: Gate) -> None:
    """Put the gate in front of every route of this application, those added later included."""

    async def check_routes(started: web.Application) -> None:
        for route in started.router.routes():
            assert door_of(route.handler) is not None, (
                f"{route.method} {route} has no door; see rpc/guarded.py"
            )

    app.middlewares.append(_middleware(gate))
    app.on_startup.append(check_routes)


def door_of(handler: object) -> Door | None:
    """Return the mark on a handler; a method of an object carries that of its function."""
    return cast("Door | None", getattr(handler, _MARK, None))


def caller_of(request: web.Request) -> Caller:
    """Return who sent this request. Only for handlers behind `guard`."""
    return request[CALLER]


def presented_by(request: web.Request) -> Presented:
    """Return the headers a verdict rests on."""
    return Presented(
        host=request.headers.get(hdrs.HOST, ""),
        origin=request.headers.get(hdrs.ORIGIN),
        authorization=request.headers.get(hdrs.AUTHORIZATION),
        cookies=request.cookies,
    )


def _middleware(gate: Gate) -> Middleware:
    @web.middleware
    async def pass_gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await _answer(gate, request, handler)
        except Refused as refused:
            response = web.json_response({"error": refused.sentence}, status=refused.status)
        except web.HTTPException as problem:
            _add_cors(gate, request, problem)
            raise
        if not response.prepared:
            _add_cors(gate, request, response)
        return response

    return pass_gate


async def _answer(gate: Gate, request: web.Request, handler: Handler) -> web.StreamResponse:
    presented = presented_by(request)
    if request.method == hdrs.METH_OPTIONS:
        gate.check_place(presented)
        return web.Response(status=204)
    entered = _door_of_match(request)
    if entered is not None and entered.right is None:
        gate.check_place(presented)
        _check_body(entered, request)
        request[CALLER] = NOBODY
        return await handler(request)
    if entered is not None and entered.leads_to:
        presented = replace(presented, worker=request.match_info[entered.leads_to])
    caller = gate.judge(presented)
    if entered is None:
        # A path that does not exist is answered by aiohttp; one that exists without a door is our mistake.
        if request.match_info.http_exception is not None:
            return await handler(request)
        raise Refused(403, "this route has no door, so nobody passes")
    assert entered.right is not None
    if not caller.may(entered.right):
        raise Refused(403, f"this needs the right {entered.right.value!r}")
    _check_body(entered, request)
    request[CALLER] = caller
    return await handler(request)


def _door_of_match(request: web.Request) -> Door | None:
    return door_of(request.match_info.handler)


def _check_body(entered: Door, request: web.Request) -> None:
    if entered.header and entered.header in request.headers:
        return
    # A body without a type counts as none we know: aiohttp calls it octets.
    kind = request.content_type if hdrs.CONTENT_TYPE in request.headers else ""
    if request.method not in _SAFE and kind not in entered.accepts:
        raise Refused(415, f"send {' or '.join(sorted(entered.accepts))}; nothing was changed")


def _add_cors(gate: Gate, request: web.Request, response: web.StreamResponse) -> None:
    origin = request.headers.get(hdrs.ORIGIN)
    response.headers[hdrs.VARY] = hdrs.ORIGIN
    try:
        gate.check_place(presented_by(request))
    except Refused:
        return
    if origin is None:
        return
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_CREDENTIALS] = "true"
    if request.method == hdrs.METH_OPTIONS:
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = "GET, POST"
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = _ALLOWED_HEADERS
        response.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = "600"
