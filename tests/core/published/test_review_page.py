"""The table of the review of the Python API names tests that are there, for every section and point."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "design" / "api-review.md"


def test_what_the_page_names_is_there() -> None:
    """`::name` belongs to the file named before it."""
    file, missing = "", list[str]()
    for name in re.findall(r"`([\w/]*(?:\.py)?(?:::\w+)?)`", PAGE.read_text()):
        path, _, test = name.partition("::")
        if "/" not in name and not test:
            continue
        file = path or file
        source = ROOT / "tests" / file
        if not source.exists() or (test and f"def {test}(" not in source.read_text()):
            missing.append(name)
    assert missing == []


def test_every_point_of_what_is_better_has_its_file() -> None:
    """Section 16 has thirty."""
    rows = re.findall(r"^\| ([\d, `a-z()]+) \| `core/\S+` \|$", PAGE.read_text(), re.MULTILINE)
    assert sorted({int(number) for row in rows for number in re.findall(r"\d+", row)}) == list(range(1, 31))
