"""Files over HTTP: listed, downloaded by Range, deleted; and uploads that can be resumed.

Owns the routes `/files/` and `/uploads/`. Uploads speak the tus protocol 1.0.0, its core and its extensions
creation, termination and expiration (https://tus.io/protocols/resumable-upload). What a path may be is
decided in `runtime/files`, what has come of an upload in `runtime/incoming`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import errno
import time
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from functools import cached_property
from typing import BinaryIO, cast

import msgspec
from aiohttp import hdrs, web

from funcnodes_worker.disk.atomic import sync_file
from funcnodes_worker.disk.inside import PathRefused
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.rpc.guarded import door
from funcnodes_worker.runtime.files import FileInTheWay, FileProblem, FilesFolder
from funcnodes_worker.runtime.incoming import KEPT_S, Incoming, Upload, UploadRefused, Wish
from funcnodes_worker.server.context import Services
from funcnodes_worker.server.ranges import FileByRange
from funcnodes_worker.server.uploads import store_uploads

TUS = "1.0.0"
EXTENSIONS = "creation,termination,expiration"
OFFSET_STREAM = "application/offset+octet-stream"
PIECE = 1024 * 1024
SYNC_BYTES = 64 * 1024 * 1024
"""How much may come before it is brought to the disk: a large file must not pile up in memory."""
_SHOWN = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif",
    ".webp": "image/webp", ".txt": "text/plain; charset=utf-8", ".csv": "text/plain; charset=utf-8",
}  # fmt: skip
"""What a browser may show. Everything else is bytes: a page or script would speak as one of ours."""

MAX_UPLOAD = 10 * 1024**3
"""Bytes of a file that may come, unless the settings say otherwise."""


SILENT_S = 20.0
"""How long an upload waits for its next bytes: until then nobody else can go on with it."""


def max_upload(settings: Mapping[str, object]) -> int:
    """Return how large a file may be by `uploads.max_bytes` of `config.json`."""
    given = _setting(settings, "max_bytes")
    return given if isinstance(given, int) and given > 0 else MAX_UPLOAD


def longest_silence(settings: Mapping[str, object]) -> float:
    """Return how many seconds an upload waits for bytes by `uploads.silent_s` of `config.json`."""
    given = _setting(settings, "silent_s")
    return float(given) if isinstance(given, int | float) and given > 0 else SILENT_S


def _setting(settings: Mapping[str, object], key: str) -> object:
    uploads = settings.get("uploads")
    given = cast("dict[str, object]", uploads).get(key) if isinstance(uploads, dict) else None
    return None if isinstance(given, bool) else given


class FileDoors:
    """The routes of files and uploads."""

    def __init__(self, services: Services, silent_s: float = SILENT_S) -> None:
        """Make the doors; no upload may be silent for longer."""
        self._services, self._silent_s = services, silent_s

    @cached_property
    def _files(self) -> FilesFolder:
        return FilesFolder(self._services.process.files)

    @property
    def _incoming(self) -> Incoming:
        return self._services.incoming

    def _changed(self, path: str) -> None:
        self._services.hub.event("files_changed", path=path)

    def add_to(self, app: web.Application) -> None:
        """Enter the routes; what a crash left behind is taken away when the server starts."""
        app.on_startup.append(self._tidy)
        app.router.add_get("/files/", self.list)
        app.router.add_get("/files/{path:.+}", self.download)
        app.router.add_delete("/files/{path:.+}", self.delete)
        app.router.add_post("/upload/", self.form)
        app.router.add_post("/uploads/", self.begin)
        app.router.add_head("/uploads/{upload}", self.ask)
        app.router.add_patch("/uploads/{upload}", self.go_on)
        app.router.add_delete("/uploads/{upload}", self.cancel)

    async def _tidy(self, app: web.Application) -> None:
        await asyncio.to_thread(self._incoming.tidy)

    # Files

    @door(Right.VIEW)
    async def list(self, request: web.Request) -> web.StreamResponse:
        """Return what is in a folder (`?folder=`), or in all (`?recursive=1`)."""
        folder, recursive = request.query.get("folder", ""), "recursive" in request.query

        async def answer() -> web.StreamResponse:
            listing = await asyncio.to_thread(self._files.list, folder, recursive)
            return web.Response(body=msgspec.json.encode(listing), content_type="application/json")

        return await _guarded(answer)

    @door(Right.VIEW)
    async def download(self, request: web.Request) -> web.StreamResponse:
        """Return a file, or the part of it that `Range` names."""

        async def answer() -> web.StreamResponse:
            file = await asyncio.to_thread(self._files.file, request.match_info["path"])
            shown = _SHOWN.get(file.suffix.lower())
            response = FileByRange(file, chunk_size=256 * 1024)
            response.content_type = "application/octet-stream"
            response.headers["Content-Security-Policy"] = "sandbox"
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers[hdrs.CACHE_CONTROL] = "private, no-cache"
            if shown is not None and "download" not in request.query:
                response.headers[hdrs.CONTENT_TYPE] = shown
            else:
                response.headers[hdrs.CONTENT_DISPOSITION] = "attachment"
            return response

        return await _guarded(answer)

    @door(Right.EDIT)
    async def delete(self, request: web.Request) -> web.StreamResponse:
        """Move a file to the trash; the answer says under which id it can be restored."""

        async def answer() -> web.StreamResponse:
            path = request.match_info["path"]
            trashed = await asyncio.to_thread(self._files.delete, path)
            self._changed(path)
            return web.Response(body=msgspec.json.encode(trashed), content_type="application/json")

        return await _guarded(answer)

    # Uploads

    @door(Right.EDIT, accepts="multipart/form-data")
    async def form(self, request: web.Request) -> web.StreamResponse:
        """Store the files of a form, as published clients send them."""
        return await _guarded(lambda: store_uploads(request, self._files, self._incoming, self._changed))

    @door(Right.EDIT, accepts=OFFSET_STREAM, header="Tus-Resumable")
    async def begin(self, request: web.Request) -> web.StreamResponse:
        """Make an upload from `Upload-Length` and `Upload-Metadata`; its address is in `Location`."""

        async def answer() -> web.StreamResponse:
            wish = _wish(request.headers)
            # Refused now, not after the last byte.
            await asyncio.to_thread(self._files.place_for, wish.path, wish.replace)
            upload = await asyncio.to_thread(self._incoming.begin, wish)
            if wish.length == 0:
                await self._finish(upload)
            # Relative to this address, so that it is true behind a relay as well.
            return web.Response(status=201, headers={hdrs.LOCATION: upload.id, **_tus(upload)})

        return await self._tus_answer(request, answer)

    @door(Right.EDIT)
    async def ask(self, request: web.Request) -> web.StreamResponse:
        """Say how much of an upload has come."""

        async def answer() -> web.StreamResponse:
            upload = await asyncio.to_thread(self._incoming.find, request.match_info["upload"])
            return web.Response(headers={**_tus(upload), hdrs.CACHE_CONTROL: "no-store"})

        return await self._tus_answer(request, answer)

    @door(Right.EDIT, accepts=OFFSET_STREAM)
    async def go_on(self, request: web.Request) -> web.StreamResponse:
        """Take bytes of an upload from `Upload-Offset` on; the last ones make it a file."""

        async def answer() -> web.StreamResponse:
            name = request.match_info["upload"]
            with self._incoming.writing(name):
                upload = await asyncio.to_thread(self._incoming.find, name)
                if request.headers.get("Upload-Offset") != str(upload.offset):
                    raise UploadRefused(409, f"this upload stands at {upload.offset}; go on from there")
                upload = await self._take(request, upload)
                if upload.offset == upload.wish.length:
                    await self._finish(upload)
            return web.Response(status=204, headers=_tus(upload))

        return await self._tus_answer(request, answer)

    @door(Right.EDIT, accepts=OFFSET_STREAM, header="Tus-Resumable")
    async def cancel(self, request: web.Request) -> web.StreamResponse:
        """Forget an upload."""

        async def answer() -> web.StreamResponse:
            name = request.match_info["upload"]
            with self._incoming.writing(name):
                upload = await asyncio.to_thread(self._incoming.find, name)
                await asyncio.to_thread(self._incoming.drop, upload.id)
            return web.Response(status=204, headers=_VERSION)

        return await self._tus_answer(request, answer)

    async def _tus_answer(
        self, request: web.Request, answer: Callable[[], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.headers.get("Tus-Resumable") != TUS:
            # No page of a stranger can send this header without being asked first.
            known = {
                "Tus-Version": TUS,
                "Tus-Extension": EXTENSIONS,
                "Tus-Max-Size": str(self._incoming.limit),
            }
            return _said(412, f"send the header 'Tus-Resumable: {TUS}'; nothing was changed", known)
        return await _guarded(answer)

    async def _take(self, request: web.Request, upload: Upload) -> Upload:
        file = await asyncio.to_thread(self._incoming.open, upload)
        try:
            taken = await self._write(request, upload, file)
        finally:
            await asyncio.to_thread(file.close)
        # Said to have come is only what a power cut would leave as well.
        await asyncio.to_thread(sync_file, upload.draft)
        return Upload(upload.id, upload.wish, upload.offset + taken, upload.draft)

    async def _write(self, request: web.Request, upload: Upload, file: BinaryIO) -> int:
        taken = unsynced = 0
        room = upload.wish.length - upload.offset
        while piece := await self._next_piece(request):
            if taken + len(piece) > room:
                raise UploadRefused(
                    413, f"this upload has {upload.wish.length} bytes, not more; send it anew"
                )
            await asyncio.to_thread(self._incoming.write, file, piece)
            taken += len(piece)
            unsynced += len(piece)
            if unsynced >= SYNC_BYTES:
                unsynced = 0
                await asyncio.to_thread(_sync, file, upload)
        return taken

    async def _next_piece(self, request: web.Request) -> bytes:
        """Return bytes that have come, empty at the end.

        A connection that only seems to stand would keep its own client from going on by another one.
        """
        try:
            async with asyncio.timeout(self._silent_s):
                return await request.content.read(PIECE)
        except TimeoutError:
            sentence = f"no bytes came for {self._silent_s:g} s; ask how much has come and go on from there"
            raise UploadRefused(408, sentence) from None

    async def _finish(self, upload: Upload) -> None:
        path = await asyncio.to_thread(self._files.put, upload.draft, upload.wish.path, upload.wish.replace)
        await asyncio.to_thread(self._incoming.drop, upload.id)
        self._changed(path)


def _sync(file: BinaryIO, upload: Upload) -> None:
    file.flush()
    sync_file(upload.draft)


_VERSION = {"Tus-Resumable": TUS}


def _tus(upload: Upload) -> dict[str, str]:
    return {
        **_VERSION,
        "Upload-Offset": str(upload.offset),
        "Upload-Length": str(upload.wish.length),
        "Upload-Expires": formatdate(time.time() + KEPT_S, usegmt=True),
    }


def _wish(headers: Mapping[str, str]) -> Wish:
    length = headers.get("Upload-Length", "")
    if not length.isascii() or not length.isdecimal() or len(length) > 18:
        raise UploadRefused(400, "'Upload-Length' says how many bytes the file has")
    metadata = _metadata(headers.get("Upload-Metadata", ""))
    path = metadata.get("path") or metadata.get("filename")
    if not path:
        raise UploadRefused(400, "'Upload-Metadata' holds 'path' or 'filename', in base64")
    return Wish(path, int(length), replace=metadata.get("replace") != "no")


def _metadata(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        key, _, value = pair.partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as bad:
            raise UploadRefused(400, f"'Upload-Metadata': the value of {key[:40]!r} is no base64") from bad
    return found


async def _guarded(answer: Callable[[], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    try:
        return await answer()
    except PathRefused as refused:
        return _said(400, str(refused))
    except FileInTheWay as problem:
        return _said(409, str(problem))
    except FileProblem as problem:
        return _said(404, str(problem))
    except UploadRefused as refused:
        return _said(refused.status, str(refused), _VERSION)
    except OSError as problem:
        if problem.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return _said(507, "the disk is full; what has come is kept, go on when there is room", _VERSION)


def _said(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response({"error": sentence}, status=status, headers=headers)
