"""The editor's files: its page at `/`, everything else below `/static/`.

Owns their headers. Where the bundle is and how it is made is said by `funcnodes_react_flow`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aiohttp import hdrs, web
from funcnodes_worker.disk.inside import PathRefused, inside
from funcnodes_worker.rpc.guarded import open_door

from funcnodes.server.ui import pages

# Names below `assets/` carry a hash of their content, so a changed file has another name.
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


class EditorFiles:
    """The doors to the files of the editor."""

    def __init__(self, static_folder: Callable[[], Path | None], build_command: str) -> None:
        """Serve the bundle; it is looked for anew each time, so one that is built meanwhile is found."""
        self._static_folder = static_folder
        self._build_command = build_command

    @open_door("the editor's page holds no data; what it shows comes through doors of their own")
    async def page(self, request: web.Request) -> web.StreamResponse:
        """Answer `GET /`."""
        folder = self._static_folder()
        if folder is None:
            text = pages.missing_bundle_page(self._build_command)
            return web.Response(text=text, content_type="text/html", status=503)
        return web.FileResponse(folder / "index.html", headers={hdrs.CACHE_CONTROL: _ASK_AGAIN})

    @open_door("the editor's files are the same for everybody")
    async def file(self, request: web.Request) -> web.StreamResponse:
        """Answer `GET /static/{path}`; a path that leaves the folder names no file."""
        name = request.match_info["path"]
        folder = self._static_folder()
        if folder is None:
            raise web.HTTPNotFound(text=f"the editor is not built; run {self._build_command}")
        try:
            path = inside(folder, name)
        except PathRefused as refused:
            raise web.HTTPNotFound(text=str(refused)) from refused
        if not path.is_file():
            raise web.HTTPNotFound(text=f"there is no file {name!r}")
        caching = _FOR_EVER if name.startswith("assets/") else _ASK_AGAIN
        return web.FileResponse(path, headers={hdrs.CACHE_CONTROL: caching})

    @open_door("browsers ask for it by themselves")
    async def favicon(self, request: web.Request) -> web.StreamResponse:
        """Answer `GET /favicon.ico` with the bundle's icon, or with nothing."""
        folder = self._static_folder()
        if folder is None or not (folder / "icon.svg").is_file():
            return web.Response(status=204)
        return web.FileResponse(folder / "icon.svg", headers={hdrs.CONTENT_TYPE: "image/svg+xml"})
