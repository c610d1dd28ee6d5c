"""The description of a method table, and JSON-RPC 2.0 to the letter."""

from __future__ import annotations

import json
from typing import Any

import pytest
from funcnodes_worker.rpc import envelope
from funcnodes_worker.rpc.discover import MEANINGS, describe
from funcnodes_worker.rpc.envelope import Batch, Call, Malformed
from funcnodes_worker.server.methods.table import make_table

from tests.worker.rpc.test_conversation import heard, rpc, talk


def test_every_method_is_described_with_its_right_and_errors() -> None:
    """Every schema that is referred to is there, so that a generator can be fed with it."""
    said = describe(make_table(), "A worker", "1")
    table = make_table()
    assert [method["name"] for method in said["methods"]] == sorted(method.name for method in table)
    for method in said["methods"]:
        entry = table.get(method["name"])
        assert entry is not None
        assert (method["x-right"], method["x-turn"]) == (entry.right.value, entry.turn.value)
        assert method["summary"].endswith("."), method["name"]
        assert [param["name"] for param in method["params"]] == list(entry.params.__struct_encode_fields__)
        assert {error["code"] for error in method["errors"]} <= MEANINGS.keys()
    text = json.dumps(said)
    for reference in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert reference in said["components"]["schemas"], reference


def test_results_are_typed_where_the_handler_says_so() -> None:
    methods = {one["name"]: one for one in describe(make_table(), "A worker", "1")["methods"]}
    assert methods["uuid"]["result"]["schema"] == {"type": "string"}
    assert methods["remove_group"]["result"]["schema"] == {"type": "boolean"}
    assert methods["heartbeat"]["result"]["schema"] == {"type": "null"}
    held = {error["code"] for error in methods["trigger_node"]["errors"]}
    assert {-32602, -32002, -32006} <= held


async def test_arguments_may_come_in_a_list() -> None:
    """In the order of the method's description; not more than it takes."""
    frames = (
        '{"jsonrpc":"2.0","method":"say","params":["a",3],"id":1}',
        '{"jsonrpc":"2.0","method":"say","params":["a",3,"x"],"id":2}',
        '{"jsonrpc":"2.0","method":"say","params":[],"id":3}',
        '{"jsonrpc":"2.0","method":"stop","params":[],"id":4}',
    )
    answers = {answer["id"]: answer for answer in heard(await talk(*frames))}
    assert answers[1]["result"] == "aaa"
    assert (
        "takes at most 2 arguments, 3 were given; their order is: word, times"
        in answers[2]["error"]["message"]
    )
    assert answers[3]["error"]["code"] == -32602
    assert answers[4]["result"] is True


@pytest.mark.parametrize("given", [True, [], {}, [1]])
def test_an_id_is_a_text_a_number_or_null(given: Any) -> None:
    found = envelope.read(json.dumps({"jsonrpc": "2.0", "method": "say", "id": given}))
    assert isinstance(found, Malformed)
    assert (found.id, found.failure.code) == (None, -32600)


async def test_null_is_an_id_and_no_id_is_a_notification() -> None:
    answers = heard(
        await talk(
            '{"jsonrpc":"2.0","method":"say","params":{"word":"a"},"id":null}',
            '{"jsonrpc":"2.0","method":"say","params":{"word":"b"}}',
            rpc("say", 1.5, word="c"),
            until=2,
        )
    )
    assert [(answer["id"], answer["result"]) for answer in answers] == [(None, "a"), (1.5, "c")]


def test_the_examples_of_the_specification() -> None:
    """Batches of nothing, of nonsense, of notifications only."""
    empty = envelope.read("[]")
    assert isinstance(empty, Malformed)
    assert empty.failure.code == -32600
    nonsense = envelope.read("[1,2,3]")
    assert isinstance(nonsense, Batch)
    assert [type(part) for part in nonsense.messages] == [Malformed] * 3
    notifications = envelope.read('[{"jsonrpc":"2.0","method":"say","params":{"word":"a"}}]')
    assert isinstance(notifications, Batch)
    (part,) = notifications.messages
    assert isinstance(part, Call)
    assert part.wants_answer is False
    broken = envelope.read('[{"jsonrpc": "2.0", "method": "sum", "id": "1"},{"jsonrpc": "2.0", "method"]')
    assert isinstance(broken, Malformed)
    assert broken.failure.code == -32700


async def test_a_batch_of_notifications_is_not_answered() -> None:
    note = '{"jsonrpc":"2.0","method":"say","params":{"word":"a"}}'
    (answer,) = heard(await talk(f"[{note},{note}]", rpc("say", 1, word="b"), until=1))
    assert answer["result"] == "b"
