"""What the name of a host says of who reaches a server that is bound to it. Nothing is bound here."""

from __future__ import annotations

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# Names to recognise in a user's settings: no server is bound to one of them here.
_EVERY_INTERFACE = frozenset({"", "0.0.0.0", "::"})  # noqa: S104


def is_loopback(host: str) -> bool:
    """Tell whether only programs on this machine reach this host name."""
    return host.strip("[]").lower() in LOOPBACK


def is_every_interface(host: str) -> bool:
    """Tell whether a server bound to this listens everywhere, so that it has no name from it."""
    return host.strip("[]") in _EVERY_INTERFACE
