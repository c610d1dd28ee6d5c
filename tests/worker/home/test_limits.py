"""The limits in a worker's settings, as people write them."""

from __future__ import annotations

import pytest
from funcnodes_worker.home.limits import LEAST_MEMORY, BadLimit, Limits, check_limits, read_limits, read_size
from funcnodes_worker.home.worker_config import WorkerConfig, config_from_json


@pytest.mark.parametrize(
    ("given", "size"),
    [
        (1000, 1000),
        ("4 GB", 4 * 10**9),
        ("512MiB", 512 * 2**20),
        ("1.5g", 1_500_000_000),
        ("7", 7),
        (None, None),
    ],
)
def test_sizes_are_read_as_people_write_them(given: object, size: int | None) -> None:
    """Bytes, decimal and binary units, with and without the B."""
    assert read_size(given) == size


@pytest.mark.parametrize(
    "given",
    [
        {"memory_soft": 0},
        {"memory_hard": "much"},
        {"memory_hard": True},
        {"cpu": -1},
        {"open_files": 3},
        {"memory": "4 GB"},
        "4 GB",
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_write(given: object) -> None:
    """Nothing is guessed."""
    with pytest.raises(BadLimit, match="write"):
        read_limits(given)


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (
            Limits(memory_soft=10 * 10**9, memory_hard=10**9),
            "the soft limit of 10 GB lies above the hard one of 1 GB, and would never be reached",
        ),
        (
            Limits(memory_hard=1000),
            "'memory_hard' of 1,000 bytes is less than a worker needs to start",
        ),
        (
            Limits(memory_soft=63_900_000),
            "'memory_soft' of 63.9 MB is less than a worker needs to start",
        ),
    ],
)
def test_limits_in_which_no_worker_can_run_are_refused(limits: Limits, sentence: str) -> None:
    """With what is wrong, and what to write. Files that hold them already are still read."""
    with pytest.raises(BadLimit) as refused:
        check_limits(limits)
    assert str(refused.value).startswith(f"{sentence}; write ")
    assert config_from_json("u", WorkerConfig(uuid="u", limits=limits).as_json()).limits == limits


def test_limits_that_can_be_meant_pass() -> None:
    """The least, both at once, none."""
    for limits in (Limits(), Limits(memory_soft=LEAST_MEMORY, memory_hard=LEAST_MEMORY), Limits(cpu=0.5)):
        check_limits(limits)


def test_limits_are_written_only_when_there_are_any() -> None:
    """The file keeps its published shape otherwise; what is written is read back."""
    limits = Limits(memory_soft=10**9, cpu=1.5)
    config = WorkerConfig(uuid="u", limits=limits)

    assert "limits" not in WorkerConfig(uuid="u").as_json()
    assert config_from_json("u", config.as_json()).limits == limits
