"""The published `utils.files` and `utils.cache`: whole files, and files that can be made again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from funcnodes_core.utils import cache
from funcnodes_core.utils.files import write_json_secure

import funcnodes_core as fn
from funcnodes_core import config


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    """Return a base folder of the test's own."""
    before = config._BASE_CONFIG_DIR
    config._BASE_CONFIG_DIR, config._CONFIG_CHANGED = tmp_path / "base", True
    yield tmp_path / "base"
    config._BASE_CONFIG_DIR, config._CONFIG_CHANGED = before, True


def test_json_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "new" / "data.json"
    write_json_secure({"a": fn.NoValue}, file, cls=fn.JSONEncoder, indent=1)
    with pytest.raises(TypeError):
        write_json_secure({"a": object()}, file)

    assert json.loads(file.read_text()) == {"a": "<NoValue>"}
    assert [path.name for path in file.parent.iterdir()] == ["data.json"]


def test_the_cache_lies_in_the_base_folder_and_knows_what_its_files_are(base: Path) -> None:
    path = cache.get_cache_path("page.html")
    cache.write_cache_text(path, "ü")
    cache.set_cache_meta_for(path, {"etag": 1})

    assert path == base / "cache" / "page.html"
    assert (path.read_text(encoding="utf-8"), cache.get_cache_meta_for(path)) == ("ü", {"etag": 1})
    assert cache.get_cache_meta_for(cache.get_cache_path("other")) is None
    assert cache.get_cache_dir("own") == base / "own"
    with pytest.raises(ValueError, match="leads out of the cache"):
        cache.get_cache_path("../config.json")


def test_clearing_the_cache_leaves_the_managers_builds(base: Path) -> None:
    """They stand in folders of it, and workers name them."""
    build = cache.get_cache_dir() / "build" / "wheel.whl"
    build.parent.mkdir()
    build.touch()
    cache.write_cache_text(cache.get_cache_path("a"), "a")
    cache.clear_cache()

    assert [path.name for path in cache.get_cache_dir().iterdir()] == ["build"]
    assert build.exists()
