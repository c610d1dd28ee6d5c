"""What a node's runs have cost, why it ran, and how: told to every window."""

from __future__ import annotations

from pathlib import Path

from tests.support.worker_process import running_worker


async def test_a_window_is_told_what_runs_cost_and_why_they_came(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, worker.connect(subscribe=True) as client:
        await client.call("add_node", id="lab.add", uuid="a")
        await client.call("set_io_value", nid="a", ioid="left", value=2)
        await client.wait_for(lambda heard: heard.value("a", "sum") == 3)
        state = await client.wait_for(
            lambda heard: (found := heard.state("a")).get("figures", {}).get("runs") and found
        )

        assert state["figures"]["reason"] == "input `left` changed"
        assert 0 < state["figures"]["last_s"] <= state["figures"]["total_s"] < 1
        assert (state["notice"], state["blocked_by"]) == (None, None)
        runs = state["figures"]["runs"]
        await client.call("trigger_node", nid="a")
        await client.wait_for(lambda heard: heard.state("a")["figures"]["runs"] == runs + 1)
        assert client.state("a")["figures"]["reason"] == "asked by user"


async def test_a_window_is_told_that_a_process_became_a_thread_and_who_blocks_whom(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker, worker.connect(subscribe=True) as client:
        await client.call("add_node", id="lab.knows_itself", uuid="k")
        await client.call("set_io_value", nid="k", ioid="x", value=1)
        notice = await client.wait_for(lambda heard: heard.state("k").get("notice"))
        await client.call("add_node", id="lab.fail", uuid="f")
        await client.call("add_node", id="lab.echo", uuid="e")
        await client.call("add_edge", src_nid="f", src_ioid="out", trg_nid="e", trg_ioid="value")
        await client.call("set_io_value", nid="f", ioid="message", value="no")
        blocked = await client.wait_for(lambda heard: heard.state("e").get("blocked_by"))

    assert notice.startswith("runs in a thread instead of a process")
    assert blocked == "f"


async def test_a_run_that_lasts_keeps_the_figures_and_not_the_reason_of_the_one_before(
    tmp_path: Path,
) -> None:
    """A plain function tells nothing before it ends: what it ran for last is not why it runs now."""
    async with running_worker(tmp_path) as worker, worker.connect(subscribe=True) as client:
        await client.call("add_node", id="lab.sleep", uuid="s")
        await client.call("set_io_value", nid="s", ioid="seconds", value=0.0)
        runs = await client.wait_for(lambda heard: heard.state("s").get("figures", {}).get("runs"))
        await client.call("trigger_node", nid="s")
        await client.wait_for(lambda heard: heard.state("s")["figures"]["runs"] == runs + 1)
        assert client.state("s")["figures"]["reason"] == "asked by user"
        await client.call("set_io_value", nid="s", ioid="seconds", value=1.5)
        lasting = await client.wait_for(
            lambda heard: (now := heard.state("s"))["status"] == "running" and now
        )
        assert (lasting["figures"]["runs"], lasting["figures"]["reason"]) == (runs + 1, "")
        ended = await client.wait_for(
            lambda heard: (now := heard.state("s"))["figures"]["runs"] == runs + 2 and now
        )
        assert (ended["status"], ended["figures"]["reason"]) == ("idle", "input `seconds` changed")
