"""`funcnodes` alone, or `funcnodes cli`: a menu for people who do not know the commands yet.

Owns the choices. Each is a command line that is shown before it is run, so that the menu teaches it.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence

from funcnodes.cli import output
from funcnodes.cli.problems import WRONGLY_ASKED, Problem
from funcnodes.cli.session import Asked

Ask = Callable[[str], str]
"""Asks a person for a line; raises `EOFError` when there is none."""

_CHOICES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Open the editor in the browser", ("runserver",)),
    ("List the workers", ("worker", "list")),
    ("Make a worker", ("worker", "new", "--name", "?Its name")),
    ("Start a worker", ("worker", "start", "?Which one")),
    ("Stop a worker", ("worker", "stop", "?Which one")),
    ("See how a worker is", ("worker", "status", "?Which one")),
    ("Follow a worker's log", ("worker", "logs", "--follow", "?Which one")),
    ("Add a module to a worker", ("worker", "install", "?Which worker", "?Which module")),
    ("List the modules there are", ("modules", "list")),
    ("Run a flow from a file", ("run", "?Its .fnw file")),
    ("Look for what is wrong", ("doctor",)),
)


def menu(asked: Asked, run: Callable[[Sequence[str]], int], ask: Ask = input) -> None:
    """Show the choices and run what is chosen, until the person leaves."""
    if not (sys.stdin.isatty() and output.is_terminal()):
        raise Problem("the menu needs a terminal; `funcnodes -h` lists the commands", WRONGLY_ASKED)
    while (command := _choose(ask)) is not None:
        whole = [*(("--dir", asked.directory) if asked.directory else ()), *command]
        output.markup(f"\n[dim]$ funcnodes {output.escape(shlex.join(whole))}[/dim]")
        run(whole)


def _choose(ask: Ask) -> list[str] | None:
    output.markup("\n[bold]FuncNodes[/bold]\n")
    for number, (title, words) in enumerate(_CHOICES, start=1):
        shown = " ".join(word for word in words if not word.startswith("?"))
        output.markup(f"  [cyan]{number:>2}[/cyan]  {title:<32} [dim]{shown}[/dim]")
    output.markup("  [cyan] q[/cyan]  Leave\n")
    try:
        while True:
            answer = ask("Which one? ").strip().lower()
            if answer in ("q", "quit", "exit", ""):
                return None
            if answer.isdecimal() and 1 <= int(answer) <= len(_CHOICES):
                return _filled(_CHOICES[int(answer) - 1][1], ask)
            output.line(f"Type a number from 1 to {len(_CHOICES)}, or q.")
    except (EOFError, KeyboardInterrupt):
        output.line()
        return None


def _filled(words: Sequence[str], ask: Ask) -> list[str]:
    command: list[str] = []
    for word in words:
        if not word.startswith("?"):
            command.append(word)
            continue
        answer = ""
        while not answer:
            answer = ask(f"{word[1:]}? ").strip()
        command.append(answer)
    return command
