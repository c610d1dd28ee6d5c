"""Links and sessions on the command line, without a manager."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from funcnodes.cli.link import choose_origin
from funcnodes.cli.main import run
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.links import exchange_code, list_sessions

from tests.support.processes import make_base


def outcome(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Return exit code and both outputs of a command run in this process."""
    code = run(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_link_lets_in_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its code stands on disk as a hash only; the token never appears."""
    base = Base(make_base(tmp_path / "base", ui_port=8123))
    code, out, _ = outcome(capsys, "--dir", str(base.folder), "link")
    address, _, secret = out.strip().partition("?code=")
    assert (code, address) == (0, "http://localhost:8123/session")
    assert secret not in base.codes_file.read_text()
    assert exchange_code(base, secret, 8123, time.time()) is not None
    assert exchange_code(base, secret, 8123, time.time()) is None


def test_the_running_editors_address_is_the_one_printed() -> None:
    """Whatever the settings say: `runserver --port` may have said otherwise."""
    running = ["http://127.0.0.1:9000", "http://localhost:9000", "https://lab.example"]
    assert choose_origin("http://localhost:8000", []) == "http://localhost:8000"
    assert choose_origin("http://localhost:8000", running) == "http://localhost:9000"
    assert choose_origin("http://127.0.0.1:9000", running) == "http://127.0.0.1:9000"
    assert choose_origin("http://localhost:8000", ["https://lab.example"]) == "https://lab.example"


def test_sessions_are_listed_and_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the beginning of their id, or all at once; the list shows no secret."""
    base = Base(make_base(tmp_path / "base"))
    here = ("--dir", str(base.folder))
    secrets: list[str] = []
    for _ in range(3):
        _, out, _ = outcome(capsys, *here, "link")
        session = exchange_code(base, out.strip().partition("?code=")[2], 8000, time.time())
        assert session is not None
        secrets.append(session)
    _, out, _ = outcome(capsys, *here, "session", "list", "--json")
    listed = json.loads(out)
    assert [entry["cookie"] for entry in listed] == ["fn_8000"] * 3
    assert not any(secret in out for secret in secrets)

    assert outcome(capsys, *here, "session", "revoke", listed[0]["id"]) == (0, "Ended 1 session.\n", "")
    assert [s.hash[:8] for s in list_sessions(base)] == [entry["id"] for entry in listed[1:]]
    code, _, err = outcome(capsys, *here, "session", "revoke", "zzzz")
    assert (code, "no session begins with 'zzzz'" in err.lower()) == (1, True)
    assert outcome(capsys, *here, "session", "revoke")[0] == 2
    assert outcome(capsys, *here, "session", "revoke", "--all") == (0, "Ended 2 sessions.\n", "")
    assert list_sessions(base) == []
