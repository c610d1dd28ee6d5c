"""The reference of a worker's protocol: every command with arguments, result, right, errors, and real frames.

The frames are the cases that the tests run against a worker in every dialect (`tests/contract/wire`), so an
example that is shown works. What clients are told without asking comes from the cases of pushes.
"""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from scripts.docs_table import MADE, table

WIRE = Path(__file__).resolve().parents[1] / "tests" / "contract" / "wire"

HEAD = f"""{MADE}# Protocol of a worker

Every command of a worker, made from its method table. [How to speak](../concepts/message-protocol.md) is told
once for all; `rpc.discover` answers the same as an OpenRPC document. Each example is a case that the tests
run in all three dialects: the published envelope, the documented forms of a client that connects with
`?events=documented`, and JSON-RPC 2.0.

"""
RIGHTS = {
    "view": "look",
    "run": "have nodes run, end runs",
    "edit": "change the graph and files",
    "install": "change which packages there are",
    "admin": "settings, trust, the end of the worker",
}
TURNS = {
    "read": "answered after all calls before it",
    "edit": "begins in order and shares its write to disk; sent again, it is made once",
    "alone": "begins when all before it are made; sent again, it is made once",
    "urgent": "answered at once, whatever is under way",
    "long": "begins in order and lets later calls pass; sent again, it is made once",
}


def page() -> str:
    """Return the page."""
    from funcnodes_worker.rpc.discover import MEANINGS

    parts = [HEAD, "## Rights\n\n", table(("right", "lets a client"), RIGHTS.items())]
    parts += ["\n## Turns\n\n", table(("turn", "a call with it"), TURNS.items())]
    codes = [(f"`{code}`", meaning) for code, meaning in sorted(MEANINGS.items())]
    parts += ["\n## Errors\n\n", table(("code", "means"), codes)]
    parts += [
        "\nThe published and the documented dialect carry the sentence only.\n",
        *_commands(),
        *_pushes(),
    ]
    return "".join(parts)


def _commands() -> Iterator[str]:
    from funcnodes_worker.server.methods.table import make_table

    cases = _cases()
    home = ""
    for method in make_table():
        module = method.origin.__module__
        if module != home:
            home = module
            yield f"\n## {_first_paragraph(importlib.import_module(module))}\n"
        yield _command(method, cases.get(method.name))


def _command(method: Any, case: Mapping[str, Any] | None) -> str:
    from funcnodes_worker.rpc.discover import errors_of, result_of

    words = inspect.cleandoc(method.origin.__doc__ or "")
    codes = ", ".join(f"`{code}`" for code in errors_of(method))
    facts = [
        ("right", f"`{method.right.value}`"),
        ("turn", f"`{method.turn.value}`"),
        ("result", f"`{_type(result_of(method))}`"),
        ("errors", codes),
    ]
    fields = [
        (f"`{field.encode_name}`", f"`{_type(field.type)}`", _default(field))
        for field in msgspec.structs.fields(method.params)
    ]
    parts = [f"\n### {method.name}\n\n{words}\n\n", table(("", ""), facts)]
    if fields:
        parts += ["\n", table(("parameter", "type", "default"), fields)]
    if case is not None:
        parts.append(_example(case))
    return "".join(parts)


def _cases() -> dict[str, Mapping[str, Any]]:
    """Return the first case of each method that has an answer to show."""
    found: dict[str, Mapping[str, Any]] = {}
    for case in json.loads((WIRE / "cases.json").read_text()):
        known = found.get(case["method"])
        if known is None or ("error" in known and "error" not in case):
            found[case["method"]] = case
    return found


def _example(case: Mapping[str, Any]) -> str:
    words = case.get("documented", {})
    answer = _answer(case, case)
    documented = _answer(case, words if "result" in words else case)
    name, params = case["method"], case["params"]
    spoken = {"cmd": words.get("cmd", name), "kwargs": words.get("kwargs", params)}
    frames = [
        ("published", {"type": "cmd", "cmd": name, "kwargs": params, "id": "1"}, _published(answer)),
        ("documented", {"type": "cmd", **spoken}, _documented(spoken["cmd"], documented)),
        ("JSON-RPC", {"jsonrpc": "2.0", "method": name, "params": params, "id": 1}, _jsonrpc(answer)),
    ]
    lines = [f"// {dialect}\n→ {_json(asked)}\n← {_json(told)}" for dialect, asked, told in frames]
    return f"\nExample: {case['name']}.\n\n```text\n" + "\n".join(lines) + "\n```\n"


def _answer(case: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of an answer that says something: an error's sentence, or the result."""
    if "error" in case:
        return {"error": f"… {case['error']} …" if case["error"] else "…"}
    if "result" in said:
        return {"result": said["result"]}
    if "eventually" in said:
        return {"result": said["eventually"]}
    return {"result": {**said.get("has", {}), "…": "…"}}


def _published(answer: dict[str, Any]) -> dict[str, Any]:
    if "error" in answer:
        return {"type": "error", **answer, "tb": [], "id": "1"}
    return {"type": "result", **answer, "id": "1"}


def _documented(name: str, answer: dict[str, Any]) -> dict[str, Any]:
    if "error" in answer:
        return {"type": "error", "cmd": name, **answer, "traceback": [], "tb": []}
    return {"type": "result", "cmd": name, **answer}


def _jsonrpc(answer: dict[str, Any]) -> dict[str, Any]:
    if "error" in answer:
        return {"jsonrpc": "2.0", "error": {"code": "…", "message": answer["error"]}, "id": 1}
    return {"jsonrpc": "2.0", **answer, "id": 1}


def _pushes() -> Iterator[str]:
    yield "\n## What clients hear without asking\n\nParts of frames, in order, as each dialect tells them.\n"
    for case in json.loads((WIRE / "pushes.json").read_text()):
        yield f"\n### Heard: {case['name']}\n\n```text\n"
        for method, params in case["do"]:
            yield f"// {method} {_json(params)}\n"
        for dialect in ("published", "documented", "jsonrpc"):
            yield f"// {dialect}\n"
            yield "".join(f"← {_json(one)}\n" for one in case[dialect])
        yield "```\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _type(annotation: Any) -> str:
    text = "None" if annotation is type(None) else inspect.formatannotation(annotation)
    return text.replace("typing.", "").replace("msgspec._core.", "").replace("msgspec.", "")


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    if field.default is msgspec.UNSET:
        return "absent"
    return f"`{field.default!r}`" if field.default is not msgspec.NODEFAULT else "empty"


def _first_paragraph(module: Any) -> str:
    first: str = inspect.cleandoc(module.__doc__ or "").split("\n\n")[0]
    return " ".join(first.split()).rstrip(".")
