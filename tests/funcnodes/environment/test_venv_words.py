"""What pip is told of a manifest and a lock, and what is made of its words: no pip is run here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from funcnodes.environment.errors import Conflict, NoNetwork, PackageNotFound, ProvisionFailed
from funcnodes.environment.manifest import new_manifest, with_link, with_requirement
from funcnodes.environment.venv import Pip

CONFLICT = """\
Collecting fntest-old
ERROR: Cannot install fntest-old==1.0 and fntest-module==2.0 because these package versions have \
conflicting dependencies.

The conflict is caused by:
    fntest-old 1.0 depends on fntest-library<2
    fntest-module 2.0 depends on fntest-library>=2
    The user requested (constraint) fntest-library==1.0

Additionally, some packages in these conflicts have no matching distributions available for your environment:
    fntest-library

ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/
"""
LOCK = """
[[package]]
name = "fntest-library"
version = "1.0"
source = { registry = "pip" }
[[package]]
name = "fntest-module"
version = "1.0"
source = { registry = "pip" }
[[package]]
name = "mine"
version = "0.1"
source = { path = "/there/mine" }
"""


class Told:
    """What a pip that always fails was told: the words of each run, and its constraints."""

    def __init__(self, *said: str) -> None:
        self.said = list(said)
        self.words: list[list[str]] = []
        self.held: list[list[str]] = []

    async def __call__(
        self, command: Sequence[str], _environment: Mapping[str, str], _heard: Callable[[str], object]
    ) -> tuple[int, str]:
        """Fail like pip, in its own environment."""
        words = list(command)
        constraints = Path(words[words.index("-c") + 1]).read_text().split("\n")
        self.held.append(sorted(line for line in constraints if "==" in line))
        self.words.append(words[words.index("-c") + 2 :])
        return 1, self.said.pop(0)


async def failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Told, text: str, upgrade: Sequence[str] = ()
) -> ProvisionFailed:
    """Return why nothing is resolved."""
    monkeypatch.setattr("funcnodes.environment.venv.run_lines", told)
    (tmp_path / "pyvenv.cfg").touch()
    (tmp_path / "pyproject.toml").write_text(text)
    (tmp_path / "uv.lock").write_text(LOCK)
    with pytest.raises(ProvisionFailed) as raised:
        await Pip(tmp_path).lock(tmp_path, wanted="it", upgrade=upgrade, say=lambda _: None)
    return raised.value


async def test_what_pip_names_is_let_go_first_and_nothing_besides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked for by name is held as well; then who needs what is told in plain words."""
    told = Told(CONFLICT, "ERROR: something else", CONFLICT)
    problem = await failure(tmp_path, monkeypatch, told, with_requirement(new_manifest(), "fntest-module"))

    assert told.held == [["fntest-library==1.0", "fntest-module==1.0"], ["fntest-module==1.0"], []]
    assert isinstance(problem, Conflict)
    assert problem.plainly == (
        "`fntest-module` needs fntest-library>=2, `fntest-old` needs fntest-library<2: "
        "they cannot share one worker; make a second"
    )


async def test_what_may_be_newer_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = "ERROR: No matching distribution found for fntest-library==1.0"
    told = Told(gone, gone)
    problem = await failure(tmp_path, monkeypatch, told, new_manifest(), ["fntest-module"])

    assert told.held == [["fntest-library==1.0"], []]
    assert isinstance(problem, PackageNotFound)


async def test_an_index_that_does_not_answer_is_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told("WARNING: Retrying (Retry(total=0))\nERROR: No matching distribution found for a")
    assert isinstance(await failure(tmp_path, monkeypatch, told, new_manifest()), NoNetwork)


async def test_what_is_linked_is_asked_of_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index may have somebody else's package of that name."""
    told = Told("ERROR: no", "ERROR: no")
    await failure(tmp_path, monkeypatch, told, with_link(new_manifest(), "mine", Path("/there/mine")))
    assert told.words[0] == ["funcnodes", "funcnodes-basic", "funcnodes-worker", "-e", "/there/mine"]
