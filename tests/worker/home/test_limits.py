"""The limits in a worker's settings, as people write them."""

from __future__ import annotations

import pytest
from funcnodes_worker.home.limits import BadLimit, Limits, read_limits, read_size
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


def test_limits_are_written_only_when_there_are_any() -> None:
    """The file keeps its published shape otherwise; what is written is read back."""
    limits = Limits(memory_soft=10**9, cpu=1.5)
    config = WorkerConfig(uuid="u", limits=limits)

    assert "limits" not in WorkerConfig(uuid="u").as_json()
    assert config_from_json("u", config.as_json()).limits == limits
