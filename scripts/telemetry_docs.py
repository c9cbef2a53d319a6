"""Writes docs/telemetry.md and docs/questdb.sql from the schema of the telemetry; with --check fails when one differs.

Public names: page, tables, main.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from edge.publish.schema import BASE_TAGS, MEASUREMENTS, TAGS, FieldKind, Measurement

DOCS = Path(__file__).resolve().parents[1] / "docs"
_TYPES = {FieldKind.INTEGER: "LONG", FieldKind.FLOAT: "DOUBLE", FieldKind.TEXT: "VARCHAR"}


def page() -> str:
    """The page in Markdown."""
    base = " and ".join(f"`{tag}`" for tag in BASE_TAGS)
    lines = [
        "# Telemetry",
        "",
        "Written by `make docs` from `edge/publish/schema.py`; `make check` compares. These are the measurements that",
        "`lanewise publish` gives to InfluxDB. A point is made from a record of the journal, and always the same point",
        "from the same record: delivered twice, it overwrites itself.",
        "",
        f"Every point has the tags {base}. Tags are bounded: names of the configuration, numbers of lanes and",
        "photo-eyes, words of this code. Orders, totes, parcels are text fields. Whole numbers are 64 bit integers;",
        "a flag is 0 or 1. A field or tag that does not apply is left out.",
        "",
        "A point's time is the record's, to the millisecond; the six digits below are the last of the record's number",
        "in the journal. So no two points of a series share a time, and those of one millisecond stay in order.",
        "",
        "| measurement | what |",
        "|---|---|",
        *(f"| [`{one.name}`](#{one.name}) | {one.text} |" for one in MEASUREMENTS.values()),
        "",
    ]
    for measurement in MEASUREMENTS.values():
        lines += _section(measurement)
    lines += ["## Tags", "", "| tag | what |", "|---|---|"]
    lines += [f"| `{name}` | {text} |" for name, text in TAGS.items()]
    return "\n".join(lines) + "\n"


def _section(measurement: Measurement) -> Iterator[str]:
    tags = ", ".join(f"`{tag}`" for tag in measurement.tags) or "none besides those of every point"
    yield from (f"## {measurement.name}", "", measurement.text, "", f"Tags: {tags}.", "")
    yield from ("| field | type | unit | what |", "|---|---|---|---|")
    for field in measurement.fields:
        yield f"| `{field.name}` | {field.kind} | {field.unit} | {field.text} |"
    yield ""


def tables() -> str:
    """The tables of QuestDB in which what is sent twice is there once, and no two points share a time."""
    made = [
        "-- Tables for QuestDB 9.1 or newer, written by `make docs` from edge/publish/schema.py.",
        "-- To be made before anything is sent: those that it makes by itself have every point as often",
        "-- as it was sent, and times to the microsecond only.",
    ]
    for one in MEASUREMENTS.values():
        fields = [(field.name, _TYPES[field.kind]) for field in one.fields]
        made.append(_table(one.name, (*BASE_TAGS, *one.tags), fields))
    made.append(_table("lanewise_check", ("probe",), [("times", "LONG")]))
    return "\n".join(made) + "\n"


def _table(name: str, tags: Sequence[str], fields: Sequence[tuple[str, str]]) -> str:
    columns = [f'"{tag}" SYMBOL' for tag in tags] + [f'"{field}" {kind}' for field, kind in fields]
    keys = ", ".join(("timestamp", *(f'"{tag}"' for tag in tags)))
    return (
        f'CREATE TABLE IF NOT EXISTS "{name}" ({", ".join(("timestamp TIMESTAMP_NS", *columns))})\n'
        f"  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS({keys});"
    )


def main() -> int:
    """Writes the documents, or compares them."""
    different = 0
    for name, text in (("telemetry.md", page()), ("questdb.sql", tables())):
        path = DOCS / name
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            print(f"{path}: not what the schema says; run `make docs`", file=sys.stderr)
            different = 1
    return different


if __name__ == "__main__":
    sys.exit(main())
