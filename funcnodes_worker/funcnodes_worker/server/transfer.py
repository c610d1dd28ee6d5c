"""A flow as a file: made for an export, taken in by an import. The same for commands and for HTTP.

Owns the order of an import and its way back: judged whole, files beside their places, one edit for the
graph, then packages one by one. What fails before the edit leaves no trace; a package that fails is told and
the flow is there without it. Archives lie on disk, never whole in memory.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import shutil
from collections.abc import Generator
from pathlib import Path
from secrets import token_hex

import msgspec
from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from funcnodes_core.document.model import JsonValue
from funcnodes_core.document.transaction import transact

from funcnodes_worker.disk.atomic import write_atomically
from funcnodes_worker.disk.room import room_for_files
from funcnodes_worker.home.worker_config import PackageWish
from funcnodes_worker.rpc.errors import FlowHeld, InstallationFailed, InvalidParams
from funcnodes_worker.runtime.travel import (
    config_for_export,
    lock_for_export,
    packages_of,
    project_for_export,
)
from funcnodes_worker.server.context import Services
from funcnodes_worker.server.graph_files import checked, replacing
from funcnodes_worker.store.fnw import FnwRefused, Parcel, Unpacked, read_fnw, shown, unpack_files, write_fnw

_DRAFT = ".import-"
_LEFT_OVER = "import.json"
"""Packages of the last import that have yet to be asked for."""
_CHUNK = 1024 * 1024
MAX_IN_A_MESSAGE = 128 * 1024 * 1024
"""Larger archives go by `GET /export`: as text in a message they would be held in memory several times."""


class TooLargeForAMessage(InvalidParams):
    """Raised when an archive is to go out in a message and would not fit well."""

    def __init__(self, size: int) -> None:
        super().__init__(
            f"the archive has {size} bytes, more than a message should carry; get it by GET /export, "
            "or export it without files"
        )


class Transfer:
    """Exports and imports of one worker, one import at a time."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._process = services.process

    @property
    def _folder(self) -> Path:
        return self._process.files.parent

    @contextlib.contextmanager
    def draft(self) -> Generator[Path]:
        """Give the name of a file of ours beside the worker's; it is gone afterwards."""
        path = self._new_draft()
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _new_draft(self) -> Path:
        path = self._folder / f"{_DRAFT}{token_hex(8)}.fnw"
        # A flow holds what its user typed: nobody else on the machine is to read it on its way.
        path.touch(mode=0o600)
        return path

    def tidy(self) -> None:
        """Remove what a process that was killed has left. Called once, before anything comes or goes."""
        _sweep(self._folder)
        for left in self._folder.glob(f"{_DRAFT}*.fnw"):
            left.unlink(missing_ok=True)

    # Going out

    async def export_to(self, target: Path, *, with_files: bool) -> tuple[str, ...]:
        """Write the flow into a file; return what was left out."""
        process = self._process
        state = msgspec.json.encode(await process.portable(for_export=True))
        in_venv, folder = process.read_config().in_venv, self._folder
        project = _text(folder / "pyproject.toml") if in_venv else None
        config = msgspec.json.encode(config_for_export(process.read_config(), project))
        uv_lock = _text(folder / "uv.lock") if in_venv else None
        lock = lock_for_export(uv_lock, _text(folder / "pylock.toml"))
        said = project_for_export(project)
        files = process.files if with_files and process.files.is_dir() else None
        return await asyncio.to_thread(write_fnw, target, config, state, said, files, lock)

    async def export_text(self, *, with_files: bool) -> str:
        """Return the flow as base64 text."""
        with self.draft() as path:
            await self.export_to(path, with_files=with_files)
            size = path.stat().st_size
            if size > MAX_IN_A_MESSAGE:
                raise TooLargeForAMessage(size)
            return await asyncio.to_thread(lambda: base64.b64encode(path.read_bytes()).decode())

    # Coming in

    async def import_text(self, data: str, author: str) -> list[str]:
        """Take in a flow that came as base64 text; return what a user should know."""
        with self.draft() as path:
            try:
                await asyncio.to_thread(lambda: path.write_bytes(base64.b64decode(data, validate=True)))
            except ValueError as problem:
                raise InvalidParams(f"'data' is no base64 text ({problem}); nothing was changed") from problem
            return await self.import_from(path, author)

    async def import_from(self, path: Path, author: str) -> list[str]:
        """Take in a flow from a file; return what a user should know. What is refused changes nothing."""
        reason = self._process.hold_reason
        if reason is not None:
            raise FlowHeld("the import", reason)
        async with self._process.importing:
            hub = self._services.hub
            try:
                hub.progress("reading the file", "info", 0.0, blocking=True)
                parcel = await asyncio.to_thread(read_fnw, path, self._process.files)
                notes = await self._put_in_place(path, parcel, author)
                wishes, refused = packages_of(parcel.config, parcel.project)
                notes += [f"{one}: not installed" for one in refused]
                notes += await self._install(wishes)
                return notes
            finally:
                hub.progress("", "info", 1.0)
                hub.event("fullsync")

    async def _put_in_place(self, path: Path, parcel: Parcel, author: str) -> list[str]:
        large: list[JsonValue] = []
        unpacked = Unpacked()
        try:
            plan = replacing(checked(parcel.state), self._process, lambda value: self._keep(value, large))
            # Before the first file: what the rules refuse must leave no trace.
            writer = self._services.writer
            transact(writer.head, plan(writer.head))
            unpacked = await self._unpack(path, parcel)
            committed = await writer.submit(plan, author)
        except BaseException:
            unpacked.undo()
            for reference in large:
                self._process.release(reference)
            raise
        committed.answered.set()
        kept = unpacked.kept
        return [f"files of the same name were kept as {shown(kept)}"] if kept else []

    def _keep(self, value: JsonValue, large: list[JsonValue]) -> JsonValue:
        reference = self._process.reference(value)
        if reference is not value:
            large.append(reference)
        return reference

    async def _unpack(self, path: Path, parcel: Parcel) -> Unpacked:
        if not parcel.files:
            return Unpacked()
        loop, hub, files = asyncio.get_running_loop(), self._services.hub, self._process.files
        draft = self._folder / f"{_DRAFT}{token_hex(8)}"
        last = 0.0

        def told(fraction: float) -> None:
            nonlocal last
            if fraction - last >= 0.05:
                last = fraction
                loop.call_soon_threadsafe(hub.progress, "unpacking files", "info", 0.3 * fraction, True)

        await asyncio.to_thread(_sweep, self._folder)
        await asyncio.to_thread(files.mkdir, parents=True, exist_ok=True)
        return await asyncio.to_thread(unpack_files, path, parcel, files, draft, told)

    # Packages

    async def resume(self) -> None:
        """Go on with the packages of an import that a restart cut off: a package may need one."""
        wishes = self._left_over()
        if not wishes or self._process.hold_reason is not None:
            return
        async with self._process.importing:
            try:
                await self._install(wishes)
            finally:
                self._services.hub.progress("", "info", 1.0)

    async def _install(self, wishes: list[PackageWish]) -> list[str]:
        notes: list[str] = []
        present = self._process.read_config().package_dependencies
        for number, wish in enumerate(wishes):
            # Each is asked for once: one that ends the worker must not do so at every start.
            self._remember(wishes[number + 1 :])
            if wish.package in present and wish.version in (None, present[wish.package].version):
                continue
            said = f"installing {wish.package} ({number + 1} of {len(wishes)})"
            self._services.hub.progress(said, "info", 0.3 + 0.7 * number / len(wishes), blocking=True)
            try:
                await self._process.install(wish.package, wish.version)
            except InstallationFailed as failed:
                notes.append(f"{wish.package}: {failed}")
                self._services.hub.progress(f"{wish.package}: {failed}", "error", 0.0)
        return notes

    def _remember(self, wishes: list[PackageWish]) -> None:
        if wishes:
            write_atomically(self._folder / _LEFT_OVER, msgspec.json.encode(wishes))
        else:
            (self._folder / _LEFT_OVER).unlink(missing_ok=True)

    def _left_over(self) -> list[PackageWish]:
        try:
            return msgspec.json.decode((self._folder / _LEFT_OVER).read_bytes(), type=list[PackageWish])
        except (OSError, msgspec.MsgspecError):
            return []

    # HTTP

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Answer with the flow as a file, streamed from disk."""
        path = self._new_draft()
        try:
            with_files = request.query.get("files", "1") not in ("0", "false")
            await self.export_to(path, with_files=with_files)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        name = _file_name(self._process.read_config().name or self._process.uuid)
        return _Draft(
            path,
            chunk_size=_CHUNK,
            headers={
                hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}.fnw"',
                hdrs.CONTENT_TYPE: "application/zip",
                hdrs.CACHE_CONTROL: "no-store",
            },
        )

    async def receive(self, request: web.Request, author: str) -> web.Response:
        """Take in the flow that is the request's body."""
        with self.draft() as path:
            try:
                await self._store(request, path)
                notes = await self.import_from(path, author)
            except (FnwRefused, InvalidParams) as problem:
                return web.json_response({"error": str(problem)}, status=400)
            except FlowHeld as held:
                return web.json_response({"error": str(held)}, status=409)
            return web.json_response({"success": True, "notes": notes})

    async def _store(self, request: web.Request, path: Path) -> None:
        room = await asyncio.to_thread(room_for_files, self._folder)
        with path.open("wb") as file:
            size = 0
            async for chunk in request.content.iter_chunked(_CHUNK):
                size += len(chunk)
                if size > room:
                    raise FnwRefused(f"it has more than {room} bytes, for which there is room on the disk")
                await asyncio.to_thread(file.write, chunk)


class _Draft(web.FileResponse):
    """A file of ours that is gone when it was sent."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the file; aiohttp calls this when the handler is done."""
        try:
            return await super().prepare(request)
        finally:
            self._path.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove what an import that was killed has left; only one runs at a time."""
    for entry in folder.glob(f"{_DRAFT}*"):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _file_name(name: str) -> str:
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_ ") else "_" for c in name)
    return plain.strip() or "flow"
