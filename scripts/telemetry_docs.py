"""Writes docs/telemetry.md from the schema of the telemetry; with --check fails when the page differs.

Public names: page, main.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from edge.publish.schema import BASE_TAGS, MEASUREMENTS, TAGS, Measurement

PAGE = Path(__file__).resolve().parents[1] / "docs" / "telemetry.md"


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


def main() -> int:
    """Writes the page, or compares it."""
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{PAGE}: not what the schema says; run `make docs`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
