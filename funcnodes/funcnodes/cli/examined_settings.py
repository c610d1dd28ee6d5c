"""What `funcnodes doctor` finds in `config.json`: what is wrong, and what is silently not used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from funcnodes_worker.home.base import Base, Config
from funcnodes_worker.home.tls import TlsProblem, server_context, tls_of

from funcnodes.cli.finding import Finding

_PORTS = ("worker_manager", "frontend")


def settings_found(base: Base, config: Config) -> Iterator[Finding]:
    """Yield what is wrong or odd with the settings; nothing where all is in order."""
    if config.notice:
        yield Finding("odd", "settings", config.notice, f"Repair {base.config_file}.")
    used = {"worker_manager": config.manager_port, "frontend": config.frontend_port}
    for section in _PORTS:
        yield from _port(base, section, config.raw, used[section])
    yield from _tls(base, config)
    yield from _modules(base, config.raw)


def _section(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    section = raw.get(key)
    return cast("Mapping[str, Any]", section) if isinstance(section, dict) else {}


def _port(base: Base, section: str, raw: Mapping[str, Any], used: int) -> Iterator[Finding]:
    said = _section(raw, section).get("port")
    if said is not None and str(said) != str(used):
        sentence = f"{section}.port is {said!r}, which is no port: {used} is used instead"
        yield Finding("bad", "settings", sentence, f"Give a number from 0 to 65535 in {base.config_file}.")


def _tls(base: Base, config: Config) -> Iterator[Finding]:
    try:
        server_context(tls_of(config))
    except TlsProblem as problem:
        cure = f"Name a certificate and its key under 'tls' in {base.config_file}, or take both out."
        yield Finding("bad", "settings", str(problem), cure)


def _modules(base: Base, raw: Mapping[str, Any]) -> Iterator[Finding]:
    said = _section(raw, "modules").get("paths")
    if said is None:
        return
    cure = f"Name folders that are there in {base.config_file}."
    if not isinstance(said, list):
        yield Finding("bad", "settings", f"modules.paths is no list of folders: {said!r}", cure)
        return
    for place in cast("list[object]", said):
        if not isinstance(place, str) or not Path(place).is_dir():
            yield Finding("bad", "settings", f"modules.paths names a folder that is not there: {place}", cure)
