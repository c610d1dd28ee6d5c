"""What supervisor, workers and UI servers say to each other on `/control`.

Owns the messages and their JSON. Does not know who may send one (`rpc/gate`, the manager's socket) nor what
follows from it (`fleet`, the worker's process). One message is one text frame; the dialler speaks first.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Literal

import msgspec

from funcnodes_worker.rpc.gate import Granted, Right, RightWord

PROTOCOL = 1
"""The number both sides name when a conversation opens; another one is refused (`protocol`)."""


def _tag(class_name: str) -> str:
    """Return the snake-case tag of a message class: `LoadModules` is `load_modules` on the wire."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", class_name).lower()


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=_tag):
    """One frame on `/control`. Unknown keys are ignored, so a newer side may say more."""


class AccessGrant(msgspec.Struct, frozen=True, kw_only=True):
    """A token with less than all rights, by its hash."""

    hash: str
    right: RightWord
    worker: str | None = None


class Access(Message, frozen=True, kw_only=True):
    """Who may speak: exact origins of the UI servers, hashes of sessions by their cookie's name, grants."""

    origins: list[str] = []
    sessions: dict[str, list[str]] = {}
    grants: list[AccessGrant] = []


def granted_by(access: Access) -> list[Granted]:
    """Return the grants as a gate takes them."""
    return [Granted(grant.hash, Right(grant.right), grant.worker) for grant in access.grants]


# Said by those who dial -------------------------------------------------------------------------------------


class Hello(Message, frozen=True, kw_only=True):
    """The first frame. A worker fills uuid to version, a UI server origins and port."""

    protocol: int
    role: Literal["worker", "ui"]
    uuid: str = ""
    pid: int = 0
    started: float = 0.0
    """Start of the process in seconds since the epoch: with the pid it names one process for good."""
    host: str = ""
    port: int = 0
    tls: bool = False
    """Whether it speaks TLS there."""
    version: str = ""
    origins: list[str] = []


class Wish(Message, frozen=True, kw_only=True):
    """A worker asks its supervisor to install or remove a package for it; only the supervisor installs."""

    id: str
    action: Literal["install", "remove"]
    package: str
    version: str | None = None


class ModulesLoaded(Message, frozen=True, kw_only=True):
    """The worker's answer to `LoadModules`: what could not be loaded, by package."""

    id: str
    problems: dict[str, str] = {}


class Changed(Message, frozen=True, kw_only=True):
    """The worker has rewritten its own settings file; what is given is new."""

    name: str | None = None
    autostart: str | None = None
    update_on_startup: dict[str, bool] | None = None


class Stopping(Message, frozen=True, kw_only=True):
    """The worker has begun to stop in good order; its end is no crash."""


class Trusted(Message, frozen=True, kw_only=True):
    """A user has trusted the worker's flow: start it again, now in its own environment."""


class NodeLetGo(Message, frozen=True, kw_only=True):
    """A user changed a node that was kept from running, or wants it run: what it did is forgotten."""

    node: str


class Pong(Message, frozen=True, kw_only=True):
    """The worker's server thread is alive."""

    id: str


class Exchange(Message, frozen=True, kw_only=True):
    """A UI server hands in a one-use code that a browser brought to it."""

    id: str
    code: str
    port: int


class Revoke(Message, frozen=True, kw_only=True):
    """A UI server ends a session, named by the hash of its id."""

    session_hash: str


# Said by the supervisor -------------------------------------------------------------------------------------


class Welcome(Message, frozen=True, kw_only=True):
    """The hello is accepted; the caller now belongs to this supervisor."""

    protocol: int = PROTOCOL
    access: Access = Access()
    held: dict[str, str] = {}
    """Nodes that are not to run, each with the reason: their runs ended the worker twice."""
    safe: bool = False
    """The graph is opened without running anything."""


class Refused(Message, frozen=True, kw_only=True):
    """The hello is not accepted; the connection closes. `stopped` means: end, nobody wants you to run."""

    reason: Literal["protocol", "unknown_worker", "stopped"]
    message: str = ""


class Stop(Message, frozen=True, kw_only=True):
    """The worker is asked to save and end: the first rung of the ladder."""


class Interrupt(Message, frozen=True, kw_only=True):
    """The worker is asked to end the run of a node, or of whatever runs."""

    node: str | None = None


class LoadModules(Message, frozen=True, kw_only=True):
    """Packages were added to the running worker's environment: load them. Answered by `ModulesLoaded`."""

    id: str
    packages: list[str]


class WishProgress(Message, frozen=True, kw_only=True):
    """How far a wish has come; `fraction` goes from 0 to 1."""

    id: str
    message: str
    fraction: float = 0.0
    status: Literal["info", "success", "error"] = "info"


class WishDone(Message, frozen=True, kw_only=True):
    """A wish is fulfilled, or `error` says why it was not; then everything is as it was before."""

    id: str
    error: str | None = None


class Ping(Message, frozen=True, kw_only=True):
    """Asks the worker's server thread for a `Pong`."""

    id: str


class Exchanged(Message, frozen=True, kw_only=True):
    """The answer to `Exchange`: the id of a new session, or none for a code used, too old or unknown."""

    id: str
    session: str | None = None


FromWorker = Hello | Wish | ModulesLoaded | Changed | Stopping | Trusted | NodeLetGo | Pong
FromUi = Hello | Exchange | Revoke
FromDialler = (
    Hello | Wish | ModulesLoaded | Changed | Stopping | Trusted | NodeLetGo | Pong | Exchange | Revoke
)
ToWorker = Welcome | Refused | Access | Stop | Interrupt | LoadModules | WishProgress | WishDone | Ping
ToUi = Welcome | Refused | Access | Exchanged
FromSupervisor = (
    Welcome | Refused | Access | Stop | Interrupt | LoadModules | WishProgress | WishDone | Ping | Exchanged
)

_encoder = msgspec.json.Encoder()


@cache
def _from_dialler() -> msgspec.json.Decoder[FromDialler]:
    # Made when somebody first speaks, as the other: most processes hear one side only, and each takes a
    # millisecond of a start.
    return msgspec.json.Decoder(FromDialler)


@cache
def _from_supervisor() -> msgspec.json.Decoder[FromSupervisor]:
    return msgspec.json.Decoder(FromSupervisor)


class NotAControlMessage(ValueError):
    """Raised for a frame that is no message of this protocol."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"a frame on /control could not be read: {self.problem}"


def encode(message: FromDialler | FromSupervisor) -> str:
    """Return the text frame of a message."""
    return _encoder.encode(message).decode()


def read_from_dialler(frame: str | bytes) -> FromDialler:
    """Return what a worker or a UI server said. Called by the supervisor's side."""
    return _read(_from_dialler(), frame)


def read_from_supervisor(frame: str | bytes) -> FromSupervisor:
    """Return what the supervisor said. Called by the worker's and the UI server's side."""
    return _read(_from_supervisor(), frame)


def _read(decoder: msgspec.json.Decoder[Any], frame: str | bytes) -> Any:
    try:
        return decoder.decode(frame)
    except msgspec.MsgspecError as problem:
        raise NotAControlMessage(str(problem)) from problem
