"""Lines of a test for the end of the run, whichever of its processes the test ran in."""

from __future__ import annotations

import pytest

_SAID = "said at the end: "


def say(item: pytest.Item, title: str, lines: list[str]) -> None:
    """Have these lines printed below this title. Called before the item is torn down."""
    item.user_properties.extend((_SAID + title, line) for line in lines)


def show(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the tests said."""
    told: dict[str, list[str]] = {}
    # What is passed and torn down stands under the empty word.
    for report in terminalreporter.getreports(""):
        if report.when == "teardown":
            for name, line in report.user_properties:
                if name.startswith(_SAID):
                    told.setdefault(name.removeprefix(_SAID), []).append(str(line))
    for title, lines in told.items():
        terminalreporter.section(title)
        for line in lines:
            terminalreporter.write_line(line)
