"""A package index of a few bytes on this machine: it can lose a version, change a file and go away."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_hex


class LittleIndex:
    """Serves a folder of wheels as an index does, each file with its hash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # A cache keeps what an address said, and another index may have had this port.
        self._word = token_hex(8)
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                """Answer as to a GET, without the content."""
                self.do_GET()

            def do_GET(self) -> None:
                """Answer with the list of one package's files, or with a file."""
                found = index.answer(self.path.split("#")[0])
                self.send_response(404 if found is None else 200)
                if found is not None:
                    self.send_header("Content-Type", found[0])
                    self.send_header("Content-Length", str(len(found[1])))
                else:
                    self.send_header("Content-Length", "0")
                self.end_headers()
                if found is not None and self.command == "GET":
                    self.wfile.write(found[1])

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._serving = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._serving.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/{self._word}/simple"

    def answer(self, path: str) -> tuple[str, bytes] | None:
        """Return the kind and the content of what lies at a path."""
        kind, _, name = path.removeprefix(f"/{self._word}").strip("/").partition("/")
        if kind == "files":
            file = self.folder / name
            return ("application/octet-stream", file.read_bytes()) if file.is_file() else None
        wheels = sorted(self.folder.glob(f"{name.strip('/').replace('-', '_')}-*.whl"))
        if not wheels:
            return None
        links = [
            f'<a href="/files/{wheel.name}#sha256={_sha256(wheel)}">{wheel.name}</a>' for wheel in wheels
        ]
        return "text/html", f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()

    def go_away(self) -> None:
        """Answer nobody any more: from here on the address is dead."""
        if self._serving.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._serving.join()


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
