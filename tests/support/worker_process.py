"""A real worker process for tests: a base folder of its own, auth on, packages with metadata on its path."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import importlib.metadata
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import aiohttp
from funcnodes_core.document.model import Classes, Document
from funcnodes_core.lib.library import Library
from funcnodes_worker.home.base import Base, prepare_base
from funcnodes_worker.home.token import read_or_make_token
from funcnodes_worker.home.trust import TrustRecord, vouch
from funcnodes_worker.home.worker_config import (
    PackageWish,
    WorkerConfig,
    read_worker_config,
    write_worker_config,
)
from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.runtime.library_loader import LibraryLoader
from msgspec import convert

from tests.support import warm_start
from tests.support.processes import program_environment
from tests.support.store_check import assert_disk_equals, document_of, opened_copy
from tests.support.warm_start import WarmProcess

PACKAGES = Path(__file__).with_name("packages")
LIMIT_S = 30.0


class Answer(Exception):
    """An error that the worker answered."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.kind: str = error["data"]["kind"]


@dataclass
class WorkerClient:
    """A connection. JSON-RPC by `call`, the published envelope by `cmd`; everything pushed is kept."""

    socket: aiohttp.ClientWebSocketResponse
    pushed: list[Any] = field(default_factory=list[Any])
    binary: list[bytes] = field(default_factory=list[bytes])
    _answers: dict[Any, asyncio.Future[dict[str, Any]]] = field(default_factory=dict[Any, Any])
    _number: int = 0
    _grown: asyncio.Event = field(default_factory=asyncio.Event)
    opening: list[Any] = field(default_factory=list[Any])
    """What the answer to `subscribe` told: values and states that were there before are not told again."""

    async def listen(self) -> None:
        """Sort what comes in, until the connection ends."""
        async for frame in self.socket:
            if frame.type is aiohttp.WSMsgType.BINARY:
                self.binary.append(frame.data)
            else:
                self._sort(json.loads(frame.data))
            self._grown.set()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(ConnectionError(f"closed with {self.socket.close_code}"))
        self._grown.set()

    def _sort(self, message: Any) -> None:
        answer = cast("dict[str, Any]", message) if isinstance(message, dict) else {}
        waiting = self._answers.pop(answer.get("id"), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)
        else:
            self.pushed.append(message)

    async def wait_for(self, found: Callable[[WorkerClient], Any], limit_s: float = LIMIT_S) -> Any:
        """Return the first true answer of `found`, asked whenever something came in."""
        async with asyncio.timeout(limit_s):
            while not (answer := found(self)):
                self._grown.clear()
                await self._grown.wait()
            return answer

    def begin(self, message: dict[str, Any]) -> asyncio.Future[dict[str, Any]]:
        """Return the future of an answer; the message still has to be sent."""
        self._number += 1
        message["id"] = f"t-{self._number}"
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[message["id"]] = future
        return future

    async def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return the whole answer to a message."""
        future = self.begin(message)
        await self.socket.send_str(json.dumps(message))
        return await asyncio.wait_for(future, LIMIT_S)

    async def call(self, method: str, /, **params: Any) -> Any:
        """Return the result of a JSON-RPC call, or raise `Answer`."""
        answer = await self.ask({"jsonrpc": "2.0", "method": method, "params": params})
        if "error" in answer:
            raise Answer(answer["error"])
        return answer["result"]

    async def cmd(self, name: str, /, **kwargs: Any) -> Any:
        """Return the result of a published command; an `error` is returned whole."""
        answer = await self.ask({"type": "cmd", "cmd": name, "kwargs": kwargs})
        return answer if answer["type"] == "error" else answer["result"]

    # What our own client hears, folded together

    def notifications(self, method: str) -> list[Any]:
        """Return the parameters of all notifications of this name."""
        return [one["params"] for one in self.pushed if isinstance(one, dict) and one.get("method") == method]

    def value(self, node: str, port: str) -> Any:
        """Return the latest value told of a port."""
        for feed in reversed(self.opening + self.notifications("feed")):
            if port in feed["values"].get(node, {}):
                preview = feed["values"][node][port]
                return preview and preview.get("value")
        return None

    def state(self, node: str) -> dict[str, Any]:
        """Return the latest state told of a node."""
        for feed in reversed(self.opening + self.notifications("feed")):
            if node in feed["states"]:
                return feed["states"][node]
        return {}

    def events(self, name: str) -> list[Any]:
        """Return the data of all published events of this name."""
        return [one["data"] for one in self.pushed if one.get("event") == name]


@dataclass
class WorkerProcess:
    """A worker program that runs."""

    base: Base
    uuid: str
    process: asyncio.subprocess.Process | WarmProcess

    @property
    def home(self) -> WorkerHome:
        """Where its files are."""
        return WorkerHome(self.base, self.uuid)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return read_worker_config(self.home).port or 0

    @property
    def address(self) -> str:
        """Its address over HTTP."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def bearer(self) -> dict[str, str]:
        """The header that lets in."""
        return {"Authorization": f"Bearer {read_or_make_token(self.base)}"}

    @contextlib.asynccontextmanager
    async def connect(self, subscribe: bool = False, query: str = "") -> AsyncGenerator[WorkerClient]:
        """Give a client of this worker."""
        async with (
            aiohttp.ClientSession(headers=self.bearer) as http,
            http.ws_connect(f"{self.address}/{query}", max_msg_size=0) as socket,
        ):
            client = WorkerClient(socket)
            listening = asyncio.create_task(client.listen())
            try:
                if subscribe:
                    client.opening = [(await client.call("subscribe"))["feed"]]
                yield client
            finally:
                await socket.close()
                await asyncio.gather(listening, return_exceptions=True)

    async def wait_ready(self, limit_s: float = 60.0) -> None:
        """Return when it says that it runs."""
        async with asyncio.timeout(limit_s):
            while not (_exists(self.home.runstate_file) and self.home.runstate_file.read_text() == "running"):
                if self.process.returncode is not None:
                    raise AssertionError(f"the worker ended with {self.process.returncode}:\n{self.log()}")
                # A file of another process has no event to wait for.
                await asyncio.sleep(0.01)

    def log(self) -> str:
        """Return its log."""
        return self.home.log_file.read_text() if self.home.log_file.exists() else ""

    async def end(self, number: signal.Signals = signal.SIGTERM, limit_s: float = 10.0) -> int:
        """Send a signal and return the exit status."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(limit_s):
            return await self.process.wait()


def _exists(path: Path) -> bool:
    return path.exists()


def make_worker(folder: Path, packages: Sequence[str] = ("funcnodes-lab",), name: str = "lab") -> WorkerHome:
    """Return the home of a new worker in a base folder of its own."""
    base = Base(folder / "base")
    prepare_base(base)
    read_or_make_token(base)
    home = WorkerHome(base, f"{name}_0123456789abcdef")
    wishes = {package: PackageWish(package) for package in packages}
    write_worker_config(home, WorkerConfig(uuid=home.uuid, name=name, package_dependencies=wishes))
    vouch(home, TrustRecord())
    return home


def put_nodespace(home: WorkerHome, saved: Any) -> None:
    """Put a saved graph into the folder of a worker that has not started yet, and trust it."""
    content = json.dumps(saved).encode()
    home.folder.mkdir(parents=True, exist_ok=True)
    home.nodespace_file.write_bytes(content)
    vouch(home, TrustRecord(snapshot=hashlib.sha256(content).hexdigest()))


def packages_as_installed(folder: Path, name: str = "funcnodes-basic") -> str:
    """Return what `PYTHONPATH` says where a package of ours is installed, beside those of the tests.

    In a checkout it is linked: a worker imports what watches linked modules, and wakes up when they change.
    """
    distribution = importlib.metadata.distribution(name)
    place = folder / "installed" / f"{name.replace('-', '_')}-{distribution.version}.dist-info"
    place.mkdir(parents=True)
    for file in ("METADATA", "entry_points.txt"):
        (place / file).write_text(distribution.read_text(file) or "")
    return os.pathsep.join(map(str, (PACKAGES, place.parent)))


async def spawn(
    home: WorkerHome,
    *arguments: str,
    supervised: bool = False,
    packages: Path | str = PACKAGES,
    is_forked: bool = warm_start.IS_POSSIBLE,
) -> WorkerProcess:
    """Return the process of a worker, ready.

    A forked one has imported everything before it begins. Whoever asserts or measures how long a start takes,
    what a worker holds in memory or what it imports asks for one that is not: its command starts it.
    """
    environment = program_environment()
    environment["PYTHONPATH"] = str(packages)
    extra = arguments if supervised else (*arguments, "--no-supervisor")
    words = ("--base", str(home.base.folder), "--uuid", home.uuid, *extra)
    process = (
        warm_start.nest().start(words, environment) if is_forked else await _by_command(words, environment)
    )
    worker = WorkerProcess(home.base, home.uuid, process)
    try:
        await worker.wait_ready()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    return worker


async def _by_command(words: Sequence[str], environment: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-X", "faulthandler", "-m", "funcnodes_worker.process.main", *words,
        env=environment, stdin=asyncio.subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


@contextlib.asynccontextmanager
async def running_worker(
    folder: Path,
    packages: Sequence[str] = ("funcnodes-lab",),
    *arguments: str,
    is_forked: bool = warm_start.IS_POSSIBLE,
) -> AsyncGenerator[WorkerProcess]:
    """Give a fresh worker; at the end what is on disk is compared with what it showed, then it is stopped."""
    async with running(make_worker(folder, packages), *arguments, is_forked=is_forked) as worker:
        yield worker


@contextlib.asynccontextmanager
async def running(
    home: WorkerHome,
    *arguments: str,
    is_compared: bool = True,
    is_forked: bool = warm_start.IS_POSSIBLE,
) -> AsyncGenerator[WorkerProcess]:
    """Give the worker of this home, as `running_worker` does.

    Only nodes of the package `funcnodes-lab` and the basic ones can be compared.
    """
    worker = await spawn(home, *arguments, is_forked=is_forked)
    try:
        yield worker
        if is_compared:
            await assert_disk_is_the_graph(worker)
        assert await worker.end() == 0, worker.log()
    finally:
        if worker.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.process.pid, signal.SIGKILL)
            await worker.process.wait()


async def assert_disk_is_the_graph(worker: WorkerProcess) -> None:
    """Fail unless snapshot and journal, loaded afresh, give the document the living worker shows."""
    if worker.process.returncode is not None:
        return
    async with worker.connect() as client:
        async with asyncio.timeout(LIMIT_S):
            shown = (await client.call("subscribe"))["document"]
            while True:
                # What was observed since the last edit goes into the snapshot only.
                await client.call("save")
                before, shown = shown, (await client.call("subscribe"))["document"]
                if before == shown:
                    break  # Otherwise a node noted something meanwhile that the snapshot may not hold.
    document = convert(shown, Document)
    assert_disk_equals(document, worker.home.folder, classes_of_lab())


@functools.cache
def classes_of_lab() -> Classes:
    """Return the node classes of the test packages and of the basic nodes, loaded into this process."""
    sys.path.append(str(PACKAGES))
    try:
        loader = LibraryLoader(Library())
        loader.load(["funcnodes-basic", "funcnodes-lab"])
        return loader.classes()
    finally:
        sys.path.remove(str(PACKAGES))


def document_on_disk(home: WorkerHome) -> Document:
    """Return the document a worker would start with now."""
    with opened_copy(home.folder) as opened:
        return document_of(opened, classes_of_lab())
