"""What each node on text does: ordinary text, the empty text, and what is refused."""

from typing import Any

from tests.basic.cases import Refused, Row


def text(name: str, output: str, *rows: tuple[Any, ...]) -> list[Row]:
    """Rows of a node whose inputs are `s` and the ports named by the rows' dicts."""
    return [
        (f"strings.string_{name}", {"s": s, **more}, out if isinstance(out, Refused) else {output: out})
        for s, more, out in rows
    ]


def asked(name: str, output: str, yes: str, no: str) -> list[Row]:
    return text(name, output, (yes, {}, True), (no, {}, False))


TEXT: list[Row] = [
    *text("length", "length", ("abc", {}, 3), ("", {}, 0), (5, {}, Refused("int"))),
    ("strings.string_concat", {"s1": "a", "s2": "b"}, {"concatenated": "ab"}),
    ("strings.string_concat", {"s1": "a", "s2": 2}, Refused("str")),
    *text("split", "split", ("a b  c", {}, ["a", "b", "c"]), ("a,b", {"delimiter": ","}, ["a", "b"])),
    *text("split", "split", ("a", {"delimiter": ""}, Refused("empty separator")), ("", {}, [])),
    ("strings.string_join", {"strings": ["a", "b"], "delimiter": "-"}, {"joined": "a-b"}),
    ("strings.string_join", {"strings": []}, {"joined": ""}),
    ("strings.string_join", {"strings": [1]}, Refused("expected str")),
    *text("encode", "encoded", ("aä", {}, b"a\xc3\xa4"), ("aä", {"encoding": "ascii"}, b"a?")),
    *text("encode", "encoded", ("ä", {"encoding": "ascii", "errors": "strict"}, Refused("can't encode"))),
    *text("encode", "encoded", ("a", {"encoding": "nope"}, Refused("unknown encoding"))),
    ("strings.string_decode", {"b": b"a\xe4", "encoding": "latin_1"}, {"decoded": "aä"}),
    ("strings.string_decode", {"b": b"a\xe4"}, {"decoded": "a\ufffd"}),
    ("strings.string_decode", {"b": b"\xe4", "errors": "strict"}, Refused("can't decode")),
    *text("upper", "upper", ("aß", {}, "ASS"), ("", {}, "")),
    *text("lower", "lower", ("AbC", {}, "abc"), ("", {}, "")),
    *text("capitalize", "capitalized", ("aBC", {}, "Abc"), ("", {}, "")),
    *text("title", "titled", ("a bc", {}, "A Bc"), ("", {}, "")),
    *text("swapcase", "swapped", ("aB", {}, "Ab"), ("ß1", {}, "SS1")),
    *text(
        "replace", "replaced", ("aab", {"old": "a", "new": "x"}, "xxb"), ("", {"old": "a", "new": "x"}, "")
    ),
    *text("strip", "stripped", (" a ", {}, "a"), ("xax", {"chars": "x"}, "a")),
    *text("startswith", "starts_with", ("abc", {"prefix": "ab"}, True), ("abc", {"prefix": "b"}, False)),
    *text("endswith", "ends_with", ("abc", {"suffix": "bc"}, True), ("abc", {"suffix": "b"}, False)),
    *text("contains", "contains", ("abc", {"sub": "b"}, True), ("abc", {"sub": "z"}, False)),
    *text("format_map", "formatted", ("{a}-{b}", {"mapping": {"a": 1, "b": 2}}, "1-2")),
    *text("format_map", "formatted", ("{z}", {"mapping": {}}, Refused("'z'"))),
    *text("zfill", "zfilled", ("-5", {"width": 4}, "-005"), ("12345", {"width": 3}, "12345")),
    *text("center", "centered", ("5", {"width": 3}, " 5 "), ("5", {"width": 4, "fillchar": "*"}, "*5**")),
    *text(
        "ljust", "left_justified", ("5", {"width": 3, "fillchar": "."}, "5.."), ("abc", {"width": -1}, "abc")
    ),
    *text("rjust", "right_justified", ("5", {"width": 3}, "  5")),
    *text(
        "rjust", "right_justified", ("5", {"width": 3, "fillchar": "--"}, Refused("exactly one character"))
    ),
    *text("count", "count", ("aaa", {"sub": "aa"}, 1), ("", {"sub": "a"}, 0)),
    *text("find", "index", ("abab", {"sub": "b"}, 1), ("ab", {"sub": "z"}, -1)),
    *text("rfind", "index", ("abab", {"sub": "b"}, 3), ("ab", {"sub": "z"}, -1)),
    *text("index", "index", ("abab", {"sub": "b"}, 1), ("ab", {"sub": "z"}, Refused("not found"))),
    *text("rindex", "index", ("abab", {"sub": "b"}, 3), ("ab", {"sub": "z"}, Refused("not found"))),
    *asked("isalnum", "is_alphanumeric", "a1", "a 1"),
    *asked("isalpha", "is_alphabetical", "ab", "a1"),
    *asked("isdigit", "is_digit", "12", ""),
    *asked("islower", "is_lowercase", "a1", "aB"),
    *asked("isupper", "is_uppercase", "A1", "aB"),
    *asked("isspace", "is_space", " \t", "a"),
    *asked("istitle", "is_title", "A Bc", "a Bc"),
    *asked("isprintable", "is_printable", "a b", "\n"),
    *asked("isidentifier", "is_identifier", "a_1", "1a"),
    *asked("isdecimal", "is_decimal", "12", "²"),
    *asked("isnumeric", "is_numeric", "½", "a"),
    *asked("isascii", "is_ascii", "a", "ä"),
    *text("input", "string", ("text", {}, "text"), ("", {}, "")),
]


def pattern(name: str, *rows: tuple[str, str, Any]) -> list[Row]:
    return [(f"strings.re_{name}", {"pattern": p, "string": s}, out) for p, s, out in rows]


PATTERNS: list[Row] = [
    *pattern("match", (r"(a)(b)?", "ac", {"match": True, "groups": ["a", "a", None]})),
    *pattern("match", ("b", "ab", {"match": False, "groups": []}), ("(", "x", Refused("unterminated"))),
    *pattern("fullmatch", ("a+", "aa", {"match": True, "groups": ["aa"]})),
    *pattern("fullmatch", ("a", "ab", {"match": False, "groups": []})),
    *pattern(
        "search", ("b", "ab", {"match": True, "groups": ["b"]}), ("z", "ab", {"match": False, "groups": []})
    ),
    *pattern("findall", ("a", "aba", {"matches": ["a", "a"]}), ("z", "a", {"matches": []})),
    *pattern("findall", ("(a)(b)", "abab", {"matches": [("a", "b"), ("a", "b")]})),
    ("strings.re_sub", {"pattern": "(a)", "repl": r"<\1>", "string": "aba"}, {"substituted": "<a>b<a>"}),
    ("strings.re_sub", {"pattern": "", "repl": "-", "string": "ab"}, {"substituted": "-a-b-"}),
    ("strings.re_sub", {"pattern": "(", "repl": "", "string": "a"}, Refused("unterminated subpattern")),
    ("strings.re_subn", {"pattern": "a", "repl": "x", "string": "aba"}, {"substituted": "xbx", "count": 2}),
    ("strings.re_subn", {"pattern": "z", "repl": "x", "string": "aba"}, {"substituted": "aba", "count": 0}),
    ("strings.re_escape", {"pattern": "a.b"}, {"escaped": r"a\.b"}),
    ("strings.re_escape", {"pattern": ""}, {"escaped": ""}),
    *pattern("split", (",", "a,b", {"splitted": ["a", "b"]}), ("(,)", "a,b", {"splitted": ["a", ",", "b"]})),
]
