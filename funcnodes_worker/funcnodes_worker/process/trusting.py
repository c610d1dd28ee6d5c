"""Whether this worker's flow may run: decided once when it is opened, changed by a user's word only.

Owns the moment of both. A flow is *held* or *trusted*, and goes from the first to the second, never back
while the process lives:

| state | the library | the running graph | what a client may do |
|---|---|---|---|
| held | not loaded, nothing imported | not built | look, edit the document, save, export, trust, stop |
| trusted | the worker's packages | built from the document | everything |

What may not be done while held is listed in `server/methods/trust`. The record of trust is `home/trust`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from funcnodes_worker.home.trust import TrustRecord, covers, read_trust, vouch
from funcnodes_worker.home.worker_config import read_worker_config
from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.store.store import Opened

_FOREIGN = "it was made elsewhere, or its folder was copied"
_REPLACED = "its nodespace.json was put there while the worker was down"


class TrustOffice:
    """The one who knows whether the flow is held. Its word may be read from any thread."""

    def __init__(self, home: WorkerHome, opened: Opened) -> None:
        self._home, self._epoch = home, opened.epoch
        record = read_trust(home)
        is_empty = not opened.document_saved and not opened.tail
        self.is_held = not covers(record, opened.epoch, opened.beginning, is_empty=is_empty)
        self._why = _FOREIGN if record is None else _REPLACED
        if record is not None and not self.is_held and record.epoch != opened.epoch:
            # Made here and begun just now, or rebuilt from what was trusted: from here on it is this history.
            vouch(home, TrustRecord(epoch=opened.epoch))

    @property
    def reason(self) -> str | None:
        """Why the flow is held, or None when it is not."""
        return self._why if self.is_held else None

    @property
    def needs_restart(self) -> bool:
        """Whether the flow has an environment of its own that this process does not run in."""
        if not read_worker_config(self._home).in_venv:
            return False
        return Path(sys.prefix).resolve() != self._home.venv.resolve()

    def grant(self) -> None:
        """Write down that a user trusts this flow; it is held no more."""
        vouch(self._home, TrustRecord(epoch=self._epoch))
        self.is_held = False
