"""Facts of the contract about enums, hooks, events and encoders: sections 7, 8, 9 and 14."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from funcnodes_core.decorator import update_other_io, update_other_io_options
from funcnodes_core.eventmanager import EventEmitterMixin, emit_after, emit_before
from funcnodes_core.utils import special_types

import funcnodes_core as fn
from funcnodes_core import (
    ByteEncoder,
    BytesEncdata,
    DataEnum,
    Encdata,
    JSONDecoder,
    JSONEncoder,
    NodeDecorator,
)
from tests.core.graphs import add, inc


class Answer(DataEnum):
    YES = "B"
    B = "no"
    NOTHING = None
    MANY = [1, 2]  # noqa: RUF012 - a value that cannot be hashed is the point


def test_earlier_members_win_by_name_then_value_then_text() -> None:
    """7: what could mean two members means the first."""
    assert (Answer.interfere("B"), Answer.interfere("no"), Answer.interfere("Answer.B")) == (
        Answer.YES,
        Answer.B,
        Answer.B,
    )
    assert (Answer.v("[1, 2]"), Answer.v([1, 2]), Answer.interfere(None)) == ([1, 2], [1, 2], Answer.NOTHING)
    for unknown in ([3], "Answer.C", object()):
        with pytest.raises((ValueError, TypeError, KeyError)):
            Answer.v(unknown)


def test_enums_are_made_by_a_call_and_name_a_type() -> None:
    """7: span makes them from a mapping; ports name the class."""
    made = DataEnum("TestsPublishedMade", {"one": len, "two": int})  # type: ignore[call-overload]
    port = fn.NodeInput(id="x", type="TestsPublishedMade")
    assert made.v("one") is len
    assert port.type == {"type": "enum", "values": [len, int], "keys": ["one", "two"], "nullable": False}
    assert port.value_options["options"] == port.type


async def test_a_default_of_a_twin_of_the_choice_is_understood() -> None:
    """7: span makes the same choice in two modules and calls one's functions with the other's default."""
    mapping = {"one": len, "two": int}
    first, second = (DataEnum("TestsPublishedTwin", mapping) for _ in range(2))  # type: ignore[call-overload]

    def function(x: Any = first.two) -> Any:  # type: ignore[attr-defined]
        return second.v(x)

    twin = fn.NodeDecorator("tests.published.twin")(function)
    assert await twin.initialize_and_call() is int
    other = DataEnum("TestsPublishedOther", mapping)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="two"):
        second.interfere(other.two)


def test_hooks_do_nothing_where_there_is_nothing_to_do() -> None:
    """8: no node, no such port, or a function that fails."""
    handler = update_other_io_options(["b", "nowhere"], lambda result: [fn.NoValue, *result])
    loose, node = fn.NodeInput(id="x"), add(trigger_on_create=False)
    handler(src=loose, result=["u"])
    handler(src=node.inputs["a"], result=["u"])
    assert node.inputs["b"].value_options["options"] == [fn.NoValue, "u"]
    handler(src=node.inputs["a"], result=5)
    assert node.inputs["b"].value_options["options"] == [fn.NoValue, "u"]
    with pytest.warns(DeprecationWarning, match="update_other_io"):
        old = update_other_io("b", list)
    old(src=node.inputs["a"], result="vw")
    assert node.inputs["b"].value_options["options"] == ["v", "w"]


class Bell(EventEmitterMixin):
    default_listeners = {"ring": [lambda src, loud, **_: src.heard.append(("default", loud))]}  # noqa: RUF012

    def __init__(self) -> None:
        self.heard: list[Any] = []

    @emit_before(include_kwargs="all")
    @emit_after(include_kwargs=["loud"], include_result=False)
    async def strike(self, times: int, loud: bool = False) -> int:
        return times


async def test_events_of_async_methods_and_default_listeners() -> None:
    """9: only what was passed by keyword is told; a listener is known once; `off` forgets."""
    bell, told = Bell(), list[Any]()

    def note(event: str, src: Any, **message: Any) -> None:
        told.append((event, message))

    bell.on("*", note)
    bell.on("*", note)
    assert await bell.strike(2, loud=True) == 2
    assert told == [("before_strike", {"loud": True}), ("after_strike", {"loud": True})]
    assert (bell.emit("ring", {"loud": 1}), bell.heard) == (True, [("default", 1)])
    bell.off("*", note)
    bell.off("ring")
    assert (bell.emit("ring", {"loud": 2}), bell.heard, len(told)) == (False, [("default", 1)], 3)
    assert Bell().emit("other") is False


def test_who_listens_once_was_a_listener() -> None:
    """9: `emit` says whether there was one, not whether there is one left."""
    bell, told = Bell(), list[str]()
    bell.off("ring")
    for event in ("tone", "*"):
        bell.once(event, lambda src, event="tone": told.append(event))
    assert (bell.emit("tone"), bell.emit("tone"), told) == (True, False, ["tone", "tone"])


def test_errors_go_to_error_listeners() -> None:
    """9: once, or until forgotten; else they are raised."""
    bell, errors = Bell(), list[Exception]()
    bell.once_error(lambda error, src: errors.append(error))
    bell.error(ValueError("first"))
    with pytest.raises(ValueError, match="second"):
        bell.error(ValueError("second"))
    assert [str(error) for error in errors] == ["first"]


@dataclasses.dataclass
class Inner:
    n: int


class Held:
    """Something that a module encodes."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items


def test_encoders_say_whether_what_they_made_is_shortened() -> None:
    """14.1: `continue_preview` decides over `preview`, `done` is taken as it is, the first in line wins."""

    def whole(obj: Held, preview: bool = False) -> Encdata:
        return Encdata(obj.items, handeled=True, continue_preview=False)

    def mute(obj: Held, preview: bool = False) -> tuple[Any, bool]:
        return obj, False

    def done(obj: Held, preview: bool = False) -> Encdata:
        return Encdata({"d": preview}, True, not obj.items)

    JSONEncoder.add_encoder(mute, [Held])
    JSONEncoder.add_encoder(whole, enc_cls=[Held])
    assert len(JSONEncoder.apply_custom_encoding(Held(list(range(30))), preview=True)) == 30
    JSONEncoder.prepend_encoder(done, [Held])
    assert JSONEncoder.apply_custom_encoding([Held([]), Held([1])], preview=True) == [{"d": True}, [1]]


def test_shared_values_are_written_twice_and_unknown_ones_as_text() -> None:
    """14.1: only what contains itself is refused."""
    inner = Inner(1)
    assert JSONEncoder.apply_custom_encoding([inner, inner, {1: inner}]) == [
        {"n": 1},
        {"n": 1},
        {1: {"n": 1}},
    ]
    assert JSONEncoder.apply_custom_encoding(1 + 2j) == "(1+2j)"
    node = inc(uuid="n")
    assert JSONEncoder.apply_custom_encoding(node.inputs["a"])["full_id"] == "n__a"
    assert JSONEncoder.apply_custom_encoding(node.inputs["a"].datapath) == "IncNode(n)(a)"
    assert JSONEncoder.apply_custom_encoding(fn.Library()) == {"shelves": []}
    assert JSONEncoder.apply_custom_encoding(fn.Shelf(name="s"))["name"] == "s"
    assert JSONEncoder.apply_custom_encoding(fn.NodeSpace())["nodes"] == []


def test_decoders_are_asked_for_every_value() -> None:
    """14.1: `f(value) -> (value, handled)`."""

    def double(value: Any) -> tuple[Any, bool]:
        return ("xx", True) if value == "tests-x" else (value, False)

    JSONDecoder.add_decoder(double)
    try:
        assert json.loads('{"a": ["tests-x", 1]}', cls=JSONDecoder) == {"a": ["xx", 1]}
    finally:
        JSONDecoder.decoder_registry.remove(double)


def test_byte_encoders_of_modules() -> None:
    """14.2: asked by class with the preview as second argument; an unhandled answer falls through."""

    class Picture(Held):
        pass

    def encode(obj: Held, preview: bool) -> BytesEncdata:
        return BytesEncdata(b"small" if preview else b"large", handeled=bool(obj.items), mime="image/jpeg")

    ByteEncoder.add_encoder(encode, [Held])
    assert ByteEncoder.encode(Picture([1]), preview=True) == BytesEncdata(b"small", True, "image/jpeg")
    assert ByteEncoder.encode(Picture([1])).data == b"large"
    with pytest.raises(ByteEncoder.NoEncoderException):
        ByteEncoder.encode(Picture([]), json_fallback=False)


def test_databytes_can_be_built_upon() -> None:
    """14.2: files adds words of its own to `__new__`."""

    class File(special_types.databytes):
        name: str

        def __new__(cls, data: bytes, name: str) -> File:
            made = super().__new__(cls, data)
            made.name = name
            return made

    file = File(b"abc", name="x")
    assert (file.name, file == b"abc", JSONEncoder.apply_custom_encoding(file)) == ("x", True, "databytes(3)")
    assert ByteEncoder.encode(file).data == b"abc"
    assert fn.types.databytes is special_types.databytes


def test_kinds_of_workers_are_names() -> None:
    """15: what is not offered says what to use."""
    from funcnodes_worker import MsQueueWorker, RemoteWorker, SocketWorker, Worker, WSWorker

    for kind in (SocketWorker, MsQueueWorker):
        with pytest.raises(TypeError, match=f"{kind.__name__} is not offered, use a WSWorker"):
            kind()
    for kind in (WSWorker, RemoteWorker, Worker):
        with pytest.raises(TypeError, match="use 'funcnodes worker new'"):
            kind()
    assert all(issubclass(kind, RemoteWorker) for kind in (WSWorker, SocketWorker, MsQueueWorker))
    assert issubclass(RemoteWorker, Worker)


async def test_an_output_type_may_be_a_type_object() -> None:
    """5: extra entries of `outputs` are appended."""

    @NodeDecorator("tests.published.extra", outputs=[{"name": "a"}, {"name": "b", "type": dict}])
    def extra(x: int) -> int:
        return x, {}  # type: ignore[return-value]

    assert [(p.uuid, p.type) for p in extra.class_outputs[:2]] == [("a", "int"), ("b", "dict")]
    assert await extra.inti_call(x=1) == (1, {})
