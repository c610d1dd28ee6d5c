"""What is told of a test that leaves processes behind."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support import leaks

BROWSER = """
import subprocess, sys
kind = sys.stdin.readline().strip()
with subprocess.Popen([sys.executable, "-c", "input()", kind], stdin=subprocess.PIPE) as part:
    print(part.pid, flush=True)
    sys.stdin.readline()
    part.kill()
"""


@pytest.mark.parametrize(("kind", "is_told"), [("--type=utility", False), ("--type=renderer", True)])
def test_a_shared_browsers_own_services_are_nobodys_leak(kind: str, is_told: bool) -> None:
    """It starts them when it likes, in whichever test; a page that was left open is another matter."""
    with subprocess.Popen(
        [sys.executable, "-c", BROWSER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as browser:
        assert browser.stdin is not None
        assert browser.stdout is not None
        before = leaks.look()
        browser.stdin.write(f"{kind}\n")
        browser.stdin.flush()
        part = browser.stdout.readline().strip()
        found = leaks.describe(before, leaks.look())
        browser.stdin.write("\n")
    assert [told.startswith(f"process {part}:") for told in found] == [True] * is_told
