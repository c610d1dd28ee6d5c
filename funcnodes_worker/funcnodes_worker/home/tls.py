"""TLS by settings: `tls.certificate` and `tls.key` of `config.json` protect every server of a base folder.

Owns the contexts of servers and clients, and the sentences for files that cannot be used. A certificate that
was renewed on disk is used from the next connection on: nothing has to be started again for it.

Among ourselves we trust one certificate, the one in the settings, whatever names stand in it and whether its
time is over: who shows it holds its key, and a forgotten renewal must not cut the manager off its workers.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import re
import ssl
from pathlib import Path
from typing import TypeAlias

import aiohttp
import msgspec

from funcnodes_worker.home.base import Base, BaseProblem, Config, read_config

_log = logging.getLogger("funcnodes.tls")
_FIRST = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_Stamp: TypeAlias = tuple[tuple[int, int], ...]

Trust: TypeAlias = "aiohttp.Fingerprint | ssl.SSLContext | bool"
"""Whom a client believes: the `ssl` argument of aiohttp's calls."""


class TlsProblem(BaseProblem):
    """Raised when the certificate or key of the settings cannot be used."""

    def __init__(self, file: Path | None, problem: str) -> None:
        super().__init__()
        self.file, self.problem = file, problem

    def __str__(self) -> str:
        what = "the settings for TLS" if self.file is None else f"the TLS file {self.file}"
        return f"{what} cannot be used: {self.problem}; see 'tls' in config.json. Nothing was opened"


class Tls(msgspec.Struct, frozen=True):
    """A certificate with its key."""

    certificate: Path
    key: Path


def tls_of(config: Config) -> Tls | None:
    """Return the certificate and key of the settings, None where there is none; one alone is refused."""
    certificate, key = config.tls_certificate, config.tls_key
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        there, missing = ("key", "certificate") if certificate is None else ("certificate", "key")
        raise TlsProblem(None, f"'tls.{there}' is set and 'tls.{missing}' is not")
    return Tls(certificate, key)


# Servers ----------------------------------------------------------------------------------------------------


def server_context(tls: Tls | None) -> ssl.SSLContext | None:
    """Return what a server listens with, or None without TLS; raise `TlsProblem` for files of no use."""
    if tls is None:
        return None
    context = _load(tls)
    context.sni_callback = _Renewal(tls)
    return context


class _Renewal:
    """Gives new connections the certificate that stands on disk now. Called at the begin of each."""

    def __init__(self, tls: Tls) -> None:
        self._tls = tls
        self._seen = _stamp(tls)
        self._renewed: ssl.SSLContext | None = None

    def __call__(
        self, connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _context: ssl.SSLContext
    ) -> None:
        now = _stamp(self._tls)
        if now != self._seen:
            self._seen = now
            try:
                self._renewed = _load(self._tls)
            except TlsProblem as problem:
                # Half of a renewal: the next connection looks again, since then the other file has changed.
                _log.warning("going on with the former certificate: %s", problem)
        if self._renewed is not None:
            connection.context = self._renewed


def _stamp(tls: Tls) -> _Stamp:
    stamps: list[tuple[int, int]] = []
    for file in (tls.certificate, tls.key):
        with contextlib.suppress(OSError):
            found = file.stat()
            stamps.append((found.st_mtime_ns, found.st_size))
    return tuple(stamps)


def _load(tls: Tls) -> ssl.SSLContext:
    _first_certificate(tls.certificate)
    if "ENCRYPTED" in _read(tls.key):
        raise TlsProblem(tls.key, "the key asks for a passphrase; give one without")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(tls.certificate, tls.key)
    except ssl.SSLError as problem:
        if problem.reason == "KEY_VALUES_MISMATCH":
            raise TlsProblem(tls.key, f"it is not the key of {tls.certificate}") from problem
        raise TlsProblem(tls.key, f"it holds no key in PEM form ({problem.reason or problem})") from problem
    return context


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError as problem:
        raise TlsProblem(file, problem.strerror or str(problem)) from problem


def _first_certificate(file: Path) -> bytes:
    """Return the server's own certificate as DER: the first of a chain."""
    found = _FIRST.search(_read(file))
    if found is None:
        raise TlsProblem(file, "it holds no certificate in PEM form")
    try:
        return ssl.PEM_cert_to_DER_cert(found.group())
    except ValueError as problem:
        raise TlsProblem(file, "it holds no certificate in PEM form") from problem


# Clients ----------------------------------------------------------------------------------------------------


def trust_ours(base: Base) -> Trust:
    """Return what a client of ours believes at a server of this base folder on this machine.

    Read anew for each connection, as the server does.
    """
    tls = tls_of(read_config(base))
    if tls is None:
        return True
    return aiohttp.Fingerprint(hashlib.sha256(_first_certificate(tls.certificate)).digest())


def trust_elsewhere(trusted: Path | None) -> Trust:
    """Return what a client of ours believes at another machine: the system's authorities, and this file's."""
    if trusted is None:
        return True
    _first_certificate(trusted)
    context = ssl.create_default_context()
    # A server's own certificate may be in the file instead of its authority's.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(trusted)
    except ssl.SSLError as problem:
        raise TlsProblem(trusted, f"it holds no certificates ({problem.reason or problem})") from problem
    return context


def why_not(problem: BaseException) -> str:
    """Return why a connection did not come about, for people."""
    if isinstance(problem, aiohttp.ServerFingerprintMismatch):
        return "it showed another certificate than 'tls.certificate' of the settings; start it again"
    if isinstance(problem, aiohttp.ClientConnectorCertificateError):
        found = problem.certificate_error
        said = getattr(found, "verify_message", "") or str(found)
        return (
            f"its certificate is not believed: {said.rstrip('.')}; if it is the right one, name its file as "
            "'tls.trusted' in config.json or with trusted="
        )
    return str(problem) or type(problem).__name__
