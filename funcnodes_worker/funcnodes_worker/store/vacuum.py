"""Free pages of a database, given back to the disk a bounded piece at a time."""

from __future__ import annotations

import sqlite3

MOST_PAGES = 1024
"""4 MiB: edits wait while they are moved, a tenth of a second at most. The next time takes more of them."""


def give_back(connection: sqlite3.Connection, most: int = MOST_PAGES) -> None:
    """Shorten the file of a database with `auto_vacuum = INCREMENTAL` by this many free pages at most.

    Not within a transaction. The statement frees one page at each step and returns no rows, so `execute`,
    which takes one step, would free one page alone: a script is run to its end.
    """
    connection.executescript(f"PRAGMA incremental_vacuum({most});")
