"""Lines of the published protocol that no case says: what a published client reads of a node, and when.

The table in `docs/design/protocol-review.md` names the test for each line.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator

import pytest

from tests.support.shared_worker import emptied, shared_worker
from tests.support.worker_process import WorkerProcess


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    """One process for all tests of this file."""
    with shared_worker(tmp_path_factory.mktemp("lines"), ("funcnodes-lab", "funcnodes-wire")) as worker:
        yield worker


@pytest.fixture
async def worker(process: WorkerProcess) -> AsyncGenerator[WorkerProcess]:
    """A worker with an empty graph."""
    async with emptied(process, is_compared=False) as worker:
        yield worker


# 5.1, 5.3: what a node says of itself


async def test_a_node_says_what_its_class_says(worker: WorkerProcess) -> None:
    """Which output it shows large, what it is for, whether its inputs start anew; in each answer."""
    said = {
        "description": "Shows a picture.",
        "reset_inputs_on_trigger": True,
        "render_options": {"data": {"src": "shown", "type": "text"}},
    }
    async with worker.connect() as client, worker.connect() as other:
        shown = [await client.cmd("add_node", id="wire.picture", uuid="p")]
        shown += [data["node"] for data in await other.wait_for(lambda c: c.events("node_added"))]
        shown += [await client.cmd("get_node", id="p"), *(await client.cmd("get_nodes"))]
        shown += (await client.cmd("full_state"))["backend"]["nodes"]
        assert [{key: node.get(key) for key in said} for node in shown] == [said] * 5
        assert await client.cmd("update_node", nid="p", data={"description": said["description"]}) == {}

        mine = {"description": "", "reset_inputs_on_trigger": False}
        assert await client.cmd("update_node", nid="p", data=mine) == mine
        node = await client.cmd("get_node", id="p")
        assert {key: node[key] for key in mine} == mine
