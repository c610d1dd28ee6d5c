"""From a function to a node class."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Optional

import pytest
from exposedfunctionality import exposed_method
from exposedfunctionality.function_parser.types import TypeNotFoundError

import funcnodes_core as fn
from funcnodes_core import NodeDecorator, NodeTriggerError, NoValue


class Mode(fn.DataEnum):
    A = [1, 2]  # noqa: RUF012 - a value that cannot be hashed is the point
    B = len


def test_ids_names_and_ports_come_from_the_function() -> None:
    """Inputs are the parameters, the output is what it returns."""

    @NodeDecorator("tests.d.my_add")
    def my_add(a: int, b: float = 1.5) -> float:
        """Adds.

        Args:
            a: the first
        """
        return a + b

    assert (my_add.__name__, my_add.node_id, my_add.description) == ("MyAddNode", "tests.d.my_add", "Adds.")
    assert my_add.o_func(1, 2) == 3  # type: ignore[attr-defined]
    assert [(p.uuid, p.type, p.description, p.fallback) for p in my_add.class_inputs[:-1]] == [
        ("a", "int", "the first.", NoValue),
        ("b", "float", None, 1.5),
    ]
    assert [(p.uuid, p.type) for p in my_add.class_outputs[:-1]] == [("out", "float")]
    assert my_add.input_a.uuid == "a"  # type: ignore[attr-defined]
    assert my_add.output_out.uuid == "out"  # type: ignore[attr-defined]


def test_an_id_is_needed() -> None:
    """`node_id` wins over `id`."""
    with pytest.raises(ValueError, match="needs an id"):
        NodeDecorator()
    assert NodeDecorator(id="a", node_id="tests.d.b")(lambda: None).node_id == "tests.d.b"
    with pytest.raises(TypeError, match=r"is a text, not <function .*: write @NodeDecorator\(id=…\)"):
        NodeDecorator(lambda: None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not in both"):
        NodeDecorator("tests.d.c", separate_thread=True, separate_process=True)(lambda: None)


def test_names_outputs_and_inputs_can_be_said() -> None:
    """An output's name renames its id, an input's name is shown only; more outputs may be declared."""

    @NodeDecorator(
        "tests.d.named",
        name="Nice Name",
        inputs=[{"name": "First"}],
        outputs=[{"name": "total", "type": int}, {"name": "more", "type": "str"}],
    )
    def plain(a: int):  # type: ignore[no-untyped-def]
        return a, "x"

    assert plain.node_name == "Nice Name"
    assert [(p.uuid, p.name) for p in plain.class_inputs[:-1]] == [("a", "First")]
    assert [(p.uuid, p.type) for p in plain.class_outputs[:-1]] == [("total", "int"), ("more", "str")]


def test_annotated_metadata_counts() -> None:
    """For inputs, single results and pairs of results."""

    def annotated(
        a: Annotated[int, fn.InputMeta(name="Aa", default=4, does_trigger=False)],  # type: ignore[typeddict-item]
    ) -> tuple[Annotated[int, fn.OutputMeta(name="n")], str]:  # type: ignore[typeddict-item]
        return a, "x"

    annotated.__annotations__ = {
        "a": Annotated[int, {"name": "Aa", "default": 4, "does_trigger": False}],
        "return": tuple[Annotated[int, {"name": "n"}], str],
    }
    made = NodeDecorator("tests.d.annotated")(annotated)
    port = made.class_inputs[0]
    assert (port.uuid, port.name, port.fallback, port.does_trigger) == ("a", "Aa", 4, False)
    assert [p.uuid for p in made.class_outputs[:-1]] == ["n", "out1"]


async def test_results_are_paired_with_outputs() -> None:
    """One output takes a tuple whole; a shorter result leaves the rest, a longer one is cut."""

    @NodeDecorator("tests.d.whole")
    def whole(n: int) -> object:
        return tuple(range(n))

    @NodeDecorator("tests.d.pair", outputs=[{"name": "x"}, {"name": "y"}])
    def pair(n: int):  # type: ignore[no-untyped-def]
        return tuple(range(n))

    assert await whole.inti_call(n=2) == (0, 1)
    assert await pair.inti_call(n=1) == (0, NoValue)
    assert await pair.inti_call(n=5) == (0, 1)


async def test_functions_may_return_something_to_await() -> None:
    """A coroutine function, or a plain one that returns a future."""

    @NodeDecorator("tests.d.later")
    def later(a: int) -> Any:
        return asyncio.sleep(0, result=a + 1)

    @NodeDecorator("tests.d.threaded_coroutine", separate_thread=True)
    async def threaded(a: int) -> int:
        await asyncio.sleep(0)
        return a + 2

    assert (await later.inti_call(a=1), await threaded.inti_call(a=1)) == (2, 3)


async def test_a_wrapped_function_runs_in_a_thread() -> None:
    """`make_run_in_new_thread` may stand between; its signature is the function's."""

    def work(a: int) -> int:
        return a * 2

    wrapped = fn.make_run_in_new_thread(work)
    node_class = NodeDecorator("tests.d.wrapped")(wrapped)
    try:
        assert [p.uuid for p in node_class.class_inputs[:-1]] == ["a"]
        assert await node_class.inti_call(a=4) == 8
    finally:
        wrapped.shutdown()


async def test_the_parameter_node_is_the_running_node() -> None:
    """It makes no input."""

    @NodeDecorator("tests.d.with_node")
    def with_node(a: int, node: Optional[fn.Node] = None) -> str:  # noqa: UP045 - read by the parser
        assert node is not None
        return f"{node.name}{a}"

    made = with_node(name="me")
    made["a"] = 1
    await made
    assert (made.outputs["out"].value, list(made.inputs)) == ("me1", ["a", "_triggerinput"])


async def test_signatures_of_wrappers_and_of_the_wrapped() -> None:
    """`controlled_wrapper` keeps the wrapper's, `signaturewrapper` takes the other's."""

    def original(a: int) -> int:
        """Originally."""
        return a

    @NodeDecorator("tests.d.wrapper")
    @fn.controlled_wrapper(original, wrapper_attribute="__fnwrapped__")
    def wrapper(x: int, y: int) -> int:
        return original(x) + y

    @NodeDecorator("tests.d.signature")
    @fn.signaturewrapper(original)
    def same(*args: Any, **kwargs: Any) -> int:
        return original(*args, **kwargs)

    assert ([p.uuid for p in wrapper.class_inputs[:-1]], wrapper.description) == (["x", "y"], "Originally.")
    assert ([p.uuid for p in same.class_inputs[:-1]], await same.inti_call(a=3)) == (["a"], 3)


async def test_enums_are_found_by_anything_that_means_them() -> None:
    """The framework hands raw values on; the function asks the enum."""

    @NodeDecorator("tests.d.enum")
    def choose(mode: Mode = Mode.A) -> Any:
        return Mode.v(mode)

    assert choose.class_inputs[0].value_options["options"]["keys"] == ["A", "B"]
    assert await choose.inti_call() == [1, 2]
    for given in (Mode.B, "B", len, str(len), "Mode.B"):
        assert Mode.v(given) is len
    with pytest.raises(ValueError, match="C"):
        Mode.v("C")
    with pytest.raises(NodeTriggerError):
        await choose.inti_call(mode="C")


async def test_a_no_value_default_is_left_to_the_function() -> None:
    """The parser makes text of it; the function gets its own default."""

    @NodeDecorator("tests.d.no_value_default")
    def maybe(a: Any = NoValue) -> bool:
        return a is NoValue

    assert await maybe.inti_call() is True


def test_handlers_update_other_ports() -> None:
    """And do nothing with values they were not made for."""
    from funcnodes_core.decorator import fn as package
    from funcnodes_core.decorator import update_other_io_options, update_other_io_value_options

    @NodeDecorator(
        "tests.d.hooks",
        default_io_options={
            "data": {
                "on": {
                    "after_set_value": [
                        update_other_io_options(["key"], list),
                        update_other_io_value_options("n", lambda d: {"max": len(d)}),
                    ]
                }
            }
        },
    )
    def hooks(data: dict[str, int], key: str, n: int = 0) -> int:
        return data[key]

    assert package is fn
    node = hooks(trigger_on_create=False)
    node["data"] = {"x": 1, "y": 2}
    assert node.inputs["key"].value_options["options"] == ["x", "y"]
    assert node.inputs["n"].value_options["max"] == 2
    node["data"] = 5
    assert node.inputs["n"].value_options["max"] == 2


async def test_methods_of_an_object_as_nodes() -> None:
    """Each object has its own classes; they call the method on that very object."""

    class Counter(fn.NodeClassMixin):
        NODECLASSID = "tests.counter"

        def __init__(self, uuid: str) -> None:
            super().__init__()
            self.uuid = uuid
            self.count = 0

        @fn.instance_nodefunction()
        def read(self) -> int:
            """Read it."""
            return self.count

        @read.triggers
        def up(self, by: int) -> None:
            self.count += by

    one, two = Counter("1"), Counter("2")
    node_class = one.get_nodeclass("read")
    assert (node_class.node_id, node_class.node_name, node_class.description) == (
        "tests.counter.1.read",
        "Read",
        "Read it.",
    )
    assert two.get_nodeclass("read") is not node_class
    node = node_class()
    one.up(3)
    await fn.run_until_complete(node)
    assert (node.outputs["out"].value, one.read(), two.read()) == (3, 3, 0)
    assert (one.get_nodes("read"), one.read.nodes(one), two.get_all_nodes()) == ([node], [node], [])
    with pytest.raises(KeyError):
        one.get_nodeclass("up")
    with pytest.raises(ValueError, match="NODECLASSID"):
        type("NoId", (fn.NodeClassMixin,), {})
    one.cleanup()


def test_a_function_decorated_twice_makes_two_classes_as_told() -> None:
    """What is said the second time counts the second time; said nothing, it is as the first time."""

    def both(a: int) -> Any:
        return a, a

    first = NodeDecorator("tests.d.twice.1", outputs=[{"name": "x"}, {"name": "y"}])(both)
    second = NodeDecorator(
        "tests.d.twice.2", inputs=[{"name": "A"}], outputs=[{"name": "p"}, {"name": "q"}, {"name": "r"}]
    )(both)
    third = NodeDecorator("tests.d.twice.3")(both)

    def ports(made: type[fn.Node]) -> tuple[list[str], list[str]]:
        return [p.name for p in made.class_inputs[:-1]], [p.uuid for p in made.class_outputs[:-1]]

    assert [ports(made) for made in (first, second, third)] == [
        (["a"], ["x", "y"]),
        (["A"], ["p", "q", "r"]),
        (["A"], ["p", "q", "r"]),
    ]


def test_what_another_hand_exposed_keeps_what_that_said() -> None:
    """As published: `inputs=` and `outputs=` do not count then."""

    @exposed_method(outputs=[{"name": "said"}])  # pyright: ignore[reportArgumentType]
    def exposed(a: int) -> int:
        return a

    made = NodeDecorator("tests.d.exposed", outputs=[{"name": "unheard"}])(exposed)
    assert [p.uuid for p in made.class_outputs[:-1]] == ["said"]


@pytest.mark.parametrize(
    ("said", "error", "text"),
    [
        ([{"nme": "x"}], ValueError, r"output 1 of tests\.d\.wrong has no name: \{'nme': 'x'\}"),
        ([{"name": "x"}, {"type": "int"}], ValueError, r"output 2 of tests\.d\.wrong has no name"),
        ([{"name": 3}], ValueError, r"output 1 of tests\.d\.wrong has no name: \{'name': 3\}"),
        ([{"name": "x"}, {"name": "x"}], ValueError, r"two outputs of tests\.d\.wrong are called 'x'"),
        (["x"], TypeError, r"outputs= of tests\.d\.wrong is a list of dicts, .* not \['x'\]"),
        ({"name": "x"}, TypeError, r"outputs= of tests\.d\.wrong is a list of dicts"),
        ("x", TypeError, r"outputs= of tests\.d\.wrong is a list of dicts"),
    ],
)
def test_a_wrong_description_of_outputs_is_refused_at_once(said: Any, error: Any, text: str) -> None:
    """With the place, and what was said there."""
    with pytest.raises(error, match=text):
        NodeDecorator("tests.d.wrong", outputs=said)(lambda: None)
    with pytest.raises(TypeError, match=r"inputs= of tests\.d\.wrong is a list of dicts"):
        NodeDecorator("tests.d.wrong", inputs=["x"])(lambda: None)
    with pytest.raises(ValueError, match=r"input 1 of tests\.d\.wrong has no name: \{'type': 'int'\}"):
        NodeDecorator("tests.d.wrong", inputs=[{"type": "int"}])(lambda: None)


@pytest.mark.parametrize(
    ("wrong", "shown"),
    [("NoSuchType", "NoSuchType"), (5, "5"), ([int], r"[<class 'int'>]"), (("a",), "('a',)")],
)
def test_a_wrong_annotation_is_found_by_its_error(wrong: Any, shown: str) -> None:
    """The parser's error stays what it is; a note says in which node and what stands there."""

    def wrongly(good: int, a: Any) -> int:
        return good

    wrongly.__annotations__["a"] = wrong
    with pytest.raises((NameError, TypeError, TypeNotFoundError)) as caught:
        NodeDecorator("tests.d.wrongly")(wrongly)
    (note,) = caught.value.__notes__
    assert "'tests.d.wrongly' was made of" in note
    assert f"wrongly(good: int, a: {shown}, return: int)" in note


async def test_only_the_parameter_itself_is_the_node() -> None:
    """An input may be called "node"; the node itself has no input, whatever it would be called."""

    @NodeDecorator("tests.d.called_node", inputs=[{"name": "node"}, {"name": "me"}])
    def called(a: int, node: Any = None) -> Any:
        return a, type(node)

    assert [(p.uuid, p.name) for p in called.class_inputs[:-1]] == [("a", "node")]
    assert await called.inti_call(a=1) == (1, called)
