"""Methods about the user's files: listing, renaming, deleting and bringing back. Uploads go over HTTP."""

from __future__ import annotations

import asyncio
import base64
import binascii

import msgspec

from funcnodes_worker.rpc.dispatch import MethodTable, NoParams, Turn
from funcnodes_worker.rpc.errors import InvalidParams
from funcnodes_worker.rpc.gate import Right
from funcnodes_worker.runtime.files import FilesFolder, Listed, Listing, Trashed
from funcnodes_worker.server.context import CallContext
from funcnodes_worker.server.uploads import store_at_once

TABLE: MethodTable[CallContext] = MethodTable()


class Folder(msgspec.Struct, frozen=True):
    """Which folder to look into."""

    folder: str = ""
    recursive: bool = False


@TABLE.method("list_files", Right.VIEW, Folder, Turn.LONG)
async def list_files(context: CallContext, params: Folder) -> Listing:
    """Return what is in a folder of the files: path, size, time of the last change."""
    return await asyncio.to_thread(_files(context).list, params.folder, params.recursive)


class Renaming(msgspec.Struct, frozen=True):
    """A file or folder and its new name; another of that name goes to the trash when it may be replaced."""

    path: str
    to: str
    replace: bool = False


@TABLE.method("rename_file", Right.EDIT, Renaming, Turn.LONG)
async def rename_file(context: CallContext, params: Renaming) -> Listed:
    """Return the file under its new name."""
    found = await asyncio.to_thread(_files(context).rename, params.path, params.to, params.replace)
    _tell(context, params.to)
    return found


class OneFile(msgspec.Struct, frozen=True):
    """A file or folder."""

    path: str


@TABLE.method("delete_file", Right.EDIT, OneFile, Turn.LONG)
async def delete_file(context: CallContext, params: OneFile) -> Trashed:
    """Return what was moved to the trash; `restore_file` with its id brings it back."""
    trashed = await asyncio.to_thread(_files(context).delete, params.path)
    _tell(context, params.path)
    return trashed


@TABLE.method("list_trash", Right.VIEW, NoParams, Turn.LONG)
async def list_trash(context: CallContext, params: NoParams) -> list[Trashed]:
    """Return what was deleted and can come back, the latest first."""
    return await asyncio.to_thread(_files(context).trashed)


class Restoring(msgspec.Struct, frozen=True):
    """Something in the trash, and where it goes if not to where it stood."""

    id: str
    to: str | None = None


@TABLE.method("restore_file", Right.EDIT, Restoring, Turn.LONG)
async def restore_file(context: CallContext, params: Restoring) -> Listed:
    """Return the file that came back."""
    found = await asyncio.to_thread(_files(context).restore, params.id, params.to)
    _tell(context, found.path)
    return found


@TABLE.method("empty_trash", Right.EDIT, NoParams, Turn.LONG)
async def empty_trash(context: CallContext, params: NoParams) -> int:
    """Return how many things are gone for good."""
    return await asyncio.to_thread(_files(context).empty)


class Sent(msgspec.Struct, frozen=True):
    """A file in base64, as published clients send it."""

    data: str
    filename: str


@TABLE.method("upload", Right.EDIT, Sent, Turn.LONG)
async def upload(context: CallContext, params: Sent) -> str:
    """Return the path of a file whose bytes came with the command."""
    try:
        data = base64.b64decode(params.data, validate=True)
    except (binascii.Error, ValueError) as bad:
        raise InvalidParams(f"'data' is no base64: {bad}") from bad
    files = _files(context)
    path = await store_at_once(data, params.filename, files, context.services.incoming)
    _tell(context, path)
    return path


def _files(context: CallContext) -> FilesFolder:
    return FilesFolder(context.services.process.files)


def _tell(context: CallContext, path: str) -> None:
    context.services.hub.event("files_changed", path=path)
