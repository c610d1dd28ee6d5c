"""What everybody at the manager's socket has in common: the fleet, the list of modules, the way to stop.

Owns nothing but the bundle; each part is somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from funcnodes.environment.catalog import Catalog
from funcnodes.supervisor.supervisor import Supervisor


class Office(msgspec.Struct, frozen=True):
    """The manager, as its doors see it."""

    supervisor: Supervisor
    catalog: Catalog
    request_stop: Callable[[bool], None]
    """Ask the manager to end; True: its workers too."""
    figures_watched: Callable[[], None]
    """Learn that a client wants the workers' figures."""
