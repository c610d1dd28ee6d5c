"""The Strings shelf: what Python's text can do, one node for each method, and regular expressions below it.

Owns text to text, text to number, text to bytes and back. Patterns stand in `regex`, the offered encodings in
`codecs_offered`; the regular expression nodes are named here too, since published modules reach them so.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import funcnodes_core as fn
from funcnodes_basic import regex
from funcnodes_basic.codecs_offered import Codec, ErrorRule
from funcnodes_basic.regex import (
    re_escape,
    re_findall,
    re_fullmatch,
    re_match,
    re_search,
    re_split,
    re_sub,
    re_subn,
)

__all__ = [
    "NODE_SHELF",
    "POSSIBLE_DECODINGS_TYPE",
    "re_escape",
    "re_findall",
    "re_fullmatch",
    "re_match",
    "re_search",
    "re_split",
    "re_sub",
    "re_subn",
    "regex_shelf",
]

# Published tests and modules reach the shelf by this name.
regex_shelf = regex.NODE_SHELF

# Published modules annotate their own ports for an encoding with it.
POSSIBLE_DECODINGS_TYPE = Codec

# "Nothing" is a default that published graphs know for a port of plain text.
OptionalText = Annotated[str | None, {"type": "str"}]
AnyMapping = Annotated[Mapping[str, Any], {"type": "dict"}]


def _text(
    method: str, name: str, output: str, description: str, function: Callable[[str], str]
) -> type[fn.Node]:
    """Return the node of a method that turns text into text."""

    def run(s: str) -> str:
        return function(s)

    return _node(method, name, output, description, run)


def _question(
    method: str, name: str, output: str, description: str, function: Callable[[str], bool]
) -> type[fn.Node]:
    """Return the node of a method that says something about text."""

    def run(s: str) -> bool:
        return function(s)

    return _node(method, name, output, description, run)


def _position(
    method: str, name: str, output: str, description: str, function: Callable[[str, str], int]
) -> type[fn.Node]:
    """Return the node of a method that looks for text in text."""

    def run(s: str, sub: str) -> int:
        return function(s, sub)

    return _node(method, name, output, description, run)


def _padding(
    method: str, name: str, output: str, description: str, function: Callable[[str, int, str], str]
) -> type[fn.Node]:
    """Return the node of a method that fills text up to a width."""

    def run(s: str, width: int, fillchar: str = " ") -> str:
        return function(s, width, fillchar)

    return _node(method, name, output, description, run)


def _node(method: str, name: str, output: str, description: str, run: Callable[..., Any]) -> type[fn.Node]:
    run.__name__ = run.__qualname__ = f"string_{method}"
    run.__doc__ = description
    return fn.NodeDecorator(id=f"string.{method}", name=name, outputs=[{"name": output}])(run)


@fn.NodeDecorator(id="string.length", name="Length", outputs=[{"name": "length"}])
def string_length(s: str) -> int:
    """Count the characters of a text."""
    return len(s)


@fn.NodeDecorator(id="string.concat", name="Concatenate", outputs=[{"name": "concatenated"}])
def string_concat(s1: str, s2: str) -> str:
    """Put two texts one after the other."""
    return s1 + s2


@fn.NodeDecorator(id="string.split", name="Split", outputs=[{"name": "split"}])
def string_split(s: str, delimiter: str | None = None) -> list[str]:
    """Cut a text at a delimiter; without one at any stretch of white space."""
    return s.split(delimiter)


@fn.NodeDecorator(id="string.join", name="Join", outputs=[{"name": "joined"}])
def string_join(strings: list[str], delimiter: str = "") -> str:
    """Put the texts of a list together with a delimiter between them."""
    return delimiter.join(strings)


@fn.NodeDecorator(id="string.encode", name="Encode", outputs=[{"name": "encoded"}])
def string_encode(s: str, encoding: Codec = "utf-8", errors: ErrorRule = "replace") -> bytes:
    """Write a text as bytes; errors says what becomes of characters the encoding does not have."""
    return s.encode(encoding, errors)


@fn.NodeDecorator(id="string.decode", name="Decode", outputs=[{"name": "decoded"}])
def string_decode(b: bytes, encoding: Codec = "utf_8", errors: ErrorRule = "replace") -> str:
    """Read bytes as a text; errors says what becomes of bytes that mean nothing."""
    return b.decode(encoding, errors)


@fn.NodeDecorator(id="string.replace", name="Replace", outputs=[{"name": "replaced"}])
def string_replace(s: str, old: str, new: str) -> str:
    """Replace every occurrence of a text in a text."""
    return s.replace(old, new)


@fn.NodeDecorator(id="string.strip", name="Strip", outputs=[{"name": "stripped"}])
def string_strip(s: str, chars: OptionalText = None) -> str:
    """Take white space, or any of the given characters, off both ends."""
    return s.strip(chars)


@fn.NodeDecorator(id="string.startswith", name="Starts With", outputs=[{"name": "starts_with"}])
def string_startswith(s: str, prefix: str) -> bool:
    """Say whether a text begins with another."""
    return s.startswith(prefix)


@fn.NodeDecorator(id="string.endswith", name="Ends With", outputs=[{"name": "ends_with"}])
def string_endswith(s: str, suffix: str) -> bool:
    """Say whether a text ends with another."""
    return s.endswith(suffix)


@fn.NodeDecorator(id="string.contains", name="Text Contains", outputs=[{"name": "contains"}])
def string_contains(s: str, sub: str) -> bool:
    """Say whether a text occurs in another."""
    return sub in s


@fn.NodeDecorator(id="string.format_map", name="Format Map", outputs=[{"name": "formatted"}])
def string_format_map(s: str, mapping: AnyMapping) -> str:
    """Put the values of a dict where the text names their keys in braces: {key}."""
    return s.format_map(mapping)


@fn.NodeDecorator(id="string.zfill", name="Fill With Zeros", outputs=[{"name": "zfilled"}])
def string_zfill(s: str, width: int) -> str:
    """Put zeros before a text, after its sign, until it has the width: zfill."""
    return s.zfill(width)


@fn.NodeDecorator(id="string.input", name="String Input", outputs=[{"name": "string"}])
def string_input(s: str) -> str:
    """Give on the text that is typed in."""
    return s


string_upper = _text("upper", "Upper", "upper", "Turn all letters into capitals.", str.upper)
string_lower = _text("lower", "Lower", "lower", "Turn all letters into small ones.", str.lower)
string_capitalize = _text(
    "capitalize",
    "Capitalize",
    "capitalized",
    "Make the first character a capital, the rest small.",
    str.capitalize,
)
string_title = _text("title", "Title", "titled", "Begin every word with a capital.", str.title)
string_swapcase = _text(
    "swapcase", "Swap Case", "swapped", "Make capitals small and small ones capitals.", str.swapcase
)

string_center = _padding(
    "center", "Center", "centered", "Fill a text on both sides up to a width.", str.center
)
string_ljust = _padding(
    "ljust", "Left Justify", "left_justified", "Fill a text on its right up to a width.", str.ljust
)
string_rjust = _padding(
    "rjust", "Right Justify", "right_justified", "Fill a text on its left up to a width.", str.rjust
)

string_count = _position(
    "count", "Count", "count", "Count how often a text occurs in another, without overlaps.", str.count
)
string_find = _position(
    "find", "Find", "index", "Give the first place of a text in another, or -1.", str.find
)
string_rfind = _position(
    "rfind", "Find Last", "index", "Give the last place of a text in another, or -1.", str.rfind
)
string_index = _position(
    "index",
    "Index",
    "index",
    "Give the first place of a text in another; an error when there is none.",
    str.index,
)
string_rindex = _position(
    "rindex",
    "Last Index",
    "index",
    "Give the last place of a text in another; an error when there is none.",
    str.rindex,
)

string_isalnum = _question(
    "isalnum",
    "Is Alphanumeric",
    "is_alphanumeric",
    "Say whether a text is all letters and digits.",
    str.isalnum,
)
string_isalpha = _question(
    "isalpha", "Is Alphabetical", "is_alphabetical", "Say whether a text is all letters.", str.isalpha
)
string_isdigit = _question(
    "isdigit", "Is Digit", "is_digit", "Say whether a text is all digits.", str.isdigit
)
string_islower = _question(
    "islower", "Is Lowercase", "is_lowercase", "Say whether all letters of a text are small.", str.islower
)
string_isupper = _question(
    "isupper", "Is Uppercase", "is_uppercase", "Say whether all letters of a text are capitals.", str.isupper
)
string_isspace = _question(
    "isspace", "Is Space", "is_space", "Say whether a text is all white space.", str.isspace
)
string_istitle = _question(
    "istitle", "Is Title", "is_title", "Say whether every word of a text begins with a capital.", str.istitle
)
string_isprintable = _question(
    "isprintable",
    "Is Printable",
    "is_printable",
    "Say whether every character can be printed.",
    str.isprintable,
)
string_isidentifier = _question(
    "isidentifier",
    "Is Identifier",
    "is_identifier",
    "Say whether a text could be a name in Python.",
    str.isidentifier,
)
string_isdecimal = _question(
    "isdecimal", "Is Decimal", "is_decimal", "Say whether a text is all decimal digits.", str.isdecimal
)
string_isnumeric = _question(
    "isnumeric",
    "Is Numeric",
    "is_numeric",
    "Say whether a text is all characters for numbers.",
    str.isnumeric,
)
string_isascii = _question("isascii", "Is ASCII", "is_ascii", "Say whether a text is all ASCII.", str.isascii)

NODE_SHELF = fn.Shelf(
    name="Strings",
    description="Work on text.",
    nodes=[
        string_length, string_concat, string_split, string_join, string_encode, string_decode,
        string_upper, string_lower, string_replace, string_strip, string_startswith, string_endswith,
        string_contains, string_format_map, string_capitalize, string_title, string_swapcase, string_zfill,
        string_center, string_ljust, string_rjust, string_count, string_find, string_rfind, string_index,
        string_rindex, string_isalnum, string_isalpha, string_isdigit, string_islower, string_isupper,
        string_isspace, string_istitle, string_isprintable, string_isidentifier, string_isdecimal,
        string_isnumeric, string_isascii, string_input,
    ],
    subshelves=[regex_shelf],
)  # fmt: skip
