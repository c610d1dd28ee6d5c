"""Connections and forwards: everything is checked before anything changes, and each is told once.

An output knows its `targets`, an input its `sources`; inputs know the inputs they forward to and the other
way round. Both kinds are edges for the engine, since a value goes along them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcnodes_core.exceptions import MultipleConnectionsError, NodeConnectionError
from funcnodes_core.novalue import NoValue

if TYPE_CHECKING:
    from funcnodes_core.io.input import NodeInput
    from funcnodes_core.io.output import NodeOutput
    from funcnodes_core.io.owner import Link
    from funcnodes_core.io.port import NodeIO

__all__ = ["connect", "disconnect", "forward", "unforward"]


def connect(a: NodeIO, b: NodeIO, replace: bool, caller: NodeIO) -> Link | None:
    """Connect an output and an input, in either order; None when they are connected already."""
    out, inp = _told_apart(a, b)
    if inp in out.targets:
        return None
    _assert_free(out, inp, replace)
    _tell(caller, "before_connect", None, out, inp)
    if replace:
        _make_room(out, inp)
    out.targets = (*out.targets, inp)
    inp.sources = (*inp.sources, out)
    out.hidden = inp.hidden = False
    inp.set_default(NoValue)
    out.cell.linked(inp.cell)
    result = _link(out, inp)
    _tell(caller, "after_connect", result, out, inp)
    if out.stored is not NoValue:
        inp.set_value(out.stored)
    return result


def disconnect(port: NodeIO, other: NodeIO | None) -> Link | None:
    """Cut one connection and return it, or all of a port and return None."""
    if other is None:
        for each in port.links:
            disconnect(port, each)
        return None
    if other not in port.links:
        return None
    out, inp = _told_apart(port, other)
    _tell(port, "before_disconnect", None, out, inp)
    _cut(out, inp)
    if not inp.sources and not inp.forwarders:
        inp.set_value(NoValue, does_trigger=False)
    result = _link(port, other)
    _tell(port, "after_disconnect", result, out, inp)
    return result


def forward(src: NodeInput, trg: NodeInput, replace: bool) -> Link | None:
    """Let values of one input arrive at another too; None when they do already."""
    if trg in src.forwards:
        return None
    if _leads_to(trg, src):
        raise NodeConnectionError(f"{trg!r} forwards to {src!r} already; forwards may not go round")
    if trg.is_connected() and not replace and not trg.allow_multiple:
        raise MultipleConnectionsError(f"{trg!r} is connected already; remove that connection first")
    _tell(src, "before_forward", None, src, trg)
    if replace:
        for old in trg.sources:
            disconnect(trg, old)
        for old in trg.forwarders:
            unforward(old, trg)
    src.forwards = (*src.forwards, trg)
    trg.forwarders = (*trg.forwarders, src)
    src.hidden = trg.hidden = False
    src.cell.linked(trg.cell)
    if src.value is not NoValue:
        trg.set_value(src.value, does_trigger=False)
    result = _link(src, trg)
    _tell(src, "after_forward", result, src, trg)
    return result


def unforward(src: NodeInput, trg: NodeInput) -> Link | None:
    """Stop forwarding; None when there was nothing to stop."""
    if trg not in src.forwards:
        return None
    _tell(src, "before_unforward", None, src, trg)
    src.forwards = tuple(i for i in src.forwards if i is not trg)
    trg.forwarders = tuple(i for i in trg.forwarders if i is not src)
    src.cell.unlinked(trg.cell)
    if not trg.is_connected():
        trg.set_value(NoValue, does_trigger=False)
    result = _link(src, trg)
    _tell(src, "after_unforward", result, src, trg)
    return result


def _told_apart(a: NodeIO, b: Any) -> tuple[NodeOutput, NodeInput]:
    first, second = getattr(a, "is_input", None), getattr(b, "is_input", None)
    if first is None or second is None or first() == second():
        raise NodeConnectionError(f"only an output and an input can be connected, not {a!r} and {b!r}")
    return (b, a) if first() else (a, b)  # type: ignore[return-value]


def _assert_free(out: NodeOutput, inp: NodeInput, replace: bool) -> None:
    if replace:
        return
    if inp.is_connected() and not inp.allow_multiple:
        raise MultipleConnectionsError(f"{inp!r} is connected already; remove that connection first")
    if out.targets and not out.allow_multiple:
        raise MultipleConnectionsError(f"{out!r} is connected already and gives its value to one input only")


def _make_room(out: NodeOutput, inp: NodeInput) -> None:
    """Remove what stands in the way, and nothing else."""
    if not inp.allow_multiple:
        for old in inp.sources:
            disconnect(inp, old)
        for source in inp.forwarders:
            unforward(source, inp)
    if not out.allow_multiple:
        for target in out.targets:
            disconnect(out, target)


def _cut(out: NodeOutput, inp: NodeInput) -> None:
    out.targets = tuple(i for i in out.targets if i is not inp)
    inp.sources = tuple(o for o in inp.sources if o is not out)
    out.cell.unlinked(inp.cell)


def _leads_to(src: NodeInput, wanted: NodeInput) -> bool:
    seen, stack = {src}, [src]
    while stack:
        port = stack.pop()
        if port is wanted:
            return True
        for following in port.forwards:
            if following not in seen:
                seen.add(following)
                stack.append(following)
    return False


def _link(a: NodeIO, b: NodeIO) -> Link:
    return [a.node.uuid if a.node else None, a.uuid, b.node.uuid if b.node else None, b.uuid]


def _tell(caller: NodeIO, event: str, result: Link | None, a: NodeIO, b: NodeIO) -> None:
    """Tell both ports and their nodes, but the nodespace once."""
    if not (a.listeners or b.listeners or a.cell.heard or b.cell.heard):
        return
    message = {"result": result} if event.startswith("after_") else None
    other = b if caller is a else a
    caller.emit(event, message)
    other.emit(event, message, up=False)
