"""Write the browser's wire types from the Python records: `funcnodes_react_flow/src/wire/generated.ts`.

The records are written once, in Python. msgspec says their JSON Schema; this script turns it into TypeScript
interfaces and into the table that the browser's guard checks incoming frames with. `--check` fails when the
file on disk is not what would be written.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "funcnodes_react_flow" / "src" / "wire" / "generated.ts"
PREFIX = "#/$defs/"

RECORDS: Sequence[tuple[str, Sequence[str]]] = (
    ("funcnodes_core.document.edits", ("Edit",)),
    ("funcnodes_core.document.model", ("Document", "ClassRecord")),
)
"""What the browser speaks: module and the names in it. What they refer to comes along."""

Schema = Mapping[str, Any]


def main() -> int:
    """Write the file, or say that it is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only tell whether the file is up to date")
    arguments = parser.parse_args()
    text = generate()
    if not arguments.check:
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
        return 0
    print(f"{TARGET.relative_to(ROOT)} is stale: run `make schema` and commit it", file=sys.stderr)
    return 1


def generate() -> str:
    """Return the TypeScript text for all records."""
    wanted = [
        (name, getattr(importlib.import_module(module), name)) for module, names in RECORDS for name in names
    ]
    schemas, components = msgspec.json.schema_components(
        [kind for _, kind in wanted], ref_template=PREFIX + "{name}"
    )
    aliases = {
        name: schema
        for (name, _), schema in zip(wanted, schemas, strict=True)
        if schema.get("$ref") != PREFIX + name
    }
    every = dict(sorted({**components, **aliases}.items()))
    return "\n".join(
        (_HEADER, *(_declaration(name, schema) for name, schema in every.items()), _table(every))
    )


_HEADER = """// Written by scripts/schema.py from the Python records: run `make schema`, do not edit.

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };
"""


def _declaration(name: str, schema: Schema) -> str:
    comment = _comment(schema.get("description"), "")
    if schema.get("type") != "object" or "properties" not in schema:
        return f"{comment}export type {name} = {_type(schema)};\n"
    fields = "\n".join(
        _field(key, value, key in schema.get("required", ())) for key, value in _properties(schema)
    )
    return f"{comment}export interface {name} {{\n{fields}\n}}\n"


def _properties(schema: Schema) -> list[tuple[str, Schema]]:
    return list(cast("Mapping[str, Schema]", schema["properties"]).items())


def _values(schema: Schema) -> Schema:
    """Return the schema of the values of a mapping; JSON Schema also allows a plain true there."""
    extra = schema.get("additionalProperties")
    return cast("Schema", extra) if isinstance(extra, dict) else {}


def _field(key: str, schema: Schema, required: bool) -> str:
    return f"  readonly {_key(key)}{'' if required else '?'}: {_type(schema)};"


def _comment(text: object, indent: str) -> str:
    if not isinstance(text, str):
        return ""
    first = text.strip().split("\n\n")[0].replace("\n", " ").replace("*/", "*\\/")
    return f"{indent}/** {re.sub(r' +', ' ', first)} */\n"


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z_$][\w$]*", key) else json.dumps(key)


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(PREFIX)
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(option) for option in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    return _plain_type(schema)


def _plain_type(schema: Schema) -> str:
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            return "readonly [" + ", ".join(_type(item) for item in schema["prefixItems"]) + "]"
        case "array":
            item = _type(schema.get("items") or {})
            return f"readonly ({item})[]" if " " in item else f"readonly {item}[]"
        case "object":
            return f"{{ readonly [key: string]: {_type(_values(schema))} }}"
        case "string" | "boolean" | "null" as name:
            return str(name)
        case "integer" | "number":
            return "number"
        case None:
            return "Json"
        case other:
            raise ValueError(f"no TypeScript for the JSON Schema type {other!r}")


def _table(every: Mapping[str, Schema]) -> str:
    """Return the table of shapes that `rpc/check.ts` reads, and the map from names to types."""
    names = "\n".join(f"  {name}: {name};" for name in every)
    shapes = "\n".join(f"  {name}: {json.dumps(_shape(schema))}," for name, schema in every.items())
    return (
        f"export interface Wire {{\n{names}\n}}\n\n{_SHAPE}\n"
        f"export const shapes: {{ readonly [Name in keyof Wire]: Shape }} = {{\n{shapes}\n}};\n"
    )


_SHAPE = """/** What a value must look like: see `rpc/check.ts`. */
export type Shape =
  | { readonly ref: keyof Wire }
  | { readonly any: true }
  | { readonly of: readonly Shape[] }
  | { readonly one: readonly (string | number | boolean | null)[] }
  | { readonly is: "string" | "boolean" | "null" | "number" }
  | { readonly tuple: readonly Shape[] }
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly fields: { readonly [key: string]: Shape }; readonly required: readonly string[] };
"""


def _shape(schema: Schema) -> dict[str, Any]:
    if "$ref" in schema:
        return {"ref": str(schema["$ref"]).removeprefix(PREFIX)}
    if "anyOf" in schema:
        return {"of": [_shape(option) for option in schema["anyOf"]]}
    if "enum" in schema:
        return {"one": schema["enum"]}
    if "const" in schema:
        return {"one": [schema["const"]]}
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            return {"tuple": [_shape(item) for item in schema["prefixItems"]]}
        case "array":
            return {"list": _shape(schema.get("items") or {})}
        case "object" if "properties" in schema:
            fields = {key: _shape(value) for key, value in _properties(schema)}
            return {"fields": fields, "required": list(schema.get("required", ()))}
        case "object":
            return {"map": _shape(_values(schema))}
        case "integer" | "number":
            return {"is": "number"}
        case None:
            return {"any": True}
        case name:
            return {"is": name}


if __name__ == "__main__":
    raise SystemExit(main())
