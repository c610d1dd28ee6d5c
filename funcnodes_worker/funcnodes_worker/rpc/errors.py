"""The errors a caller can hear, and the one table that turns exceptions into codes on the wire.

Owns codes and the sentence of our own error. Does not know the dialects (`envelope`) that write them.
"""

from __future__ import annotations

import errno
import traceback
from collections.abc import Mapping

import msgspec

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
REFUSED_EDIT = -32000
NOT_FOUND = -32001
NO_RIGHT = -32002
GRAPH_BUSY = -32003
INSTALLATION_FAILED = -32004
FLOW_HELD = -32006
OWN_ERROR = -32099


class RpcError(Exception):
    """The caller's mistake or the world's failure, said in a sentence. `code` is its number in JSON-RPC."""

    code = INVALID_REQUEST

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


class InvalidRequest(RpcError):
    """Raised for a message that is JSON but no call."""


class MethodNotFound(RpcError):
    """Raised for a method that the table does not hold."""

    code = METHOD_NOT_FOUND

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name, self.known = name, known
        super().__init__(f"there is no command {name[:80]!r}; known are: {', '.join(known)}")


class InvalidParams(RpcError):
    """Raised when arguments are missing, unknown or of another type."""

    code = INVALID_PARAMS


class NotFound(RpcError):
    """Raised when something the caller names does not exist."""

    code = NOT_FOUND


class NoRight(RpcError):
    """Raised when the caller may not do this."""

    code = NO_RIGHT

    def __init__(self, method: str, right: str) -> None:
        self.method, self.right = method, right
        super().__init__(
            f"{method!r} needs the right {right!r}, which this client does not have; ask for a link with it"
        )


class GraphBusy(RpcError):
    """Raised when an answer needs the graph's thread and a node holds it."""

    code = GRAPH_BUSY


class InstallationFailed(RpcError):
    """Raised when a package could not be installed or removed."""

    code = INSTALLATION_FAILED


class DiskFailed(RpcError):
    """Raised in the place of an `OSError` that a disk is the reason of."""

    code = REFUSED_EDIT

    def __init__(self, problem: OSError) -> None:
        self.problem = problem
        super().__init__(
            f"the disk did not take it ({problem.strerror or problem}) and it was not done; what was "
            "acknowledged before is safe. Make room or check the disk, then try again"
        )


_OF_THE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO})


def is_of_the_disk(error: BaseException) -> bool:
    """Tell whether a disk failed: it is full, may not be written, or is broken."""
    return isinstance(error, OSError) and error.errno in _OF_THE_DISK


class FlowHeld(RpcError):
    """Raised when something would be run, imported or installed for a flow that nobody has trusted yet."""

    code = FLOW_HELD

    def __init__(self, what: str, reason: str) -> None:
        self.what, self.reason = what, reason
        super().__init__(
            f"{what!r} was not done: this flow has not been trusted yet ({reason}), so it is shown and not "
            "run; look at it, then press Trust or send 'trust'"
        )


class Failure(msgspec.Struct, frozen=True):
    """An exception as a caller hears it."""

    code: int
    message: str
    kind: str
    traceback: tuple[str, ...] = ()

    def without_traceback(self) -> Failure:
        """Return the same failure for a caller who may not see paths and source lines."""
        return Failure(self.code, self.message, self.kind)


CodeTable = Mapping[type[BaseException], int]
"""Codes for exceptions of other rooms, by class; a subclass has its parent's code."""


def failure_of(error: BaseException, codes: CodeTable | None = None) -> Failure:
    """Return what a caller hears about an exception; one that no family claims is our own error."""
    if isinstance(error, OSError) and is_of_the_disk(error):
        error = DiskFailed(error)
    kind = type(error).__name__
    if isinstance(error, RpcError):
        return Failure(error.code, str(error), kind)
    for family, code in (codes or {}).items():
        if isinstance(error, family):
            return Failure(code, str(error), kind)
    if isinstance(error, msgspec.ValidationError):
        return Failure(INVALID_PARAMS, str(error), kind)
    lines = tuple(traceback.format_exception(error))
    sentence = (
        f"an error of our own ({kind}: {str(error)[:200]}); nothing of your graph is lost. "
        "Please report it with the traceback from worker.log"
    )
    return Failure(OWN_ERROR, sentence, kind, lines)
