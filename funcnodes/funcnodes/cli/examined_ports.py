"""What `funcnodes doctor` finds of ports: whether they are free, and by whom those are held that are not."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import psutil
from funcnodes_worker.home.base import Base, Config, resolve_base
from funcnodes_worker.home.port_range import FIRST_PORT, LAST_PORT, port_range

from funcnodes.cli.finding import Finding


class Holder(msgspec.Struct, frozen=True):
    """The process that listens at a port."""

    pid: int
    words: tuple[str, ...]
    base: Path | None = None
    """The base folder of a FuncNodes program."""


def ports_found(base: Base, config: Config, *, is_up: bool) -> Iterator[Finding]:
    """Yield how the ports stand that the manager, the editor and the workers are to have."""
    if not is_up:
        yield _port("manager", config.manager_host, config.manager_port, "worker_manager.port", base)
    yield _port("editor", config.frontend_host, config.frontend_port, "frontend.port", base)
    yield from _range(os.environ)


def _range(environment: Mapping[str, str]) -> Iterator[Finding]:
    about, (first, last) = "ports of workers", port_range(environment)
    for name, used in ((FIRST_PORT, first), (LAST_PORT, last)):
        said = environment.get(name, "")
        if said and said != str(used):
            sentence = f"{name} is {said!r}, which cannot be the end of a range: {used} is used instead"
            yield Finding("odd", about, sentence, f"Give {FIRST_PORT} and a larger {LAST_PORT}, or neither.")
    if any(_is_free("127.0.0.1", port) for port in range(first, last + 1)):
        yield Finding("good", about, f"there are free ones between {first} and {last}")
    else:
        cure = f"Choose others with {FIRST_PORT} and {LAST_PORT}."
        yield Finding("bad", about, f"all from {first} to {last} are taken", cure)


def _port(whose: str, host: str, port: int, key: str, base: Base) -> Finding:
    about = f"port of the {whose}"
    if _is_free(host, port):
        return Finding("good", about, f"{port} is free")
    holder = holder_of(port)
    if holder is not None and holder.base == base.folder:
        said = f"{port} is held by a FuncNodes program of this base folder, process {holder.pid}"
        return Finding("good", about, said)
    if holder is None:
        who = "another program"
    elif holder.base is not None:
        who = f"process {holder.pid}, a FuncNodes program of the base folder {holder.base}"
    else:
        who = f"process {holder.pid} ({' '.join(holder.words)[:60]})"
    cure = f"End that program, or choose another port: {key} in {base.config_file}, or --port."
    return Finding("bad", about, f"{port} is taken by {who}", cure)


def _is_free(host: str, port: int) -> bool:
    name = "127.0.0.1" if host == "localhost" else host.strip("[]")
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    with socket.socket(family) as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((name, port))
        except OSError:
            return False
    return True


def holder_of(port: int) -> Holder | None:
    """Return who listens at a port; None where the system does not tell."""
    with contextlib.suppress(psutil.Error, OSError):
        for one in psutil.net_connections(kind="tcp"):
            if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr[1] == port and one.pid:
                process = psutil.Process(one.pid)
                words = tuple(process.cmdline())
                return Holder(one.pid, words, _base_of(process, words))
    return None


def _base_of(process: psutil.Process, words: tuple[str, ...]) -> Path | None:
    """Return the base folder of a FuncNodes program, as its command line and its environment tell."""
    if not any("funcnodes" in word for word in words):
        return None
    named = next((words[place + 1] for place, word in enumerate(words[:-1]) if word in _BASE), None)
    named = named or next((word.partition("=")[2] for word in words if word.startswith("--dir=")), None)
    if named is not None:
        # As its program took it: from the folder that it was started in.
        with contextlib.suppress(psutil.Error, OSError):
            named = str(Path(process.cwd()) / Path(named).expanduser())
    try:
        environment = process.environ()
    except (psutil.Error, OSError):
        environment = {}
    return resolve_base(named, environment).folder


_BASE = ("--dir", "--base")
