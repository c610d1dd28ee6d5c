"""`types.databytes`: bytes that stand for a file's content and are never shown as text."""

from __future__ import annotations

from exposedfunctionality import add_type

__all__ = ["databytes"]


class databytes(bytes):  # noqa: N801 - the published name
    """Bytes that stand for data."""


add_type(databytes, "databytes")
