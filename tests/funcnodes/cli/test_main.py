"""The command as a user runs it: quick answers, exit codes, one sentence for a problem, no traceback."""

from __future__ import annotations

import gc
import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from funcnodes.cli.ending import YOUNG_OBJECTS, ending
from funcnodes.cli.problems import Problem, say
from funcnodes.server.ui.listen import CannotListen, bind
from funcnodes_worker.home.base import Base

from funcnodes import __version__
from tests.funcnodes.cli.conftest import CommandLine, running_manager
from tests.support.processes import make_base, program_environment


def run(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "funcnodes", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd,
        check=False,
        env=program_environment() | environment,
    )


def _imported_by(*arguments: str) -> set[str]:
    """Return the modules that are loaded when this command line has been answered."""
    program = (
        "import atexit, json, sys\n"
        "atexit.register(lambda: print('\\n' + json.dumps(sorted(sys.modules))))\n"
        "from funcnodes.cli.main import main\n"
        f"main({list(arguments)!r})\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    return set(json.loads(ended.stdout.splitlines()[-1]))


def test_version_and_help_load_little() -> None:
    """What makes them slow stays out; the seconds are in `benchmarks/commands.py`."""
    assert not _imported_by("--version") & {"typer", "asyncio", "aiohttp", "msgspec", "funcnodes_core"}
    assert not _imported_by("--help") & {"aiohttp", "funcnodes_core", "funcnodes_worker.rpc", "rich.markdown"}


OTHERS = {
    "aiohttp.connector", "aiohttp.tracing", "funcnodes_core", "html.entities", "numpy", "pydantic", "rich",
    "sqlite3", "urllib.request", "websockets",
}  # fmt: skip
MOST_LOOKS = 40
"""How often the garbage collector may look in a short life of a manager: without care it did 155 times."""


def test_a_manager_that_answers_has_imported_only_what_it_needs(tmp_path: Path) -> None:
    """From start to stop, a command answered in between: each would make everybody wait for its start."""
    base = Base(make_base(tmp_path / "base"))
    # Python itself imports this first: from there on the collector says when it looks.
    (tmp_path / "sitecustomize.py").write_text("import gc; gc.set_debug(gc.DEBUG_STATS)")
    with (tmp_path / "told").open("wb") as told:
        environment = {"PYTHONPROFILEIMPORTTIME": "1", "PYTHONPATH": str(tmp_path)}
        with running_manager(base, environment, told):
            answered = run("--dir", str(base.folder), "worker", "list", "--json")
    assert (answered.returncode, json.loads(answered.stdout)) == (0, [])
    lines = (tmp_path / "told").read_text().splitlines()
    imported = {line.split("|")[-1].strip() for line in lines if "|" in line}
    looks = [line for line in lines if line.startswith("gc: collecting generation")]
    assert "funcnodes.server.manager.service" in imported
    assert imported & OTHERS == set()
    assert 0 < len(looks) <= MOST_LOOKS, len(looks)


@pytest.mark.parametrize(
    ("words", "said"), [(["--port", "x"], "valid integer"), (["--port"], "requires an argument")]
)
def test_an_option_that_cannot_be_read_is_said_in_typers_words(
    lone_line: CommandLine, words: list[str], said: str
) -> None:
    """Numbers are read without pydantic; what is none is typer's to say."""
    done = lone_line("startworkermanager", *words)
    assert (done.code, said in done.err) == (2, True), done.err


async def test_a_command_that_lasts_looks_for_garbage_as_usual() -> None:
    """What was spared while all was imported would otherwise never be found."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 10, 10)
    try:
        with ending():
            assert gc.get_threshold() == (YOUNG_OBJECTS, 10, 10)
            assert gc.get_freeze_count() > 0
        assert gc.get_threshold() == (200_000, 10, 10)
    finally:
        gc.set_threshold(*before)


def test_plain_options_are_read_without_pydantic(tmp_path: Path) -> None:
    """Importing it would be most of what a short command costs."""
    base = make_base(tmp_path / "base")
    assert not _imported_by("--dir", str(base), "session", "list") & {"pydantic", "rich"}


def test_version_names_the_program(tmp_path: Path) -> None:
    """With other options before it as well; no base folder is made."""
    for arguments in (["--version"], ["--dir", str(tmp_path / "x"), "--version"]):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (0, f"funcnodes {__version__}\n")
    assert list(tmp_path.iterdir()) == []


def test_the_programs_help_shows_an_example() -> None:
    """What stands where a person looks first."""
    done = run("-h")
    assert done.returncode == 0
    assert "Example: funcnodes " in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [[], ["worker"], ["runserver"], ["link"], ["worker", "new"], ["session", "revoke"], ["modules"]],
)
def test_help_shows_an_example(lone_line: CommandLine, arguments: list[str]) -> None:
    """Every command says how it is used."""
    assert "Example: funcnodes " in lone_line.good(*arguments, "-h")


def test_a_wrong_option_is_a_usage_error(lone_line: CommandLine) -> None:
    """As published: exit code 2, of the program as of a command."""
    assert run("--no-such-option").returncode == 2
    assert lone_line("worker", "dance").code == 2


def test_published_global_options_are_taken(tmp_path: Path) -> None:
    """Scripts that give them go on working."""
    base = make_base(tmp_path / "base")
    done = run("--dir", str(base), "--profile", "--use-subprocess-monitor", "0", "session", "list")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unwritable_base_folder_is_said_in_a_sentence(lone_line: CommandLine, tmp_path: Path) -> None:
    """Nothing was changed, and how to choose another folder."""
    (tmp_path / "file").write_text("not a folder")
    done = lone_line("--dir", str(tmp_path / "file" / "base"), "link")
    assert done.code == 1
    assert "cannot be written" in done.err
    assert "--dir" in done.err


def test_a_broken_config_is_said_and_left_as_it_is(lone_line: CommandLine, tmp_path: Path) -> None:
    """The person's file is theirs to repair."""
    base = make_base(tmp_path / "base")
    (base / "config.json").write_text("{ not json")
    for arguments in (["link"], ["runserver", "--no-browser"], ["startworkermanager"]):
        done = lone_line("--dir", str(base), *arguments)
        assert done.code == 1
        assert "config.json cannot be read" in done.err
        assert "Repair it" in done.err
    assert (base / "config.json").read_text() == "{ not json"


def test_a_readable_copy_of_a_broken_config_is_used_with_a_note(
    lone_line: CommandLine, tmp_path: Path
) -> None:
    """The published program keeps that copy."""
    base = make_base(tmp_path / "base", ui_port=1234)
    (base / "config.json.bu").write_text((base / "config.json").read_text())
    (base / "config.json").write_text("{ not json")
    done = lone_line("--dir", str(base), "link")
    assert done.code == 0
    assert ":1234/session?code=" in done.out
    assert "its copy config.json.bu is used" in done.err


@pytest.mark.parametrize("command", ["runserver", "startworkermanager"])
def test_a_port_in_use_is_said_with_the_next_step(tmp_path: Path, command: str) -> None:
    """And nothing stays behind."""
    base = make_base(tmp_path / "base")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        extra = ["--no-browser"] if command == "runserver" else []
        done = run("--dir", str(base), command, "--port", str(port), *extra)
    assert done.returncode == 1
    assert f"{port}" in done.stderr
    assert "in use" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_managers_own_problem_reaches_the_user_of_runserver(tmp_path: Path) -> None:
    """The port in use is that of the manager, which is another process with a log of its own."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        base = make_base(tmp_path / "base", manager_port=taken.getsockname()[1])
        done = run("--dir", str(base), "runserver", "--no-browser")
    assert done.returncode == 1
    assert "manager could not be started" in done.stderr
    assert "in use" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["startworkermanager", "--port", "99999"], "ports are 1 to 65535"),
        (["startworkermanager", "--port", "-5"], "--port -5 is no port"),
        (["runserver", "--port", "99999"], "ports are 1 to 65535"),
        (["runserver", "--worker_manager_port", "70000"], "--worker_manager_port 70000 is no port"),
        (["link", "--port", "65536"], "is no port"),
        (["runserver", "--frontend", "other"], "no frontend 'other'"),
    ],
)
def test_what_no_server_can_be_told_is_refused(lone_line: CommandLine, words: list[str], said: str) -> None:
    """The system takes the rest of a division for a port that is too large."""
    done = lone_line(*words)
    assert (done.code, said in done.err) == (2, True), done.err


def test_what_is_no_origin_or_port_is_said_with_an_example(lone_line: CommandLine) -> None:
    """A window there would be refused without a word; settings may hold such a port as well."""
    done = lone_line("runserver", "--origin", "foo")
    assert (done.code, "like https://lab.example" in done.err) == (1, True), done.err
    with pytest.raises(CannotListen, match="99999 is no port"):
        bind("127.0.0.1", 99999)


@pytest.mark.parametrize("command", ["runserver", "startworkermanager"])
def test_the_network_is_not_entered_by_accident(lone_line: CommandLine, tmp_path: Path, command: str) -> None:
    """Beyond loopback only with a proxy in front, and never without tokens."""
    base = make_base(tmp_path / "base")
    open_to_all = ["--host", "0.0.0.0"]
    done = lone_line("--dir", str(base), command, *open_to_all)
    assert (done.code, "--behind-proxy" in done.err) == (2, True)
    done = lone_line("--dir", str(base), command, *open_to_all, "--behind-proxy", "--no-auth")
    assert (done.code, "this machine only" in done.err) == (2, True)


def test_an_unforeseen_problem_is_ours_and_says_how_to_see_more(tmp_path: Path) -> None:
    """With --debug there is a traceback, without it there is none."""
    crash = (
        "import sys; from funcnodes.cli import link, main; link.make_link = lambda *a: 1 / 0; "
        "main.main(sys.argv[1:])"
    )
    base = make_base(tmp_path / "base")
    for debug, traced in (([], False), (["--debug"], True)):
        done = subprocess.run(
            [sys.executable, "-c", crash, *debug, "--dir", str(base), "link"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1
        assert "This is a mistake in FuncNodes" in done.stderr
        assert ("Traceback" in done.stderr) == traced


def test_whoever_stops_reading_ends_it_quietly(tmp_path: Path) -> None:
    """Like `funcnodes session list | head -1`."""
    base = make_base(tmp_path / "base")
    sessions = [{"hash": f"{n:064x}", "cookie": "fn_8000", "created": 0.0} for n in range(20_000)]
    (base / "sessions.json").write_text(json.dumps(sessions))
    program = f"{sys.executable} -m funcnodes --dir {base} session list | head -1"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("00000000\tfn_8000\t")
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("there is no worker 'x'", "There is no worker 'x'."),
        ("demo.fnw is there already", "demo.fnw is there already."),
        ("numpy<1 cannot be installed: so it is.", "numpy<1 cannot be installed: so it is."),
        ("--right is one of view, run", "--right is one of view, run."),
    ],
)
def test_a_problem_is_a_sentence_in_which_names_stay_as_they_are(
    capfd: pytest.CaptureFixture[str], said: str, shown: str
) -> None:
    assert say(Problem(said), debug=False) == 1
    assert capfd.readouterr().err == f"Error: {shown}\n"
