"""The base folder: which one, what its settings say, what happens when they cannot be read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from funcnodes_worker.home.base import (
    Base,
    BaseUnwritable,
    Config,
    ConfigBroken,
    prepare_base,
    read_config,
    resolve_base,
)


def base_with(folder: Path, config: Any = None, copy: Any = None) -> Base:
    base = Base(folder)
    for file, content in ((base.config_file, config), (base.config_copy, copy)):
        if content is not None:
            file.write_text(content if isinstance(content, str) else json.dumps(content))
    return base


def test_the_option_wins_over_the_variable_over_the_home_folder(tmp_path: Path) -> None:
    """Whatever is empty does not count."""
    variable = {"FUNCNODES_CONFIG_DIR": str(tmp_path / "variable")}

    assert resolve_base(tmp_path / "option", variable).folder == tmp_path / "option"
    assert resolve_base(None, variable).folder == tmp_path / "variable"
    assert resolve_base("", {"FUNCNODES_CONFIG_DIR": ""}).folder == Path.home() / ".funcnodes"
    assert list(tmp_path.iterdir()) == [], "choosing makes nothing"


def test_a_config_can_move_the_base(tmp_path: Path) -> None:
    """`custom_config_dir`, as the original has it."""
    base_with(tmp_path, {"custom_config_dir": str(tmp_path / "elsewhere")})

    assert resolve_base(tmp_path).folder == tmp_path / "elsewhere"


def test_settings_are_read_liberally_and_never_written(tmp_path: Path) -> None:
    """Defaults for what is missing or of another kind; unknown keys are kept in `raw`."""
    saved = {
        "worker_manager": {"host": "", "port": "9400"},
        "frontend": {"port": True},
        "nodes": {"default_pretrigger_delay": 0.01},
        "allowed_origins": ["http://localhost:1234", 5],
        "theme": "dark",
    }
    base = base_with(tmp_path, saved)
    before = base.config_file.stat()

    config = read_config(base)

    assert config == Config(manager_port=9400, allowed_origins=("http://localhost:1234",), raw=saved)
    after = base.config_file.stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


def test_a_delay_that_somebody_chose_counts(tmp_path: Path) -> None:
    """0.01 was written by the original on every load, so it does not."""
    base = base_with(tmp_path, {"nodes": {"default_pretrigger_delay": 0.5}})

    assert read_config(base).pretrigger_delay_s == 0.5


def test_without_a_file_there_are_defaults(tmp_path: Path) -> None:
    """And still no file."""
    assert read_config(Base(tmp_path / "new")) == Config()
    assert not (tmp_path / "new").exists()


def test_a_broken_file_is_read_from_its_copy(tmp_path: Path) -> None:
    """With a notice; both stay as they are."""
    base = base_with(tmp_path, "{broken", {"worker_manager": {"port": 1234}})

    config = read_config(base)

    assert config.manager_port == 1234
    assert "config.json.bu is used instead" in str(config.notice)
    assert base.config_file.read_text() == "{broken"


@pytest.mark.parametrize("copy", [None, "also broken"])
def test_a_broken_file_without_a_good_copy_is_said(tmp_path: Path, copy: str | None) -> None:
    """With the file, the cause and the next step; nothing is overwritten."""
    base = base_with(tmp_path, '{"frontend": ', copy)

    with pytest.raises(ConfigBroken, match=r"config\.json cannot be read .* Repair it, or move it away"):
        read_config(base)
    assert base.config_file.read_text() == '{"frontend": '


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """With the next step."""
    (tmp_path / "file").touch()

    with pytest.raises(BaseUnwritable, match="Give another one with --dir"):
        prepare_base(Base(tmp_path / "file" / "base"))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """Before anything was begun in it."""
    prepare_base(Base(tmp_path / "base"))
    (tmp_path / "base").chmod(0o500)

    with pytest.raises(BaseUnwritable, match="no permission"):
        prepare_base(Base(tmp_path / "base"))
