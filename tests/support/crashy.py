"""A module of nodes that end or block their worker, installed only in the workers of a test.

`install_into` writes it as a distribution; `program_with` is the real worker with that folder on its path.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from funcnodes_worker.home.worker_config import PackageWish, change_worker_config
from funcnodes_worker.home.worker_home import WorkerHome

_MODULE = """
import os, re
from pathlib import Path
from funcnodes_core import NodeDecorator, Shelf

def first_time(flag):
    if Path(flag).exists():
        return False
    Path(flag).touch()
    return True

@NodeDecorator("crashy.abort", name="Abort once")
def abort_once(flag: str) -> str:
    if first_time(flag):
        os.abort()
    return "survived"

@NodeDecorator("crashy.block", name="Block once")
def block_once(flag: str) -> str:
    if first_time(flag):
        re.match(r"(a+)+$", "a" * 36 + "b")
    return "went on"

@NodeDecorator("crashy.block_always", name="Block always")
def block_always(text: str) -> bool:
    return re.match(r"(a+)+$", text) is not None

@NodeDecorator("crashy.abort_if", name="Abort if told to")
def abort_if(text: str) -> str:
    if text == "abort":
        os.abort()
    return text.upper()

NODES = [abort_if, abort_once, block_once, block_always]
NODE_SHELF = Shelf(name="crashy", description="", nodes=NODES, subshelves=[])
"""
_METADATA = "Metadata-Version: 2.1\nName: funcnodes-crashy\nVersion: 1.0\n"
_ENTRY_POINTS = "[funcnodes.module]\nmodule = funcnodes_crashy\nshelf = funcnodes_crashy:NODE_SHELF\n"


def install_into(folder: Path) -> Path:
    """Write the distribution into this folder and return it."""
    about = folder / "funcnodes_crashy-1.0.dist-info"
    about.mkdir(parents=True)
    (folder / "funcnodes_crashy.py").write_text(_MODULE)
    (about / "METADATA").write_text(_METADATA)
    (about / "entry_points.txt").write_text(_ENTRY_POINTS)
    return folder


def program_with(folder: Path) -> tuple[str, ...]:
    """Return the real worker's program, with this folder on its path."""
    code = (
        f"import sys; sys.path.append({str(folder)!r}); "
        "from funcnodes_worker.process.main import main; sys.exit(main())"
    )
    return ("-c", code)


def ask_for_crashy(home: WorkerHome) -> None:
    """Have this worker load the module when it starts."""
    wish = {"funcnodes-crashy": PackageWish("funcnodes-crashy")}
    change_worker_config(home, lambda config: msgspec.structs.replace(config, package_dependencies=wish))
