"""Values over HTTP: whole by mime and Range, windows of tables and arrays, images by size, or only the facts.

Owns the routes `/values/{node}/{port}` and what their addresses may ask for. How a value is cut and written
is decided in `runtime` (`values`, `windows`, `sources`, `pictures`), in the graph's thread.
"""

from __future__ import annotations

import asyncio
import importlib
import re

import msgspec
from aiohttp import hdrs, web
from multidict import MultiMapping

from funcnodes_worker.rpc.errors import GraphBusy, NotFound
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.rpc.guarded import door
from funcnodes_worker.runtime.pictures import NoPicture
from funcnodes_worker.runtime.sources import FORMATS, PIECE, NoSuchFormat, Source, words_of
from funcnodes_worker.runtime.values import CannotWrite, Reader
from funcnodes_worker.runtime.windows import ARROW, JSON, BadWindow, Span, Wish, has_arrow
from funcnodes_worker.server.context import Services, port_of
from funcnodes_worker.server.ranges import has_one_range

STALL_S = 60.0
"""How long a piece may wait for a client that reads nothing: the value it is of is held until then."""
_SAFE = (
    r"(image/(png|jpeg|gif|webp|bmp|avif)|audio/.*|video/.*|text/(plain|csv)|application/(json|x-npy|octet-stream)"
    r"|application/vnd\.apache\.arrow\.stream)"
)
"""What a browser shows without running it. An image as SVG, a page or a script is only ever downloaded."""
_QUESTIONS = frozenset(
    {"info", "rows", "columns", "column", "at", "width", "height", "format", "generation", "download"}
)


class ValueDoors:
    """The routes of values."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def add_to(self, app: web.Application) -> None:
        """Enter the routes."""
        app.router.add_get("/values/{node}/{port}", self.value)

    @door(Right.VIEW)
    async def value(self, request: web.Request) -> web.StreamResponse:
        """Return a port's value, or the part of it that the address asks for."""
        node, port = request.match_info["node"], request.match_info["port"]
        try:
            asked = read_question(request.query)
            port_of(self._services.writer.document, node, port)
        except NotFound as missing:
            return _said(404, str(missing))
        except BadQuestion as bad:
            return _said(400, str(bad))
        reader = self._services.reader()
        try:
            await reader.open(node, port)
            return await self._answer(request, asked, reader)
        except GraphBusy as busy:
            return _said(503, str(busy), {hdrs.RETRY_AFTER: "1"})
        except (BadWindow, NoPicture) as bad:
            return _said(400, str(bad))
        except NoSuchFormat as bad:
            return _said(406, str(bad))
        except CannotWrite as problem:
            return _said(422, str(problem))
        finally:
            reader.close()

    async def _answer(self, request: web.Request, asked: Question, reader: Reader) -> web.StreamResponse:
        if asked.generation not in (None, reader.generation):
            return _said(412, "the value has changed meanwhile; ask for its new generation")
        tag = f'"{reader.generation}.{_variant(request, asked)}"'
        if request.headers.get(hdrs.IF_NONE_MATCH) == tag:
            return web.Response(status=304, headers={hdrs.ETAG: tag})
        if asked.info:
            about = await reader.about()
            facts = {"generation": about.generation, **about.facts, "formats": words_of(about.formats)}
            return _written(JSON, msgspec.json.encode(facts), tag)
        if asked.window is not None:
            return await self._window(request, asked.window, reader, tag)
        if asked.size is not None:
            return _written(*await reader.picture(*asked.size), tag)
        return await _Whole(request, reader, tag).send(asked.mime, asked.download)

    async def _window(self, request: web.Request, wish: Wish, reader: Reader, tag: str) -> web.StreamResponse:
        as_arrow = ARROW in request.headers.get(hdrs.ACCEPT, "") and has_arrow()
        if as_arrow:
            # Its first import takes long, and the graph's thread has better to do.
            await asyncio.to_thread(importlib.import_module, "pyarrow")
        found = await reader.window(wish, as_arrow)
        if isinstance(found, bytes):
            return _written(ARROW, found, tag)
        return _written(JSON, msgspec.json.encode({"generation": reader.generation, **found}), tag)


class BadQuestion(ValueError):
    """Raised for an address that asks for something we do not know."""


class Question(msgspec.Struct, frozen=True):
    """What an address asks for."""

    info: bool = False
    window: Wish | None = None
    size: tuple[int, int] | None = None
    mime: str | None = None
    generation: str | None = None
    download: str | None = None


def read_question(query: MultiMapping[str]) -> Question:
    """Return what the query of an address asks for, or raise `BadQuestion`."""
    if unknown := sorted(set(query) - _QUESTIONS):
        raise BadQuestion(f"unknown: {unknown[0][:80]!r}; known are {', '.join(sorted(_QUESTIONS))}")
    word = query.get("format")
    if word is not None and word not in FORMATS:
        raise BadQuestion(f"there is no format {word[:80]!r}; there are {', '.join(FORMATS)}")
    return Question(
        info="info" in query,
        window=_wish(query),
        size=_size(query),
        mime=None if word is None else FORMATS[word],
        generation=query.get("generation"),
        download=query.get("download"),
    )


def _wish(query: MultiMapping[str]) -> Wish | None:
    if not {"rows", "columns", "column", "at"} & set(query):
        return None
    columns: Span | tuple[str, ...] = (0, None)
    if "column" in query:
        columns = tuple(query.getall("column"))
    elif "columns" in query:
        text = query["columns"]
        columns = _span(text) if ":" in text else tuple(text.split(","))
    at = tuple(_number(part) for part in query["at"].split(",") if part) if "at" in query else ()
    return Wish(_span(query.get("rows", "0:100")), columns, at)


def _span(text: str) -> Span:
    start, _, stop = text.partition(":")
    return _number(start or "0"), _number(stop) if stop else None


def _size(query: MultiMapping[str]) -> tuple[int, int] | None:
    if not {"width", "height"} & set(query):
        return None
    return _number(query.get("width", "0")), _number(query.get("height", "0"))


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise BadQuestion(f"{text[:80]!r} is no number; write rows as 0:100")
    return int(text)


def _variant(request: web.Request, asked: Question) -> str:
    """Return what of the headers decides the bytes: the address does the rest."""
    return "a" if asked.window is not None and ARROW in request.headers.get(hdrs.ACCEPT, "") else "v"


class _Whole:
    """One whole value on its way, in pieces: what waits is never more than one of them."""

    def __init__(self, request: web.Request, reader: Reader, tag: str) -> None:
        self._request, self._reader, self._tag = request, reader, tag

    async def send(self, mime: str | None, download: str | None) -> web.StreamResponse:
        source = await self._reader.source(mime or self._accepted())
        response = web.StreamResponse(headers=_headers(source.mime, self._tag, download))
        start, stop = 0, source.size or 0
        if source.size is not None:
            response.headers[hdrs.ACCEPT_RANGES] = "bytes"
            try:
                start, stop = self._range(source.size)
            except ValueError:
                return _said(
                    416, "the value has no such part", {hdrs.CONTENT_RANGE: f"bytes */{source.size}"}
                )
            response.content_length = stop - start
            if stop - start < source.size:
                response.set_status(206)
                response.headers[hdrs.CONTENT_RANGE] = f"bytes {start}-{stop - 1}/{source.size}"
        await response.prepare(self._request)
        if self._request.method == hdrs.METH_HEAD:
            return response
        try:
            await self._pieces(response, source, start, stop)
        # The head is gone already: only an end before the end can tell the client that this is not the whole.
        except Exception:
            if self._request.transport is not None:
                self._request.transport.abort()
            raise
        await response.write_eof()
        return response

    def _accepted(self) -> str | None:
        """Return the format the client prefers, where it names exactly one that we know."""
        accept = self._request.headers.get(hdrs.ACCEPT, "").split(";")[0].strip()
        return accept if accept in FORMATS.values() else None

    def _range(self, size: int) -> tuple[int, int]:
        condition = self._request.headers.get(hdrs.IF_RANGE)
        if condition is not None and condition != self._tag:
            return 0, size
        if not has_one_range(self._request):
            return 0, size
        start, stop, _ = (wanted := self._request.http_range).indices(size)
        if wanted.start is not None and size and start >= size:
            raise ValueError
        return start, stop

    async def _pieces(self, response: web.StreamResponse, source: Source, start: int, stop: int) -> None:
        if source.size is None:
            while piece := await self._reader.piece(source):
                await self._write(response, piece)
            return
        for at in range(start, stop, PIECE):
            await self._write(response, await self._reader.part(source, at, min(at + PIECE, stop)))

    async def _write(self, response: web.StreamResponse, piece: bytes) -> None:
        async with asyncio.timeout(STALL_S):
            await response.write(piece)


def _headers(mime: str, tag: str, download: str | None = None) -> dict[str, str]:
    safe = re.fullmatch(_SAFE, mime) is not None
    headers = {
        hdrs.CONTENT_TYPE: mime if safe else "application/octet-stream",
        hdrs.ETAG: tag,
        # What a node makes may be a page with scripts: it is never opened as one of ours.
        "Content-Security-Policy": "sandbox",
        "X-Content-Type-Options": "nosniff",
        hdrs.CACHE_CONTROL: "private, no-cache",
        hdrs.VARY: hdrs.ACCEPT,
    }
    if download is not None or not safe:
        name = "".join(sign if sign.isalnum() or sign in "._- " else "_" for sign in download or "value")
        headers[hdrs.CONTENT_DISPOSITION] = (
            f'attachment; filename="{name.encode("ascii", "replace").decode()}"'
        )
    return headers


def _written(mime: str, data: bytes, tag: str) -> web.Response:
    return web.Response(body=data, headers=_headers(mime, tag))


def _said(status: int, sentence: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": sentence}, status=status, headers=headers)
