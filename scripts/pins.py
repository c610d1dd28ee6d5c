"""The exact versions of everything, as `constraint-dependencies` in the root `pyproject.toml`.

`uv.lock` names the registry of the machine that made it, so it is not in git; these lines name versions only.

    python scripts/pins.py            resolve anew, to the newest versions, and write the lines
    python scripts/pins.py --missing  keep what is pinned; add what is new, drop what is gone
    python scripts/pins.py --check    fail when the lines are not what `uv.lock` says
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).resolve().parent.parent
PROJECT, LOCK = ROOT / "pyproject.toml", ROOT / "uv.lock"
_BLOCK = re.compile(
    r"\n# Exact versions, renewed by `make pins`\.\nconstraint-dependencies = \[\n.*?\n\]\n", re.DOTALL
)
_PLACE = "\n[tool.uv.workspace]\n"


def pins(lock: dict[str, Any]) -> list[str]:
    """Return one requirement for every package from outside, with its markers where versions fork."""
    packages = cast("list[dict[str, Any]]", lock["package"])
    return sorted(_pin(entry) for entry in packages if "registry" in entry["source"])


def _pin(entry: dict[str, Any]) -> str:
    requirement = f"{entry['name']}=={entry['version']}"
    markers = cast("list[str]", entry.get("resolution-markers", []))
    if not markers:
        return requirement
    # uv writes them in an order that changes from one resolution to the next.
    return f"{requirement} ; {' or '.join(f'({marker})' for marker in sorted(markers))}"


def with_pins(text: str, lines: list[str]) -> str:
    """Return the project's text with these pins in place of those it has."""
    text = _BLOCK.sub("", text)
    if not lines:
        return text
    listed = "".join(f'    "{line}",\n' for line in lines)
    block = f"\n# Exact versions, renewed by `make pins`.\nconstraint-dependencies = [\n{listed}]\n"
    return text.replace(_PLACE, block + _PLACE, 1)


def _read_lock() -> dict[str, Any]:
    return tomllib.loads(LOCK.read_text(encoding="utf-8"))


def _lock(*options: str) -> None:
    subprocess.run(["uv", "lock", "--quiet", *options], cwd=ROOT, check=True)


def _check() -> int:
    text = PROJECT.read_text(encoding="utf-8")
    if with_pins(text, pins(_read_lock())) == text:
        return 0
    print("the pins in pyproject.toml are not what uv.lock says: `make pins`, or `scripts/pins.py --missing`")
    return 1


def _write(upgrade: bool) -> int:
    before = PROJECT.read_text(encoding="utf-8")
    try:
        if upgrade:
            PROJECT.write_text(with_pins(before, []), encoding="utf-8")
        _lock(*(["--upgrade"] if upgrade else []))
        lines = pins(_read_lock())
    except BaseException:
        PROJECT.write_text(before, encoding="utf-8")
        raise
    PROJECT.write_text(with_pins(before, lines), encoding="utf-8")
    # The lock notes the constraints it was made under; without this it would be resolved again at next use.
    _lock()
    print(f"{len(lines)} packages are pinned")
    return 0


if __name__ == "__main__":
    options = sys.argv[1:]
    sys.exit(_check() if "--check" in options else _write(upgrade="--missing" not in options))
