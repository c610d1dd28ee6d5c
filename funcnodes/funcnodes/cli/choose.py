"""Which worker is meant: by uuid, by name, or by whatever stands on the line.

Owns the rules of choosing; pure.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from funcnodes.cli.problems import WRONGLY_ASKED, Problem

Status = Mapping[str, Any]
"""One worker as the manager's `status` says it."""

_SHORTEST_BEGINNING = 4


def choose(
    workers: Sequence[Status], *, uuid: str | None, name: str | None, given: str | None, exactly: bool = False
) -> Status:
    """Return the worker that is meant.

    As published, a uuid wins, and a name alone means the first worker of that name; `exactly` refuses to
    guess between several, for what cannot be undone. `given` is a uuid, a name, or the beginning of a uuid.
    """
    if uuid is None and name is None and given is None:
        raise Problem(
            "say which worker is meant, by name or uuid; `funcnodes worker list` shows them", WRONGLY_ASKED
        )
    found = _matches(workers, uuid, name, given)
    meant = uuid or given or name
    if not found:
        known = ", ".join(sorted(str(w["name"] or w["uuid"]) for w in workers)) or "none yet"
        raise Problem(f"there is no worker {meant!r}; known are: {known}")
    if uuid is not None and name is not None and found[0]["name"] != name:
        raise Problem(f"worker {uuid!r} is called {found[0]['name']!r}, not {name!r}; leave one of them away")
    # A name given as published means the first; a bare word that fits several was perhaps meant otherwise.
    if len(found) > 1 and (exactly or name is None):
        ids = ", ".join(str(w["uuid"]) for w in found)
        raise Problem(f"{meant!r} may mean several workers: {ids}; give the uuid")
    return found[0]


def word_for(workers: Sequence[Status], uuid: str) -> str:
    """Return what to type for a worker: its name, or its uuid where that is another's name too."""
    name = next((str(w["name"]) for w in workers if w["uuid"] == uuid and w["name"]), uuid)
    alone = len(_matches(workers, None, None, name)) == 1
    return shlex.quote(name if alone else uuid)


def split_words(
    words: Sequence[str], *, is_named: bool, wanted: Sequence[str], usage: str, more: bool = False
) -> tuple[str | None, list[str]]:
    """Return the worker named by the first word, unless an option names it, and the words after it.

    `wanted` says what the other words are, `more` whether there may be any number of them.
    """
    which, rest = (None, list(words)) if is_named or not words else (words[0], list(words[1:]))
    if not (is_named or which) or (len(rest) != len(wanted) and not more):
        what = " and ".join(["one worker", *wanted])
        raise Problem(f"give {what}, like: funcnodes worker {usage}", WRONGLY_ASKED)
    return which, rest


def _matches(
    workers: Sequence[Status], uuid: str | None, name: str | None, given: str | None
) -> list[Status]:
    if uuid is not None:
        return [w for w in workers if w["uuid"] == uuid]
    if given is None:
        return [w for w in workers if w["name"] == name]
    exact = [w for w in workers if w["uuid"] == given] or [w for w in workers if w["name"] == given]
    if exact or len(given) < _SHORTEST_BEGINNING:
        return exact
    return [w for w in workers if str(w["uuid"]).startswith(given)]
