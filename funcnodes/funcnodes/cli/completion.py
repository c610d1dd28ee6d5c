"""What a shell is offered when somebody presses Tab where a worker is meant.

Owns reading names from the files of the base folder: a shell waits, so no manager is asked.
"""

from __future__ import annotations

import typer


def workers(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of workers that begin like this; ids where there is no name."""
    from funcnodes_worker.home.base import resolve_base
    from funcnodes_worker.home.worker_config import WorkerConfigBroken, read_worker_config
    from funcnodes_worker.home.worker_home import find_workers

    root = context.find_root()
    try:
        homes = find_workers(resolve_base(root.params.get("directory")))
    except OSError:
        return []
    names: set[str] = set()
    for home in homes:
        try:
            names.add(read_worker_config(home).name or home.uuid)
        except (WorkerConfigBroken, FileNotFoundError):
            names.add(home.uuid)
    return sorted(name for name in names if name.startswith(incomplete))
