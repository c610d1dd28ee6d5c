"""Sockets that a server listens on, bound before anything else is begun.

Owns the meaning of a host name in the settings and the sentence for a port that is taken.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket

LARGEST_PORT = 65535


class CannotListen(Exception):
    """Raised when a server cannot be bound where it was told to."""

    def __init__(self, host: str, port: int, problem: OSError) -> None:
        super().__init__()
        self.host, self.port, self.problem = host, port, problem

    def __str__(self) -> str:
        where = f"port {self.port} of {self.host}"
        if not 0 <= self.port <= LARGEST_PORT:
            return f"{self.port} is no port: ports are 1 to {LARGEST_PORT}; change the setting or give --port"
        if self.problem.errno == errno.EADDRINUSE:
            return (
                f"{where} is in use by another program; stop that program or choose another port with --port"
            )
        if self.problem.errno == errno.EACCES:
            return f"{where} may not be opened by this user; choose a port above 1023 with --port"
        return f"{where} cannot be opened ({self.problem.strerror or self.problem}); check --host and --port"


def bind(host: str, port: int) -> list[socket.socket]:
    """Return bound sockets for this host and port; port 0 takes a free one. Raises `CannotListen`.

    `localhost` means both loopback addresses: browsers try ::1 too, and would meet a foreign server there.
    """
    if not 0 <= port <= LARGEST_PORT:
        # The system would take the rest of a division for it, or speak of something else.
        raise CannotListen(host, port, OSError(errno.EINVAL, os.strerror(errno.EINVAL)))
    if host.lower() != "localhost":
        return [_bind(host.strip("[]"), port)]
    first = _bind("127.0.0.1", port)
    sockets = [first]
    if socket.has_ipv6:
        # A machine without IPv6 loopback has nobody listening there either.
        with contextlib.suppress(CannotListen):
            sockets.append(_bind("::1", int(first.getsockname()[1])))
    return sockets


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        opened = socket.socket(family, kind, protocol)
    except OSError as problem:
        raise CannotListen(host, port, problem) from problem
    try:
        if os.name != "nt":
            # On Windows the same option would let two programs share the port.
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(address)
    except OSError as problem:
        opened.close()
        raise CannotListen(host, port, problem) from problem
    opened.setblocking(False)
    return opened
