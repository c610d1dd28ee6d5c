"""Settings: where the base folder is, and what its `config.json` says. Reading has no side effects.

Owns the file and the published module-level doors, also those that tests of modules assign to. Nothing is
written and no folder is made unless one of the functions that write is called.
"""

# The module's state has published names in capitals that test tools assign to, as do the functions here.
# pyright: reportConstantRedefinition=false
from __future__ import annotations

import copy
import json
import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, TypedDict, TypeVar, cast

from funcnodes_core.lib.render import FUNCNODES_RENDER_OPTIONS, update_render_options
from funcnodes_core.node.node import Node
from funcnodes_core.utils.data import deep_fill_dict, deep_update_dict

__all__ = [
    "FUNCNODES_RENDER_OPTIONS",
    "ConfigType",
    "check_config_dir",
    "get_config",
    "get_config_dir",
    "get_in_test",
    "load_config",
    "reload",
    "set_in_test",
    "update_config",
    "update_render_options",
    "write_config",
]


Held = TypeVar("Held")


class ConfigType(TypedDict, total=False):
    """What stands in `config.json`."""

    env_dir: str
    worker_manager: dict[str, Any]
    frontend: dict[str, Any]
    nodes: dict[str, Any]
    logging: dict[str, Any]
    custom_config_dir: str


_BASE_CONFIG_DIR: Path = Path(os.environ.get("FUNCNODES_CONFIG_DIR") or Path.home() / ".funcnodes")
_CONFIG_DIR: Path = _BASE_CONFIG_DIR
_CONFIG: dict[str, Any] = {}
_CONFIG_CHANGED: bool = True
_in_test: bool = False

WRITTEN_BY_THE_ORIGINAL = 0.01
"""The original wrote this delay into every config.json by itself: nobody's wish, so it counts as unset."""


def _defaults() -> dict[str, Any]:
    rotating = {
        "handlerclass": "RotatingFileHandler",
        "options": {"maxBytes": 5 * 1024 * 1024, "backupCount": 5},
    }
    return {
        "env_dir": str(_CONFIG_DIR / "env"),
        "worker_manager": {"host": "localhost", "port": 9380},
        "frontend": {"port": 8000, "host": "localhost"},
        "nodes": {},
        "logging": {
            "handler": {"console": {"handlerclass": "StreamHandler", "options": {}}, "file": rotating}
        },
    }


# --- reading ---------------------------------------------------------------------------------------
def get_config_dir() -> Path:
    """Return the base folder; it may not exist yet."""
    if _CONFIG_CHANGED:
        _read()
    return _CONFIG_DIR


def get_config() -> ConfigType:
    """Return the settings, read anew when something changed them."""
    if _CONFIG_CHANGED:
        _read()
    return cast("ConfigType", _CONFIG)


def load_config(path: str | Path) -> ConfigType:
    """Return the settings in a file, its backup, or the defaults.

    What is missing is filled in, also in the file.
    """
    path = Path(path)
    said = _said_by(path)
    config = deep_fill_dict(said or {}, _defaults())
    if said != config and path.parent.is_dir():
        write_config(path, config)
    _take(config)
    return cast("ConfigType", config)


def reload(funcnodes_config_dir: str | Path | None = None) -> None:
    """Read everything anew, from another base folder if one is given; the folder is made."""
    global _BASE_CONFIG_DIR, _CONFIG_DIR
    if funcnodes_config_dir is not None:
        os.environ["FUNCNODES_CONFIG_DIR"] = str(funcnodes_config_dir)
        _BASE_CONFIG_DIR = Path(funcnodes_config_dir)
    _read_dotenv()
    if "FUNCNODES_CONFIG_DIR" in os.environ:
        _BASE_CONFIG_DIR = Path(os.environ["FUNCNODES_CONFIG_DIR"])
    _CONFIG_DIR = Path(_BASE_CONFIG_DIR)
    check_config_dir()
    load_config(_CONFIG_DIR / "config.json")
    _follow_custom_dir()


def _read() -> None:
    """Take over what the base folder says, without making or writing anything."""
    global _CONFIG_DIR
    _CONFIG_DIR = Path(_BASE_CONFIG_DIR)
    _take(deep_fill_dict(_said_by(_CONFIG_DIR / "config.json") or {}, _defaults()))
    _follow_custom_dir()


def _follow_custom_dir() -> None:
    """Go where `custom_config_dir` leads; what the file there does not say, the base folder's says."""
    global _CONFIG_DIR
    custom = _CONFIG.get("custom_config_dir")
    if not custom or Path(str(custom)) == _CONFIG_DIR:
        return
    _CONFIG_DIR = Path(str(custom))
    said = _said_by(_CONFIG_DIR / "config.json")
    if said is not None:
        _take(deep_fill_dict(said, _CONFIG))


def _said_by(path: Path) -> dict[str, Any] | None:
    for each in (path, path.with_name(path.name + ".bu")):
        try:
            said = json.loads(each.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(said, dict):
            return cast("dict[str, Any]", said)
    return None


def _take(config: dict[str, Any]) -> None:
    global _CONFIG, _CONFIG_CHANGED
    _CONFIG = config
    _CONFIG_CHANGED = False
    delay = config.get("nodes", {}).get("default_pretrigger_delay")
    from_environment = os.environ.get("FUNCNODES_DEFAULT_PRETRIGGER_DELAY")
    if from_environment:
        delay = float(from_environment)
    elif delay == WRITTEN_BY_THE_ORIGINAL:
        delay = None
    Node.default_pretrigger_delay = float(delay or 0)


def _read_dotenv() -> None:
    """Take `FUNCNODES_*` from a `.env` in the working folder; the environment itself always wins."""
    path = Path.cwd() / ".env"
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        key, found, value = line.strip().partition("=")
        if found and key.strip().startswith("FUNCNODES_"):
            os.environ.setdefault(key.strip(), value.strip().strip("'\""))


# --- writing ---------------------------------------------------------------------------------------
def check_config_dir() -> None:
    """Make the base folder."""
    Path(_CONFIG_DIR).mkdir(parents=True, exist_ok=True)


def write_config(path: str | Path, config: Mapping[str, Any]) -> None:
    """Write settings whole or not at all, and a backup beside them."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    import tempfile

    text = json.dumps(config, indent=2)
    for each in (path, path.with_name(path.name + ".bu")):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
            file.write(text)
        Path(file.name).replace(each)


def update_config(config: Mapping[str, Any]) -> None:
    """Lay settings over those in the base folder, write them and read them anew."""
    check_config_dir()
    path = get_config_dir() / "config.json"
    write_config(path, deep_update_dict(copy.deepcopy(dict(get_config())), config))
    load_config(path)
    _follow_custom_dir()


# --- tests -----------------------------------------------------------------------------------------
def get_in_test() -> bool:
    """Return whether the settings are kept apart for a test."""
    return _in_test


def set_in_test(in_test: bool = True, clear: bool = True, **_: Any) -> None:
    """Keep the settings apart in a temporary folder; once is enough, and nothing else is changed."""
    global _in_test
    import tempfile

    if in_test and not _in_test and not _is_temporary(get_config_dir()):
        reload(Path(tempfile.mkdtemp(prefix="funcnodes_test_")))
    _in_test = bool(in_test)


def _is_temporary(path: Path) -> bool:
    import tempfile

    return Path(tempfile.gettempdir()).resolve() in Path(path).resolve().parents


class _Config(ModuleType):
    """This module, with the published names that are more than plain attributes."""

    @property
    def IN_NODE_TEST(self) -> bool:  # noqa: N802 - the published name
        return get_in_test()

    @IN_NODE_TEST.setter
    def IN_NODE_TEST(self, value: bool) -> None:  # noqa: N802 - the published name
        set_in_test(bool(value))

    @property
    def CONFIG(self) -> ConfigType:  # noqa: N802 - the published name
        return _old_name("CONFIG", "get_config()", get_config())

    @property
    def CONFIG_DIR(self) -> Path:  # noqa: N802 - the published name
        return _old_name("CONFIG_DIR", "get_config_dir()", get_config_dir())

    @property
    def BASE_CONFIG_DIR(self) -> Path:  # noqa: N802 - the published name
        return _old_name("BASE_CONFIG_DIR", "get_config_dir()", Path(_BASE_CONFIG_DIR))


def _old_name(name: str, now: str, value: Held) -> Held:
    warnings.warn(f"config.{name} is an old name: use config.{now}", DeprecationWarning, stacklevel=3)
    return value


sys.modules[__name__].__class__ = _Config
