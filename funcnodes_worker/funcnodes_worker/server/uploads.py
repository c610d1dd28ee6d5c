"""The published ways to upload: a form (`POST /upload/`) and a command with base64 (`upload`).

Both write beside the files and move what is whole into its place: a node that watches the folder sees no half
file, and a process that dies leaves none. Uploads that can be resumed are in `server/files`.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import TypeGuard

from aiohttp import hdrs, web
from aiohttp.http_exceptions import BadHttpMessage
from aiohttp.multipart import BodyPartReader

from funcnodes_worker.disk.inside import PathRefused
from funcnodes_worker.runtime.files import FileProblem, FilesFolder
from funcnodes_worker.runtime.incoming import Incoming, UploadRefused

_CHUNK = 1024 * 1024
_ABSOLUTE = r"""(?i)filename\*?\s*=\s*(?:[\w-]*'[\w-]*')?"?\s*(?:[/\\]|%2F|%5C)"""


async def store_uploads(
    request: web.Request, files: FilesFolder, incoming: Incoming, changed: Callable[[str], None]
) -> web.Response:
    """Return the answer to a form: the stored path, or the folder that several files share."""
    try:
        parts = await request.multipart()
        stored = [await _store(part, files, incoming) async for part in parts if _is_file(part)]
    except (PathRefused, FileProblem) as refused:
        return web.json_response({"error": str(refused)}, status=400)
    except UploadRefused as refused:
        return web.json_response({"error": str(refused)}, status=refused.status)
    except (ValueError, BadHttpMessage) as broken:
        return web.json_response({"error": f"the form cannot be read ({broken})"}, status=400)
    for path in stored:
        changed(path)
    if not stored:
        return web.json_response({"error": "the form holds no part 'file' with a file name"}, status=400)
    shared = stored[0] if len(stored) == 1 else _shared_folder(stored)
    return web.json_response({"file": shared, "success": True, "filename": PurePosixPath(shared).name})


async def store_at_once(data: bytes, path: str, files: FilesFolder, incoming: Incoming) -> str:
    """Return the path of a file whose bytes are all here."""

    def store() -> str:
        files.place_for(path)
        incoming.check_size(len(data))
        with incoming.draft() as draft:
            incoming.find_room(len(data))
            draft.write_bytes(data)
            return files.put(draft, path)

    return await asyncio.to_thread(store)


def _is_file(part: object) -> TypeGuard[BodyPartReader]:
    return isinstance(part, BodyPartReader) and part.name == "file" and bool(part.filename)


async def _store(part: BodyPartReader, files: FilesFolder, incoming: Incoming) -> str:
    name = part.filename or ""
    # aiohttp takes leading slashes off a name before we see it; what was sent stands in the header.
    if re.search(_ABSOLUTE, part.headers.get(hdrs.CONTENT_DISPOSITION, "")):
        raise PathRefused(f"/{name}", "it is absolute")
    await asyncio.to_thread(files.place_for, name)
    with incoming.draft() as draft:
        file = await asyncio.to_thread(draft.open, "wb")
        size = 0
        try:
            while chunk := await part.read_chunk(_CHUNK):
                size += len(chunk)
                incoming.check_size(size)
                await asyncio.to_thread(incoming.write, file, chunk)
        finally:
            await asyncio.to_thread(file.close)
        return await asyncio.to_thread(files.put, draft, name)


def _shared_folder(paths: list[str]) -> str:
    return os.path.commonpath([str(PurePosixPath(path).parent) for path in paths]) or "."
