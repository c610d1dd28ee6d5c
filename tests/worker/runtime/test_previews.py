"""Previews: bounded while they are made, honest about what was cut."""

from __future__ import annotations

import dataclasses
import enum
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from funcnodes_core.novalue import NoValue
from funcnodes_worker.runtime.feed import preview_of
from funcnodes_worker.runtime.previews import full_value, is_json, make_preview
from funcnodes_worker.server.frames import json_value, our_preview, result_frame, value_frame


@dataclasses.dataclass
class Point:
    x: int
    y: float


class Colour(enum.Enum):
    RED = "r"


class Endless(Mapping[str, int]):
    """A mapping so large that walking it whole would never end."""

    def __getitem__(self, key: str) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        number = 0
        while True:
            yield str(number)
            number += 1

    def __len__(self) -> int:
        return 10**12


def shown(value: object) -> Any:
    preview = make_preview(value)
    assert preview is not None
    return json.loads(preview.data) if preview.mime == "application/json" else preview.data.decode()


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (5, 5), (2.5, 2.5), (True, True), (None, None), ("text", "text"), ("", ""), ("\ud800", "?"),
        (float("nan"), None), (float("inf"), None), (2**80, str(2**80)), (2**53, 2**53),
        ([1, (2, {3})], [1, [2, [3]]]), ({1: "a"}, {"1": "a"}), (Path("a/b"), "a/b"),
        (Point(1, 2.5), {"x": 1, "y": 2.5}), ([NoValue], ["<NoValue>"]),
    ],
)  # fmt: skip
def test_what_is_shown(value: object, seen: object) -> None:
    assert shown(value) == seen


def test_a_librarys_number_is_shown_as_a_number() -> None:
    """`numpy.float64` was shown as "9 bytes of application/fn.struct.!d"."""
    preview = make_preview(np.float64(0.25))
    assert preview is not None
    assert (preview.mime, preview.data, preview.type) == ("application/json", b"0.25", "float64")


def test_no_value_is_no_preview() -> None:
    assert make_preview(NoValue) is None


@pytest.mark.parametrize(
    "value",
    [list(range(10**6)), "x" * 10**7, {str(i): i for i in range(10**5)}, Endless(), [[[[[[[[[[1]]]]]]]]]]],
)  # fmt: skip
def test_large_values_cost_little_and_say_that_they_are_cut(value: object) -> None:
    begun = time.perf_counter()
    preview = make_preview(value)
    assert time.perf_counter() - begun < 0.2
    assert preview is not None
    assert preview.cut
    assert len(preview.data) < 100_000


def test_wide_and_deep_values_stay_bounded() -> None:
    value: Any = 1
    for _ in range(8):
        value = dict.fromkeys(map(str, range(100)), value)
    preview = make_preview(value)
    assert preview is not None
    assert preview.cut
    assert len(preview.data) < 200_000


def test_a_value_that_raises_when_shown_is_shown_as_that() -> None:
    class Shy:
        def __str__(self) -> str:
            raise RuntimeError("no")

        __repr__ = __str__

    preview = preview_of(Shy())
    assert preview is not None
    assert "cannot be shown: RuntimeError: no" in preview.data.decode()


def test_full_values() -> None:
    assert full_value("x" * 5000) == ("text/plain", b"x" * 5000)
    assert full_value(b"\x00\x01") == ("application/octet-stream", b"\x00\x01")
    assert json.loads(full_value(list(range(1000)))[1]) == list(range(1000))
    assert full_value(NoValue) == ("application/json", b'"<NoValue>"')
    assert json.loads(full_value({"c": Colour.RED})[1]) == {"c": "Colour.RED"}


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ({"a": [1, None]}, True),
        ((1,), False),
        ({1: 2}, False),
        (float("nan"), False),
        (2**70, False),
        (b"", False),
    ],
)
def test_what_is_json(value: object, answer: bool) -> None:
    assert is_json(value) is answer


@pytest.mark.parametrize(
    ("value", "mime", "body"),
    [
        (5, "application/fn.struct.!q", b"\x00" * 7 + b"\x05"),
        (-1, "application/fn.struct.!q", b"\xff" * 8),
        (1.0, "application/fn.struct.!d", b"\x3f\xf0" + b"\x00" * 6),
        (True, "application/fn.struct.?", b"\x01"),
        (None, "application/json", b"null"),
        ("", "text/plain", b""),
        (2**80, "application/json", json.dumps(str(2**80)).encode()),
        (NoValue, "application/json", b'"<NoValue>"'),
    ],
)
def test_published_frames(value: object, mime: str, body: bytes) -> None:
    """Never nothing: empty text, null and no value have frames of their own."""
    frame = value_frame("n", "p", make_preview(value))
    head, _, payload = frame.body.partition(b"\r\n\r\n")
    fields = dict(part.strip().split("=") for part in head.decode().split(";"))
    assert {k: v for k, v in fields.items() if k != "msgid"} == {
        "chunk": "1/1", "node": "n", "io": "p", "mime": mime, "type": "io_value", "preview": "1",
    }  # fmt: skip
    assert (frame.is_text, payload) == (False, body)


def test_result_frames_echo_the_id() -> None:
    frame = result_frame("id-1", "image/png", b"PNG")
    assert b"id=id-1; mime=image/png; type=result\r\n\r\nPNG" in frame.body


def test_both_forms_of_a_preview() -> None:
    assert json_value(None) == "<NoValue>"
    assert json_value(make_preview("a")) == "a"
    preview = make_preview([1])
    assert preview is not None
    assert our_preview(preview) == {
        "mime": "application/json",
        "cut": False,
        "type": "list",
        "value": json_value(preview),
    }
