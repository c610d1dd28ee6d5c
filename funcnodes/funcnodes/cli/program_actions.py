"""What the verbs that run something in a worker do: find the interpreter, the shell, the method.

Owns how words become parameters. What a method means is the worker's.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from funcnodes_worker.home.trust import is_vouched
from funcnodes_worker.home.worker_config import read_worker_config
from funcnodes_worker.home.worker_home import WorkerHome

from funcnodes.cli import output
from funcnodes.cli.choose import Status
from funcnodes.cli.problems import WRONGLY_ASKED, Problem
from funcnodes.cli.session import Asked, author_of
from funcnodes.cli.worker_actions import find, with_manager
from funcnodes.client.opening import connect
from funcnodes.environment import state
from funcnodes.environment.errors import NoEnvironment
from funcnodes.launch.process_environment import worker_environment

_WORDS: Mapping[str, Any] = {"true": True, "false": False, "none": None, "null": None}
_NEVER_RAN = 127


def run_python(asked: Asked, arguments: Sequence[str]) -> int:
    """Return the exit code of the worker's interpreter, given these arguments."""
    _, python = _python(asked)
    return _foreground([str(python), *arguments], worker_environment(os.environ))


def activate(asked: Asked) -> int:
    """Open a shell in the worker's environment, or print what activates it."""
    worker, python = _python(asked)
    environment = python.parent.parent
    script = python.parent / "activate"
    if not output.is_terminal():
        if script.exists():
            output.line(f". {shlex.quote(str(script))}")
        else:
            folder, path = shlex.quote(str(environment)), shlex.quote(str(python.parent))
            output.line(f'export VIRTUAL_ENV={folder}; export PATH={path}:"$PATH"')
        return 0
    name = worker["name"] or worker["uuid"]
    output.markup(f"[dim]A shell in the environment of {output.escape(name)}; `exit` leaves it.[/dim]")
    process = worker_environment(os.environ) | {
        "VIRTUAL_ENV": str(environment),
        "VIRTUAL_ENV_PROMPT": f"({name}) ",
        "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    return _foreground([_shell()], process)


def _shell() -> str:
    if os.name == "nt":
        return os.environ.get("COMSPEC", "cmd.exe")
    return os.environ.get("SHELL", "/bin/sh")


def _python(asked: Asked) -> tuple[Status, Path]:
    worker = with_manager(asked, lambda reached: find(asked, reached))
    home = WorkerHome(asked.base(), str(worker["uuid"]))
    name = worker["name"] or worker["uuid"]
    if not read_worker_config(home).in_venv:
        return worker, Path(sys.executable)
    if not is_vouched(home):
        raise Problem(
            f"nobody here has trusted the flow of {name!r} yet, so its environment is not used; look at it "
            f"in the editor, then: funcnodes worker trust {shlex.quote(str(name))}"
        )
    try:
        python = state.coming_python_of(home)
    except NoEnvironment:
        python = None
    if python is None or not python.exists():
        raise Problem(
            f"the environment of {name!r} is not built yet; start it once: funcnodes worker start "
            f"{shlex.quote(str(name))}"
        )
    return worker, python


def _foreground(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Return the exit code of a program that has our terminal; Ctrl+C is for it, not for us."""
    sys.stdout.flush()
    try:
        with subprocess.Popen(command, env=dict(environment)) as program:
            while True:
                try:
                    code = program.wait()
                    break
                except KeyboardInterrupt:
                    continue
    except OSError as problem:
        sys.stderr.write(f"Error: {command[0]} cannot be run: {problem.strerror}.\n")
        return _NEVER_RAN
    # As a shell says it: ended by signal 9 is 137.
    return 128 - code if code < 0 else code


def read_params(words: Sequence[str]) -> dict[str, Any]:
    """Return the parameters in `--key value`, `--key=value` and `--flag`."""
    params: dict[str, Any] = {}
    left = list(words)
    while left:
        word = left.pop(0)
        key, sign, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or not key:
            raise Problem(f"{word!r} belongs to no key; write --key value or --key=value", WRONGLY_ASKED)
        if not sign and left and not left[0].startswith("--"):
            sign, value = "=", left.pop(0)
        params[key.replace("-", "_")] = read_value(value) if sign else True
    return params


def read_value(text: str) -> Any:
    """Return the value a word means: JSON, else true, false and none, else a number, else the text."""
    try:
        return msgspec.json.decode(text.encode())
    except msgspec.DecodeError:
        pass
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def not_running(worker: Status) -> str:
    """Return why a worker cannot be asked, and the next step."""
    name, phase = worker["name"] or worker["uuid"], worker["phase"]
    word = shlex.quote(str(name))
    match phase:
        case "starting" | "provisioning" | "stopping":
            step = f"that takes a moment; see: funcnodes worker status {word}"
        case "waiting":
            reason = str(worker.get("reason") or "it ended").rstrip(".")
            step = f"it starts again by itself ({reason}); at once: funcnodes worker start {word}"
        case _:
            step = f"start it: funcnodes worker start {word}"
    return f"worker {name!r} is {phase}; {step}"


def call(asked: Asked, method: str, params: Mapping[str, Any], timeout_s: float) -> None:
    """Call a method of a running worker and print what it answers."""
    worker = with_manager(asked, lambda reached: find(asked, reached))
    name = worker["name"] or worker["uuid"]
    if worker["phase"] != "running":
        raise Problem(not_running(worker))
    base = asked.base()

    async def ask() -> Any:
        # Always the same author: each command is a connection of its own, and `undo` is for one's own steps.
        connecting = connect(str(worker["uuid"]), base=base.folder, author=author_of(base))
        async with asyncio.timeout(timeout_s), connecting as line:
            return await line.call(method, **params)

    try:
        answer = asyncio.run(ask())
    except TimeoutError:
        raise Problem(
            f"worker {name!r} has not answered {method!r} within {timeout_s:g} s; what was asked may still "
            f"be done. See: funcnodes worker status {shlex.quote(str(name))}"
        ) from None
    if isinstance(answer, str):
        output.line(answer)
    else:
        output.json(answer)
