"""A running worker's flow as a file: fetched from it and given to it, streamed, never whole in memory.

Owns the two requests. Where the worker is and what to show there is `client/address`'s.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from secrets import token_hex

import aiohttp
from funcnodes_worker.disk.atomic import move

from funcnodes.client.address import Find

_CHUNK = 1 << 20


class TransferFailed(Exception):
    """Raised when a worker does not give or take a flow; `str()` is its sentence."""


async def fetch_flow(find: Find, target: Path, *, with_files: bool) -> int:
    """Write the worker's flow into a file, whole or not at all; return its size."""
    address = await asyncio.to_thread(find)
    wish = {"files": "1" if with_files else "0"}
    draft = target.with_name(f".{target.name}.{token_hex(4)}")
    try:
        async with (
            aiohttp.ClientSession(headers=address.headers) as http,
            http.get(f"{address.url}export", params=wish, ssl=address.trust) as response,
        ):
            if response.status != 200:
                raise TransferFailed(await _problem(response))
            # What a user typed may be secret: nobody else reads it on its way.
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                async for chunk in response.content.iter_chunked(_CHUNK):
                    await asyncio.to_thread(file.write, chunk)
                await asyncio.to_thread(_to_disk, file.fileno())
        return await asyncio.to_thread(_put, draft, target)
    except aiohttp.ClientError as problem:
        raise TransferFailed(f"the worker at {address.url} did not send its flow: {problem}") from problem
    finally:
        await asyncio.to_thread(draft.unlink, missing_ok=True)


def _to_disk(descriptor: int) -> None:
    os.fsync(descriptor)


def _put(draft: Path, target: Path) -> int:
    with contextlib.suppress(OSError):
        draft.chmod(target.stat().st_mode & 0o777)
    size = draft.stat().st_size
    move(draft, target)
    return size


async def give_flow(find: Find, source: Path, author: str) -> list[str]:
    """Put a flow in the place of the worker's; return what a user should know. Refused: nothing changed.

    `author` is whose step it is, for undo.
    """
    address = await asyncio.to_thread(find)
    headers = {**address.headers, "Content-Type": "application/zip"}
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as http:
            with source.open("rb") as file:
                url, named = f"{address.url}import", {"client": author}
                sending = http.post(url, params=named, data=file, headers=headers, ssl=address.trust)
                async with sending as response:
                    if response.status != 200:
                        raise TransferFailed(await _problem(response))
                    answer = await response.json()
    except aiohttp.ClientError as problem:
        raise TransferFailed(
            f"the connection to the worker at {address.url} ended before it answered ({problem}); "
            "look there whether the flow has come"
        ) from problem
    return [str(note) for note in answer["notes"]]


async def _problem(response: aiohttp.ClientResponse) -> str:
    text = await response.text()
    with contextlib.suppress(ValueError):
        said = (await response.json(content_type=None)).get("error")
        if said:
            return str(said)
    return text.strip()[:500] or f"the worker answered {response.status}"
