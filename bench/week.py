"""How long every page of Grafana takes over seven days: the queries of its panels, at a real database that is full.

Public names: main.

Made-up days at the density of the example warehouse: its parcels and totes through the pure core, all that its devices
measure every ten seconds, and what is rare, ten minutes of it again and again. What counts is the database's processor
time: seconds of the clock say how busy the machine was.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from edge.config.lines import LineConfig
from edge.config.load import load_line
from edge.core.events import Measured
from edge.publish.line_protocol import LineEncoder
from edge.publish.measures import Measures
from grafana.ask import Span, ask, filled_in

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from grafana_panels import chosen, queries_of  # noqa: E402  they live beside the tests
from influx_peer import Influxd  # noqa: E402
from pure_site import START_US, PureSite, example  # noqa: E402
from telemetry_day import happenings  # noqa: E402

from grafana.shown import placed  # noqa: E402

DATABASE = "lanewise"
PIECE_S = 600
PORTION = 20_000
AT_ONCE = 6
"""Requests of a browser to one server."""
TYPED = {"subject": "", "track": "7"}


class Asked(NamedTuple):
    """One query of a page: by whom, and what it took, in seconds of the clock and of the database's processor."""

    panel: str
    clock_s: float
    busy_s: float


def measured(config: LineConfig) -> Iterator[Measured]:
    """What a controller of that configuration measures in ten minutes."""
    for beat in range(PIECE_S // 10):
        at_us = START_US + beat * 10_000_000 + 1
        ours = {"unstored": 2, "orders_open": 40 - beat % 7, "loop_late_us": 120 + beat, "journal_records": beat * 90,
                "journal_bytes": 1e6 + beat * 4e4, "disk_free_bytes": 4e9, "backlog.influx": beat % 5}  # fmt: skip
        yield Measured(at_us, "controller", tuple(ours.items()))
        for name in config.plc:
            link = {"up": 1, "polls": 1500, "round_trip_us": 400 + beat, "round_trip_max_us": 900 + beat * 3,
                    "heartbeat_age_us": 20_000, "events_unacknowledged": beat % 3, "packml_state": 6, "epoch": 1,
                    "fenced": 0, "commands_queued": 0, "commands_unhandled": 1, "packml_mode": 1, "processed": beat,
                    "defective": 0, "products_per_min": 60.0}  # fmt: skip
            yield Measured(at_us, f"plc.{name}", tuple(link.items()))
        for name, reader in config.reader.items():
            heard: dict[str, float] = {"up": 1, "reads": 500 + beat, "reports": 20}
            for antenna in reader.antennas:
                heard |= {f"reads.{antenna}": 100 + beat, f"rssi_dbm.{antenna}": -58.5 - antenna}
            yield Measured(at_us, f"reader.{name}", tuple(heard.items()))
        for layout in config.layouts():
            lanes = {f"lane.{lane.number}": float(lane.number == 3 and 20 < beat < 30) for lane in layout.lanes}
            yield Measured(at_us, f"line.{layout.name}", (("tracks", 9 + beat % 4), *lanes.items()))
        for dock in config.dock:
            yield Measured(at_us, f"dock.{dock.name}", (("light", 0), ("buzzer", 0), ("wrong", 0)))


def lines_of(config: LineConfig, rate: int) -> list[tuple[bytes, int]]:
    """The points of ten minutes as lines without their times, and these in ns."""
    site = PureSite(example(ROOT, tote_rate=2_400), 3, {"sorter": rate // 6, "tote1": 12})
    values = [*site.run(PIECE_S).journal, *happenings(START_US, 120_000_000), *measured(config)]
    values.sort(key=lambda value: value.at_us)
    measures, encoder = Measures(config.layouts()), LineEncoder((config.site, config.controller))
    lines = [line for seq, value in enumerate(values, 1) for line in encoder.lines(measures.points(seq, value))]
    return [(line.rpartition(b" ")[0], int(line.rpartition(b" ")[2])) for line in lines]


def fill(influxd: Influxd, config: LineConfig, rate: int, days: int) -> tuple[int, Span]:
    """Fills the database. How many points, and the days."""
    lines = lines_of(config, rate)
    pieces = days * 86_400 // PIECE_S
    for first in range(0, pieces, max(1, PORTION // len(lines))):
        some = range(first, min(pieces, first + max(1, PORTION // len(lines))))
        influxd.write(
            DATABASE, (b"%s %d" % (text, at_ns + piece * PIECE_S * 10**9) for piece in some for text, at_ns in lines)
        )
    return pieces * len(lines), Span(START_US // 1000, START_US // 1000 + pieces * PIECE_S * 1000)


def busy_s(pid: int) -> float:
    """Processor time of a process. Source: proc(5), /proc/PID/stat, utime and stime."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def page_of(influxd: Influxd, page: dict[str, Any], span: Span) -> tuple[list[Asked], float]:
    """Every query of a page one after the other, and seconds of the clock for all with AT_ONCE at a time."""
    url = f"http://127.0.0.1:{influxd.port}"
    places = placed(page["panels"], chosen(url, DATABASE, page, span))
    queries = [(panel["title"], query) for panel, query in queries_of(places, span, TYPED)]
    told = []
    for title, query in queries:
        began, busy = time.perf_counter(), busy_s(influxd.pid)
        ask(url, DATABASE, query)
        told.append(Asked(title, time.perf_counter() - began, busy_s(influxd.pid) - busy))
    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda one: ask(url, DATABASE, one[1]), queries))
    return told, time.perf_counter() - began


def main() -> None:
    """Prints the measurements."""
    parser = argparse.ArgumentParser(prog="python -m bench.week", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rate", type=int, default=1_080, help="parcels an hour")
    parser.add_argument("--days", type=int, default=7)
    arguments = parser.parse_args()
    program = shutil.which("influxd")
    assert program, "influxd is not installed: make peers"
    config = load_line(ROOT / "examples" / "warehouse" / "LINE.toml")
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="bench-week-") as name:
        influxd = Influxd(program, Path(name))
        influxd.start()
        try:
            influxd.query(f"CREATE DATABASE {DATABASE}")
            count, span = fill(influxd, config, arguments.rate, arguments.days)
            print(f"{count:,} points in {arguments.days} days", flush=True)
            ask(f"http://127.0.0.1:{influxd.port}", DATABASE, filled_in("SELECT count(up) FROM plc", span, {}))
            for file in sorted((ROOT / "grafana" / "dashboards" / "en").glob("*.json")):
                told, at_once_s = page_of(influxd, json.loads(file.read_text(encoding="utf-8")), span)
                longest = max(told, key=lambda one: one.busy_s)
                print(
                    f"{file.stem:<14} {len(told):>3} queries: {sum(one.busy_s for one in told):6.2f} CPU s, one after "
                    f"the other {sum(one.clock_s for one in told):6.2f} s, {AT_ONCE} at once {at_once_s:6.2f} s; "
                    f"longest {longest.busy_s:5.2f} CPU s: {longest.panel}",
                    flush=True,
                )
        finally:
            influxd.kill()


if __name__ == "__main__":
    main()
