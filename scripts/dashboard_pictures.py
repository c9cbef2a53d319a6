"""Draws the dashboards into docs/pictures/dashboards from what an InfluxDB answers and Grafana's own code makes of it.

`python scripts/dashboard_pictures.py`: two hours of the simulated floor (floor_hours.py) are recorded in virtual time,
one with faults and one in which nothing moves, `lanewise publish` gives each to an influxd 1.x, and every query of
every page and alert is asked. Put in between is what that floor does not have: a machine that tells its counts, times
that virtual time does not take, and the like. A query without an answer is an error in the hour with faults. Recording
takes some minutes; `--hours FOLDER` keeps what was recorded. `@grafana/data` in Node computes what is drawn.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[1]
sys.path += [str(ROOT), str(ROOT / "tests"), str(ROOT / "scripts")]

from floor_hours import BEGIN_US, MINUTES, record  # noqa: E402
from grafana_panels import Judge, asked, chosen  # noqa: E402
from influx_peer import Influxd, V2Door, before  # noqa: E402
from telemetry_day import happenings, site_numbers  # noqa: E402

from edge.config.lines import SITE  # noqa: E402
from edge.config.load import load_line  # noqa: E402
from edge.core.events import (  # noqa: E402
    AlarmRequested,
    BarcodesRead,
    CommandDropped,
    CommandHandled,
    DeviceNotice,
    EventsMissed,
    LaneRequested,
    Measured,
    OrderChanged,
    Outcome,
    PlcEvent,
    PointWritten,
    Sorted,
)
from edge.journal.reader import JournalReader  # noqa: E402
from edge.journal.record import Value  # noqa: E402
from edge.journal.writer import Journal  # noqa: E402
from edge.publish import schema  # noqa: E402
from edge.publish.cursors import read_cursors  # noqa: E402
from edge.publish.line_protocol import LineEncoder  # noqa: E402
from edge.publish.measures import Measures  # noqa: E402
from edge.publish.schema import SeriesPoint  # noqa: E402
from grafana.ask import Span, ask, filled_in  # noqa: E402
from grafana.panels import Language  # noqa: E402
from grafana.picture import axis, picture  # noqa: E402
from grafana.shown import placed  # noqa: E402
from plc.packml import PackmlState  # noqa: E402
from plc.words import EventType  # noqa: E402

FOLDER = ROOT / "docs" / "pictures" / "dashboards"
DATABASE = "lanewise"
PEER = ROOT / ".peers" / "grafana-data"


RARE = (
    AlarmRequested, BarcodesRead, CommandDropped, CommandHandled, DeviceNotice, EventsMissed, LaneRequested,
    OrderChanged, PointWritten,
)  # fmt: skip
"""What the simulated floor, or an hour of it, does not have."""
SPAN = Span(BEGIN_US // 1000, BEGIN_US // 1000 + MINUTES * 60_000)


def main() -> int:
    """Asks each page's queries and writes its pictures, in both languages. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=Path, metavar="FOLDER", help="keeps the recorded hours there, and takes them")
    arguments = parser.parse_args()
    program = shutil.which("influxd")
    if program is None:
        parser.error("no influxd: install the package influxdb, or `make peers`")
    node = shutil.which("node")
    if node is None or not (PEER / "ready").is_file():
        parser.error("no @grafana/data in Node: `make peers`")
    judge, without = Judge(PEER, node), 0
    with tempfile.TemporaryDirectory() as name:
        for hour in ("faults", "nothing"):
            recorded = (arguments.hours or Path(name)) / hour
            if not (recorded / "whole").exists():
                shutil.rmtree(recorded, ignore_errors=True)
                record(recorded, faults=hour == "faults")
                (recorded / "whole").touch()
            folder = Path(name) / f"{hour}-published"
            folder.mkdir()
            with ExitStack() as running:
                influxd = Influxd(program, folder)
                running.callback(influxd.kill)
                influxd.start()
                influxd.query(f"CREATE DATABASE {DATABASE}")
                door = V2Door(before(influxd))
                running.callback(door.close)
                publish(recorded / "journal.sqlite", folder, door, faults=hour == "faults")
                influxd.write(DATABASE, LineEncoder(("demo", "edge1")).lines(told_of_itself()))
                influxd.write(DATABASE, LineEncoder(("demo", SITE)).lines(told_of_the_site(faults=hour == "faults")))
                url = f"http://127.0.0.1:{influxd.port}"
                without += draw(url, judge, "" if hour == "faults" else ".nothing")
    return int(bool(without))


def publish(recorded: Path, folder: Path, door: V2Door, *, faults: bool) -> None:
    """Gives a recorded hour, with what is put in, to `lanewise publish` until it has delivered all."""
    text = (ROOT / "examples" / "warehouse" / "LINE.toml").read_text(encoding="utf-8")
    (folder / "token").write_text(door.token, encoding="utf-8")
    target = f'kind = "influx"\nurl = "{door.url}"\norg = "acme"\nbucket = "lanewise"\ntoken_file = "token"'
    path = folder / "LINE.toml"
    path.write_text(f"{text}\n[publish.influx]\n{target}\n", encoding="utf-8")
    config = load_line(path)
    reader = JournalReader(recorded)
    values = list(filled([one.value for one in reader.every()], faults=faults))
    reader.close()
    config.journal.parent.mkdir(exist_ok=True)
    journal = Journal(config.journal)
    for first in range(0, len(values), 1_000):
        journal.append(values[first : first + 1_000])
        journal.flush()
    journal.close()
    publisher = subprocess.Popen([sys.executable, "-m", "edge.cli", "publish", str(path)], cwd=ROOT)
    while not any(cursor.seq >= len(values) for cursor in read_cursors(config.publish_state)):
        assert publisher.poll() is None
        time.sleep(0.1)
    publisher.terminate()
    publisher.wait()
    print(f"{len(values)} records")


def filled(recorded: list[Value], *, faults: bool) -> Iterator[Value]:
    """The records of an hour with what is put in: a machine that tells its counts, times that virtual time does not
    take, what is rare.
    """
    begin_us, lasts_us = SPAN.from_ms * 1000, (SPAN.to_ms - SPAN.from_ms) * 1000
    rare = [one for one in happenings(begin_us, lasts_us // 5) if isinstance(one, RARE)] if faults else []
    chance = Random(1)
    done, bad, jams = 0, 0, set[int]()
    for value in sorted([*recorded, *rare], key=lambda one: one.at_us):
        match value:
            case PlcEvent(plc="sorter", type=EventType.JAM, station=station):
                (jams.add if value.value else jams.discard)(station)
            case Sorted(line="sorter"):
                done, bad = done + 1, bad + (value.outcome in (Outcome.MISSORTED, Outcome.FAILED))
            case Measured(device="plc.sorter") if dict(value.values).get("up"):
                state = PackmlState.HELD if jams else PackmlState.EXECUTE if faults else PackmlState.IDLE
                told = {"packml_state": state, "packml_mode": 1, "processed": done, "defective": bad}
                told |= {"products_per_min": 0.0 if jams or not faults else 25.0}
                value = replace(value, values=tuple((dict(value.values) | told).items()))
            case Measured(device="controller"):
                room = {"journal_bytes": 4e6 + done * 9_000, "disk_free_bytes": 4e9 - done * 9_000}
                room |= {"backlog.influx": chance.randint(0, 6), "loop_late_us": chance.randint(80, 900)}
                value = replace(value, values=tuple((dict(value.values) | room).items()))
            case _:
                pass
        if isinstance(value, Measured) and (took := dict(value.values)).get("polls"):
            took["round_trip_us"] = chance.randint(380, 460)
            took["round_trip_max_us"] = chance.randint(700, 1_900)
            took["heartbeat_age_us"] = max(took.get("heartbeat_age_us", 0), chance.randint(5_000, 95_000))
            value = replace(value, values=tuple(took.items()))
        yield value


def told_of_itself() -> Iterator[SeriesPoint]:
    """What a publisher says of itself while it runs beside the line, every 10 s."""
    for beat in range(MINUTES * 6):
        fields: dict[str, schema.FieldValue] = {
            "records": beat * 90,
            "backlog": 2 + beat % 5,
            "lag_us": 40_000 + beat % 7 * 900,
        }
        fields |= {"set_aside": 0, "failures": 0, "up": 1}
        yield SeriesPoint(schema.PUBLISHER, ("influx", "influx"), fields, (BEGIN_US + beat * 10_000_000) * 1000)


def told_of_the_site(*, faults: bool) -> Iterator[SeriesPoint]:
    """What a site tells of its order flow each minute; nothing in the hour in which nothing moves."""
    measures = Measures(())
    for minute in range(MINUTES if faults else 0):
        for value in site_numbers(BEGIN_US + minute * 60_000_000, minute):
            yield from measures.points(minute, value)


def draw(url: str, judge: Judge, suffix: str) -> int:
    """Writes a picture of every page. Returns how many queries and panels have no answer, and names those of faults."""
    ended = ask(url, DATABASE, 'SELECT last("track") FROM "passage" WHERE "line" = \'sorter\'')
    typed = {"subject": "", "track": str(ended[0].rows[0][1]) if ended else "0"}
    rules = json.loads((ROOT / "grafana" / "provisioning" / "alerting" / "rules.yaml").read_text(encoding="utf-8"))
    queries = {part["model"].get("query", "") for rule in rules["groups"][0]["rules"] for part in rule["data"]} - {""}
    empty = {query for query in queries if not ask(url, DATABASE, filled_in(query, SPAN, {}))}
    FOLDER.mkdir(parents=True, exist_ok=True)
    for language in Language:
        for file in sorted((ROOT / "grafana" / "dashboards" / language.value).glob("*.json")):
            page = json.loads(file.read_text(encoding="utf-8"))
            places = placed(page["panels"], chosen(url, DATABASE, page, SPAN))
            panels = asked(url, DATABASE, places, SPAN, typed)
            some = {panel["id"] for panel, found, _ in panels if found}  # what is repeated, for one of its variable
            empty |= {f"{file.stem}: {panel['title']}" for panel, _, _ in panels if panel["id"] not in some}
            shown = judge.shown(panels, SPAN.to_ms)
            lines = ((at, axis(one)) for at, one in enumerate(shown) if one.panel["type"] == "timeseries")
            axes = {at: one for at, one in lines if one is not None}
            written = judge.written([(shown[at].panel, one.ticks) for at, one in axes.items()])
            drawn = {at: (one, texts) for (at, one), texts in zip(axes.items(), written, strict=True)}
            path = FOLDER / f"{file.stem}{suffix}.{language.value}.svg"
            path.write_text(picture(page, places, shown, drawn, SPAN), encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB")
    if suffix:
        return 0
    print(f"{len(empty)} queries and panels without an answer", *sorted(empty), sep="\n  ")
    return len(empty)


if __name__ == "__main__":
    sys.exit(main())
