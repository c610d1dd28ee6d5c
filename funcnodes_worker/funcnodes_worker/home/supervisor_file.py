"""Where the owner of the fleet listens: `<base>/supervisor.json`.

Owns the file's form. The file is only an address: who owns the fleet is decided by `supervisor.lock`.
"""

from __future__ import annotations

import msgspec

from funcnodes_worker.disk.atomic import write_atomically
from funcnodes_worker.home.base import Base


class SupervisorAddress(msgspec.Struct, frozen=True):
    """Where a supervisor listens and which process it is."""

    host: str
    port: int
    pid: int
    started: float
    """Start of the process, seconds since the epoch."""
    tls: bool = False
    """Whether it speaks TLS there."""
    passing: bool = False
    """Whether it is a command that ends as soon as it has its answer; better waited for than asked."""

    def url(self, path: str = "/", scheme: str = "ws") -> str:
        """Return the address of a path; `scheme` is `ws` or `http`, and what protects it is added."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}{'s' if self.tls else ''}://{host}:{self.port}{path}"


def read_supervisor_file(base: Base) -> SupervisorAddress | None:
    """Return the last written address, or None. Its process may be gone; only dialling shows that."""
    try:
        return msgspec.json.decode(base.supervisor_file.read_bytes(), type=SupervisorAddress)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def write_supervisor_file(base: Base, address: SupervisorAddress) -> None:
    """Put the address on disk. Only for the process that holds `supervisor.lock`."""
    write_atomically(base.supervisor_file, msgspec.json.encode(address), mode=0o600)


def remove_supervisor_file(base: Base) -> None:
    """Take the address away on a clean end. Only for the process that holds `supervisor.lock`."""
    base.supervisor_file.unlink(missing_ok=True)
