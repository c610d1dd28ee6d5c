"""Run the benchmark scripts, each as a program of its own, and show one table of medians.

Owns finding the scripts, reading what they print, the state of the machine, and the file of results. What is
measured stands in the scripts; what they print is said in `README.md`.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PACKAGES = ("funcnodes_core", "funcnodes_worker", "funcnodes", "funcnodes_basic", "funcnodes_react_flow")
PEERS = tuple(
    sorted(file.stem for file in (HERE / "original").glob("[a-z]*.py") if (HERE / file.name).exists())
)
"""Scripts that measure the original by the same program, too."""
LIMIT_S = 1800.0


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    script: str
    name: str
    median: float
    unit: str
    runs: int | None
    note: str


class ScriptFailed(Exception):
    """Raised when a script ends badly or prints what is not in the agreed form."""

    def __init__(self, script: str, problem: str) -> None:
        super().__init__()
        self.script, self.problem = script, problem

    def __str__(self) -> str:
        return f"{self.script}: {self.problem}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen scripts; the exit code is 1 when one of them failed."""
    known = scripts()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Run the benchmarks.")
    parser.add_argument("scripts", nargs="*", metavar="SCRIPT", help=f"some of: {', '.join(known)}")
    parser.add_argument(
        "--with-original", action="store_true", help=f"{' and '.join(PEERS)} beside the original, as ratios"
    )
    parser.add_argument("--json", action="store_true", help="print the merged JSON instead of the table")
    chosen = parser.parse_args(arguments)
    if unknown := [name for name in chosen.scripts if name not in known]:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(known)}")
    figures: list[Figure] = []
    problems: list[str] = []
    wanted = list(chosen.scripts or known)
    if chosen.with_original:
        wanted += [f"original.{name}" for name in wanted if name in PEERS]
    for script in wanted:
        say(f"{script} …")
        try:
            figures += run(script)
        except ScriptFailed as problem:
            problems.append(str(problem))
    result = {"machine": machine(), "figures": [asdict(figure) for figure in figures], "problems": problems}
    file = save(result)
    print(
        json.dumps(result, indent=2, ensure_ascii=False)
        if chosen.json
        else "\n".join(report(result, figures))
    )
    say(f"\nWritten to {file.relative_to(ROOT)}")
    for problem in problems:
        say(f"FAILED {problem}")
    return 1 if problems else 0


def say(text: str) -> None:
    """Tell a person at the terminal; results go to standard output only."""
    print(text, file=sys.stderr, flush=True)


def scripts() -> list[str]:
    """Return the names of the scripts in this folder."""
    return sorted(file.stem for file in HERE.glob("*.py") if not file.stem.startswith("_"))


def run(script: str) -> list[Figure]:
    """Return the figures that a script printed."""
    try:
        ended = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{script}"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise ScriptFailed(script, f"did not end within {LIMIT_S:.0f} s") from late
    if ended.returncode:
        raise ScriptFailed(script, f"ended with exit code {ended.returncode}; its words are above")
    return read(script, ended.stdout)


def read(script: str, printed: bytes) -> list[Figure]:
    """Return the figures in what a script printed, or raise `ScriptFailed`."""
    try:
        said = json.loads(printed)
        rows = cast("list[Mapping[str, Any]]", said["figures"])
        return [
            Figure(
                script=script,
                name=str(row["name"]),
                median=float(row["median"]),
                unit=str(row["unit"]),
                runs=None if row.get("runs") is None else int(row["runs"]),
                note=str(row.get("note", "")),
            )
            for row in rows
        ]
    except (ValueError, KeyError, TypeError) as problem:
        raise ScriptFailed(script, f"printed no figures in the agreed form ({problem!r})") from problem


def machine() -> dict[str, Any]:
    """Return what the figures depend on besides our code."""
    return {
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "load": load(),
        "bytecode": bytecode(),
    }


def load() -> float | None:
    """Return how many processes wanted a processor in the last minute; busy machines mislead."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def bytecode() -> dict[str, Any]:
    """Return whether bytecode is written, and how many modules have it already."""
    site = Path(sysconfig.get_path("purelib"))
    return {
        "written": not sys.dont_write_bytecode,
        "ours": compiled(ROOT / package / package for package in PACKAGES),
        "site packages": compiled([site]),
    }


def compiled(folders: Iterable[Path]) -> str:
    """Return how many modules below the folders have bytecode for this interpreter, as "n of m"."""
    tag = f".{sys.implementation.cache_tag}.pyc"
    sources = [file for folder in folders for file in folder.rglob("*.py")]
    present = sum((file.parent / "__pycache__" / f"{file.stem}{tag}").exists() for file in sources)
    return f"{present} of {len(sources)}"


def save(result: Mapping[str, Any]) -> Path:
    """Write the results beside those of other days and return the file."""
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    stamp = str(result["machine"]["time"]).replace(":", "").replace("+0000", "Z")
    file = folder / f"{stamp}.json"
    file.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    return file


def report(result: Mapping[str, Any], figures: Sequence[Figure]) -> list[str]:
    """Return the lines of the table and of the machine's state."""
    facts = result["machine"]
    code = facts["bytecode"]
    written = "written" if code["written"] else "not written"
    lines = [
        f"Python {facts['python']}, {facts['system']}",
        f"{facts['processors']} processors, load {facts['load']}",
        f"bytecode: {written}; ours {code['ours']}, site packages {code['site packages']}",
        "",
    ]
    width = max((len(figure.name) for figure in figures), default=0)
    for script in dict.fromkeys(figure.script for figure in figures):
        lines.append(script)
        lines += [line(figure, width) for figure in figures if figure.script == script]
        lines.append("")
    return lines


def line(figure: Figure, width: int) -> str:
    """Return one line of the table."""
    of = f"of {figure.runs}" if figure.runs else ""
    return f"  {figure.name:<{width}}  {figure.median:>10.4g} {figure.unit:<5} {of:<8} {figure.note}".rstrip()


if __name__ == "__main__":
    raise SystemExit(main())
