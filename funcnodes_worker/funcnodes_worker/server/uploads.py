"""Files that a client uploads, into the worker's files folder and nowhere else."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path, PurePosixPath
from secrets import token_hex
from typing import TypeGuard

from aiohttp import BodyPartReader, hdrs, web

from funcnodes_worker.disk.atomic import move, sync_file
from funcnodes_worker.disk.inside import PathRefused, inside

_CHUNK = 1024 * 1024
_ABSOLUTE = re.compile(r"""filename\*?\s*=\s*(?:[\w-]*'[\w-]*')?"?\s*(?:[/\\]|%2F|%5C)""", re.IGNORECASE)


async def store_uploads(request: web.Request, folder: Path) -> web.Response:
    """Return the answer to an upload: the stored path, or the folder that several files share."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    try:
        parts = await request.multipart()
        stored = [await _store(part, folder) async for part in parts if _is_file(part)]
    except PathRefused as refused:
        return web.json_response({"error": str(refused)}, status=400)
    if not stored:
        return web.json_response({"error": "the form holds no part 'file' with a file name"}, status=400)
    shared = stored[0] if len(stored) == 1 else _shared_folder(stored)
    return web.json_response({"file": shared, "success": True, "filename": PurePosixPath(shared).name})


def _is_file(part: object) -> TypeGuard[BodyPartReader]:
    return isinstance(part, BodyPartReader) and part.name == "file" and bool(part.filename)


async def _store(part: BodyPartReader, folder: Path) -> str:
    name = part.filename or ""
    # aiohttp takes leading slashes off a name before we see it; what was sent stands in the header.
    if _ABSOLUTE.search(part.headers.get(hdrs.CONTENT_DISPOSITION, "")):
        raise PathRefused(f"/{name}", "it is absolute")
    # Written beside its place and moved there whole: a node that watches the folder sees no half file.
    draft = folder / f".upload-{token_hex(8)}"
    try:
        target = inside(folder, name)
        file = await asyncio.to_thread(draft.open, "wb")
        try:
            while chunk := await part.read_chunk(_CHUNK):
                await asyncio.to_thread(file.write, chunk)
        finally:
            await asyncio.to_thread(file.close)
        await asyncio.to_thread(_move, draft, target)
    finally:
        draft.unlink(missing_ok=True)
    return PurePosixPath(name).as_posix()


def _move(draft: Path, target: Path) -> None:
    sync_file(draft)
    target.parent.mkdir(parents=True, exist_ok=True)
    move(draft, target)


def _shared_folder(paths: list[str]) -> str:
    return os.path.commonpath([str(PurePosixPath(path).parent) for path in paths]) or "."
