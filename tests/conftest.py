"""What every test stands on: nothing left behind, a home of its own, one table of times at the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import apart, examples, leaks, notes, suites

_durations: list[tuple[str, float]] = []
_lasting: list[str] = []


def _home(config: pytest.Config) -> Path:
    return Path(os.environ.get("FUNCNODES_TEST_HOME") or config.rootpath / ".pytest_cache" / "home")


def pytest_configure(config: pytest.Config) -> None:
    """Give the run a home folder of its own before anything of ours is imported."""
    home = _home(config)
    home.mkdir(parents=True, exist_ok=True)
    os.environ["FUNCNODES_CONFIG_DIR"] = str(home / "nobody-writes-here")
    # Where it is set (many containers do), each of the hundreds of processes would compile all it imports.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    examples.set_profile(config)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Let a test wait for its turn before its time counts."""
    with apart.turn(_home(item.config), alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let `make soak` try all examples of the property tests."""
    examples.take_property_tests_along(config, items)


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fail the test that leaves threads, child processes or listening ports behind."""
    before = leaks.look()
    yield
    found = leaks.wait_until_nothing_left(before)
    if found:
        leaks.end(before)
    assert not found, "the test left behind: " + "; ".join(found)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collect the seconds of set-up, call and tear-down of each test."""
    _durations.append((report.nodeid, report.duration))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests had to say, and each suite's share of the time."""
    notes.show(terminalreporter)
    lines = suites.table(_durations)
    if lines:
        terminalreporter.section("share of the time")
        for line in lines:
            terminalreporter.write_line(line)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail the run when something wrote into the default base folder."""
    _lasting.extend(leaks.end_what_is_kept_warm())
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        # One process of several: what it prints is read by nobody.
        output["lasting"] = _lasting
    if _lasting:
        print(f"\nthe tests left behind: {'; '.join(_lasting)}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    written = Path(os.environ["FUNCNODES_CONFIG_DIR"])
    if written.exists():
        names = sorted(path.name for path in written.iterdir())
        print(f"\nthe tests wrote into the default base folder {written}: {names}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear from a process of this run what it left behind."""
    _lasting.extend(getattr(node, "workeroutput", {}).get("lasting", []))
