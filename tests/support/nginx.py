"""A real nginx in front of a running system, with the configuration of our own guide.

CI sets FUNCNODES_NGINX=required: there, a missing nginx fails.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Generator, Mapping
from pathlib import Path

from tests.support.required import required

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "behind-nginx.md"


def require_nginx() -> str:
    """Return nginx' path; skip the test (or fail it, where it is required) without one."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    return required(found, "nginx", "nginx-light", "FUNCNODES_NGINX")


def guides_configuration(changes: Mapping[str, str]) -> str:
    """Return the configuration that stands in the guide, with this machine's ports and files in it."""
    found = re.search(r"```nginx\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found is not None
    text = found[1]
    for old, new in changes.items():
        assert text.count(old) == 1, f"the guide says {old!r} {text.count(old)} times"
        text = text.replace(old, new)
    return text


@contextlib.contextmanager
def nginx_with(folder: Path, configuration: str, port: int) -> Generator[None, None, None]:
    """Run nginx with this inside its `http` block, while the block runs."""
    folder.mkdir()
    temporary = "".join(
        f"    {kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""
    file = folder / "nginx.conf"
    file.write_text(
        f"{user}daemon off;\nworker_processes 1;\npid {folder}/pid;\nerror_log {folder}/error.log warn;\n"
        f"events {{}}\nhttp {{\n    access_log off;\n{temporary}{configuration}}}\n"
    )
    process = subprocess.Popen(
        [require_nginx(), "-p", str(folder), "-c", str(file), "-e", str(folder / "error.log")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        deadline = time.monotonic() + 10
        # Another program's port: there is no event for it, so we knock, up to a limit.
        while True:
            assert process.poll() is None, process.stderr.read().decode()
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
                break
            assert time.monotonic() < deadline, "nginx did not listen"
            time.sleep(0.02)
        yield
        # What it had to complain about is a mistake of our guide or of ours.
        said = (folder / "error.log").read_text()
        assert not re.search(r"\[(error|crit|alert|emerg)\]", said), said
    finally:
        process.terminate()
        process.wait(10)
        process.stderr.close()
