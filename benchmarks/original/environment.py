"""Where the original lives: a virtual environment below the user's temporary folder, made on demand."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from funcnodes.environment.state import python_in
from funcnodes.environment.uv import find_uv

PINS = (
    "funcnodes==1.7.1",
    "funcnodes-core==2.4.0",
    "funcnodes-worker==1.6.0",
    "funcnodes-basic==1.2.0",
    # What measures a worker from outside, on both sides.
    "psutil",
)
LIMIT_S = 300.0


def original() -> Path:
    """Return the interpreter that has the original, installed now if it is not there yet."""
    name = hashlib.sha256(" ".join((sys.version, *PINS)).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"funcnodes-original-{os.getuid()}-{name}"
    done = folder / "installed"
    if not done.exists():
        print(f"installing {' '.join(PINS)} into {folder} …", file=sys.stderr, flush=True)
        _uv("venv", "-q", "--clear", "--python", sys.executable, folder / "venv")
        _uv("pip", "install", "-q", "--compile-bytecode", "--python", python_in(folder / "venv"), *PINS)
        done.touch()
    return python_in(folder / "venv")


def _uv(*arguments: str | Path) -> None:
    program = find_uv()
    if program is None:
        raise SystemExit("the peer needs uv; install it with `pip install uv`")
    subprocess.run([program, *arguments], check=True, timeout=LIMIT_S)


def versions(python: Path) -> dict[str, str]:
    """Return the versions of what an interpreter has of FuncNodes, as it says itself."""
    code = (
        "import importlib.metadata as m; print(*(f'{d.name}={d.version}' for d in m.distributions()"
        " if d.name.startswith('funcnodes')))"
    )
    said = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    return dict(sorted(pair.split("=") for pair in said.stdout.split()))
