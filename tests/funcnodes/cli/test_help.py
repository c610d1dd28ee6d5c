"""Every command explains itself with an example that is one; Tab completes; the menu leads to commands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from funcnodes.cli.app import app
from funcnodes.cli.completion import workers
from funcnodes_worker.home.base import Base
from funcnodes_worker.home.worker_config import WorkerConfig, write_worker_config
from funcnodes_worker.home.worker_home import WorkerHome

from tests.support.processes import make_base
from tests.support.terminal import read_until, terminal


def commands(command: Any, words: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Return every command that is shown, by the words that lead to it."""
    found = {words: command}
    for name, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            found |= commands(inner, (*words, name))
    return found


ROOT: Any = typer.main.get_command(app)
COMMANDS = commands(ROOT)


PUBLISHED = {
    "": "--dir --profile --use-subprocess-monitor --debug --version",
    "cli": "",
    "runserver": "--host --port --no-browser --no-manager --worker_manager_host --worker_manager_port "
    "--worker_manager_ssl --frontend --worker_host --worker_port --worker_ssl",
    "standalone": "--register --config-dir --host --worker-port --port --ui-port --no-browser",
    "startworkermanager": "--host --port",
    "modules list": "",
    "worker": "--uuid --name",
    "worker list": "--full",
    "worker new": "--workertype --create-only --not-in-venv --autostart --autostart-policy",
    "worker start": "--workertype",
    "worker stop": "",
    "worker listen": "",
    "worker activate": "",
    "worker py": "",
    "worker command": "-c",
    "worker modules list": "",
}
"""The tasks and options of the original (contract, section 16)."""


@pytest.mark.parametrize("task", PUBLISHED)
def test_what_the_original_takes_is_taken(task: str) -> None:
    """Scripts that were written for it go on working."""
    command = COMMANDS[tuple(task.split())]
    known = {option for parameter in command.params for option in parameter.opts}
    assert set(PUBLISHED[task].split()) <= known


def test_a_list_of_commands_cuts_no_summary_off() -> None:
    """A summary that is longer than its line goes on in the next."""
    for words, command in COMMANDS.items():
        if hasattr(command, "commands"):
            shown = command.get_help(typer.Context(command, info_name="funcnodes"))
            assert "..." not in shown.partition("Commands:")[2], words
            assert all(inner.short_help for inner in command.commands.values()), words


def test_there_are_commands_to_look_at() -> None:
    """An empty walk would make the next test say nothing."""
    assert len(COMMANDS) > 40


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words) or "funcnodes")
def test_a_command_has_an_example_that_can_be_typed(words: tuple[str, ...]) -> None:
    """The command it names is this one, or one below it, and its options exist."""
    command = COMMANDS[words]
    epilog: str = command.epilog or ""
    assert epilog.startswith("Example: "), words
    assert " (" not in epilog, "it can be typed as it stands"
    line = re.search(r"funcnodes ([^)]*)", epilog)
    assert line is not None
    typed = shlex.split(line.group(1).partition("  (")[0].rstrip('"'))
    depth = max(n for n in range(len(typed) + 1) if tuple(typed[:n]) in COMMANDS)
    assert tuple(typed[: len(words)]) == words
    used = COMMANDS[tuple(typed[:depth])]
    known = {option for parameter in used.params for option in parameter.opts}
    given = {word.partition("=")[0] for word in typed[depth:] if word.startswith("-")}
    if "ignore_unknown_options" not in used.context_settings:
        assert given <= known


def completed(base: Path, line: str) -> list[str]:
    """Return what a shell is offered at the end of this line."""
    words = f"funcnodes --dir {base} {line}"
    environment = os.environ | {
        "_FUNCNODES_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "funcnodes"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )
    return done.stdout.split()


def test_tab_completes_commands_and_workers(tmp_path: Path) -> None:
    """Workers by name, read from the base folder that the line names; no manager is asked."""
    base = Base(make_base(tmp_path / "base"))
    for name in ("tank", "table", "demo"):
        write_worker_config(WorkerHome(base, f"{name}-1"), WorkerConfig(uuid=f"{name}-1", name=name))
    assert completed(base.folder, "worker start ta") == ["table", "tank"]
    assert completed(base.folder, "worker li") == ["list", "limits", "listen", "link"]
    assert not base.supervisor_file.exists()


def test_a_base_folder_that_is_not_there_completes_nothing(tmp_path: Path) -> None:
    """And is not made."""
    context = typer.Context(ROOT)
    context.params["directory"] = str(tmp_path / "none")
    assert workers(context, "") == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of our own making needs a pty")
def test_the_menu_at_a_terminal_runs_what_is_chosen(tmp_path: Path) -> None:
    """`funcnodes` alone; it shows the command first, asks again, and q leaves."""
    base = make_base(tmp_path / "base")
    with terminal(base) as (menu, ours):
        shown = read_until(ours, "Which one?")
        assert "Open the editor in the browser" in shown
        os.write(ours, b"99\n2\n")
        assert "Type a number from 1 to" in read_until(ours, "There is no worker yet")
        read_until(ours, "Which one?")
        os.write(ours, b"q\n")
        assert menu.wait(30) == 0
