"""How results are shown: tables and bars for people at a terminal, plain lines or JSON for programs.

Owns the consoles. Results go to standard output, everything else (progress, notices) to standard error, so
that a pipe carries results only.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


def is_terminal() -> bool:
    """Tell whether a person reads standard output."""
    return sys.stdout.isatty()


def line(text: str = "") -> None:
    """Write one plain line of result; never wrapped, so that links and ids stay whole."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def row(*cells: object) -> None:
    """Write cells as one line for programs, tabs between; a cell holds none of its own, nor ends of lines."""
    line("\t".join("" if cell is None else " ".join(str(cell).split()) for cell in cells))


def json(value: object) -> None:
    """Write a value as readable JSON."""
    import msgspec

    line(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def markup(text: str) -> None:
    """Write a line with rich's markup to people, without it to programs."""
    from rich.console import Console
    from rich.text import Text

    if is_terminal():
        Console(highlight=False, soft_wrap=True).print(text)
    else:
        line(Text.from_markup(text).plain)


def facts(title: str | None, said: Mapping[str, str]) -> None:
    """Write what is known of one thing: under its title for people, else a line `name TAB value` for each.

    Title and values may carry rich's markup.
    """
    if not is_terminal():
        from rich.text import Text

        for name, value in said.items():
            row(name, Text.from_markup(value).plain)
        return
    if title is not None:
        markup(f"[bold]{title}[/bold]")
    for name, value in said.items():
        markup(f"  [dim]{name:<13}[/dim] {value}")


def warn(sentence: str) -> None:
    """Say something on standard error that is no result. The dot at the end may be given or left out."""
    sys.stderr.write(f"Note: {sentence.removesuffix('.')}.\n")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table for people. The cells may carry rich's markup."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    shown = Table(*columns, box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for row in rows:
        shown.add_row(*row)
    Console(highlight=False).print(shown)


def escape(text: object) -> str:
    """Return a value as text that carries no markup."""
    from rich.markup import escape as escape_markup

    return escape_markup(str(text))


def size(count: float) -> str:
    """Return a number of bytes as people read it."""
    for unit in ("bytes", "KB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


class ProgressShown:
    """The manager's progress messages, as a bar at a terminal and as plain lines in a pipe."""

    def __init__(self, *, plain: bool = False) -> None:
        """Show a bar when somebody can see it; never with `plain`."""
        self._plain = plain
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._last = ""

    def __enter__(self) -> ProgressShown:
        """Show a bar when somebody can see it."""
        if sys.stderr.isatty() and not self._plain:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            self._progress = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()

    def heard(self, method: str, params: Mapping[str, Any]) -> None:
        """Take one notification of the manager; others than `progress` are nobody's concern here."""
        message = str(params.get("message") or "").strip().split("\n")[0]
        if method != "progress" or not message:
            return
        if self._progress is None:
            self._write(message)
            return
        share = params.get("progress")
        completed = float(share) if isinstance(share, int | float) else 0.0
        if self._task is None:
            self._task = self._progress.add_task(escape(message), total=1.0)
        self._progress.update(self._task, description=escape(message[:70]), completed=completed)

    def show(self, message: str, fraction: float) -> None:
        """Show how far something of our own has come; to people only."""
        if self._progress is not None:
            self.heard("progress", {"message": message, "progress": fraction})

    def _write(self, message: str) -> None:
        if message != self._last:
            self._last = message
            sys.stderr.write(f"{message}\n")
            sys.stderr.flush()
