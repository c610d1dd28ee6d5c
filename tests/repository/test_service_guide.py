"""The systemd unit of the guide: systemd accepts it, and its command line is one of ours."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "run-as-a-service.md"


def unit() -> str:
    found = re.search(r"```ini\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def service() -> dict[str, str]:
    read = configparser.ConfigParser(interpolation=None, delimiters=("=",), strict=True)
    read.optionxform = str  # type: ignore[assignment, method-assign]
    read.read_string(unit())
    return dict(read["Service"])


def test_systemd_takes_the_unit_without_a_word(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("no systemd-analyze on this machine; the next test reads the unit itself")
    file = tmp_path / "funcnodes.service"
    # Its program is not on this machine; one that is stands in for it.
    file.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", unit(), flags=re.MULTILINE))
    done = subprocess.run(
        [verify, "verify", "--man=no", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    said = [line for line in (done.stdout + done.stderr).splitlines() if "funcnodes.service" in line]
    assert (done.returncode, said) == (0, [])


def test_its_command_is_one_of_ours_and_its_end_leaves_time_to_save() -> None:
    """SIGTERM to the program alone: it ends its workers in good order; see `test_runserver.py`."""
    settings = service()
    words = shlex.split(settings["ExecStart"])
    options = words[1:]
    assert words[0].endswith("/bin/funcnodes")
    done = subprocess.run(
        [sys.executable, "-m", "funcnodes", options[2], "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert options[:1] == ["--dir"]
    assert all(option in done.stdout for option in options[3:])
    assert (settings["KillMode"], settings["KillSignal"]) == ("mixed", "SIGTERM")
    assert int(settings["TimeoutStopSec"]) > 45
    assert options[1].startswith(settings["ReadWritePaths"])
