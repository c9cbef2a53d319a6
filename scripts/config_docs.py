"""Writes docs/configuration.md from the models of LINE.toml and SITE.toml; with --check fails when the page differs.

Public names: page, main.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from edge.config.lines import LineConfig, SiteConfig
from edge.config.login import LoginTable
from edge.config.opcua import UaOwnTable
from edge.config.tls import TlsTable

SHARED = TlsTable.model_fields.keys() | UaOwnTable.model_fields.keys() | LoginTable.model_fields.keys()
PAGE = Path(__file__).resolve().parents[1] / "docs" / "configuration.md"


def page() -> str:
    """The page in Markdown."""
    lines = [
        "# Configuration",
        "",
        "Written by `make docs` from the models that read the files; `make check` compares. Unknown keys are errors;",
        "`lanewise check FILE` tells all at once, with the file's lines, and looks whether secrets are there and",
        "the journal can be written. Names are lower-case letters, digits, `-` and `_`. Positions are",
        "millimetres along the belt from its induction photo-eye, in the direction of travel, and may be negative.",
        "",
        "A password or token is the first line of a file of its own, without the line's end, in UTF-8 and without",
        "control characters. Lines below it are not looked at. `lanewise check` refuses files that are missing, empty",
        "or too short, and warns where every user of the machine may read one. Secrets go in the clear beyond this",
        "machine with `plain = true` only.",
        "",
        "A whole example: [LINE.toml](../examples/warehouse/LINE.toml), [SITE.toml](../examples/warehouse/SITE.toml).",
        "",
    ]
    for model, title in ((LineConfig, "LINE.toml"), (SiteConfig, "SITE.toml")):
        lines += [f"## {title}", "", *_tables(model, "")]
    return "\n".join(lines).rstrip() + "\n"


def _tables(model: type[BaseModel], path: str) -> Iterator[str]:
    schema = model.model_json_schema()
    yield from _table(schema, schema.get("$defs", {}), path)


def _table(schema: dict[str, Any], defs: dict[str, Any], path: str, kind: str = "") -> Iterator[str]:
    text = " ".join(schema.get("description", "").split()).replace("``", "`")
    yield from ((f"### `{path}`{kind}", "") if path else ())
    yield from ((text, "") if text else ())
    yield from ("| key | allowed | default | meaning |", "|---|---|---|---|")
    inner: list[tuple[str, dict[str, Any], str]] = []
    for key, field in sorted(schema["properties"].items(), key=_rank):
        tables, suffix = _inner(field, defs)
        where = f"{path}.{key}".lstrip(".") + suffix
        inner += [(where, table, _kind(table) if len(tables) > 1 else "") for table in tables]
        default = "" if tables and "anyOf" not in field else _default(field)
        required = "required" if key in schema.get("required", ()) else default
        allowed = f"table `{where}`" if tables else _allowed(field, defs)
        yield f"| `{key}` | {allowed} | {required} | {field.get('description', '')} |"
    yield ""
    for where, table, of in inner:
        yield from _table(table, defs, where, of)


def _rank(item: tuple[str, object]) -> int:
    """First what tells a table's kind, last the keys that many tables share."""
    return 0 if item[0] in ("driver", "kind") else 2 if item[0] in SHARED else 1


def _inner(field: dict[str, Any], defs: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """The tables behind a key, more than one where it has kinds, and what its path gets: nothing, ``.NAME``, ``[]``."""
    some = _but_none(field)
    field = some[0] if len(some) == 1 else field
    for suffix, holder in (("", field), (".NAME", _values(field)), ("[]", field.get("items", {}))):
        kinds = holder.get("oneOf", [holder]) if isinstance(holder, dict) else []
        found = [defs[kind["$ref"].rsplit("/", 1)[1]] for kind in kinds if "$ref" in kind]
        if found and all("properties" in table for table in found):
            return found, suffix
    return [], ""


def _but_none(field: dict[str, Any]) -> list[dict[str, Any]]:
    """What a key may be besides nothing."""
    return [one for one in field.get("anyOf", []) if one.get("type") != "null"]


def _kind(table: dict[str, Any]) -> str:
    """What tells a table from others at the same place: the drivers that it is for, or its kind."""
    key = "driver" if "driver" in table["properties"] else "kind"
    tells = table["properties"][key]
    names = tells.get("enum") or [tells.get("const") or tells["default"]]
    return f" with {key} {' or '.join(f'`{name}`' for name in names)}"


def _values(field: dict[str, Any]) -> Any:
    if "patternProperties" in field:
        return next(iter(field["patternProperties"].values()))
    return field.get("additionalProperties", {})


def _allowed(field: dict[str, Any], defs: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_allowed(one, defs) for one in _but_none(field))
    if "$ref" in field:
        return _allowed(defs[field["$ref"].rsplit("/", 1)[1]], defs)
    if "const" in field:
        return f"`{json.dumps(field['const'])}`"
    if "enum" in field:
        return ", ".join(f"`{json.dumps(one)}`" for one in field["enum"])
    if field.get("type") == "array":
        if "prefixItems" in field:
            return f"[{', '.join(_allowed(one, defs) for one in field['prefixItems'])}]"
        return f"list of {_allowed(field.get('items', {}), defs)}"
    if field.get("type") == "object" and _values(field):
        return f"table of {_allowed(_values(field), defs)}"
    low = field.get("minimum", field.get("exclusiveMinimum"))
    if low is not None:
        above = "above " if "exclusiveMinimum" in field else ""
        return f"{above}{low}..{field['maximum']}" if "maximum" in field else f"{above}{low} or more"
    return {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true`, `false`"}.get(
        field.get("format", field.get("type", "")), field.get("format", "text")
    )


def _default(field: dict[str, Any]) -> str:
    value = field.get("default")
    if value is None or value in ("", []):
        return "none" if value is None else "empty"
    return f"`{value.value if isinstance(value, Enum) else value}`"


def main() -> int:
    """Writes the page, or compares it."""
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{PAGE}: not what the models say; run `make docs`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
