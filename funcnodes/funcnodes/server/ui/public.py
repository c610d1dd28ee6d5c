"""The address by which browsers reach a UI server through a proxy: its origin, and the path it stands below.

Owns what may stand in the setting. A proxy may take the path away before it passes a request on, or leave it.
Our pages name everything relative to where they are.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec
from funcnodes_worker.home.base import BaseProblem


class BadAddress(BaseProblem):
    """Raised for text that is not the address of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def __str__(self) -> str:
        return (
            f"{self.text[:200]!r} cannot be the editor's address; write it as in the browser, like "
            "https://lab.example/funcnodes/"
        )


class BadOrigin(BadAddress):
    """Raised for text that no browser would send as the origin of a page."""

    def __str__(self) -> str:
        return (
            f"{self.text[:200]!r} is not where browsers find a page; write scheme and host, like "
            "https://lab.example or http://localhost:9000"
        )


class PublicAddress(msgspec.Struct, frozen=True):
    """Where browsers find us."""

    origin: str
    path: str
    """Begins and ends with a slash."""

    @property
    def url(self) -> str:
        """The address without the slash at its end."""
        return f"{self.origin}{self.path}".rstrip("/")


def read_address(text: str) -> PublicAddress:
    """Return the address that is meant; raise `BadAddress`."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise BadAddress(text) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise BadAddress(text)
    if parts.username is not None or any(one in parts.path for one in ("//", "..", *';"\\ {}%')):
        raise BadAddress(text)
    # As a browser writes an Origin: small letters, no port where it goes without saying.
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    shown = "" if port in (None, {"http": 80, "https": 443}[parts.scheme]) else f":{port}"
    path = parts.path.rstrip("/")
    return PublicAddress(f"{parts.scheme}://{host}{shown}", f"{path}/")


def read_origin(text: str) -> str:
    """Return the origin that is meant, as a browser writes it; raise `BadOrigin`."""
    try:
        address = read_address(text)
    except BadAddress:
        raise BadOrigin(text) from None
    if address.path != "/":
        raise BadOrigin(text)
    return address.origin
