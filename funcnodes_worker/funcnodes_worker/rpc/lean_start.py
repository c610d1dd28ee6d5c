"""aiohttp imported without what a server may never need: its clients, certificates, names of signs.

A worker and a manager are servers: all of aiohttp would cost each start of theirs a tenth of its time, and
some MiB for as long as it lives. It comes when it is needed, whoever needs it, and is then the same: the rest
of aiohttp, which is its clients, with the first name of it that is asked for (`Begun`); the certificates of
the world's authorities when one of aiohttp's contexts is first used (`LateContext`); the modules of `LATE`
when one of their functions is first called.

Has to be imported before all that imports aiohttp. What a server needs is imported from the modules that
define it (`from aiohttp.http import WSMsgType`): as a name of aiohttp it would bring all the rest.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import ssl
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from types import ModuleType
from typing import Any

LATE: Mapping[str, tuple[str, ...]] = {"urllib.request": ("getproxies", "proxy_bypass"), "html": ("escape",)}
"""Modules of which aiohttp needs these functions only, and those for clients and listings: a clients' side of
HTTP and the 2,231 names of signs in HTML."""

_READS = ("load_default_certs", "set_default_verify_paths")


class Begun(ModuleType):
    """aiohttp after only its server was imported; the first name that is not there yet imports all of it."""

    def __getattr__(self, name: str) -> Any:
        # The import system lets one thread do it and knows who waits for whom; a lock of ours would not, and
        # could wait for a thread that waits for us.
        importlib.import_module("funcnodes_worker.rpc.whole_aiohttp")
        return ModuleType.__getattribute__(self, name)

    def __dir__(self) -> Iterable[str]:
        """Return all names."""
        importlib.import_module("funcnodes_worker.rpc.whole_aiohttp")
        return dir(self)


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


def import_server() -> None:
    """Import `aiohttp.web`, and of `aiohttp` what stands before its client."""
    stand_ins = [_stand_in(name) for name in LATE if name not in sys.modules]
    try:
        if "aiohttp" not in sys.modules:
            with contextlib.suppress(ImportError):
                _import_begun()
                return
            # Another aiohttp than we know, whose server needs more of it.
            for name in [name for name in sys.modules if name.partition(".")[0] == "aiohttp"]:
                del sys.modules[name]
        with certificates_read_late():
            importlib.import_module("aiohttp.web")
    finally:
        for stand_in in stand_ins:
            del sys.modules[stand_in.__name__]


def _import_begun() -> None:
    spec = importlib.util.find_spec("aiohttp")
    if spec is None or spec.loader is None:
        raise ImportError(name="aiohttp")
    package = sys.modules["aiohttp"] = importlib.util.module_from_spec(spec)
    # With None for it, importing it fails: here aiohttp's own lines stop, its version has been set before.
    sys.modules["aiohttp.client"] = None  # pyright: ignore[reportArgumentType]
    with contextlib.suppress(ModuleNotFoundError):
        spec.loader.exec_module(package)
    del sys.modules["aiohttp.client"]
    importlib.import_module("aiohttp.web")
    package.__class__ = Begun


@contextlib.contextmanager
def certificates_read_late() -> Generator[None]:
    """Contexts that this thread makes meanwhile read what they trust when they are first used."""
    late: list[ssl.SSLContext] = []
    thread = threading.get_ident()

    def unless_ours(read: Callable[..., None]) -> Callable[..., None]:
        def called(context: ssl.SSLContext, *args: Any) -> None:
            if threading.get_ident() == thread:
                late.append(context)
            else:
                read(context, *args)

        return called

    own = {name: vars(ssl.SSLContext).get(name) for name in _READS}
    for name in _READS:
        setattr(ssl.SSLContext, name, unless_ours(getattr(ssl.SSLContext, name)))
    try:
        yield
    finally:
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


import_server()
