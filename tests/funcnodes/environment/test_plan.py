"""From present to wanted: what is shown, and which way is taken."""

from __future__ import annotations

from funcnodes.environment.plan import (
    Change,
    Difference,
    Package,
    Plan,
    Stay,
    Way,
    difference,
    make_plan,
    read_lock,
    without,
)

CORE = Package("funcnodes-core", "3.0.0", "/builds/1/funcnodes_core.whl")
NEWER_CORE = Package("funcnodes-core", "3.0.0", "/builds/2/funcnodes_core.whl")
NUMPY = Package("numpy", "2.4.1")
OLD_NUMPY = Package("numpy", "1.26.4")
MODULE = Package("funcnodes-numpy", "0.2.12")

LOCK = """
version = 1
requires-python = "==3.11.*"

[[package]]
name = "funcnodes-core"
version = "3.0.0"
source = { path = "/builds/1/funcnodes_core.whl" }

[[package]]
name = "funcnodes-worker-environment"
version = "0"
source = { virtual = "." }

[[package]]
name = "numpy"
version = "2.4.1"
source = { registry = "the registry" }
"""


def test_a_lock_is_its_packages_without_the_project() -> None:
    assert read_lock(LOCK) == {CORE, NUMPY}


def test_nothing_to_do_when_all_is_there() -> None:
    assert make_plan({CORE, NUMPY}, {NUMPY, CORE}) == Plan(Difference(), Way.NOTHING, ())


def test_only_adding_joins_the_current_environment() -> None:
    assert make_plan({CORE}, {CORE, NUMPY, MODULE}) == Plan(
        Difference(added=(MODULE, NUMPY)), Way.ADD, ("funcnodes-numpy", "numpy")
    )


NEEDED = """
[[package]]
name = "funcnodes"
dependencies = [{ name = "funcnodes-basic" }]
[[package]]
name = "funcnodes-basic"
[[package]]
name = "numpy"
[[package]]
name = "pandas"
dependencies = [{ name = "numpy" }]
"""


def test_what_others_need_stays_and_is_told() -> None:
    """No success is claimed that did not happen."""
    kept = without(Difference(), ["numpy", "funcnodes-basic", "gone"], NEEDED)
    assert kept.is_empty
    assert str(kept) == "takes out of the library funcnodes-basic; numpy stays, because pandas needs it"
    module = NEEDED + '[[package]]\nname = "module"\ndependencies = [{ name = "funcnodes-basic" }]'
    assert without(Difference(), ["funcnodes-basic"], module).stays == (Stay("funcnodes-basic", ("module",)),)


def test_a_changed_version_asks_for_another_environment() -> None:
    assert make_plan({CORE, OLD_NUMPY}, {CORE, NUMPY, MODULE}) == Plan(
        Difference(added=(MODULE,), changed=(Change(OLD_NUMPY, NUMPY),)),
        Way.BUILD,
        ("funcnodes-numpy", "numpy"),
    )


def test_removing_asks_for_another_environment() -> None:
    assert make_plan({CORE, NUMPY}, {CORE}) == Plan(Difference(removed=(NUMPY,)), Way.BUILD, ())


def test_another_build_of_the_same_version_is_a_change() -> None:
    """The manager was installed anew: its workers follow at their next change."""
    plan = make_plan({CORE}, {NEWER_CORE})

    assert (plan.way, str(plan)) == (Way.BUILD, "changes funcnodes-core 3.0.0 (another build)")


def test_without_an_environment_one_is_built_also_for_nothing() -> None:
    assert make_plan(None, {CORE}).way is Way.BUILD


def test_a_difference_reads_as_a_sentence() -> None:
    shown = str(difference({OLD_NUMPY, CORE}, {NUMPY, MODULE}))

    assert shown == "adds funcnodes-numpy 0.2.12; changes numpy 1.26.4 → 2.4.1; removes funcnodes-core 3.0.0"


def test_a_long_difference_is_cut() -> None:
    many = {Package(f"p{number}", "1") for number in range(10, 22)}

    assert str(difference((), many)).endswith("p17 1 and 4 more")
