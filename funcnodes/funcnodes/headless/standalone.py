"""A `.fnw` file and the worker it is edited in: found again, opened held, and written back as it is edited.

Owns the record beside the worker that says which file it belongs to. A file that another program changed
meanwhile is never overwritten.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from funcnodes_worker.disk.atomic import move, write_atomically
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.worker_config import change_worker_config
from funcnodes_worker.home.worker_home import WorkerHome

from funcnodes.client.address import finder
from funcnodes.client.asynchronous import AsyncWorker
from funcnodes.client.errors import ClientError
from funcnodes.client.happenings import Edited, Event
from funcnodes.client.opening import connect
from funcnodes.environment.as_made import EXACT, NONE, choose_versions, made_with
from funcnodes.headless.archive import TransferFailed, fetch_flow
from funcnodes.headless.opening import OpenWish, open_flow

RECORD = "standalone.json"
QUIET_S = 1.0
"""The file is written when nothing was edited for so long."""
LATEST_S = 10.0
"""And at the latest after so long."""
_PATIENCE_S = 24 * 3600.0


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Which worker a file is edited in."""

    uuid: str
    digests: tuple[str, ...]
    """SHA-256 of the file as it was read or written last; of the one being written, too."""
    keeps_settings: bool = False
    """Whether the file holds settings of external workers, which do not leave while the flow is held."""
    revision: int | None = None
    """Of the flow, as the file holds it; unknown until the worker was seen for the first time."""


@dataclass(frozen=True)
class StandaloneFlow:
    """A file and its worker."""

    file: Path
    home: WorkerHome
    is_new: bool
    """Whether the worker was made just now."""
    was_changed: bool
    """Whether the file is another than the one that was written last."""


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file, read in pieces."""
    found = hashlib.sha256()
    with file.open("rb") as opened:
        while piece := opened.read(1 << 20):
            found.update(piece)
    return found.hexdigest()


def read_record(base: Base) -> Record | None:
    """Return which worker the file of this base folder is edited in, if any."""
    try:
        return msgspec.json.decode((base.folder / RECORD).read_bytes(), type=Record)
    except (OSError, msgspec.MsgspecError):
        return None


def _write_record(base: Base, record: Record) -> None:
    write_atomically(base.folder / RECORD, msgspec.json.encode(record), mode=0o600)


async def take_up(
    base: Base, file: Path, *, in_venv: bool, port: int | None, versions: str = EXACT
) -> StandaloneFlow:
    """Return the worker of a file: the one it was edited in, or a new one that holds it."""
    digest = await asyncio.to_thread(digest_of, file)
    record = read_record(base)
    if record is not None and digest in record.digests:
        home = WorkerHome(base, record.uuid)
    else:
        home = WorkerHome(base, digest[:32])
    was_changed = record is not None and digest not in record.digests
    is_new = not home.config_file.exists()
    if is_new:
        # What a crash left of an opening that never came to its end.
        wish = OpenWish(
            file=file,
            name=file.stem,
            uuid=home.uuid,
            in_venv=in_venv,
            versions=versions,
            autostart="never",
        )
        opened = await open_flow(base, wish)
        keeps = opened.told.keeps_settings
        _write_record(base, Record(uuid=home.uuid, digests=(digest,), keeps_settings=keeps))
    elif made_with(home) is not None:
        # Never built yet: the choice of this opening counts, not of the one before.
        choose_versions(home, versions if in_venv else NONE)
    if port is not None:
        change_worker_config(home, lambda config: msgspec.structs.replace(config, port=port))
    return StandaloneFlow(file, home, is_new, was_changed)


class WriteBack:
    """Writes the flow into its file a moment after each edit.

    What is due is told by the revision alone, never by having heard of an edit: one that was made right
    before the end, or before a crash, comes into the file all the same.
    """

    def __init__(self, flow: StandaloneFlow, say: Callable[[str], None]) -> None:
        self._flow, self._say = flow, say
        self._base = flow.home.base
        self._find = finder(flow.home.uuid, self._base.folder, None)
        self._written = self._record().revision
        self._complaint = ""

    async def run(self) -> None:
        """Follow the worker until cancelled, through its restarts."""
        with contextlib.suppress(ClientError):
            line = connect(self._flow.home.uuid, base=self._base.folder, patience_s=_PATIENCE_S)
            async with line as worker, worker.listening() as heard:
                while True:
                    if self._is_due(worker):
                        await self._wait_quiet(heard)
                        await self._save(worker)
                    await heard.get()

    def _is_due(self, worker: AsyncWorker) -> bool:
        if self._written is None:
            # Just opened: the file is what the worker has.
            self._written = worker.revision
            _write_record(self._base, msgspec.structs.replace(self._record(), revision=worker.revision))
        return worker.revision != self._written

    def _record(self) -> Record:
        record = read_record(self._base)
        assert record is not None
        return record

    async def _wait_quiet(self, heard: asyncio.Queue[Event]) -> None:
        latest = time.monotonic() + LATEST_S
        with contextlib.suppress(TimeoutError):
            while (left := latest - time.monotonic()) > 0:
                async with asyncio.timeout(min(QUIET_S, left)):
                    while not isinstance(await heard.get(), Edited):
                        pass

    async def finish(self) -> None:
        """Write what was not written yet. Called while the worker still runs."""
        with contextlib.suppress(ClientError):
            async with connect(self._flow.home.uuid, base=self._base.folder, patience_s=1.0) as worker:
                if self._is_due(worker):
                    await self._save(worker)

    async def _save(self, worker: AsyncWorker) -> None:
        # The file may come to hold more than this: then it is written once more.
        revision, record = worker.revision, self._record()
        try:
            if record.keeps_settings and (await worker.call("get_trust"))["held"]:
                self._complain(
                    "the file is written once the flow is trusted; settings in it would be lost before"
                )
                return
            is_whole = await self._write(msgspec.structs.replace(record, revision=revision))
        except (OSError, TransferFailed, ClientError) as problem:
            self._complain(f"the file could not be written ({problem}); the edits are safe in the worker")
            return
        self._written = revision
        if is_whole:
            self._complaint = ""

    async def _write(self, record: Record) -> bool:
        """Return whether the flow came into its own file, not beside it."""
        file = self._flow.file
        draft = file.with_name(f".{file.name}.new")
        try:
            await fetch_flow(self._find, draft, with_files=True)
            present = await asyncio.to_thread(_digest_if_there, file)
            if present is not None and present not in record.digests:
                aside = file.with_name(f"{file.stem}.edited-{time.strftime('%Y%m%dT%H%M%S')}{file.suffix}")
                await asyncio.to_thread(move, draft, aside)
                self._complain(f"another program changed {file.name}; your edits are in {aside.name}")
                return False
            after = await asyncio.to_thread(digest_of, draft)
            # Both are known while the one takes the place of the other: a crash in between loses neither.
            known = tuple(dict.fromkeys((*record.digests[-1:], after)))
            _write_record(self._base, msgspec.structs.replace(record, digests=known))
            await asyncio.to_thread(_replace, draft, file)
            return True
        finally:
            await asyncio.to_thread(draft.unlink, missing_ok=True)

    def _complain(self, sentence: str) -> None:
        if sentence != self._complaint:
            self._complaint = sentence
            self._say(sentence)


def _digest_if_there(file: Path) -> str | None:
    try:
        return digest_of(file)
    except FileNotFoundError:
        return None


def _replace(draft: Path, file: Path) -> None:
    with contextlib.suppress(OSError):
        draft.chmod(file.stat().st_mode & 0o777)
    move(draft, file)
