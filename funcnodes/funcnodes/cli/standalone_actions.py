"""What `funcnodes standalone` does: a manager of one worker, the editor, and the file kept up to date.

Owns the order of starting and ending, and how the system learns what .fnw files are.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from funcnodes_worker.disk.lock import FileLock, LockHeld
from funcnodes_worker.home.base import Base, prepare_base, resolve_base

from funcnodes.cli import output
from funcnodes.cli.choose import choose
from funcnodes.cli.link import choose_origin, make_link, running_origins
from funcnodes.cli.problems import Problem
from funcnodes.cli.reach import Reached, reach_manager
from funcnodes.cli.runserver import link_of, run_until_told, show_in_browser
from funcnodes.cli.worker_actions import workers_of
from funcnodes.headless.standalone import StandaloneFlow, WriteBack, take_up
from funcnodes.server.client import ManagerGone
from funcnodes.server.ui.keeper import ManagerWish
from funcnodes.server.ui.service import UiServer, UiSettings, open_ui

LOCK = "standalone.lock"
"""In the base folder of a file: held by the command in which it is open."""
_LOOK_S = 0.5
_LOOKS = 2
"""A worker that starts again is down for a moment: it has ended when it is down at two looks in a row."""


@dataclass(frozen=True)
class StandaloneWish:
    """What is to be opened, and how."""

    file: Path
    folder: Path | None
    host: str
    port: int
    worker_port: int | None
    open_browser: bool
    no_auth: bool
    in_venv: bool
    versions: str


def serve(wish: StandaloneWish) -> None:
    """Serve the editor until told to end or until the worker ends."""
    if not wish.file.is_file():
        raise Problem(f"there is no file {wish.file}")
    file = wish.file.absolute()
    # Not by the settings there: this folder belongs to the file.
    base = resolve_base(wish.folder or file.with_name(f"{file.stem}_config"))
    prepare_base(base)
    lock = FileLock(base.folder / LOCK)
    try:
        lock.acquire()
    except LockHeld as held:
        _show_again(base, file, held.pid, open_it=wish.open_browser)
        return
    try:
        asyncio.run(run_until_told(_hold(base, file, wish)))
    finally:
        lock.release()


def _show_again(base: Base, file: Path, pid: int | None, *, open_it: bool) -> None:
    """Show the editor in which this file is open: a second one would end with the first, or write over it."""
    origins = running_origins(base, set())
    if not origins:
        raise Problem(f"{file.name} is being opened by process {pid} already; the link is printed there")
    link = make_link(base, choose_origin("", origins))
    output.line(f"{file.name} is open already: {link}")
    if open_it:
        show_in_browser(link)


async def _hold(base: Base, file: Path, wish: StandaloneWish) -> None:
    with output.ProgressShown() as progress:
        async with reach_manager(base, progress.heard, no_auth=wish.no_auth, stays=True) as reached:
            flow = await take_up(
                base, file, in_venv=wish.in_venv, versions=wish.versions, port=wish.worker_port
            )
            if flow.was_changed and flow.is_new:
                output.warn(f"{file.name} was changed elsewhere, so it is opened anew, without its history")
            await reached.manager.call("start_worker", workerid=flow.home.uuid)
            settings = UiSettings(
                base=base,
                host=wish.host,
                port=wish.port,
                no_auth=wish.no_auth,
                manager=ManagerWish(no_auth=wish.no_auth),
            )
            writing = WriteBack(flow, output.warn)
            following = asyncio.create_task(writing.run())
            try:
                async with open_ui(settings, output.warn) as server:
                    await server.wait_registered()
                    await _welcome(server, flow, open_it=wish.open_browser)
                    await _wait_ended(reached, flow.home.uuid)
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
                await _close(reached, flow, writing)


async def _close(reached: Reached, flow: StandaloneFlow, writing: WriteBack) -> None:
    with contextlib.suppress(ManagerGone):
        await writing.finish()
        await reached.manager.call("stop_worker", workerid=flow.home.uuid)


async def _wait_ended(reached: Reached, uuid: str) -> None:
    looks = 0
    while looks < _LOOKS:
        worker = choose(await workers_of(reached), uuid=uuid, name=None, given=None)
        looks = looks + 1 if worker["phase"] in ("stopped", "failed") else 0
        if looks == _LOOKS and worker["phase"] == "failed" and worker["reason"]:
            output.warn(str(worker["reason"]))
        await asyncio.sleep(_LOOK_S)
    output.line("The worker has ended.")


async def _welcome(server: UiServer, flow: StandaloneFlow, *, open_it: bool) -> None:
    from funcnodes.client.opening import connect

    link = link_of(server)
    uuid, folder = flow.home.uuid, flow.home.base.folder
    async with connect(uuid, base=folder) as worker:
        is_held = (await worker.call("get_trust"))["held"]
    if output.is_terminal():
        output.markup(f"\n[bold green]{output.escape(flow.file.name)} is open.[/bold green]")
        output.markup(f"\n  [bold cyan]{link}[/bold cyan]\n")
        output.markup(f"[dim]  Edits are written into {output.escape(flow.file)}[/dim]")
        output.markup(f"[dim]  What else belongs to it is in {output.escape(folder)}[/dim]")
    else:
        output.line(f"FuncNodes is ready: {link}")
    if is_held:
        output.warn(
            "this flow was made elsewhere, so it is held: nothing of it is installed or run until you trust "
            f"it in the editor, or by: funcnodes --dir {shlex.quote(str(folder))} worker trust {uuid}"
        )
    if output.is_terminal():
        output.markup("Ctrl+C ends it; everything is saved.")
    if open_it:
        await asyncio.to_thread(show_in_browser, link)


# Files of this system


def register_files() -> None:
    """Have this system open .fnw files with `funcnodes standalone`."""
    if sys.platform == "linux":
        done = _register_linux(os.environ)
    elif sys.platform == "win32":
        done = _register_windows()
    else:
        raise Problem(
            "this system ties files to applications only; choose one that runs `funcnodes standalone FILE` "
            "in the file manager"
        )
    output.line(done)


_MIME = """<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="application/x-funcnodes-flow">
    <comment>FuncNodes flow</comment>
    <glob pattern="*.fnw"/>
  </mime-type>
</mime-info>
"""
_DESKTOP = """[Desktop Entry]
Type=Application
Name=FuncNodes
Comment=Open a flow
Exec={command} standalone %f
Terminal=true
MimeType=application/x-funcnodes-flow;
Categories=Science;Development;
"""


def _register_linux(environment: Mapping[str, str]) -> str:
    data = Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    applications, mime = data / "applications", data / "mime"
    program = shutil.which("funcnodes")
    command = shlex.quote(program) if program else f"{shlex.quote(sys.executable)} -m funcnodes"
    for file, text in (
        (mime / "packages" / "funcnodes.xml", _MIME),
        (applications / "funcnodes.desktop", _DESKTOP.format(command=command)),
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    # They refresh caches; a system without them reads the files themselves.
    for words in (("update-mime-database", mime), ("update-desktop-database", applications)):
        if (tool := shutil.which(str(words[0]))) is not None:
            subprocess.run([tool, str(words[1])], check=False, capture_output=True)
    return f"Files that end in .fnw are opened with FuncNodes from now on (see {applications})."


def _register_windows() -> str:
    import winreg

    command = f'"{sys.executable}" -m funcnodes standalone "%1"'
    classes = r"Software\Classes"
    values = {
        rf"{classes}\.fnw": "FuncNodes.Flow",
        rf"{classes}\FuncNodes.Flow": "FuncNodes flow",
        rf"{classes}\FuncNodes.Flow\shell\open\command": command,
    }
    for key, value in values.items():
        winreg.SetValue(winreg.HKEY_CURRENT_USER, key, winreg.REG_SZ, value)  # pyright: ignore
    return "Files that end in .fnw are opened with FuncNodes from now on."
