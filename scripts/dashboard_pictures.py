"""Draws the dashboards into docs/pictures/dashboards from what an InfluxDB answers and Grafana's own code makes of it.

`python scripts/dashboard_pictures.py`: `lanewise demo` runs for a while (`--seconds`, default 600), `lanewise publish`
gives what happens there to an influxd 1.x, and every query of every page and alert is asked. Put in between is what the
simulated floor does not have: some jams, a broken load, and the like. A query without an answer is an error.
`@grafana/data` in Node computes what is drawn: `make peers`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path += [str(ROOT), str(ROOT / "tests")]

from grafana_panels import Judge, asked, chosen  # noqa: E402
from influx_peer import Influxd, V2Door, before  # noqa: E402
from telemetry_day import happenings  # noqa: E402

from edge.config.load import load_line  # noqa: E402
from edge.journal.reader import JournalReader  # noqa: E402
from edge.publish.cursors import read_cursors  # noqa: E402
from edge.publish.line_protocol import LineEncoder  # noqa: E402
from edge.publish.measures import Measures  # noqa: E402
from grafana.ask import Span, ask, filled_in  # noqa: E402
from grafana.panels import Language  # noqa: E402
from grafana.picture import axis, picture  # noqa: E402
from grafana.shown import placed  # noqa: E402

FOLDER = ROOT / "docs" / "pictures" / "dashboards"
DATABASE = "lanewise"
PEER = ROOT / ".peers" / "grafana-data"


def main() -> int:
    """Asks each page's queries and writes its picture, in both languages. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, metavar="N", help="how long the demo runs")
    arguments = parser.parse_args()
    program = shutil.which("influxd")
    if program is None:
        parser.error("no influxd: install the package influxdb, or `make peers`")
    node = shutil.which("node")
    if node is None or not (PEER / "ready").is_file():
        parser.error("no @grafana/data in Node: `make peers`")
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        influxd = Influxd(program, folder)
        running.callback(influxd.kill)
        influxd.start()
        influxd.query(f"CREATE DATABASE {DATABASE}")
        door = V2Door(before(influxd))
        running.callback(door.close)
        run_demo(folder / "demo", arguments.seconds, door)
        span = add_what_is_rare(influxd, folder / "demo" / "LINE.toml")
        return draw(f"http://127.0.0.1:{influxd.port}", span, Judge(PEER, node))


def run_demo(folder: Path, seconds: int, door: V2Door) -> None:
    """Runs the demo to its end, published meanwhile."""
    lanewise = [sys.executable, "-m", "edge.cli"]
    demo = subprocess.Popen(
        [*lanewise, "demo", "--headless", "--seconds", str(seconds), "--dir", str(folder)], cwd=ROOT
    )
    while not (folder / "var" / "journal.sqlite").exists():
        assert demo.poll() is None
        time.sleep(0.1)
    text = (folder / "LINE.toml").read_text(encoding="utf-8")
    (folder / "token").write_text(door.token, encoding="utf-8")
    target = f'kind = "influx"\nurl = "{door.url}"\norg = "acme"\nbucket = "lanewise"\ntoken_file = "token"'
    published = folder / "PUBLISHED.toml"
    published.write_text(f"{text}\n[publish.influx]\n{target}\n", encoding="utf-8")
    publisher = subprocess.Popen([*lanewise, "publish", str(published)], cwd=ROOT)
    demo.wait()  # what it says of itself is for whoever looks on
    config = load_line(published)
    reader = JournalReader(config.journal)
    newest = reader.last()
    reader.close()
    while not any(cursor.seq >= newest for cursor in read_cursors(config.publish_state)):
        assert publisher.poll() is None
        time.sleep(0.1)
    publisher.terminate()
    publisher.wait()


def add_what_is_rare(influxd: Influxd, config: Path) -> Span:
    """Writes the points of what that floor does not have into the time that was; that time."""
    line = load_line(config)
    reader = JournalReader(line.journal)
    (newest,) = reader.after(reader.last() - 1, 1)
    (oldest,) = reader.after(0, 1)
    reader.close()
    measures = Measures(line.layouts())
    rare = sorted(happenings(oldest.at_us, (newest.at_us - oldest.at_us) // 4), key=lambda value: value.at_us)
    points = [point for seq, value in enumerate(rare, 1) for point in measures.points(seq, value)]
    influxd.write(DATABASE, LineEncoder((line.site, line.controller)).lines(points))
    print(f"{newest.seq} records of the demo, {len(rare)} rare ones")
    return Span(oldest.at_us // 1000, newest.at_us // 1000)


def draw(url: str, span: Span, judge: Judge) -> int:
    """Writes a picture of every page. Returns whether a query has no answer, and names those."""
    ended = ask(url, DATABASE, 'SELECT last("track") FROM "outcome" WHERE "line" = \'sorter\' AND "bad" = 0')
    typed = {"subject": "", "track": str(ended[0].rows[0][1])}
    rules = json.loads((ROOT / "grafana" / "provisioning" / "alerting" / "rules.yaml").read_text(encoding="utf-8"))
    queries = {part["model"].get("query", "") for rule in rules["groups"][0]["rules"] for part in rule["data"]} - {""}
    empty = {query for query in queries if not ask(url, DATABASE, filled_in(query, span, {}))}
    FOLDER.mkdir(parents=True, exist_ok=True)
    for language in Language:
        for file in sorted((ROOT / "grafana" / "dashboards" / language.value).glob("*.json")):
            page = json.loads(file.read_text(encoding="utf-8"))
            places = placed(page["panels"], chosen(url, DATABASE, page, span))
            panels = asked(url, DATABASE, places, span, typed)
            some = {
                panel["id"] for panel, found, _ in panels if found
            }  # what is repeated, for one value of its variable
            empty |= {f"{file.stem}: {panel['title']}" for panel, _, _ in panels if panel["id"] not in some}
            shown = judge.shown(panels, span.to_ms)
            lines = ((at, axis(one)) for at, one in enumerate(shown) if one.panel["type"] == "timeseries")
            axes = {at: one for at, one in lines if one is not None}
            written = judge.written([(shown[at].panel, one.ticks) for at, one in axes.items()])
            drawn = {at: (one, texts) for (at, one), texts in zip(axes.items(), written, strict=True)}
            path = FOLDER / f"{file.stem}.{language.value}.svg"
            path.write_text(picture(page, places, shown, drawn, span), encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB")
    print(f"{len(empty)} queries and panels without an answer", *sorted(empty), sep="\n  ")
    return int(bool(empty))


if __name__ == "__main__":
    sys.exit(main())
