"""Under which key a port stands in its node: its id, but for an output beside an input of the same id.

Published nodes have such pairs (`out` of `numpy.fix`). Edits that mean the output name its key; an edge names
ids, since it begins at the output and ends at the input.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The living nodes read this page too, and most programs with nodes have no document.
    from funcnodes_core.document.model import NodeRecord, PortId, PortRecord

_MARK = "@output"


def output_key(port: PortId) -> PortId:
    """Return the key of an output beside an input of the same id."""
    return f"{port}{_MARK}"


def id_behind(key: PortId) -> PortId:
    """Return the id an output's key was made of; any other key as it is."""
    return key.removesuffix(_MARK)


def keyed(ports: Iterable[PortRecord]) -> dict[PortId, PortRecord]:
    """Return ports under their keys, in their order."""
    ports = tuple(ports)
    inputs = {port.id for port in ports if port.is_input}
    return {
        port.id if port.is_input or port.id not in inputs else output_key(port.id): port for port in ports
    }


def key_of(ports: Mapping[PortId, PortRecord], port: PortRecord) -> PortId:
    """Return the key of one port among the ports of its node."""
    beside = None if port.is_input else ports.get(port.id)
    return output_key(port.id) if beside is not None and beside.is_input else port.id


def source_port(node: NodeRecord, port: PortId) -> PortRecord | None:
    """Return what an edge from this id begins at: the output, or the input that forwards."""
    output = node.ports.get(output_key(port))
    return output if output is not None and output.id == port else node.ports.get(port)
