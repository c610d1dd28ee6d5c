"""How fast the command line answers: `--version` and `--help`, as a user waits for them, with bytecode."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

RUNS = 9


def answer_s(argument: str, cache: str) -> float:
    """Return the seconds from the start of the process to its end."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "funcnodes", argument],
        check=True,
        stdout=subprocess.DEVNULL,
        env=environment | {"PYTHONPYCACHEPREFIX": cache},
    )
    return time.perf_counter() - start


def main() -> None:
    """Print the figures."""
    figures: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as cache:
        for argument in ("--version", "--help"):
            answer_s(argument, cache)
            times = [answer_s(argument, cache) for _ in range(RUNS)]
            figures.append(
                {
                    "name": f"funcnodes {argument}",
                    "median": statistics.median(times),
                    "unit": "s",
                    "runs": RUNS,
                    "note": "with bytecode",
                }
            )
    print(json.dumps({"figures": figures}))


if __name__ == "__main__":
    main()
