"""Files that a client uploads, into the worker's files folder and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from secrets import token_hex

from aiohttp import BodyPartReader, web

from funcnodes_worker.disk.inside import PathRefused, inside

_CHUNK = 1024 * 1024


async def store_uploads(request: web.Request, folder: Path) -> web.Response:
    """Return the answer to an upload: the stored path, or the folder that several files share."""
    folder.mkdir(parents=True, exist_ok=True)
    stored: list[str] = []
    try:
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.name == "file" and part.filename:
                stored.append(await _store(part, folder))
    except PathRefused as refused:
        return web.json_response({"error": str(refused)}, status=400)
    if not stored:
        return web.json_response({"error": "the form holds no part 'file' with a file name"}, status=400)
    shared = stored[0] if len(stored) == 1 else _shared_folder(stored)
    return web.json_response({"file": shared, "success": True, "filename": PurePosixPath(shared).name})


async def _store(part: BodyPartReader, folder: Path) -> str:
    assert part.filename is not None
    target = inside(folder, part.filename)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Written beside its place and moved there whole: a node that watches the folder sees no half file.
    draft = target.with_name(f".upload-{token_hex(8)}")
    try:
        with draft.open("wb") as file:
            while chunk := await part.read_chunk(_CHUNK):
                file.write(chunk)
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    return target.relative_to(Path(os.path.realpath(folder))).as_posix()


def _shared_folder(paths: list[str]) -> str:
    return os.path.commonpath([str(PurePosixPath(path).parent) for path in paths]) or "."
