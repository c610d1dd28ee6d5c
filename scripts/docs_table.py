"""Markdown tables, and the mark of pages that are made from the code."""

from __future__ import annotations

from collections.abc import Iterable

MADE = "<!-- made from the code by scripts/docs_*.py -->\n\n"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table; cells may hold line breaks and bars."""
    columns = list(head)
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
