"""The editor's files: its page at `/`, everything else below `/static/`.

Owns their headers. Where the bundle is and how it is made is said by `funcnodes_react_flow`.
"""

from __future__ import annotations

from pathlib import Path

from aiohttp import hdrs, web
from funcnodes_worker.disk.inside import PathRefused, inside
from funcnodes_worker.rpc.guarded import open_door

from funcnodes.server.ui import pages

MAKE_BUNDLE = "uv sync --reinstall-package funcnodes-react-flow"
"""The one command that makes the bundle in a checkout."""

# Names below `assets/` carry a hash of their content, so a changed file has another name.
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


class EditorFiles:
    """The doors to the files of the editor."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @open_door("the editor's page holds no data; what it shows comes through doors of their own")
    async def page(self, request: web.Request) -> web.StreamResponse:
        """Answer `GET /`."""
        index = self._folder / "index.html"
        if not index.is_file():
            text = pages.missing_bundle_page(MAKE_BUNDLE)
            return web.Response(text=text, content_type="text/html", status=503)
        return web.FileResponse(index, headers={hdrs.CACHE_CONTROL: _ASK_AGAIN})

    @open_door("the editor's files are the same for everybody")
    async def file(self, request: web.Request) -> web.StreamResponse:
        """Answer `GET /static/{path}`; a path that leaves the folder names no file."""
        name = request.match_info["path"]
        try:
            path = inside(self._folder, name)
        except PathRefused as refused:
            raise web.HTTPNotFound(text=str(refused)) from refused
        if not path.is_file():
            raise web.HTTPNotFound(text=f"there is no file {name!r}")
        caching = _FOR_EVER if name.startswith("assets/") else _ASK_AGAIN
        return web.FileResponse(path, headers={hdrs.CACHE_CONTROL: caching})

    @open_door("browsers ask for it by themselves")
    async def favicon(self, request: web.Request) -> web.StreamResponse:
        """Answer `GET /favicon.ico` with the bundle's icon, or with nothing."""
        icon = self._folder / "icon.svg"
        if not icon.is_file():
            return web.Response(status=204)
        return web.FileResponse(icon, headers={hdrs.CONTENT_TYPE: "image/svg+xml"})
