"""The port a worker listens on: its own from last time, else the first that is free."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Mapping

from funcnodes_worker.home.port_range import FIRST_PORT, LAST_PORT, port_range
from funcnodes_worker.home.worker_config import WorkerConfig

LOOPBACK = {"localhost": "127.0.0.1", "127.0.0.1": "127.0.0.1", "::1": "::1"}


class NoPortFree(OSError):
    """Raised when every port of the range is taken."""

    def __init__(self, first: int, last: int) -> None:
        super().__init__()
        self.first, self.last = first, last

    def __str__(self) -> str:
        return (
            f"all ports from {self.first} to {self.last} are in use; stop a worker, "
            f"or give another range with {FIRST_PORT} and {LAST_PORT}"
        )


class OpenToTheWorld(ValueError):
    """Raised when a worker would listen beyond this machine without protection."""

    def __init__(self, host: str) -> None:
        super().__init__()
        self.host = host

    def __str__(self) -> str:
        return (
            f"listening on {self.host!r} would show this worker to the network without encryption; "
            "use localhost and a tunnel, set 'tls' in config.json, or say --behind-proxy when a proxy with "
            "TLS stands in front"
        )


def bind(
    config: WorkerConfig, environment: Mapping[str, str], is_protected: bool = False
) -> tuple[str, socket.socket]:
    """Return the host and a bound socket. `is_protected`: TLS is spoken there, by us or by a proxy."""
    host = config.host or environment.get("FUNCNODES_HOST") or "localhost"
    if host not in LOOPBACK and not is_protected:
        raise OpenToTheWorld(host)
    first, last = port_range(environment)
    candidates = list(range(first, last + 1))
    if config.port:
        candidates = list(dict.fromkeys([config.port, *range(config.port + 1, last + 1), *candidates]))
    for port in candidates:
        if (sock := _try(LOOPBACK.get(host, host), port)) is not None:
            return host, sock
    raise NoPortFree(first, last)


def _try(address: str, port: int) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        # On POSIX this only skips the wait after a restart; on Windows it would allow two listeners.
        if os.name == "posix":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        # Binding alone is not enough to know: two programs may bind, only one may listen.
        sock.listen(128)
    except OSError as problem:
        sock.close()
        if problem.errno in (errno.EADDRINUSE, errno.EACCES):
            return None
        raise
    return sock
