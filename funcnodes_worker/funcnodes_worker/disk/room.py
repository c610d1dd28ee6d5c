"""How much room files may take on a disk: less than is free, since the journal and the snapshot need some.

Owns the reserve. What comes in bulk (uploads, imports) stops before it, so that edits do not fail beside it.
"""

import shutil
from pathlib import Path

SPARE_BYTES = 64 * 1024 * 1024


def room_for_files(folder: Path) -> int:
    """Return how many bytes of files there is room for where this folder lies."""
    usage = shutil.disk_usage(folder)
    # A small disk is not all reserve.
    return max(0, usage.free - min(SPARE_BYTES, usage.total // 4))
