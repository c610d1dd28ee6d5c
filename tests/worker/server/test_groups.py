"""Groups by the published commands: other windows learn of them, and each is one step that can be undone."""

import pytest

from tests.support.worker_process import Answer, WorkerProcess


async def test_groups_are_made_moved_and_dissolved_and_other_windows_learn_of_it(
    worker: WorkerProcess,
) -> None:
    async with (
        worker.connect() as client,
        worker.connect() as published,
        worker.connect(subscribe=True) as ours,
    ):
        for name in "abc":
            await client.cmd("add_node", id="lab.add", uuid=name)
        groups = await client.cmd("group_nodes", node_ids=["a", "b"], group_ids=[])
        ((gid, group),) = groups.items()
        assert (len(gid), group["node_ids"], group["parent_group"]) == (32, ["a", "b"], None)
        await published.wait_for(lambda c: c.events("fullsync"))
        await ours.wait_for(lambda c: len(c.notifications("edit")) == 4)
        assert ours.notifications("edit")[3]["edits"][0]["groups"] == {gid: {"node_ids": ["a", "b"]}}
        assert client.events("fullsync") == []

        around = await client.cmd("group_nodes", node_ids=["c"], group_ids=[gid])
        (outer,) = set(around) - {gid}
        assert around[gid]["parent_group"] == outer
        assert await client.cmd("update_group", gid=gid, data={"position": [1, 2.5]}) == {
            "position": [1, 2.5]
        }
        assert await client.cmd("update_group", gid=gid, data={"position": [1, 2.5]}) == {}
        assert await client.cmd("remove_group", gid=outer) is True
        assert await published.cmd("get_groups") == {
            gid: {
                "node_ids": ["a", "b"],
                "child_groups": [],
                "parent_group": None,
                "meta": {},
                "position": [1, 2.5],
            }
        }
        for _ in range(3):
            await client.cmd("undo")
        assert await published.cmd("get_groups") == groups


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("group_nodes", {"node_ids": [], "group_ids": []}, -32602),
        ("group_nodes", {"node_ids": ["zzz"], "group_ids": []}, -32001),
        ("group_nodes", {"node_ids": [], "group_ids": ["zzz"]}, -32000),
        ("update_group", {"gid": "zzz", "data": {"position": [1, 2]}}, -32001),
        ("update_group", {"gid": "zzz", "data": {"position": [1]}}, -32602),
        ("remove_group", {"gid": "zzz"}, -32001),
    ],
)
async def test_what_is_no_group_is_refused(
    worker: WorkerProcess, method: str, params: dict[str, object], code: int
) -> None:
    async with worker.connect() as client:
        with pytest.raises(Answer) as refusal:
            await client.call(method, **params)
        assert refusal.value.code == code
        assert await client.call("get_groups") == {}


async def test_two_windows_that_group_at_once_keep_both_groups_and_each_undoes_its_own(
    worker: WorkerProcess,
) -> None:
    async with worker.connect() as ann, worker.connect() as bob:
        for name in "abcd":
            await ann.cmd("add_node", id="lab.add", uuid=name)
        await ann.cmd("group_nodes", node_ids=["a", "b"], group_ids=[])
        after = await bob.cmd("group_nodes", node_ids=["c", "d"], group_ids=[])
        assert [group["node_ids"] for group in after.values()] == [["a", "b"], ["c", "d"]]
        await ann.cmd("undo")
        left = await bob.cmd("get_groups")
        assert [group["node_ids"] for group in left.values()] == [["c", "d"]]


async def test_a_saved_graph_whose_groups_do_not_fit_together_is_loaded_and_goes_on(
    worker: WorkerProcess,
) -> None:
    """It was refused as a whole; one that was opened so refused every later grouping."""
    nodes = [{"id": name, "node_id": "lab.add"} for name in "abc"]
    groups = {
        "g": {"node_ids": ["gone"]},
        "h": {"node_ids": ["a"], "parent_group": "nowhere"},
        "k": {"node_ids": ["a", "b"]},
    }
    async with worker.connect(subscribe=True) as client:
        await client.call("load_data", data={"backend": {"nodes": nodes, "groups": groups}})
        assert {gid: group["node_ids"] for gid, group in (await client.call("get_groups")).items()} == {
            "h": ["a"],
            "k": ["b"],
        }
        assert (await client.call("get_save_state"))["unreadable"] == {
            "groups": [{name: group} for name, group in groups.items()]
        }
        assert "left out (3 of groups)" in worker.log()
        grouped = await client.call("group_nodes", node_ids=["a", "c"], group_ids=[])
        assert sorted(group["node_ids"] for group in grouped.values()) == [["a", "c"], ["b"]]
        exported = await client.call("export_worker", with_files=False)
        await client.call("update_from_export", data=exported)
        assert (await client.call("get_groups")) == grouped
        await client.call("undo")
        await client.call("undo")
        assert set(await client.call("get_groups")) == {"h", "k"}
