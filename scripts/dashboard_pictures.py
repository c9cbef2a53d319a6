"""Draws the dashboards into docs/pictures/dashboards from their JSON and from what an InfluxDB answers.

`python scripts/dashboard_pictures.py LINE.toml`: the journal of that controller goes into an influxd 1.x of its own, in
a folder that is gone afterwards; drawn are its newest minutes (`--minutes`, default 10). Put in between is what
the simulated floor does not have: some jams, a load, and the like.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path += [str(ROOT), str(ROOT / "tests")]

from influx_peer import Influxd  # noqa: E402
from telemetry_day import happenings  # noqa: E402

from edge.config import load_line  # noqa: E402
from edge.journal import JournalReader, Value, decode  # noqa: E402
from edge.publish.line_protocol import LineEncoder  # noqa: E402
from edge.publish.measures import Measures  # noqa: E402
from grafana.ask import Span, ask, filled_in  # noqa: E402
from grafana.panels import Language  # noqa: E402
from grafana.picture import picture  # noqa: E402

FOLDER = ROOT / "docs" / "pictures" / "dashboards"
DATABASE = "lanewise"
SCOPES = dict.fromkeys(("site", "line", "lane", "reader", "plc", "subject"), ".*")
PORTION = 5_000


def main() -> None:
    """Asks each page's queries and writes its picture, in both languages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path, metavar="LINE.toml")
    parser.add_argument("--minutes", type=int, default=10, metavar="N")
    arguments = parser.parse_args()
    program = shutil.which("influxd")
    if program is None:
        parser.error("no influxd: install the package influxdb, or `make peers`")
    with tempfile.TemporaryDirectory() as folder:
        influxd = Influxd(program, Path(folder))
        influxd.start()
        try:
            influxd.query(f"CREATE DATABASE {DATABASE}")
            end_ms = fill(influxd, arguments.config, arguments.minutes)
            draw(f"http://127.0.0.1:{influxd.port}", Span(end_ms - arguments.minutes * 60_000, end_ms))
        finally:
            influxd.kill()


def fill(influxd: Influxd, config: Path, minutes: int) -> int:
    """Writes the journal's points; the time of the newest record in milliseconds."""
    line = load_line(config)
    reader = JournalReader(line.journal)
    try:
        values: list[Value] = [decode(record.kind, record.body) for record in reader.every()]
    finally:
        reader.close()
    end_us = values[-1].at_us
    span_us = minutes * 60_000_000
    values += happenings(end_us - span_us, span_us // 4)
    values.sort(key=lambda value: value.at_us)
    measures, encoder = Measures(line.layouts()), LineEncoder((line.site, line.controller))
    lines = encoder.lines(point for seq, value in enumerate(values, 1) for point in measures.points(seq, value))
    for begin in range(0, len(lines), PORTION):
        influxd.write(DATABASE, lines[begin : begin + PORTION])
    print(f"{len(values)} records, {len(lines)} points")
    return end_us // 1000


def draw(url: str, span: Span) -> None:
    """Writes a picture of every page."""
    ended = ask(url, DATABASE, 'SELECT last("track") FROM "outcome" WHERE "line" = \'sorter\' AND "bad" = 0')
    variables = {**SCOPES, "track": str(ended[0].rows[0][1])}
    FOLDER.mkdir(parents=True, exist_ok=True)
    for language in Language:
        for file in sorted((ROOT / "grafana" / "dashboards" / language.value).glob("*.json")):
            page = json.loads(file.read_text(encoding="utf-8"))
            queries = {target["query"] for panel in page["panels"] for target in panel.get("targets", ())}
            answers = {query: ask(url, DATABASE, filled_in(query, span, variables)) for query in queries}
            path = FOLDER / f"{file.stem}.{language.value}.svg"
            path.write_text(picture(page, answers, span), encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
