"""Runs where published modules are installed: finds them, loads every shelf, saves and loads every node.

Prints one JSON object: what was imported by looking, and of each module version, shelves, nodes, problems.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from funcnodes_core.document import serialize as documents
from funcnodes_core.document.model import ClassRecord
from funcnodes_core.nodespace import serialize_nodespace_for_saving
from funcnodes_worker.runtime.classes import describe_class

import funcnodes_core as fn


def main() -> None:
    # Modules warn at import about syntax and types of their own; what matters here is said in the report.
    warnings.simplefilter("ignore")
    modules = fn.setup()
    imported = sorted(name for name in modules if name in sys.modules)
    with contextlib.redirect_stdout(sys.stderr):
        reports = {name: of_module(name) for name in sorted(modules)}
    print(json.dumps({"imported": imported, "modules": reports}))


def of_module(name: str) -> dict[str, Any]:
    """Return what one module brings."""
    entry = fn.AVAILABLE_MODULES[name]
    report: dict[str, Any] = {"version": entry.version, "entries": len(entry.entry_points)}
    problems: list[str] = []
    try:
        shelf = fn.module_to_shelf(importlib.import_module(name))
        nodes, shelves = fn.flatten_shelf(shelf)
        json.dumps(fn.lib.serialize_shelf(shelf), cls=fn.JSONEncoder)
    except Exception:  # noqa: BLE001 - a module may fail in any way, and the report says how
        return {**report, "problems": [traceback.format_exc(limit=-3)]}
    classes = list(dict.fromkeys(nodes))
    records = {cls.node_id: describe_class(cls) for cls in classes}
    for cls in classes:
        for step in (as_living_node, as_document):
            problem = _problem(step, cls, records)
            if problem:
                problems.append(f"{cls.node_id} {step.__name__}: {problem}")
    return {
        **report,
        "nodes": len(nodes),
        "classes": len(classes),
        "shelves": len(shelves),
        "problems": problems,
    }


def _problem(step: Callable[..., None], cls: type[fn.Node], records: Mapping[str, ClassRecord]) -> str:
    try:
        step(cls, records)
    except Exception:  # noqa: BLE001 - as above
        return traceback.format_exc(limit=-2)
    return ""


def own(ports: Mapping[str, Any]) -> list[Any]:
    """Return the ports that a node's author declared."""
    return [port for name, port in ports.items() if name not in ("_triggerinput", "_triggeroutput")]


def as_living_node(cls: type[fn.Node], records: Mapping[str, ClassRecord]) -> None:
    """Make a node, tell it, save it, load it into another graph, save that: nothing may differ."""
    space = fn.NodeSpace()
    space.lib.add_node(cls, "All")
    node = space.add_node_by_id(cls.node_id, uuid="one", name="One", trigger_on_create=False)
    node.set_property("frontend:pos", [1, 2])
    for port in (*own(node.inputs), *own(node.outputs)):
        port.name, port.hidden = f"{port.name}, renamed", not port.hidden
    # Where the module's own code follows a port, any text may be more than it can bear.
    given = [port for port in own(node.inputs) if not port.listeners]
    for port in given:
        port.set_default("given")
    for said in (node.full_serialize(with_io_values=True), node.serialize(), cls.serialize_cls()):
        json.loads(json.dumps(said, cls=fn.JSONEncoder), cls=fn.JSONDecoder)
    saved = json.dumps(serialize_nodespace_for_saving(space), cls=fn.JSONEncoder)

    again = fn.NodeSpace()
    again.lib.add_node(cls, "All")
    again.deserialize(json.loads(saved, cls=fn.JSONDecoder))

    loaded = again.get_node_by_id("one")
    assert type(loaded) is cls
    assert loaded.get_property("frontend:pos") == [1, 2]
    assert [loaded.inputs[port.uuid].value for port in given] == ["given"] * len(given)
    assert [port.name for port in own(loaded.inputs)] == [port.name for port in own(node.inputs)]
    after = json.dumps(serialize_nodespace_for_saving(again), cls=fn.JSONEncoder)
    assert after == saved, f"{saved}\nbecame\n{after}"


def as_document(cls: type[fn.Node], records: Mapping[str, ClassRecord]) -> None:
    """Save and load a node as the worker does: as a document, without its class too."""
    saved: dict[str, Any] = {
        "backend": {"nodes": [{"name": "One", "id": "one", "node_id": cls.node_id, "io": {}}], "edges": []}
    }
    document = documents.load(saved, records)
    known = json.dumps(documents.dump(document, records))
    unknown = json.dumps(documents.dump(documents.load(json.loads(known), {}), {}))
    again = json.dumps(documents.dump(documents.load(json.loads(unknown), records), records))

    assert set(document.nodes["one"].ports) >= {port.uuid for port in cls.class_inputs[:-1]}
    assert json.loads(unknown) == json.loads(known), f"{known}\nbecame\n{unknown}"
    assert again == known, f"{known}\nbecame\n{again}"


if __name__ == "__main__":
    main()
