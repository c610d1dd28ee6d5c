"""Why packages do not fit together, as one sentence made from uv's proof. Pure.

Owns the reading of the proof: who needs what, and which two needs exclude each other. What cannot be read
with certainty gives no sentence; the proof itself is then shown (`explain`).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

THIS_WORKER = "this worker"
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_VERSIONS = r"(?:[<>=!~][^\s]*)?"
# Atomic groups: a shorter name would otherwise pass for one that is followed by "depends on".
_WANTED = rf"(?>{_NAME}{_VERSIONS})(?! depends? on)"
_NEED = (
    rf"(?P<concluded>conclude that )?(?:all versions of )?(?P<who>this worker|your project|{_NAME})"
    rf"{_VERSIONS} depends? on (?P<what>{_WANTED}(?: and (?!all |we |your |this ){_WANTED})*)"
)
_PARTS = rf"({_NAME})({_VERSIONS})"


class Need(msgspec.Struct, frozen=True):
    """Who needs which package, in which versions."""

    who: str
    package: str
    versions: str

    @property
    def is_wish(self) -> bool:
        """Whether the user asked for it, not a package."""
        return self.who == THIS_WORKER

    def __str__(self) -> str:
        verb = "this worker asks for" if self.is_wish else f"`{self.who}` needs"
        return f"{verb} {self.package}{self.versions}"


def in_plain_words(proof: str) -> str | None:
    """Return which two needs exclude each other and what to do, or None when the proof does not say."""
    needs = list(_needs(proof))
    pair = _clash(needs)
    if pair is None:
        return None
    first, second = sorted(pair, key=lambda need: (not need.is_wish, need.who))
    told = f"{_with_origin(first, needs)}, {_with_origin(second, needs)}"
    if first.is_wish:
        return f"{told}: ask for another version of {first.package}, or make a second worker"
    return f"{told}: they cannot share one worker; make a second"


def _needs(proof: str) -> Iterator[Need]:
    for found in re.finditer(_NEED, re.sub(r"\s+", " ", proof)):
        who = THIS_WORKER if found["who"] in ("this worker", "your project") else found["who"]
        if who == THIS_WORKER and found["concluded"]:
            continue  # A consequence of what a package needs: nobody wished for it.
        for package, versions in re.findall(_PARTS, _joined_by_and(found["what"])):
            yield Need(who, package, versions.rstrip(",.;"))


def _joined_by_and(what: str) -> str:
    return what.replace(" and ", "  ")


def _clash(needs: list[Need]) -> tuple[Need, Need] | None:
    # The last ones: a proof goes from what single versions need to what all of them do.
    pairs = itertools.combinations(reversed(needs), 2)
    clashing = [
        (one, other)
        for one, other in pairs
        if one.package == other.package and one.who != other.who and exclude(one.versions, other.versions)
    ]
    if not clashing:
        return None
    parties = _parties(clashing[0])
    # Of the needs of several releases of one package, the one that asks for least holds for most of them.
    return min((pair for pair in clashing if _parties(pair) == parties), key=_asks_for)


def _parties(pair: tuple[Need, Need]) -> set[str]:
    return {pair[0].who, pair[1].who, pair[0].package}


def _asks_for(pair: tuple[Need, Need]) -> list[Version]:
    specs = (spec for need in pair for spec in SpecifierSet(need.versions))
    return sorted(Version(spec.version) for spec in specs if spec.operator in (">=", ">"))


def _with_origin(need: Need, needs: Iterable[Need]) -> str:
    """Return the need; for a package that nobody asked for by name also who brought it."""
    if need.is_wish or any(other.is_wish and other.package == need.who for other in needs):
        return str(need)
    by = next((other.who for other in needs if other.package == need.who and not other.is_wish), None)
    return str(need) if by is None else f"{need} (and `{by}` needs `{need.who}`)"


def exclude(one: str, other: str) -> bool:
    """Whether no version satisfies both; only where that is certain."""
    if not one or not other:
        return False
    try:
        sets = SpecifierSet(one), SpecifierSet(other)
    except InvalidSpecifier:
        return False
    bounds = [spec.version.removesuffix(".*") for specs in sets for spec in specs]
    tried = [version for bound in bounds for version in _around(bound)]
    return not any(
        sets[0].contains(v, prereleases=True) and sets[1].contains(v, prereleases=True) for v in tried
    )


def _around(bound: str) -> Iterator[str]:
    """Give the version and its nearest neighbours: between bounds nothing changes."""
    yield bound
    release = list(Version(bound).release)
    yield ".".join(map(str, [*release, 0, 0, 1]))
    for place in reversed(range(len(release))):
        if release[place] > 0:
            yield ".".join(map(str, [*release[:place], release[place] - 1, 999999]))
            return
