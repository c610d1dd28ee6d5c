"""aiohttp imported without what a worker may never need: the certificates of the world's authorities.

aiohttp reads them twice when it is imported, for clients that speak TLS: 2.6 MiB and some hundredths of a
second of every worker's start, and a worker is a server. Here they are read when one of its contexts is first
used, by a node that is a client; what is checked then is the same. Has to be imported before all that imports
aiohttp.
"""

from __future__ import annotations

import importlib
import ssl
from typing import Any

_READS = ("load_default_certs", "set_default_verify_paths")


class LateContext(ssl.SSLContext):
    """A context that reads the certificates it trusts when it is first used; then it is a plain one."""

    def _read(self) -> None:
        object.__setattr__(self, "__class__", ssl.SSLContext)
        self.load_default_certs(ssl.Purpose.SERVER_AUTH)

    def wrap_socket(self, *args: Any, **named: Any) -> ssl.SSLSocket:
        """Return the other end of a connection; see ssl."""
        self._read()
        return self.wrap_socket(*args, **named)

    def wrap_bio(self, *args: Any, **named: Any) -> ssl.SSLObject:
        """Return the other end of a connection; see ssl."""
        self._read()
        return self.wrap_bio(*args, **named)

    def get_ca_certs(self, *args: Any, **named: Any) -> Any:
        """Return the certificates that are trusted; see ssl."""
        self._read()
        return self.get_ca_certs(*args, **named)

    def cert_store_stats(self) -> dict[str, int]:
        """Return how many certificates are trusted; see ssl."""
        self._read()
        return self.cert_store_stats()


def import_lean(module: str) -> None:
    """Import a module; contexts made meanwhile read what they trust later."""
    late: list[ssl.SSLContext] = []

    def read_later(context: ssl.SSLContext, _purpose: object = None) -> None:
        late.append(context)

    own = {name: vars(ssl.SSLContext).get(name) for name in _READS}
    for name in _READS:
        setattr(ssl.SSLContext, name, read_later)
    try:
        importlib.import_module(module)
    finally:
        for name, method in own.items():
            if method is None:
                delattr(ssl.SSLContext, name)
            else:
                setattr(ssl.SSLContext, name, method)
    for context in late:
        context.__class__ = LateContext


import_lean("aiohttp")
