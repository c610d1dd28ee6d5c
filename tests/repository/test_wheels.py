"""The five wheels, without a checkout: an empty environment, one command, and the story over the socket.

A worker made this way must run the very wheels its manager runs, and nothing of the checkout.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import websockets
from funcnodes.environment.manifest import OURS
from funcnodes.environment.state import python_in
from funcnodes.environment.uv import find_uv

from tests.support.processes import kill_all_of, make_base, processes_of, program_environment

pytestmark = [pytest.mark.registry, pytest.mark.timeout(240)]

ROOT = Path(__file__).resolve().parents[2]
BUNDLED = (ROOT / "funcnodes_react_flow" / "package.json").exists()


def uv(*arguments: str | Path, cwd: Path = ROOT) -> str:
    program = find_uv()
    assert program is not None
    command = [program, *map(str, arguments)]
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{' '.join(command)}\n{ended.stderr}"
    return ended.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What `uv build --all-packages` makes."""
    folder = tmp_path_factory.mktemp("wheels")
    uv("build", "--all-packages", "--wheel", "--python", sys.executable, "--out-dir", folder)
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that was empty before."""
    venv = tmp_path_factory.mktemp("installed") / "venv"
    uv("venv", "--quiet", "--python", sys.executable, venv, cwd=venv.parent)
    uv("pip", "install", "--quiet", "--python", venv, *wheels, cwd=venv.parent)
    return python_in(venv)


def test_five_wheels_are_built(wheels: list[Path]) -> None:
    names = [wheel.name.partition("-")[0].replace("_", "-") for wheel in wheels]

    assert names == sorted(OURS)
    assert {wheel.name.split("-", 1)[1] for wheel in wheels} == {"3.0.0-py3-none-any.whl"}


@pytest.mark.skipif(not BUNDLED, reason="there is no browser editor in this checkout yet")
def test_the_editor_is_in_its_wheel(wheels: list[Path]) -> None:
    wheel = next(wheel for wheel in wheels if wheel.name.startswith("funcnodes_react_flow"))
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    assert "funcnodes_react_flow/static/index.html" in names
    assert not [name for name in names if name.endswith((".ts", ".tsx"))]


def test_nothing_but_our_packages_lands_in_the_environment(wheels: list[Path]) -> None:
    """No `tests`, no `src`, no build hook at the top of site-packages."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            tops = {name.partition("/")[0] for name in archive.namelist()}
        package = wheel.name.partition("-")[0]
        assert tops == {package, f"{package}-3.0.0.dist-info"}


class Line:
    """A JSON-RPC conversation over one socket; what comes unasked is passed over."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self._socket = socket
        self._number = 0

    async def call(self, method: str, **params: Any) -> Any:
        self._number += 1
        request = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        await self._socket.send(json.dumps(request))
        async with asyncio.timeout(90):
            while True:
                frame = await self._socket.recv()
                answer = json.loads(frame) if isinstance(frame, str) else {}  # bytes are previews
                if answer.get("id") == self._number:
                    assert "error" not in answer, answer
                    return answer["result"]


@contextlib.asynccontextmanager
async def line_to(base: Path, host: str, port: int) -> AsyncIterator[Line]:
    headers = {"Authorization": f"Bearer {(base / 'token').read_text().strip()}"}
    async with websockets.connect(
        f"ws://{host}:{port}/", additional_headers=headers, max_size=None
    ) as socket:
        yield Line(socket)


@contextlib.asynccontextmanager
async def manager_of(python: Path, base: Path) -> AsyncIterator[Line]:
    """Start the manager as a user would, and talk to it until the end of the test."""
    command = [str(python), "-m", "funcnodes", "--dir", str(base), "startworkermanager"]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=base,
        env={**program_environment(), "PATH": os.defpath},
        stdout=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(30):
            # The file says the address, and appears when somebody listens there.
            while not (base / "supervisor.json").exists():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        address = json.loads((base / "supervisor.json").read_text())
        async with line_to(base, address["host"], address["port"]) as line:
            yield line
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            assert await process.wait() == 0
        assert await asyncio.to_thread(processes_of, base) == []
    finally:
        await asyncio.to_thread(kill_all_of, base)
        await process.wait()


async def test_the_story_over_the_socket_without_a_checkout(installed: Path, tmp_path: Path) -> None:
    base = make_base(tmp_path / "base")
    async with manager_of(installed, base) as manager:
        uuid = (await manager.call("new_worker", name="demo"))["uuid"]
        await manager.call("start_worker", workerid=uuid)
        status = next(w for w in (await manager.call("status"))["workers"] if w["uuid"] == uuid)
        async with line_to(base, status["host"], status["port"]) as worker:
            await _two_and_three_are_five(worker)
            await manager.call("install", workerid=uuid, package="funcnodes-numpy")
            shelves = (await worker.call("get_library"))["shelves"]
        where = await asyncio.to_thread(_places, Path(status["env_path"]))

    assert "numpy" in [shelf["name"] for shelf in shelves]
    worker_folder = str((base / "workers" / f"worker_{uuid}").resolve())
    assert [place for place in where if not place.startswith(worker_folder)] == []


async def _two_and_three_are_five(worker: Line) -> None:
    left = (await worker.call("add_node", id="input.float"))["id"]
    right = (await worker.call("add_node", id="input.float"))["id"]
    total = (await worker.call("add_node", id="add_node"))["id"]
    for source, port in ((left, "a"), (right, "b")):
        await worker.call("add_edge", src_nid=source, src_ioid="float", trg_nid=total, trg_ioid=port)
    for node, value in ((left, 2.0), (right, 3.0)):
        await worker.call("set_io_value", nid=node, ioid="input", value=value)
    value = None
    async with asyncio.timeout(10):
        while value != 5.0:
            value = await worker.call("get_io_value", nid=total, ioid="out")


def _places(environment: Path) -> list[str]:
    """Return where a worker's interpreter finds our packages."""
    modules = [name.replace("-", "_") for name in OURS]
    code = f"import importlib; [print(importlib.import_module(m).__file__) for m in {modules}]"
    ended = subprocess.run(
        [python_in(environment), "-I", "-c", code], capture_output=True, text=True, check=True
    )
    return [str(Path(line).resolve()) for line in ended.stdout.split()]
