"""The published names of kinds of workers. A worker is a process; `type` in its settings is its kind."""

from __future__ import annotations


class Worker:
    """A kind of worker. Not made by calling it: `funcnodes worker new` makes one."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        raise TypeError(
            f"{type(self).__name__} names a kind of worker and is not made by calling it; "
            "use 'funcnodes worker new' and 'funcnodes worker start'"
        )


class RemoteWorker(Worker):
    """A worker that clients reach over a network."""


class WSWorker(RemoteWorker):
    """A worker that clients reach over WebSockets: the kind there is."""


class _NotOffered(RemoteWorker):
    def __init__(self, *args: object, **kwargs: object) -> None:
        raise TypeError(
            f"{type(self).__name__} is not offered, use a WSWorker: clients reach it over WebSockets, and "
            "'funcnodes worker new' makes one"
        )


class SocketWorker(_NotOffered):
    """A worker that clients reach over plain sockets. Only the name is kept."""


class MsQueueWorker(_NotOffered):
    """A worker that clients reach over a message queue. Only the name is kept."""
