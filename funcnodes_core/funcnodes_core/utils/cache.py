"""Published path; the content lives in `cache`."""

from funcnodes_core.cache import (
    clear_cache,
    get_cache_dir,
    get_cache_meta_for,
    get_cache_meta_path_for,
    get_cache_path,
    set_cache_meta_for,
    write_cache_text,
)

__all__ = [
    "clear_cache",
    "get_cache_dir",
    "get_cache_meta_for",
    "get_cache_meta_path_for",
    "get_cache_path",
    "set_cache_meta_for",
    "write_cache_text",
]
