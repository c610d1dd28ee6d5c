"""`python -m funcnodes_worker.process.unpack`: a `.fnw` becomes the folder of a worker, or another `.fnw`.

Owns the order: judged whole, values put in, files and graph written. Says on stdout what the flow asks for.
Nothing of it is imported, installed or run here; whether it may be is for who makes the worker to write down
(`home/trust`), and so are its settings. A program of its own, since the manager touches no rooms of a worker.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import zipfile
from pathlib import Path
from secrets import token_hex
from typing import Any

import msgspec
from funcnodes_core.document.apply import apply
from funcnodes_core.document.edits import SetValue
from funcnodes_core.document.model import Document, NodeRecord, PortRecord, is_stored_reference
from funcnodes_core.document.refusals import EditRejected
from funcnodes_core.document.rules import check
from funcnodes_core.document.serialize import dump, load

from funcnodes_worker.disk.atomic import write_atomically
from funcnodes_worker.home.base import Base, BaseProblem
from funcnodes_worker.home.flow_lock import FlowLock, LockDamaged, read_flow_lock, write_flow_lock
from funcnodes_worker.home.unpacking import PortGiven, Unpacked, UnpackProblem, UnpackWish
from funcnodes_worker.home.worker_config import config_from_json
from funcnodes_worker.home.worker_home import WorkerHome
from funcnodes_worker.rpc.errors import InvalidParams
from funcnodes_worker.runtime.travel import packages_of
from funcnodes_worker.server.graph_files import checked
from funcnodes_worker.store.fnw import CONFIG, STATE, FnwRefused, Parcel, read_fnw, unpack_files


class NotInFlow(ValueError):
    """Raised when a node or port that was named is not in the flow, or cannot be set."""


def unpack(wish: UnpackWish) -> Unpacked:
    """Write the folder (or the file) and return what the flow asks for; a refusal leaves nothing behind."""
    home = WorkerHome(Base(Path(wish.base)), wish.uuid)
    source = Path(wish.file)
    parcel = read_fnw(source, home.files)
    state = checked(parcel.state)
    document = load(state, {})
    _refuse_references(document)
    outputs = [_found(document, given)[0] for given in wish.outputs]
    for given, value in wish.values:
        document = _with_value(document, given, value)
    if wish.values:
        state = dump(document, {})
    # Whose it is and where its history stands went with the worker it came from.
    state = {key: value for key, value in state.items() if key not in ("meta", "journal")}
    content = msgspec.json.encode(state)
    if wish.target is None:
        _fill(home, source, parcel, content)
    else:
        _rewrite(source, Path(wish.target), content)
    packages, refused = packages_of(parcel.config, parcel.project)
    return Unpacked(
        digest=hashlib.sha256(content).hexdigest(),
        name=config_from_json("unpack", dict(parcel.config)).name,
        packages=packages,
        refused=refused,
        lock=None if parcel.lock is None else _kept_lock(parcel.lock),
        nodes=len(document.nodes),
        outputs=outputs,
        keeps_settings=bool(state.get("external_workers")),
    )


def _kept_lock(text: str) -> str:
    """Return a lock as it is kept here: nothing but what is known of it, or what is wrong with it."""
    try:
        lock = read_flow_lock(text)
    except LockDamaged as problem:
        lock = FlowLock(python=None, problem=str(problem))
    return write_flow_lock(lock)


def _fill(home: WorkerHome, source: Path, parcel: Parcel, content: bytes) -> None:
    home.folder.mkdir(parents=True)
    try:
        home.files.mkdir()
        if parcel.files:
            draft = home.folder / f".import-{token_hex(8)}"
            unpack_files(source, parcel, home.files, draft, lambda _: None)
        write_atomically(home.nodespace_file, content, mode=0o600)
    except BaseException:
        shutil.rmtree(home.folder, ignore_errors=True)
        raise


def _rewrite(source: Path, target: Path, content: bytes) -> None:
    """Write the same archive with another graph in it."""
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as after:
        for info in before.infolist():
            if info.filename == STATE:
                after.writestr(STATE, content)
            elif not info.is_dir():
                large = info.file_size > 1 << 31
                with before.open(info) as read, after.open(info.filename, "w", force_zip64=large) as into:
                    shutil.copyfileobj(read, into, 1 << 20)
        assert CONFIG in after.namelist(), "judged before"


def _refuse_references(document: Document) -> None:
    for node in document.nodes.values():
        for port in node.ports.values():
            if is_stored_reference(port.value) or is_stored_reference(port.default):
                raise FnwRefused(
                    f"the value of {port.id!r} of node {node.id!r} lies in the folder it was taken from, "
                    "not in the file; export the flow there once more"
                )


def _with_value(document: Document, given: PortGiven, value: Any) -> Document:
    found, port = _found(document, given)
    if not port.is_input:
        raise NotInFlow(f"{given} is an output, which only its node sets; set an input")
    edit = SetValue(found.node, found.port, value)
    try:
        check(document, edit)
    except EditRejected as rejected:
        raise NotInFlow(f"{given} cannot be set: {rejected}") from rejected
    return apply(document, edit)


def _found(document: Document, given: PortGiven) -> tuple[PortGiven, PortRecord]:
    node = _node(document, given.node)
    port = node.ports.get(given.port) or _by_name(node, given.port)
    if port is None:
        known = ", ".join(node.ports) or "none"
        raise NotInFlow(f"node {given.node!r} has no port {given.port!r}; its ports are: {known}")
    return PortGiven(node.id, port.id), port


def _node(document: Document, name: str) -> NodeRecord:
    if name in document.nodes:
        return document.nodes[name]
    called = [node for node in document.nodes.values() if node.name == name]
    # A node that nobody renamed is called "Class(id)"; a person sees the class.
    called = called or [node for node in document.nodes.values() if _is_a(node, name)]
    if len(called) == 1:
        return called[0]
    if called:
        ids = ", ".join(node.id for node in called)
        raise NotInFlow(f"several nodes are called {name!r}; give the id: {ids}")
    names = [node.name if isinstance(node.name, str) else node.id for node in document.nodes.values()]
    raise NotInFlow(f"the flow has no node {name!r}; its nodes are: {', '.join(sorted(names)) or 'none'}")


def _is_a(node: NodeRecord, name: str) -> bool:
    return name in (node.class_name, node.class_id) or node.name == f"{name}({node.id})"


def _by_name(node: NodeRecord, name: str) -> PortRecord | None:
    called = [port for port in node.ports.values() if port.name == name]
    return called[0] if len(called) == 1 else None


def main() -> int:
    """Do what stdin asks; the answer, or `{"problem": …}`, goes to stdout."""
    try:
        wish = msgspec.json.decode(sys.stdin.buffer.read(), type=UnpackWish)
        told = unpack(wish)
    except (FnwRefused, NotInFlow, InvalidParams, BaseProblem, OSError) as problem:
        refusal = UnpackProblem(problem=str(problem), is_about_ports=isinstance(problem, NotInFlow))
        sys.stdout.write(msgspec.json.encode(refusal).decode())
        return 1
    sys.stdout.write(msgspec.json.encode(told).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
