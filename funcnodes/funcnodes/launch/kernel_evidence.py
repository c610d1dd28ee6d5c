"""What the kernel's own counts say about a process that was killed, perhaps for lack of memory.

Owns reading them and the sentence. The count of the process's own control group names it for sure; that of
the whole machine (`/proc/vmstat`, read with each look) says that somebody was killed within the same second,
and no more is claimed. The kernel's log would name the process; it needs rights that nobody should give us.
"""

from __future__ import annotations

import re
from collections import deque
from pathlib import Path

_VMSTAT = Path("/proc/vmstat")
_KILLS = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


class KernelEvidence:
    """The machine's count of kills for lack of memory, as it was a moment ago and now."""

    def __init__(self, vmstat: Path = _VMSTAT) -> None:
        self._vmstat = vmstat
        # The last look may have come between a kill and its being noticed: the one before is compared with.
        self._readings: deque[int] = deque(maxlen=2)

    def look(self) -> None:
        """Take a reading."""
        self._readings.append(kills_in(self._vmstat))

    def said(self, in_its_group: int) -> str:
        """Return what the counts say about an end that was noticed just now; empty when nothing."""
        if in_its_group:
            return "its control group ran out of memory, and the kernel killed in it"
        if self._readings and kills_in(self._vmstat) > self._readings[0]:
            return "within the same second the kernel killed a process of this machine for lack of memory"
        return ""


def kills_in(file: Path) -> int:
    """Return the count of kills for lack of memory in a file of the kernel; 0 where it cannot be read."""
    try:
        return kills_said(file.read_text())
    except OSError:
        return 0


def kills_said(text: str) -> int:
    """Return the count of kills for lack of memory that such a file states; 0 where it states none."""
    found = _KILLS.search(text)
    return 0 if found is None else int(found[1])
