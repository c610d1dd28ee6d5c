"""Plans of environments: told before anything is done, and nothing is."""

from __future__ import annotations

import pytest
from funcnodes.environment.errors import BadRequest, NotInstalled, PackageNotFound
from funcnodes.environment.plan import EVERYTHING, Difference, Package, Way
from funcnodes.environment.preview import Preview
from funcnodes.environment.provision import Provisioner
from funcnodes.environment.request import asked
from funcnodes.environment.sizes import download_sizes
from funcnodes.server.manager.shown_plan import shown_plan
from funcnodes_worker.home.worker_config import PackageWish
from funcnodes_worker.home.worker_home import WorkerHome

from tests.funcnodes.environment.looking import Heard, disk

LOCK = """
version = 1
requires-python = "==3.11.*"
[[package]]
name = "pure"
version = "1"
source = { registry = "https://somewhere/simple" }
sdist = { url = "https://somewhere/pure-1.tar.gz", size = 9 }
wheels = [{ url = "https://somewhere/pure-1-py3-none-any.whl", size = 700 }]
[[package]]
name = "native"
version = "1"
source = { registry = "https://somewhere/simple" }
wheels = [
  { url = "https://somewhere/native-1-cp312-cp312-any.whl", size = 1 },
  { url = "https://somewhere/native-1-py3-none-any.whl", size = 2 },
  { url = "https://somewhere/native-1-cp311-none-any.whl", size = 3 },
]
[[package]]
name = "only-source"
version = "1"
source = { registry = "https://somewhere/simple" }
sdist = { url = "https://somewhere/only-1.tar.gz", size = 9 }
[[package]]
name = "unknown"
version = "1"
source = { registry = "https://somewhere/simple" }
wheels = [{ url = "https://somewhere/unknown-1-py3-none-any.whl" }]
[[package]]
name = "ours"
version = "1"
source = { path = "/here/ours-1-py3-none-any.whl" }
"""


def test_the_size_is_that_of_the_file_that_would_be_fetched() -> None:
    names = ["pure", "native", "only-source", "unknown", "ours"]

    assert download_sizes(LOCK, names) == {"pure": 700, "native": 3, "only-source": 9, "ours": 0}
    assert download_sizes(LOCK, []) == {}


def test_a_size_that_nobody_knows_is_not_nothing() -> None:
    """Some indexes name no sizes: then there is none to add up."""
    coming = Preview(Difference(added=(Package("numpy", "2.4.1"),)))
    assert shown_plan(coming, asked(), ())["download"] is None
    assert shown_plan(Preview(), asked(), ())["download"] == 0


def test_a_request_says_what_a_workers_settings_name_afterwards() -> None:
    before = {"a": PackageWish("a", "==1"), "b": PackageWish("b", ">=1"), "c": PackageWish("c")}

    assert asked([("d", "2")], ["c"], ["a", "b"]).note(before) == {
        "a": PackageWish("a", None),
        "b": PackageWish("b", ">=1"),
        "d": PackageWish("d", "2"),
    }
    assert asked(upgrade=None).note(before) == before
    spelled = {"basic": PackageWish("funcnodes_basic", None)}
    assert asked(remove=["funcnodes-basic"]).note(spelled) == {}, "it would be loaded at the next start"
    assert asked(remove=["funcnodes-basic"]).leave_out(()) == ("funcnodes-basic",)
    assert asked([("funcnodes_basic", None)]).leave_out(("funcnodes-basic",)) == ()


def test_a_request_is_told_by_what_it_asks_for() -> None:
    assert [str(asked([("a", "1"), ("b", None)])), str(asked(remove=["c"])), str(asked(upgrade=None))] == [
        "a==1, b",
        "c",
        "all packages",
    ]
    assert asked(upgrade=None).let_go == EVERYTHING
    twice = [("numpy", "2.1.0"), ("Numpy", "1.26.4")]
    with pytest.raises(BadRequest, match=r"numpy==2\.1\.0 and as numpy==1\.26\.4"):
        asked(twice)
    assert len(asked([("a", "1"), ("a", "1")]).install) == 2
    with pytest.raises(BadRequest, match="both installed and removed"):
        asked([("a", None)], ["A"])


@pytest.mark.registry
async def test_a_plan_says_what_would_come_and_changes_nothing(
    provisioner: Provisioner, home: WorkerHome
) -> None:
    before = disk(home)
    cached = sorted(home.base.cache.iterdir())

    preview = await provisioner.preview(home, asked([("fntest-module", "1.0")]), Heard())

    assert (preview.way, preview.live, preview.conflicts) == (Way.ADD, True, ())
    assert str(preview.difference) == "adds fntest-library 2.0, fntest-module 1.0"
    assert preview.sizes.keys() == {"fntest-library", "fntest-module"}
    assert all(300 < size < 3000 for size in preview.sizes.values())
    assert "funcnodes-basic" in preview.modules
    assert (disk(home), sorted(home.base.cache.iterdir())) == (before, cached)


@pytest.mark.registry
async def test_a_plan_of_several_changes_is_one(cached: Provisioner, home: WorkerHome) -> None:
    await cached.install(home, "fntest-library", "1.0", Heard())
    await cached.install(home, "fntest-fussy", None, Heard())
    before = disk(home)
    request = asked([("fntest-module", "2.0"), ("fntest-library", "2.0")], ["fntest-fussy"])

    preview = await cached.preview(home, request, Heard())

    assert str(preview.difference) == (
        "adds fntest-module 2.0; changes fntest-library 1.0 → 2.0; removes fntest-fussy 1.0"
    )
    assert not preview.live
    assert disk(home) == before

    done = await cached.apply(home, request, Heard())

    assert (done.live, done.difference) == (False, preview.difference)


@pytest.mark.registry
async def test_a_plan_that_cannot_be_says_so_in_plain_words(
    provisioner: Provisioner, home: WorkerHome
) -> None:
    await provisioner.install(home, "fntest-module", "2.0", Heard())
    before = disk(home)

    preview = await provisioner.preview(home, asked([("fntest-old", None)]), Heard())

    (conflict,) = preview.conflicts
    assert conflict == (
        "`fntest-module` needs fntest-library>=2, `fntest-old` needs fntest-library<2: "
        "they cannot share one worker; make a second"
    )
    with pytest.raises(PackageNotFound):
        await provisioner.preview(home, asked([("fntest-nothing", None)]), Heard())
    with pytest.raises(NotInstalled):
        await provisioner.preview(home, asked(upgrade=["fntest-old"]), Heard())
    assert disk(home) == before
