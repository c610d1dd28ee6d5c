"""The writer: order, one sync for many, answer before news, a full disk."""

from __future__ import annotations

import asyncio

import pytest
from funcnodes_core.document.edits import AddNode, Edit, RenameNode, SetValue
from funcnodes_core.document.model import Document, NodeRecord, PortRecord
from funcnodes_core.document.refusals import NodeExists, NodeNotFound
from funcnodes_worker.runtime.noted import note_batch
from funcnodes_worker.runtime.records import Batch, Noted
from funcnodes_worker.runtime.writer import Committed, WriteFailed, Writer
from msgspec import UNSET

from tests.support.small_journal import SmallJournal


def node(name: str) -> AddNode:
    return AddNode(NodeRecord(id=name, class_id="c", ports={"x": PortRecord(id="x")}))


def writer_of(journal: SmallJournal, told: list[Committed]) -> Writer:
    return Writer(Document(), 0, journal, told.append)


async def submit(writer: Writer, *edits: Edit) -> Committed:
    committed = await writer.submit(edits, "me")
    committed.answered.set()
    return committed


async def test_edits_submitted_while_one_is_written_share_the_next_write() -> None:
    journal, told = SmallJournal(), list[Committed]()
    writer = writer_of(journal, told)
    async with writer.running():
        journal.may_write.clear()
        tasks = [asyncio.create_task(submit(writer, node(name))) for name in "abcd"]
        await asyncio.sleep(0)
        assert list(writer.head.nodes) == ["a", "b", "c", "d"]
        assert list(writer.document.nodes) == []
        journal.may_write.set()
        assert [c.revision for c in await asyncio.gather(*tasks)] == [1, 2, 3, 4]
    assert [revision for write in journal.writes for revision in write] == [1, 2, 3, 4]
    assert len(journal.writes) <= 2
    assert [(c.revision, list(c.document.nodes)[-1]) for c in told] == [
        (1, "a"),
        (2, "b"),
        (3, "c"),
        (4, "d"),
    ]


async def test_a_refused_edit_changes_nothing_and_uses_no_revision() -> None:
    journal, told = SmallJournal(), list[Committed]()
    writer = writer_of(journal, told)
    async with writer.running():
        await submit(writer, node("a"))
        with pytest.raises(NodeExists):
            await submit(writer, node("b"), node("a"))
        with pytest.raises(NodeNotFound):
            await submit(writer, RenameNode("zzz", "name"))
        assert (await submit(writer, node("c"))).revision == 2
    assert list(writer.document.nodes) == ["a", "c"]


async def test_news_wait_for_the_answer() -> None:
    journal, told = SmallJournal(), list[Committed]()
    writer = writer_of(journal, told)
    async with writer.running():
        committed = await writer.submit([node("a")], "me")
        for _ in range(5):
            await asyncio.sleep(0)
        assert told == []
        committed.answered.set()
        await submit(writer, node("b"))
    assert [c.revision for c in told] == [1, 2]


async def test_a_bug_in_who_is_told_ends_the_writer_at_once() -> None:
    """Not in silence: edits would be acknowledged that nobody follows, and a stop would wait for ever."""
    journal = SmallJournal()

    def break_down(committed: Committed) -> None:
        raise ZeroDivisionError("ours")

    writer = Writer(Document(), 0, journal, break_down)

    async def write() -> None:
        async with asyncio.timeout(5), writer.running():
            await submit(writer, node("a"))
            await asyncio.Event().wait()

    with pytest.raises(ZeroDivisionError):
        await write()


async def test_a_full_disk_fails_what_waits_and_the_writer_goes_on() -> None:
    journal, told = SmallJournal(), list[Committed]()
    writer = writer_of(journal, told)
    async with writer.running():
        await submit(writer, node("a"))
        journal.is_full = True
        tasks = [asyncio.create_task(submit(writer, node(name))) for name in "bc"]
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(answer) for answer in answers] == [WriteFailed, WriteFailed]
        assert "no space left" in str(answers[0])
        journal.is_full = False
        assert (await submit(writer, node("d"))).revision == 2
    assert list(writer.document.nodes) == ["a", "d"]
    assert journal.writes == [[1], [2]]


async def test_who_stops_waiting_changes_nothing() -> None:
    journal, told = SmallJournal(), list[Committed]()
    writer = writer_of(journal, told)
    async with writer.running():
        journal.may_write.clear()
        leaving = asyncio.create_task(submit(writer, node("a")))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        journal.may_write.set()
    assert list(writer.document.nodes) == ["a"]
    assert [c.revision for c in told] == [1]


async def test_an_observation_is_kept_in_order_and_never_journaled() -> None:
    journal, told = SmallJournal(), list[Committed]()
    seen: list[Document] = []
    writer = Writer(Document(), 0, journal, told.append, lambda document, _: seen.append(document))
    async with writer.running():
        await submit(writer, node("a"))
        batch = Batch(own_values={("a", "x"): 5})
        writer.observe(lambda head: note_batch(head, writer.document, batch, set()))
        await submit(writer, RenameNode("a", "renamed"))
    assert journal.writes == [[1], [2]]
    assert writer.document.nodes["a"].ports["x"].value == 5
    assert [document.nodes["a"].ports["x"].value for document in seen] == [5]


async def test_an_observation_is_kept_although_the_disk_refused_the_edit_before_it() -> None:
    journal, told = SmallJournal(), list[Committed]()
    noted: list[Noted | None] = []
    writer = Writer(Document(), 0, journal, told.append, lambda _, said: noted.append(said))
    async with writer.running():
        await submit(writer, node("a"))
        journal.is_full = True
        failing = asyncio.create_task(submit(writer, RenameNode("a", "renamed")))
        await asyncio.sleep(0)
        batch = Batch(own_values={("a", "x"): 5})
        said = Noted(values=("a",))
        writer.observe(lambda head: note_batch(head, writer.document, batch, set()), said)
        (answer,) = await asyncio.gather(failing, return_exceptions=True)
        assert isinstance(answer, WriteFailed)
        await writer.wait_idle()
    assert (writer.document.nodes["a"].name, writer.document.nodes["a"].ports["x"].value) == (UNSET, 5)
    assert noted == [said]


async def test_the_users_word_counts_more_than_an_older_observation() -> None:
    """Node code set its input; the user set it at the same moment, and the news of the node's came later."""
    journal, told = SmallJournal(), list[Committed]()
    writer = writer_of(journal, told)
    async with writer.running():
        await submit(writer, node("a"))
        batch = Batch(own_values={("a", "x"): 5})
        journal.may_write.clear()
        pending = asyncio.create_task(submit(writer, SetValue("a", "x", 7)))
        await asyncio.sleep(0)
        writer.observe(lambda head: note_batch(head, writer.document, batch, set()))
        journal.may_write.set()
        await pending
        writer.observe(lambda head: note_batch(head, writer.document, batch, {("a", "x")}))
    assert writer.document.nodes["a"].ports["x"].value == 7
