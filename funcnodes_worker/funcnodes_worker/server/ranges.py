"""The header `Range`: one range of bytes is answered by that part, everything else by the whole.

Owns what counts as one (RFC 9110, 14.2: a header with several ranges, another unit or an invalid one may be
ignored; a part of ours is never several).
"""

from __future__ import annotations

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict


def has_one_range(request: web.BaseRequest) -> bool:
    """Tell whether a request names one range of bytes."""
    if hdrs.RANGE not in request.headers:
        return False
    try:
        return request.http_range != slice(None)
    except ValueError:
        return False


class FileByRange(web.FileResponse):
    """A file, or the one part of it that is asked for."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the file; aiohttp calls this when the handler is done."""
        if hdrs.RANGE in request.headers and not has_one_range(request):
            headers = CIMultiDict(request.headers)
            del headers[hdrs.RANGE]
            request = request.clone(headers=headers)
        return await super().prepare(request)
