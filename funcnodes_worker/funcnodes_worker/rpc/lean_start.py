"""aiohttp imported without what a server may never need: certificates, the machine's proxies, names of signs.

aiohttp reads the certificates of the world's authorities twice when it is imported, for clients that speak
TLS: 2.6 MiB and some hundredths of a second of every start of a worker or manager, and both are servers.
Here they are read when one of its contexts is first used, by a node that is a client or for the list of
modules; what is checked then is the same. So are the modules of `LATE` (0.75 MiB) imported when one of their
functions is first called. Has to be imported before all that imports aiohttp.
"""

from __future__ import annotations

import importlib
import ssl
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

LATE: Mapping[str, tuple[str, ...]] = {"urllib.request": ("getproxies", "proxy_bypass"), "html": ("escape",)}
"""Modules of which aiohttp needs these functions only, and those for clients and listings: a clients' side of
HTTP and the 2,231 names of signs in HTML."""

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
    stand_ins = [_stand_in(name) for name in LATE if name not in sys.modules]
    try:
        importlib.import_module(module)
    finally:
        for stand_in in stand_ins:
            del sys.modules[stand_in.__name__]
        for name, method in own.items():
            if method is None:
                delattr(ssl.SSLContext, name)
            else:
                setattr(ssl.SSLContext, name, method)
    for context in late:
        context.__class__ = LateContext


def _stand_in(name: str) -> ModuleType:
    """Return what is imported in place of a module meanwhile: its functions, which import it when called."""
    module = sys.modules[name] = ModuleType(name)
    for function in LATE[name]:
        setattr(module, function, _late(name, function))
    return module


def _late(module: str, function: str) -> Callable[..., Any]:
    def called(*args: Any, **named: Any) -> Any:
        return getattr(importlib.import_module(module), function)(*args, **named)

    return called


import_lean("aiohttp.web")
