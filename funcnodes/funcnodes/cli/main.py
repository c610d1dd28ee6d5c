"""The `funcnodes` command: hands each noun to its module and ends with one sentence.

Owns exit codes and the way a problem is said. What the nouns do stands in their own modules.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["--version"]:
        # Parsing takes ten times longer than this answer.
        from funcnodes import __version__

        sys.stdout.write(f"funcnodes {__version__}\n")
        raise SystemExit(0)
    # Modules are no garbage: looking for some among what was just imported takes a tenth of the time until a
    # command begins, in vain. One that lasts has it look as usual then (`ending`).
    gc.set_threshold(200_000, 10, 10)
    raise SystemExit(run(given))


def run(arguments: Sequence[str]) -> int:
    """Return the exit code of this command line: 0 done, 1 failed, 2 wrongly asked, 130 interrupted."""
    from funcnodes.cli import problems
    from funcnodes.cli.app import app

    try:
        app(args=list(arguments), prog_name="funcnodes", standalone_mode=True)
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted.\n")
        return 130
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    # Whatever goes wrong ends in one sentence; what we have not foreseen says so and how to see more.
    except Exception as problem:  # noqa: BLE001
        return problems.say(problem, debug="--debug" in arguments)
    return 0
