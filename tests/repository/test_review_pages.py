"""The page of the manager's review names tests that are there; the other reviews have their own test."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "design" / "manager-review.md"


def test_the_manager_s_page_names_tests_that_are_there() -> None:
    """`::name` alone belongs to the file that was named last; (soak) stands where a test has that mark."""
    file, wrong, found = "", list[str](), 0
    for path, test, soak in re.findall(r"`([\w/]*(?:\.py)?)(?:::(test_\w+))?`( \(soak\))?", PAGE.read_text()):
        if not path.endswith(".py") and not test:
            continue
        file, found = path or file, found + 1
        source = ROOT / "tests" / file
        text = source.read_text() if source.exists() else ""
        if not text or (test and f"def {test}(" not in text):
            wrong.append(f"{file}::{test} is not there")
        elif bool(soak) != is_soak(text, test):
            wrong.append(f"{file}::{test}: (soak) is wrong")
    assert wrong == []
    assert found > 100


def is_soak(text: str, test: str) -> bool:
    """Tell whether a test, or all of its file, runs by `make soak` only."""
    before = text.partition(f"def {test}(")[0].rpartition("\n\n")[2] if test else ""
    mark = re.search(r"^pytestmark = .*$", text, re.MULTILINE)
    return "@pytest.mark.soak" in before or (mark is not None and "mark.soak" in mark.group())
