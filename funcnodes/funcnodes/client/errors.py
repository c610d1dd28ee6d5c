"""What a program that drives a worker may have to catch, each with the worker's own sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CLOSED_HERE = "it was closed here"
"""The reason of a `ConnectionLost` after the end of the block, or after `close()`."""


class ClientError(Exception):
    """The worker could not be reached, or did not do what it was asked."""


class WorkerNotFound(ClientError):
    """Raised when no worker of the base folder is meant, or several may be."""

    def __init__(self, target: str, sentence: str) -> None:
        super().__init__(sentence)
        self.target = target


class WorkerUnreachable(ClientError):
    """Raised when nothing answers at the worker's address, or it does not let this program in."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(
            f"the worker at {url} does not answer ({problem}); 'funcnodes worker list' shows whether it runs"
        )
        self.url, self.problem = url, problem


class TokenRefused(WorkerUnreachable):
    """Raised when the worker runs and does not let this program in: the token is missing or not its own."""

    def __init__(self, url: str, shown: str, hint: str) -> None:
        super().__init__(url, "401")
        self.shown, self.hint = shown, hint

    def __str__(self) -> str:
        if not self.shown:
            return f"the worker at {self.url} lets nobody in without a token: {self.hint}"
        return f"the worker at {self.url} refused {self.shown}: {self.hint}"


class ConnectionLost(ClientError):
    """Raised in every call under way when the connection ends: whether it was done is not known."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the connection to the worker ended before it answered ({reason})")
        self.reason = reason


class WorkerError(ClientError):
    """Raised when the worker answers with an error. `str()` is its sentence."""

    def __init__(self, code: int, message: str, data: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.code = code
        self.kind = str(data.get("kind", ""))
        """The class of the refusal: `InputIsConnected`, `InvalidParams`, …"""
        self.traceback: list[str] = list(data.get("traceback", ()))


class BadCall(WorkerError):
    """Raised for an unknown method or wrong arguments; nothing was changed."""


class EditRefused(WorkerError):
    """Raised when an edit is not possible as the graph is now; nothing was changed."""


class NotFound(WorkerError, KeyError):
    """Raised when what was named does not exist. A `KeyError` too: nodes and ports are looked up like one."""

    __str__ = Exception.__str__


def not_found(sentence: str) -> NotFound:
    """Return the exception for what this program knows not to exist, without asking the worker."""
    return NotFound(-32001, sentence, {"kind": "NotFound"})


class NoRight(WorkerError):
    """Raised when this client may not do this."""


class GraphBusy(WorkerError):
    """Raised when a node keeps the graph from answering; the sentence says which."""


class InstallationFailed(WorkerError):
    """Raised when a package could not be installed or removed."""


_BY_CODE: Mapping[int, type[WorkerError]] = {
    -32700: BadCall,
    -32600: BadCall,
    -32601: BadCall,
    -32602: BadCall,
    -32000: EditRefused,
    -32001: NotFound,
    -32002: NoRight,
    -32003: GraphBusy,
    -32004: InstallationFailed,
}


def error_of(answer: Mapping[str, Any]) -> WorkerError:
    """Return the exception for the `error` of an answer."""
    code = int(answer.get("code", 0))
    data: Mapping[str, Any] = answer.get("data") or {}
    return _BY_CODE.get(code, WorkerError)(code, str(answer.get("message", "")), data)
