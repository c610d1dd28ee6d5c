"""The Regular Expressions shelf: patterns of Python's `re` on text."""

import re
from typing import Annotated, Any

import funcnodes_core as fn

# A pattern without groups finds texts, one with several finds tuples; the published port promises lists.
Found = Annotated[list[Any], {"type": "List[List[str]]"}]
# A group that took no part is None.
Groups = Annotated[list[str | None], {"type": "List[str]"}]

_MATCH_OUTPUTS = [{"name": "match"}, {"name": "groups"}]


def _result(match: re.Match[str] | None) -> tuple[bool, list[str | None]]:
    if match is None:
        return False, []
    return True, [match.group(0), *match.groups()]


@fn.NodeDecorator(id="re.match", name="Match", outputs=_MATCH_OUTPUTS)
def re_match(pattern: str, string: str) -> tuple[bool, Groups]:
    """Match a pattern at the beginning of a text; groups are the whole match, then the pattern's groups."""
    return _result(re.match(pattern, string))


@fn.NodeDecorator(id="re.fullmatch", name="Full Match", outputs=_MATCH_OUTPUTS)
def re_fullmatch(pattern: str, string: str) -> tuple[bool, Groups]:
    """Match a pattern with a whole text; groups are the whole match, then the pattern's groups."""
    return _result(re.fullmatch(pattern, string))


@fn.NodeDecorator(id="re.search", name="Search", outputs=_MATCH_OUTPUTS)
def re_search(pattern: str, string: str) -> tuple[bool, Groups]:
    """Look for a pattern anywhere in a text; groups are the whole match, then the pattern's groups."""
    return _result(re.search(pattern, string))


@fn.NodeDecorator(id="re.findall", name="Find All", outputs=[{"name": "matches"}])
def re_findall(pattern: str, string: str) -> Found:
    """List all matches of a pattern: their text, or their groups when the pattern has several."""
    return re.findall(pattern, string)


@fn.NodeDecorator(id="re.sub", name="Substitute", outputs=[{"name": "substituted"}])
def re_sub(pattern: str, repl: str, string: str) -> str:
    r"""Replace all matches of a pattern; \1 in the replacement is the first group."""
    return re.sub(pattern, repl, string)


@fn.NodeDecorator(
    id="re.subn", name="Substitute and Count", outputs=[{"name": "substituted"}, {"name": "count"}]
)
def re_subn(pattern: str, repl: str, string: str) -> tuple[str, int]:
    """Replace all matches of a pattern, and count them."""
    return re.subn(pattern, repl, string)


@fn.NodeDecorator(id="re.escape", name="Escape", outputs=[{"name": "escaped"}])
def re_escape(pattern: str) -> str:
    """Write a text so that a pattern takes it literally."""
    return re.escape(pattern)


@fn.NodeDecorator(id="re.split", name="Split at Pattern", outputs=[{"name": "splitted"}])
def re_split(pattern: str, string: str) -> list[str]:
    """Cut a text at every match of a pattern; the pattern's groups stay between the pieces."""
    return re.split(pattern, string)


NODE_SHELF = fn.Shelf(
    name="Regular Expressions",
    description="Patterns on text.",
    nodes=[re_match, re_fullmatch, re_search, re_findall, re_sub, re_subn, re_escape, re_split],
)
