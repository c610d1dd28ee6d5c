"""The option `--versions`: which environment a flow is opened with, where it cannot be had as it was made.

Owns the words of the option. What they mean for an environment is `environment/as_made`'s.
"""

from __future__ import annotations

import enum
from typing import Annotated, TypedDict

import typer


class Versions(enum.StrEnum):
    """The choice of who opens a flow; the words of `environment/as_made`, which is imported when needed."""

    EXACT = "exact"
    NEAREST = "nearest"
    NONE = "none"


VersionsOption = Annotated[
    Versions,
    typer.Option(
        "--versions",
        help="If its environment cannot be had as it was made: `exact` says so and installs nothing, "
        "`nearest` takes what comes nearest, `none` is --not-in-venv.",
    ),
]


class Wanted(TypedDict):
    """What an opening is told of the environment."""

    in_venv: bool
    versions: str


def wanted(versions: Versions, *, not_in_venv: bool) -> Wanted:
    """Return what the options say together."""
    return Wanted(in_venv=not not_in_venv and versions is not Versions.NONE, versions=str(versions))
