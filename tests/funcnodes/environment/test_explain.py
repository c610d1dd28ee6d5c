"""What uv says, told to a user: words of uv as it said them."""

from __future__ import annotations

import pytest
from funcnodes.environment.errors import Conflict, InstallerFailed, NoNetwork, PackageNotFound
from funcnodes.environment.explain import failure, progress_line

NOT_FOUND = """Using CPython 3.11.7 interpreter at: /somewhere/bin/python
error: No solution found when resolving dependencies for split (markers: python_full_version == '3.11.*')
  cause: Because funcnodes-nothing was not found in the package registry and your project depends on \
funcnodes-nothing, we can conclude that your project's requirements are unsatisfiable.
"""
NO_VERSION = """error: No solution found when resolving dependencies for split (markers: python_full_version)
  cause: Because there is no version of funcnodes-keras==99 and your project depends on funcnodes-keras==99, \
we can conclude that your project's requirements are unsatisfiable.
"""
CONFLICT = """error: No solution found when resolving dependencies for split (markers: python_full_version)
  cause: Because pandas>=2.2.0,<=2.2.1 depends on numpy>=1.23.2,<2 and all of:
             pandas>=3.0.0rc2,<=3.0.3
             pandas>=3.0.5,<=3.0.6
         depend on numpy>=1.26.0, we can conclude that pandas>=2.2.0 depends on numpy>=1.23.2.
         And because your project depends on numpy<1.20 and pandas>=2.2, we can conclude that your project's \
requirements are unsatisfiable.
"""
OLDER_CONFLICT = """  × No solution found when resolving dependencies:
  ╰─▶ Because a==1 depends on b<1 and your project depends on b>=1, we can conclude that your project's
      requirements are unsatisfiable.
"""  # noqa: RUF001 - older releases of uv draw this sign
NO_NETWORK = """error: Request failed after 3 retries in 6.3s
  cause: Failed to fetch: http://user:secret@127.0.0.1:9/simple/tqdm/
  cause: error sending request for url (http://user:secret@127.0.0.1:9/simple/tqdm/)
  cause: client error (Connect)
  cause: tcp connect error
  cause: Connection refused (os error 111)
"""


def test_a_missing_package_is_named() -> None:
    found = failure("funcnodes-nothing", NOT_FOUND)

    assert isinstance(found, PackageNotFound)
    assert str(found) == (
        "funcnodes-nothing cannot be installed: Because funcnodes-nothing was not found in the package "
        "registry and this worker depends on funcnodes-nothing, we can conclude that this cannot be "
        "installed. The worker's environment is as it was. Check the name and the version, and whether the "
        "package supports this Python"
    )


def test_a_missing_version_is_no_conflict() -> None:
    assert isinstance(failure("funcnodes-keras==99", NO_VERSION), PackageNotFound)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            CONFLICT,
            "this worker asks for numpy<1.20, `pandas` needs numpy>=1.23.2: ask for another version of numpy",
        ),
        (OLDER_CONFLICT, "this worker asks for b>=1, `a` needs b<1: ask for another version of b"),
    ],
)
def test_a_conflict_tells_who_wants_what(said: str, sentence: str) -> None:
    found = failure("x", said)

    assert isinstance(found, Conflict)
    assert "this worker depends on" in found.explanation
    assert str(found) == (
        f"x does not fit together with what this worker has: {sentence}, or make a second worker. "
        "The worker's environment is as it was."
    )


def test_a_conflict_that_cannot_be_told_plainly_is_shown_as_it_is() -> None:
    found = failure(
        "x", "error: No solution found\n  cause: Because the moon is full, your project is unsatisfiable."
    )

    assert str(found) == (
        "x does not fit together with what this worker has: Because the moon is full, this worker is "
        "unsatisfiable. The worker's environment is as it was. Ask for another version, remove the other "
        "package, or use a second worker"
    )


def test_no_network_says_so_without_secrets() -> None:
    found = failure("numpy", NO_NETWORK)

    assert isinstance(found, NoNetwork)
    assert "Connection refused" in str(found)
    assert "secret" not in str(found)
    assert str(found).endswith("then try again")


def test_anything_else_is_told_as_it_is() -> None:
    found = failure("x", "error: Failed to build `x`\n  cause: the compiler is missing http://u:secret@h/\n")

    assert isinstance(found, InstallerFailed)
    assert "Failed to build `x` the compiler is missing http://h/" in str(found)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Resolved 25 packages in 5ms", "Resolved 25 packages in 5ms"),
        (" Downloading numpy (16.1MiB)", "Downloading numpy (16.1MiB)"),
        (" Downloaded numpy", "Downloaded numpy"),
        ("Creating virtual environment at: environments/0123", "Creating a virtual environment"),
        (" + numpy==2.4.1", None),
        ("Using CPython 3.11.7 interpreter at: /somewhere", None),
        ("warning: Failed to hardlink files; falling back to full copy.", None),
    ],
)
def test_progress_is_what_a_user_wants_to_know(line: str, shown: str | None) -> None:
    assert progress_line(line) == shown
