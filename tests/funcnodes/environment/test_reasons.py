"""Why packages do not fit together, from proofs as uv 0.13 said them."""

# ruff: noqa: E501 - the words of uv stand here as it said them
from __future__ import annotations

import pytest
from funcnodes.environment.errors import Conflict
from funcnodes.environment.explain import failure
from funcnodes.environment.reasons import exclude, in_plain_words

HEAD = "error: No solution found when resolving dependencies for split (markers: sys_platform == 'linux')\n"
TWO_PACKAGES = f"""{HEAD}  cause: Because all versions of fnt-b depend on fnt-lib>=2 and all versions of fnt-a \
depend on fnt-lib<2, we can conclude that all versions of fnt-a and all versions of fnt-b are incompatible.
         And because your project depends on fnt-a and fnt-b, we can conclude that your project's requirements \
are unsatisfiable.
"""
SEVERAL_RELEASES = f"""{HEAD}  cause: Because all versions of fnt-c depend on fnt-lib<2 and fnt-d<=1.0 depends on \
fnt-lib>=2, we can conclude that all versions of fnt-c and fnt-d<=1.0 are incompatible. (1)

         Because all versions of fnt-c depend on fnt-lib<2 and fnt-d>=1.1 depends on fnt-lib>=3, we can conclude \
that all versions of fnt-c and fnt-d>=1.1 are incompatible.
         And because we know from (1) that all versions of fnt-c and fnt-d<=1.0 are incompatible, we can conclude \
that all versions of fnt-c and all versions of fnt-d are incompatible.
         And because your project depends on fnt-c and fnt-d, we can conclude that your project's requirements \
are unsatisfiable.
"""
THROUGH_ANOTHER = f"""{HEAD}  cause: Because all versions of fnt-e depend on fnt-d and fnt-d>=1.1 depends on \
fnt-lib>=3, we can conclude that fnt-d!=1, all versions of fnt-e, fnt-lib<3 are incompatible.
         And because fnt-d<=1.0 depends on fnt-lib>=2 and all versions of fnt-c depend on fnt-lib<2, we can \
conclude that all versions of fnt-c and all versions of fnt-e are incompatible.
         And because your project depends on fnt-c and fnt-e, we can conclude that your project's requirements \
are unsatisfiable.
"""
OWN_WISH = f"""{HEAD}  cause: Because all versions of fnt-b depend on fnt-lib>=2 and your project depends on \
fnt-b, we can conclude that your project depends on fnt-lib>=2.
         And because your project depends on fnt-lib==1.0, we can conclude that your project's requirements are \
unsatisfiable.
"""
PANDAS = f"""{HEAD}  cause: Because pandas>=3.0.0rc0,<=3.0.0rc1 depends on numpy>=1.26.0 and all of:
             pandas>=3.0.0rc2,<=3.0.3
             pandas>=3.0.5,<=3.0.6
         depend on numpy>=1.26.0, we can conclude that all of:
             pandas>=3.0.0rc0,<=3.0.3
             pandas>=3.0.5,<=3.0.6
         depend on numpy>=1.26.0.
         And because pandas>=2.2.2,<=2.3.3 depends on numpy>=1.23.2 and pandas==3.0.4 was yanked (reason: Reported \
segfaults with datetime-related functionality), we can conclude that pandas>=2.2.0 depends on numpy>=1.23.2.
         And because your project depends on numpy<1.22 and pandas>=2.2, we can conclude that your project's \
requirements are unsatisfiable.
"""


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            TWO_PACKAGES,
            "`fnt-a` needs fnt-lib<2, `fnt-b` needs fnt-lib>=2: they cannot share one worker; make a second",
        ),
        (
            SEVERAL_RELEASES,
            "`fnt-c` needs fnt-lib<2, `fnt-d` needs fnt-lib>=2: they cannot share one worker; make a second",
        ),
        (
            THROUGH_ANOTHER,
            "`fnt-c` needs fnt-lib<2, `fnt-d` needs fnt-lib>=2 (and `fnt-e` needs `fnt-d`): they cannot share one worker; make a second",
        ),
        (
            OWN_WISH,
            "this worker asks for fnt-lib==1.0, `fnt-b` needs fnt-lib>=2: ask for another version of fnt-lib, or make a second worker",
        ),
        (
            PANDAS,
            "this worker asks for numpy<1.22, `pandas` needs numpy>=1.23.2: ask for another version of numpy, or make a second worker",
        ),
    ],
)
def test_a_conflict_is_one_plain_sentence(said: str, sentence: str) -> None:
    found = failure("fnt-b", said)

    assert isinstance(found, Conflict)
    assert found.plainly == sentence
    assert sentence in str(found)


def test_what_is_not_certain_gives_no_sentence() -> None:
    assert in_plain_words("Because a depends on b>=1 and c depends on b<2, we can conclude nothing.") is None
    assert in_plain_words("Because the moon is full, this cannot be installed.") is None


@pytest.mark.parametrize(
    ("one", "other", "never"),
    [
        ("<2", ">=2", True),
        ("<=2", ">=2", False),
        (">=1,<2", ">=1.5", False),
        ("==1.0", ">=2", True),
        ("==1.*", "==1.4", False),
        ("==1.*", ">=2", True),
        ("!=1", "==1", True),
        ("<1.20", ">=1.23.2,<2", True),
        ("", ">=2", False),
        ("whatever", ">=2", False),
    ],
)
def test_versions_that_exclude_each_other(one: str, other: str, never: bool) -> None:
    assert exclude(one, other) is never
    assert exclude(other, one) is never
