"""Ids: made as uuids are, each once, also in a child process."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from funcnodes_core.utils.ids import new_id


def _drawn(count: int) -> list[str]:
    return [new_id() for _ in range(count)]


def test_ids_are_uuids_of_version_four_and_none_comes_twice() -> None:
    with ThreadPoolExecutor(4) as threads:
        heaps = list(threads.map(_drawn, [500] * 8))
    made = [one for heap in heaps for one in heap]
    assert len(set(made)) == len(made)
    assert {(UUID(one).version, UUID(one).hex == one) for one in made} == {(4, True)}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="Python warns of a fork beside threads, which pytest has"
)
def test_a_forked_child_gives_out_others() -> None:
    new_id()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, new_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(read, 100).decode()
    os.close(read)
    os.close(write)
    assert len(theirs) == 32
    assert theirs not in [new_id() for _ in range(100)]
