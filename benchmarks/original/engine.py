"""The engine beside the original's: `python -m benchmarks engine --with-original`."""

from __future__ import annotations

import json

from benchmarks.original.compare import compared, run, sides

PROGRAM = "engine_program.py"
ROUNDS = 3
# With 10 ms before each run the other rows take minutes and say the same.
AS_IT_COMES = ("chain of 1000", "60 reading predecessor and source")


def main() -> None:
    """Print how many times better each row is."""
    ours, theirs, as_it_comes = sides()
    pairs = [(run(ours, PROGRAM), run(theirs, PROGRAM)) for _ in range(ROUNDS)]
    slow = run(as_it_comes, PROGRAM, AS_IT_COMES)
    figures = compared([mine for mine, _ in pairs], [other for _, other in pairs], slow)
    print(json.dumps({"figures": figures}, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
