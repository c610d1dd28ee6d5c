"""The token of a base folder: the secret that every internal connection carries.

Owns its making and reading. Does not know where it is asked for (`rpc/gate`).
"""

from __future__ import annotations

import contextlib
import os
import secrets

from funcnodes_worker.home.base import Base, BaseUnwritable, prepare_base

_BYTES = 32


def read_token(base: Base) -> str | None:
    """Return the token of this base folder, or None when there is none yet."""
    try:
        return base.token_file.read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None


def read_or_make_token(base: Base) -> str:
    """Return the token of this base folder, made now if nobody needed it before."""
    return read_token(base) or _make(base)


def _make(base: Base) -> str:
    prepare_base(base)
    draft = base.folder / f".token-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(_BYTES))
        # Two programs may need the first token at the same time. A link appears whole and only once: the one
        # who comes second reads what the first has made, instead of replacing it under a connection already
        # open.
        with contextlib.suppress(FileExistsError):
            os.link(draft, base.token_file)
    except OSError as problem:
        raise BaseUnwritable(base.folder, problem.strerror or str(problem)) from problem
    finally:
        draft.unlink(missing_ok=True)
    token = read_token(base)
    if token is None:
        raise BaseUnwritable(base.folder, f"{base.token_file.name} is empty")
    return token
