"""What uv says, in our words: progress lines for users, and the kind of a failure. Pure.

Owns the reading of uv's messages. Does not run it (`uv`).
"""

from __future__ import annotations

import re

from funcnodes.environment import reasons
from funcnodes.environment.errors import (
    Conflict,
    InstallerFailed,
    NoNetwork,
    PackageNotFound,
    ProvisionFailed,
)

_PROGRESS = re.compile(
    r"^\s*(Resolved|Downloading|Downloaded|Building|Built|Prepared|Installed|Uninstalled|Creating virtual)\b"
)
_NETWORK = (
    "error sending request",
    "Failed to fetch",
    "Could not connect",
    "dns error",
    "Network connectivity is disabled",
    "because the network was disabled",
    "timed out",
    "operation timeout",
)
_MISSING = (
    "was not found in the package registry",
    "there is no version of",
    "is available and",
    "has no wheels with a matching",
    "not found",
)
_NOT_DOWNLOADED = re.compile(r"Failed to (?:download|download and build|fetch|build) `([A-Za-z0-9._-]+)==")
_NOT_RESOLVED = re.compile(r"you require ([A-Za-z0-9._-]+)==")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_LONGEST = 1200


def progress_line(line: str) -> str | None:
    """Return the line as a user is shown it, or None when it says nothing of interest."""
    plain = line.rstrip()
    if not _PROGRESS.match(plain):
        return None
    # The place of an environment is no news to a user, and its hash is noise.
    return "Creating a virtual environment" if "Creating virtual" in plain else plain.strip()


def failure(wanted: str, said: str, *, offline: bool = False) -> ProvisionFailed:
    """Return the error that uv's last words mean, when it failed while installing `wanted`."""
    causes = _causes(said)
    whole = " ".join(causes)
    if any(sign in whole for sign in _NETWORK) and "No solution found" not in whole:
        return NoNetwork(causes[-1] if causes else "no answer")
    if offline and any(sign in whole for sign in _NETWORK):
        return NoNetwork("working offline, and the packages are not in the local cache")
    if "No solution found" not in whole:
        return InstallerFailed(wanted, _cut(whole) or "the installer said nothing.")
    explanation = _plain(causes[-1])
    # A name or version that the registry lacks makes a proof of one sentence; a true conflict takes several
    # facts.
    missing = any(sign in explanation for sign in _MISSING) and " depends on " not in _before_conclusion(
        explanation
    )
    if missing:
        return PackageNotFound(wanted, explanation)
    return Conflict(wanted, explanation, reasons.in_plain_words(causes[-1]))


def not_downloaded(said: str) -> str | None:
    """Return the package whose file uv could not get."""
    found = _NOT_DOWNLOADED.search(said)
    return None if found is None else found[1]


def not_resolved(said: str) -> str | None:
    """Return the package of an exact wish that uv could not have."""
    found = _NOT_RESOLVED.search(_joined(said))
    return None if found is None else found[1]


def _causes(said: str) -> list[str]:
    """Return the error and its causes, each on one line; older releases of uv draw a tree instead."""
    text = (
        _CREDENTIALS.sub("", said)
        .replace("╰─▶", "cause:")
        .replace("├─▶", "cause:")
        .replace("\N{MULTIPLICATION SIGN}", "error:")
    )
    start = re.search(r"^\s*error:", text, re.MULTILINE)
    if start is None:
        return [_joined(text)] if text.strip() else []
    parts = re.split(r"^\s*(?:error|cause|hint):", text[start.start() :], flags=re.MULTILINE)
    return [_joined(part) for part in parts if part.strip()]


def _joined(part: str) -> str:
    return re.sub(r"\s+", " ", part.replace("│", " ")).strip()


def _plain(explanation: str) -> str:
    text = explanation.replace("your project's requirements are unsatisfiable", "this cannot be installed")
    text = text.replace("your project", "this worker")
    return _cut(text)


def _before_conclusion(explanation: str) -> str:
    return explanation.replace("this worker depends on ", "")


def _cut(text: str) -> str:
    # The proof of a conflict ends with what matters to the user: keep its end.
    return text if len(text) <= _LONGEST else "… " + text[-_LONGEST:]
