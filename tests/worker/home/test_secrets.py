"""Token, codes and sessions of a base folder."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

from funcnodes_worker.home import links
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.supervisor_file import (
    SupervisorAddress,
    read_supervisor_file,
    remove_supervisor_file,
    write_supervisor_file,
)
from funcnodes_worker.home.token import read_or_make_token, read_token

NOW = 1_000_000.0


def test_a_token_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    """43 characters, readable by nobody else, the same for all who come at the same time."""
    base = Base(tmp_path / "base")
    assert read_token(base) is None
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(read_or_make_token(base))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(found)) == 1
    assert len(found[0]) == 43
    assert stat.S_IMODE(base.token_file.stat().st_mode) == 0o600
    assert sorted(path.name for path in base.folder.iterdir()) == ["token", "workers"], "no draft is left"


def test_a_code_is_good_for_one_exchange_within_ten_minutes(tmp_path: Path) -> None:
    """Not for a second one, not later, and not a guessed one."""
    base = Base(tmp_path)
    code, late = links.make_code(base, NOW), links.make_code(base, NOW)

    session = links.exchange_code(base, code, 8000, NOW + 599)

    assert session is not None
    assert links.exchange_code(base, code, 8000, NOW + 599) is None
    assert links.exchange_code(base, late, 8000, NOW + 601) is None
    assert links.exchange_code(base, "guess", 8000, NOW) is None
    assert links.sessions_by_cookie(base) == {"fn_8000": [links.hash_of(session)]}


def test_only_hashes_are_kept_for_the_owner_alone(tmp_path: Path) -> None:
    """Who finds a backup gets nothing to log in with."""
    base = Base(tmp_path)
    code, waiting = links.make_code(base, NOW), links.make_code(base, NOW)
    session = links.exchange_code(base, code, 8000, NOW)
    assert session is not None

    kept = base.codes_file.read_text() + base.sessions_file.read_text()
    assert not any(secret in kept for secret in (code, waiting, session))
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in (base.codes_file, base.sessions_file))


def test_a_revoked_session_does_not_count(tmp_path: Path) -> None:
    """The others do."""
    base = Base(tmp_path)
    sessions = [links.exchange_code(base, links.make_code(base, NOW), 8000, NOW) for _ in range(2)]
    first, second = (links.hash_of(str(session)) for session in sessions)

    assert links.revoke_session(base, first)
    assert not links.revoke_session(base, first)
    assert [session.hash for session in links.list_sessions(base)] == [second]


def test_a_broken_file_lets_nobody_in(tmp_path: Path) -> None:
    """And a new link repairs it."""
    base = Base(tmp_path)
    base.codes_file.write_text("{")
    base.sessions_file.write_text("[{}]")

    assert links.list_sessions(base) == []
    assert links.exchange_code(base, links.make_code(base, NOW), 8000, NOW) is not None


def test_the_supervisor_s_address_is_there_while_it_is(tmp_path: Path) -> None:
    """A broken file is none."""
    base = Base(tmp_path)
    address = SupervisorAddress("127.0.0.1", 9380, 12, 3.5)
    assert read_supervisor_file(base) is None
    write_supervisor_file(base, address)
    assert read_supervisor_file(base) == address
    base.supervisor_file.write_text("{")
    assert read_supervisor_file(base) is None
    remove_supervisor_file(base)
    remove_supervisor_file(base)
    assert not base.supervisor_file.exists()
