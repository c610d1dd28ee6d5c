"""`funcnodes doctor`: what is wrong is found, each with its cure, and nothing is changed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from funcnodes.cli import examination, examined_ports, main
from funcnodes.cli.examined_ports import Holder
from funcnodes_worker.disk.lock import FileLock
from funcnodes_worker.home.base import Base, prepare_base
from funcnodes_worker.home.supervisor_file import SupervisorAddress, write_supervisor_file
from funcnodes_worker.home.token import read_or_make_token
from funcnodes_worker.home.trust import TrustRecord, vouch
from funcnodes_worker.home.worker_config import WorkerConfig, write_worker_config
from funcnodes_worker.home.worker_home import WorkerHome

from tests.support.processes import make_base

NO_PROCESS = 2**22 + 1
"""Above what a pid can be."""


@pytest.fixture
def base(tmp_path: Path) -> Base:
    """A base folder in good order."""
    base = Base(make_base(tmp_path / "base"))
    prepare_base(base)
    read_or_make_token(base)
    return base


def examined(base: Base, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, Any]]]:
    """Return the exit code and what was found that is not good."""
    before = sorted((str(path), path.lstat().st_mtime_ns) for path in base.folder.rglob("*"))
    code = main.run(["--dir", str(base.folder), "doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    after = sorted((str(path), path.lstat().st_mtime_ns) for path in base.folder.rglob("*"))
    assert after == before, "it only looks"
    # The bundle may not be built here; that is true and no matter of this test.
    return code, [one for one in found if one["level"] != "good" and one["about"] != "editor"]


def worker(base: Base, uuid: str, *, trusted: bool = True, **settings: Any) -> WorkerHome:
    """Return the home of a worker as it lies on the disk."""
    home = WorkerHome(base, uuid)
    write_worker_config(home, WorkerConfig(uuid=uuid, name=uuid, **settings))
    if trusted:
        vouch(home, TrustRecord())
    return home


def test_a_folder_in_good_order(base: Base, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to say, exit code 0; in words, too, and for a folder that is not there yet."""
    worker(base, "fine")
    assert examined(base, capsys) == (0, [])
    assert main.run(["--dir", str(base.folder), "doctor"]) == 0
    assert "Nothing is wrong." in capsys.readouterr().out
    # Its ports are the usual ones, which somebody's own manager may hold.
    main.run(["--dir", str(base.folder.with_name("none")), "doctor"])
    assert "does not exist yet" in capsys.readouterr().out
    assert not base.folder.with_name("none").exists()


@pytest.mark.skipif(os.name == "nt", reason="links and permissions of POSIX")
def test_everything_that_is_odd_has_a_cure(base: Base, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with the command that mends it."""
    base.token_file.chmod(0o644)
    (base.folder / "kill_worker_manager").touch()
    write_supervisor_file(base, SupervisorAddress("127.0.0.1", 1, NO_PROCESS, 0.0))
    worker(base, "foreign", trusted=False)
    worker(base, "left", extra={examination.THROW_AWAY: NO_PROCESS})
    worker(base, "stale").pid_file.write_text(str(NO_PROCESS))
    broken = worker(base, "broken")
    broken.config_file.write_text("{ not json")
    lame = WorkerHome(base, "lame")
    worker(base, "lame", env_path=str(lame.venv))
    lame.venv.symlink_to(lame.folder / "environments" / "gone")

    code, found = examined(base, capsys)

    assert code == 1
    assert all(one["cure"] for one in found)
    assert {(one["level"], one["about"]) for one in found} == {
        ("bad", "permissions"),
        ("odd", "stale file"),
        ("odd", "manager"),
        ("odd", "worker foreign"),
        ("odd", "worker left"),
        ("bad", "worker broken"),
        ("bad", "worker lame"),
    }
    cures = " ".join(one["cure"] for one in found)
    for cure in (
        f"chmod 600 {base.token_file}",
        f"rm {base.folder / 'kill_worker_manager'}",
        "worker trust foreign",
        "worker delete left --yes",
        f"Repair or remove {broken.config_file}",
        "worker repair lame",
    ):
        assert cure in cures


def test_ports_that_are_taken(
    base: Base, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the manager, the editor, and all of the workers; by whom, where the system tells."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = {"worker_manager": {"port": port}, "frontend": {"port": port}}
        base.config_file.write_text(json.dumps(config))
        monkeypatch.setenv("FUNCNODES_WS_WORKER_STARTPORT", str(port))
        monkeypatch.setenv("FUNCNODES_WS_WORKER_ENDPORT", str(port))
        monkeypatch.setattr(examined_ports, "holder_of", lambda port: Holder(7, ("other", "program")))
        code, found = examined(base, capsys)
    assert (code, [one["about"] for one in found]) == (
        1,
        ["port of the manager", "port of the editor", "ports of workers"],
    )
    assert found[0]["sentence"] == f"{port} is taken by process 7 (other program)"
    assert f"worker_manager.port in {base.config_file}" in found[0]["cure"]
    assert "FUNCNODES_WS_WORKER_STARTPORT" in found[2]["cure"]


def test_the_holder_of_a_port_is_found() -> None:
    """This very process, which is no program of FuncNodes by its command line."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        holder = examined_ports.holder_of(taken.getsockname()[1])
    assert holder is not None
    assert holder.pid == os.getpid()


def test_a_port_of_another_base_folder_is_not_free(
    base: Base, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Its program is as much in the way as any other; one of this folder is where it is to be."""
    for theirs, expected in ((tmp_path / "theirs", 1), (base.folder, 0)):
        listen = "import socket, sys; s = socket.create_server(('127.0.0.1', 0));"
        listen += "print(s.getsockname()[1], flush=True); sys.stdin.read()"
        command = [sys.executable, "-c", listen, "funcnodes", "--dir", theirs]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
            assert program.stdout is not None
            port = int(program.stdout.readline())
            base.config_file.write_text(json.dumps({"worker_manager": {"port": port}}))
            code, found = examined(base, capsys)
            program.kill()
        assert (code, [one["about"] for one in found]) == (expected, ["port of the manager"] * expected)
        assert all(str(theirs) in one["sentence"] for one in found)


def test_a_range_of_ports_that_is_none(
    base: Base, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said, with what is used in its place."""
    monkeypatch.setenv("FUNCNODES_WS_WORKER_STARTPORT", "abc")
    code, (only,) = examined(base, capsys)
    assert (code, only["level"], only["about"]) == (0, "odd", "ports of workers")
    assert "'abc'" in only["sentence"]
    assert "9382" in only["sentence"]
    monkeypatch.setenv("FUNCNODES_WS_WORKER_STARTPORT", "9700")
    monkeypatch.setenv("FUNCNODES_WS_WORKER_ENDPORT", "9600")
    _, (only,) = examined(base, capsys)
    assert "ENDPORT is '9600'" in only["sentence"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"worker_manager": {"port": "abc"}}, "worker_manager.port is 'abc'"),
        ({"frontend": {"port": -3}}, "frontend.port is -3"),
        ({"modules": {"paths": ["/not/there"]}}, "a folder that is not there: /not/there"),
        ({"modules": {"paths": "/tmp"}}, "no list of folders"),
        ({"tls": {"certificate": "cert.pem"}}, "'tls.certificate' is set and 'tls.key' is not"),
        ({"tls": {"certificate": "cert.pem", "key": "key.pem"}}, "cert.pem cannot be used"),
    ],
)
def test_settings_that_are_not_used_as_they_stand(
    settings: dict[str, Any], told: str, base: Base, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong with each; they were passed over in silence."""
    whole = json.loads(base.config_file.read_text())
    base.config_file.write_text(
        json.dumps({key: {**whole.get(key, {}), **settings.get(key, {})} for key in {**whole, **settings}})
    )
    code, found = examined(base, capsys)
    # The port that is used in place of a wrong one may be taken on this machine.
    found = [one for one in found if not one["about"].startswith("port ")]
    assert (code, [one["about"] for one in found]) == (1, ["settings"])
    assert told in found[0]["sentence"]
    assert str(base.config_file) in found[0]["cure"]


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_folder_that_everybody_may_write_to(base: Base, capsys: pytest.CaptureFixture[str]) -> None:
    """Who puts a worker there has it run."""
    base.folder.chmod(0o777)
    code, (only,) = examined(base, capsys)
    assert (code, only["about"], only["cure"]) == (1, "permissions", f"chmod go-w {base.folder}")


def test_who_holds_the_folder_and_is_silent(base: Base, capsys: pytest.CaptureFixture[str]) -> None:
    """A manager that hangs: which process to end."""
    lock = FileLock(base.supervisor_lock)
    lock.acquire()
    try:
        code, found = examined(base, capsys)
    finally:
        lock.release()
    assert (code, [one["about"] for one in found]) == (1, ["manager"])
    assert f"kill {os.getpid()}" in found[0]["cure"]


def test_settings_that_cannot_be_read(base: Base, capsys: pytest.CaptureFixture[str]) -> None:
    """Which file."""
    base.config_file.write_text("{ not json")
    code, (only,) = examined(base, capsys)
    assert (code, only["about"]) == (1, "settings")
    assert str(base.config_file) in only["cure"]


def test_little_space(
    base: Base, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Odd below a gigabyte, wrong where a journal may not find room."""
    for limit, code, level in (("LITTLE_SPACE", 0, "odd"), ("FULL", 1, "bad")):
        monkeypatch.setattr(examination, limit, 10**18)
        ended, (only,) = examined(base, capsys)
        assert (ended, only["about"], only["level"]) == (code, "disk", level)
