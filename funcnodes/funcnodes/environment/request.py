"""What somebody wants of an environment: packages to add, to remove, to bring up to date. Pure.

Owns what a request means for the manifest and for the versions that are held. Does not resolve (`uv`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from funcnodes_worker.home.worker_config import PackageWish
from packaging.utils import canonicalize_name

from funcnodes.environment import manifest
from funcnodes.environment.errors import BadRequest, NotInstalled
from funcnodes.environment.local import is_path, read_local
from funcnodes.environment.plan import EVERYTHING, Package


class Wanted(msgspec.Struct, frozen=True):
    """A package that is to be there: its name, and the requirement that the user's version means."""

    name: str
    requirement: str
    version: str | None = None
    """As the user wrote it."""
    path: Path | None = None
    """The source folder it is linked from; None for a package of the registry."""

    @property
    def shown(self) -> str:
        """As it is told to whoever asked for it."""
        if self.path is not None:
            return str(self.path)
        return f"any {self.name}" if self.requirement == self.name else self.requirement

    def edit(self, text: str) -> str:
        """Return the manifest asking for this."""
        if self.path is not None:
            return manifest.with_link(text, self.name, self.path)
        return manifest.with_requirement(text, self.requirement)


class Request(msgspec.Struct, frozen=True):
    """One change of an environment, all or nothing."""

    install: tuple[Wanted, ...] = ()
    remove: tuple[str, ...] = ()
    upgrade: tuple[str, ...] = ()
    """Packages to bring to the newest release that fits; `EVERYTHING` for all."""

    def __str__(self) -> str:
        if self.install:
            return ", ".join(wanted.requirement for wanted in self.install)
        return "all packages" if self.upgrade == EVERYTHING else ", ".join(self.upgrade or self.remove)

    @property
    def must_load(self) -> tuple[str, ...]:
        """What has to load afterwards, whether it changed or not."""
        return tuple(wanted.name for wanted in self.install)

    @property
    def let_go(self) -> tuple[str, ...]:
        """The packages whose present version is not held."""
        if self.upgrade == EVERYTHING:
            return EVERYTHING
        return (*self.upgrade, *(wanted.name for wanted in self.install if wanted.version == "latest"))

    def edit(self, text: str) -> str:
        """Return the manifest as this request wants it."""
        for name in self.remove:
            text = manifest.without(text, name)
        for wanted in self.install:
            text = wanted.edit(text)
        if self.upgrade != EVERYTHING:
            for name in self.upgrade:
                text = manifest.unpinned(text, name)
        return text

    def note(self, wishes: Mapping[str, PackageWish]) -> dict[str, PackageWish]:
        """Return the packages that a worker's settings name, after this request."""
        # Files of others write `funcnodes_basic`, or a key of their own.
        noted = {
            key: wish for key, wish in wishes.items() if not {key, _plain(wish.package)} & {*self.remove}
        }
        for wanted in self.install:
            path = None if wanted.path is None else str(wanted.path)
            noted[wanted.name] = PackageWish(wanted.name, wanted.version, path)
        for name in self.upgrade:
            if name in noted and manifest.is_pinned(name, noted[name].version):
                noted[name] = PackageWish(name, None)
        return noted

    def leave_out(self, left_out: Sequence[str]) -> tuple[str, ...]:
        """Return what a worker's settings keep out of its library, after this request."""
        out = {*left_out, *(name for name in self.remove if name in manifest.NEW)}
        return tuple(sorted(out - {wanted.name for wanted in self.install}))

    def check(self, present: frozenset[Package]) -> None:
        """Raise `NotInstalled` for a package that is to be upgraded and is not there."""
        names = {package.name for package in present}
        for name in self.upgrade if self.upgrade != EVERYTHING else ():
            if name not in names:
                raise NotInstalled(name)


def asked(
    install: Sequence[tuple[str, str | None]] = (),
    remove: Sequence[str] = (),
    upgrade: Sequence[str] | None = (),
    *,
    may_link: bool = False,
) -> Request:
    """Return the request that these words mean; `upgrade=None` is everything. Refuses what is no name.

    `may_link`: a whole path in place of a name means the source folder there. Only for who may choose one.
    """
    request = Request(
        tuple(_wanted(package, version, may_link) for package, version in install),
        tuple(manifest.package_name(package) for package in remove),
        EVERYTHING if upgrade is None else tuple(manifest.package_name(package) for package in upgrade),
    )
    twice = {wanted.name for wanted in request.install} & set(request.remove)
    if twice:
        raise BadRequest(min(twice), "cannot be both installed and removed")
    _refuse_two_wishes(request.install)
    return request


def _plain(package: str) -> str:
    return str(canonicalize_name(package))


def _refuse_two_wishes(install: Sequence[Wanted]) -> None:
    """Refuse different wishes for one package: taking one of them would drop the other without a word."""
    first: dict[str, Wanted] = {}
    for wanted in install:
        other = first.setdefault(wanted.name, wanted)
        if other != wanted:
            raise BadRequest(wanted.name, f"is wanted as {other.shown} and as {wanted.shown}; choose one")


def wanted_by(wish: PackageWish) -> Wanted:
    """Return what a worker's settings ask for."""
    if wish.path is not None:
        return Wanted(wish.package, wish.package, None, Path(wish.path))
    ours = manifest.package_name(wish.package) in manifest.OURS
    return _wanted(wish.package, None if ours else wish.version, may_link=False)


def _wanted(package: str, version: str | None, may_link: bool) -> Wanted:
    if may_link and is_path(package):
        module = read_local(package)
        return Wanted(module.name, module.name, None, module.path)
    return Wanted(manifest.package_name(package), manifest.requirement(package, version), version)
