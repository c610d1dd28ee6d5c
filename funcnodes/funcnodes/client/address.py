"""Where a worker is: by its name or id in a base folder, or by its own address.

Owns the choice. It is asked again before each dialling: a worker that started anew may listen elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit

from funcnodes_worker.home.base import Base, read_config, resolve_base
from funcnodes_worker.home.tls import Trust, trust_elsewhere, trust_ours
from funcnodes_worker.home.token import read_token
from funcnodes_worker.home.worker_config import WorkerConfigBroken, read_worker_config
from funcnodes_worker.home.worker_home import WorkerHome, find_workers

from funcnodes.client.errors import WorkerNotFound, WorkerUnreachable

_SCHEMES = ("http://", "https://", "ws://", "wss://")
_HERE = ("localhost", "127.0.0.1", "::1")
_SHORTEST_BEGINNING = 4


class Address(NamedTuple):
    """Where to dial, and what to show there."""

    url: str
    token: str | None
    trust: Trust = True
    """Whose certificate is believed, where the address is protected."""
    shown: str = ""
    """What the token is called to people, if there is one."""
    hint: str = "give it as token=; it stands in the file 'token' of the worker's base folder"
    """Where the right one is, for who is not let in."""

    @property
    def headers(self) -> dict[str, str]:
        """The header that lets in. A token goes nowhere else: never into the URL."""
        return {} if self.token is None else {"Authorization": f"Bearer {self.token}"}


Find: TypeAlias = Callable[[], Address]
"""Tells where the worker is now. Called before each dialling; may block for as long as reading a file."""


def finder(
    target: str, base: str | Path | None, token: str | None, trusted: str | Path | None = None
) -> Find:
    """Return what finds a worker by name, id, beginning of an id, or URL.

    `trusted` is a file of certificates to believe at a URL.
    """
    if not isinstance(target, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        wanted = "a worker's name, its id, the beginning of its id, or its URL"
        raise TypeError(f"a connection is made by {wanted} (a text), not by {target!r}")
    if target.startswith(_SCHEMES):
        url = target if target.endswith("/") else f"{target}/"
        trust = _trust_at(url, base, trusted)
        # The token opens everything here: another machine sees it only when the script names the folder.
        is_far = base is None and urlsplit(url).hostname not in _HERE
        if is_far and token is None:
            return lambda: Address(url, None, trust)
        if is_far:
            return lambda: Address(url, token, trust, _GIVEN, _IN_ITS_FOLDER)
        return lambda: Address(url, *_token_of(resolve_base(base), token, trust))
    folder = resolve_base(base)

    def find() -> Address:
        home = _meant(folder, target)
        config = read_worker_config(home)
        if not config.port:
            raise WorkerUnreachable(home.uuid, "it has never run")
        host = config.host or "localhost"
        scheme = "https" if config.ssl else "http"
        shown = f"[{host}]" if ":" in host else host
        trust = trust_ours(folder) if config.ssl else True
        return Address(f"{scheme}://{shown}:{config.port}/", *_token_of(folder, token, trust))

    return find


_GIVEN = "the token given as token="
_IN_ITS_FOLDER = "the right one stands in the file 'token' of its base folder, on its machine"


def _token_of(base: Base, given: str | None, trust: Trust) -> tuple[str | None, Trust, str, str]:
    """Return the token to show, whom to believe, what the token is called, and where the right one is."""
    if given:
        return given, trust, _GIVEN, f"that of this base folder stands in {base.token_file}"
    found = read_token(base)
    elsewhere = "name the folder of the worker with base=, or give its token as token="
    if found is None:
        return None, trust, "", f"{base.token_file} is not there; {elsewhere}"
    return found, trust, f"the token of {base.token_file}", f"it belongs to another base folder; {elsewhere}"


def _trust_at(url: str, base: str | Path | None, trusted: str | Path | None) -> Trust:
    if not url.startswith(("https://", "wss://")):
        return True
    folder = resolve_base(base)
    config = read_config(folder)
    if trusted is None and urlsplit(url).hostname in _HERE and config.tls_certificate is not None:
        return trust_ours(folder)
    return trust_elsewhere(config.tls_trusted if trusted is None else Path(trusted))


def _meant(base: Base, target: str) -> WorkerHome:
    names: dict[str, str | None] = {}
    homes = find_workers(base)
    for home in homes:
        try:
            names[home.uuid] = read_worker_config(home).name
        except (WorkerConfigBroken, FileNotFoundError):
            names[home.uuid] = None
    begins = target if len(target) >= _SHORTEST_BEGINNING else None
    for found in (
        [home for home in homes if home.uuid == target],
        [home for home in homes if names[home.uuid] == target],
        [home for home in homes if begins is not None and home.uuid.startswith(begins)],
    ):
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(home.uuid for home in found)
            raise WorkerNotFound(target, f"{target!r} may mean several workers: {ids}; give the id")
    known = ", ".join(sorted(names[home.uuid] or home.uuid for home in homes)) or "none"
    raise WorkerNotFound(target, f"there is no worker {target!r} in {base.folder}; known are: {known}")
