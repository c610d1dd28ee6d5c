"""A worker without a graph: says hello, answers pings, marks what it runs, dies on request.

A real program with the worker's two threads. Orders come as lines over TCP: `ping`, `run <node> <what>`. It
starts in a third of the time with `tiny_socket` in place of a client that can do everything.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import mmap
import os
import queue
import re
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from funcnodes_worker.home.base import Base
from funcnodes_worker.home.run_state import remove_run_files, write_run_word
from funcnodes_worker.home.supervisor_file import read_supervisor_file
from funcnodes_worker.home.token import read_or_make_token
from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.wire import control
from funcnodes_worker.wire.marker import Marker

if TYPE_CHECKING:
    from tests.support.tiny_socket import open_socket
else:
    from tiny_socket import open_socket  # Started by its path: beside it, not below the tests.


class TinyWorker:
    def __init__(self, home: WorkerHome) -> None:
        self.home = home
        self.orders: queue.Queue[tuple[str, str] | None] = queue.Queue()
        self.done = asyncio.Event()
        self.interrupted = threading.Event()

    async def serve(self) -> None:
        """The server thread."""
        server = await asyncio.start_server(self.hear, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        write_run_word(self.home, "running")
        dialling = asyncio.create_task(self.dial_forever(port))
        await self.done.wait()
        dialling.cancel()
        await asyncio.gather(dialling, return_exceptions=True)
        server.close()
        self.orders.put(None)

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while line := (await reader.readline()).decode().strip():
                if line != "ping":
                    _, node, what = line.split(" ", 2)
                    self.orders.put((node, what))
                writer.write(b"pong\n")
                await writer.drain()
        writer.close()

    async def dial_forever(self, port: int) -> None:
        pause = 0.05
        while not self.done.is_set():
            with contextlib.suppress(OSError):
                if await self.dial(port):
                    pause = 0.05
            await asyncio.sleep(pause)
            pause = min(2.0, pause * 2)

    async def dial(self, port: int) -> bool:
        address = read_supervisor_file(self.home.base)
        if address is None:
            return False
        bearer = read_or_make_token(self.home.base)
        async with open_socket(address.host, address.port, "/control", bearer) as socket:
            hello = control.Hello(
                protocol=1, role="worker", uuid=self.home.uuid, pid=os.getpid(), port=port, host="127.0.0.1"
            )
            await socket.send(control.encode(hello))
            async for text in socket:
                match control.read_from_supervisor(text):
                    case control.Ping(id=ping_id):
                        await socket.send(control.encode(control.Pong(id=ping_id)))
                    case control.Interrupt():
                        self.interrupted.set()
                    case control.Stop() | control.Refused(reason="stopped" | "unknown_worker"):
                        self.done.set()
                    case control.LoadModules(id=load_id):
                        await socket.send(control.encode(control.ModulesLoaded(id=load_id)))
                    case _:
                        pass
        return True


def run_orders(worker: TinyWorker, marker: Marker) -> None:
    """The main thread: the graph's."""
    while (order := worker.orders.get()) is not None:
        node, what = order
        marker.begin(node)
        match what.split():
            case ["abort"]:
                os.abort()
            case ["exit", code]:
                os._exit(int(code))
            case ["backtrack"]:
                re.match(r"(a+)+$", "a" * 36 + "b")
            case ["sleep", seconds]:
                time.sleep(float(seconds))
            case ["keep", megabytes]:
                # Shared, as arrays between processes are: what the system holds a process to leaves it out,
                # so that only a look sees it.
                with mmap.mmap(-1, int(megabytes) << 20) as kept:
                    for _ in range(int(megabytes)):
                        kept.write(b"x" * (1 << 20))
                    time.sleep(60)
            case ["hold", megabytes]:
                # Until it is interrupted: then it lets go.
                worker.interrupted.clear()
                held = os.urandom(1024) * 1024 * int(megabytes)
                worker.interrupted.wait(60)
                del held
            case ["print", megabytes]:
                sys.stdout.write(("x" * 63 + "\n") * (int(megabytes) << 14))
                print(f"these were {megabytes} MiB", flush=True)
            case _:
                raise ValueError(what)
        marker.end()


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--base", type=Path)
    options.add_argument("--uuid")
    asked = options.parse_args()
    home = WorkerHome(Base(asked.base), asked.uuid)
    if (home.folder / "refuse-to-start").exists():
        sys.exit("this worker was told to refuse")
    marker = Marker(home.marker)
    loop = asyncio.new_event_loop()
    worker = TinyWorker(home)
    signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(worker.done.set))
    thread = threading.Thread(target=loop.run_until_complete, args=(worker.serve(),))
    thread.start()
    run_orders(worker, marker)
    thread.join()
    marker.close()
    remove_run_files(home)


if __name__ == "__main__":
    main()
