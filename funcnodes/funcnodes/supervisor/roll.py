"""The members of the fleet by their ids: taken in with their past, found late, forgotten.

Owns who belongs to it, and reading a worker's settings again. Does not know processes nor connections.
"""

from __future__ import annotations

import logging

from funcnodes_worker.home.worker_config import WorkerConfig, WorkerConfigBroken, read_worker_config
from funcnodes_worker.home.worker_home import WorkerHome

from funcnodes.fleet.life import Life
from funcnodes.fleet.phases import Phase
from funcnodes.supervisor.ends import quarantine_of
from funcnodes.supervisor.errors import UnknownWorker
from funcnodes.supervisor.member import Member
from funcnodes.supervisor.registry import Registry

LOGGER = logging.getLogger(__name__)


class Roll:
    """All workers of a base folder that the supervisor knows."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._members: dict[str, Member] = {}
        self._read_at: dict[str, int] = {}

    def look_again(self) -> None:
        """Take in settings that somebody has edited since, of workers that do not run: their names, say."""
        for member in self._members.values():
            if member.life.process is not None or (written := _written_at(member.home)) is None:
                continue
            if self._read_at.get(member.home.uuid) != written:
                self._read_at[member.home.uuid] = written
                read_settings_again(member)

    def call(self) -> list[Member]:
        """Return all of them as they are now, in the order of their ids."""
        return [self._members[uuid] for uuid in sorted(self._members)]

    def fill(self) -> None:
        """Take in everybody whose folder is there."""
        for home in self._registry.find():
            self._take_in(home)

    def add(self, home: WorkerHome, config: WorkerConfig) -> Member:
        """Return the member for a worker that was made just now."""
        phase = Phase.CREATED if config.in_venv else Phase.STOPPED
        member = Member(home, config, Life(phase, quarantine=quarantine_of(home)))
        self._members[home.uuid] = member
        return member

    def strike(self, member: Member) -> None:
        """Forget a worker whose folder is gone."""
        self._members.pop(member.home.uuid, None)

    def known(self, uuid: str) -> Member | None:
        """Return the worker with this id if it was taken in already."""
        return self._members.get(uuid)

    def find(self, uuid: str) -> Member | None:
        """Return the worker with this id, one whose folder was copied in or made by hand just now too."""
        member = self.known(uuid)
        if member is not None:
            return member
        found = next((home for home in self._registry.find() if home.uuid == uuid), None)
        return None if found is None else self._take_in(found)

    def member(self, uuid: str) -> Member:
        """Return the worker with this id, or raise `UnknownWorker`."""
        member = self.find(uuid)
        if member is None:
            raise UnknownWorker(uuid)
        return member

    def _take_in(self, home: WorkerHome) -> Member | None:
        try:
            life = Life(quarantine=quarantine_of(home), stop_is_remembered=home.stopped_mark.exists())
            member = Member(home, read_worker_config(home), life)
        except FileNotFoundError:
            return None
        except WorkerConfigBroken as problem:
            # Listed all the same, with what to mend: a worker that vanished would be looked for in vain.
            LOGGER.error("%s", problem)
            member = Member(home, WorkerConfig(uuid=home.uuid), Life(Phase.FAILED, str(problem)))
        self._members[home.uuid] = member
        return member


def _written_at(home: WorkerHome) -> int | None:
    try:
        return home.config_file.stat().st_mtime_ns
    except OSError:
        return None


def read_settings_again(member: Member) -> None:
    """Take in the settings as they are now, unless they cannot be read: somebody may have changed them."""
    try:
        member.config = read_worker_config(member.home)
    except FileNotFoundError:
        pass
    except WorkerConfigBroken as problem:
        LOGGER.error("%s", problem)
