"""Writes docs/configuration.md from the models of LINE.toml and SITE.toml; with --check fails when the page differs.

Public names: page, main.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from edge.config import LineConfig, SiteConfig

PAGE = Path(__file__).resolve().parents[1] / "docs" / "configuration.md"


def page() -> str:
    """The page in Markdown."""
    lines = [
        "# Configuration",
        "",
        "Written by `make docs` from the models that read the files; `make check` compares. Unknown keys are errors;",
        "`lanewise check FILE` tells all at once. Names are lower-case letters, digits, `-` and `_`. Positions are",
        "millimetres along the belt from its induction photo-eye, in the direction of travel, and may be negative.",
        "A whole example: [LINE.toml](../examples/warehouse/LINE.toml), [SITE.toml](../examples/warehouse/SITE.toml).",
        "",
    ]
    for model, title in ((LineConfig, "LINE.toml"), (SiteConfig, "SITE.toml")):
        lines += [f"## {title}", "", *_tables(model, "")]
    return "\n".join(lines).rstrip() + "\n"


def _tables(model: type[BaseModel], path: str) -> Iterator[str]:
    schema = model.model_json_schema()
    yield from _table(schema, schema.get("$defs", {}), path)


def _table(schema: dict[str, Any], defs: dict[str, Any], path: str) -> Iterator[str]:
    text = " ".join(schema.get("description", "").split()).replace("``", "`")
    yield from ((f"### `{path}`", "") if path else ())
    yield from ((text, "") if text else ())
    yield from ("| key | allowed | default | meaning |", "|---|---|---|---|")
    inner: list[tuple[str, dict[str, Any]]] = []
    for key, field in schema["properties"].items():
        table, suffix = _inner(field, defs)
        where = f"{path}.{key}".lstrip(".") + suffix
        if table is not None:
            inner.append((where, table))
        default = "" if table is not None else _default(field)
        required = "required" if key in schema.get("required", ()) else default
        kind = f"table `{where}`" if table is not None else _allowed(field, defs)
        yield f"| `{key}` | {kind} | {required} | {field.get('description', '')} |"
    yield ""
    for where, table in inner:
        yield from _table(table, defs, where)


def _inner(field: dict[str, Any], defs: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """The table behind a key, and what its path gets: nothing, ``.NAME`` or ``[]``."""
    for suffix, holder in (("", field), (".NAME", _values(field)), ("[]", field.get("items", {}))):
        reference = holder.get("$ref") if isinstance(holder, dict) else None
        if reference is not None:
            target: dict[str, Any] = defs[reference.rsplit("/", 1)[1]]
            if "properties" in target:
                return target, suffix
    return None, ""


def _values(field: dict[str, Any]) -> Any:
    if "patternProperties" in field:
        return next(iter(field["patternProperties"].values()))
    return field.get("additionalProperties", {})


def _allowed(field: dict[str, Any], defs: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_allowed(one, defs) for one in field["anyOf"] if one.get("type") != "null")
    if "$ref" in field:
        return _allowed(defs[field["$ref"].rsplit("/", 1)[1]], defs)
    if "const" in field:
        return f'`"{field["const"]}"`'
    if "enum" in field:
        return ", ".join(f'`"{one}"`' for one in field["enum"])
    if field.get("type") == "array":
        return f"list of {_allowed(field.get('items', {}), defs)}"
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
