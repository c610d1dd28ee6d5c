"""The rest of aiohttp: imported with this module, for the first who asks for a name of it (`lean_start`)."""

from __future__ import annotations

import sys
from types import ModuleType

from funcnodes_worker.rpc.lean_start import certificates_read_late

_package = sys.modules["aiohttp"]
assert _package.__spec__ is not None
assert _package.__spec__.loader is not None
with certificates_read_late():
    _package.__spec__.loader.exec_module(_package)
_package.__class__ = ModuleType
