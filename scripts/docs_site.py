"""The documentation site's hook: pages made from the code, and a navigation made from the folders.

Owns the order of the four kinds and of the pages in them. What the generated pages say is `docs_reference`.
"""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

# mkdocs loads a hook by its path, not as a module of a package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts import docs_reference

KINDS = (("Guides", "guides"), ("Concepts", "concepts"), ("Reference", "reference"), ("Design", "design"))
"""What a page can be: do this, how it works, made from code, why."""
FIRST = ("index", "first-steps", "write-a-node", "core-components", "worker-components")
"""Pages that come before the others of their folder, which follow by name."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages made from the code, then set the navigation from all pages."""
    for path, text in docs_reference.pages().items():
        files.append(File.generated(config, path, content=text))
    config.nav = navigation([file.src_uri for file in files.documentation_pages()])
    return files


def navigation(pages: list[str]) -> list[Any]:
    """Return mkdocs' `nav`: the front page, then one section for each kind."""
    sections = [{title: _section(folder, pages)} for title, folder in KINDS]
    return [{"Home": "index.md"}, *(section for section in sections if all(section.values()))]


def _section(folder: str, pages: list[str]) -> list[Any]:
    here = [page for page in pages if PurePosixPath(page).parent == PurePosixPath(folder)]
    below = sorted(
        {
            PurePosixPath(page).parts[depth]
            for page in pages
            if len(PurePosixPath(page).parts) > (depth := len(PurePosixPath(folder).parts)) + 1
            and PurePosixPath(page).is_relative_to(folder)
        }
    )
    inner = [{name.replace("-", " ").capitalize(): _section(f"{folder}/{name}", pages)} for name in below]
    return [*sorted(here, key=_place), *inner]


def _place(page: str) -> tuple[int, str]:
    name = PurePosixPath(page).stem
    return (FIRST.index(name) if name in FIRST else len(FIRST), name)
