"""Points a second, encoded and shipped into influxd: `lanewise publish` beside influxdb-client's batching interface.

Public names: main.

One journal of the simulated floor's happenings feeds all. Each contestant is a process of its own on one core; influxd
and the door before it (`/api/v2/write` for influxd 1.6) have the other. All are given points in memory and ship them
until the server has them, ours with a cursor moved on disk after each batch; once more ours begins with the journal,
and the library's interface is given lines that are made already. What counts is the time of one core: points a second
of the clock say how busy the machine was. In the last round the server is killed for a while;
what each lost is counted in the server.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from operator import truediv
from pathlib import Path
from statistics import median
from typing import Any

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write.point import Point as ClientPoint
from influxdb_client.client.write_api import WriteOptions

from edge.config.lines import LineConfig
from edge.config.load import load_line
from edge.core.events import PlcEvent
from edge.journal.reader import JournalReader
from edge.journal.writer import Journal
from edge.publish.cursors import Cursors, read_cursors
from edge.publish.influx import InfluxPublisher
from edge.publish.line_protocol import LineEncoder
from edge.publish.measures import Measures
from edge.publish.process import journal_outlets, run
from edge.publish.schema import SeriesPoint

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from influx_peer import Influxd, V2Door, before  # noqa: E402  it lives beside the tests
from pure_site import PureSite, example  # noqa: E402

TOKEN = "bench-bench-bench-bench-bench"
JOURNAL, OURS = "lanewise publish, from the journal", "lanewise publish, points"
POINTS, LINES = "batching interface, points", "batching interface, ready lines"


def write_journal(path: Path, records: int, project: Path) -> int:
    """At least so many records of a floor, the same minutes again and again, later each time. The newest sequence."""
    values = PureSite(example(project), 5, {"sorter": 400, "tote1": 40, "tote2": 40}).run(600).journal
    lasts_us = values[-1].at_us - values[0].at_us + 1_000_000
    journal = Journal(path)
    for turn in range(-(-records // len(values))):
        moved = []
        for value in values:
            later = replace(value, at_us=value.at_us + turn * lasts_us)
            if isinstance(later, PlcEvent):
                later = replace(later, device_us=later.device_us + turn * lasts_us)
            moved.append(later)
        journal.append(moved)
        journal.flush()
    journal.close()
    return journal.seq


def config_in(folder: Path, url: str) -> LineConfig:
    """The example warehouse with one publisher."""
    text = (ROOT / "examples" / "warehouse" / "LINE.toml").read_text()
    (folder / "token").write_text(TOKEN)
    publish = f'\n[publish.bench]\nkind = "influx"\nurl = "{url}"\norg = "acme"\nbucket = "lanewise"\n'
    (folder / "LINE.toml").write_text(f'{text}{publish}token_file = "token"\ntimeout_ms = 30000\n')
    return load_line(folder / "LINE.toml")


def numbered_points(config: LineConfig) -> list[tuple[int, list[SeriesPoint]]]:
    """The points of each record of the journal."""
    reader, measures = JournalReader(config.journal), Measures(config.layouts())
    made = [(record.seq, measures.points(record.seq, record.value)) for record in reader.every()]
    reader.close()
    return made


def client_point(point: SeriesPoint, base: tuple[str, str]) -> Any:
    """The same as the library's users build it, which has no types."""
    kind: Any = ClientPoint
    made = kind(point.measurement.name).tag("site", base[0]).tag("controller", base[1])
    for name, tag in zip(point.measurement.tags, point.tags, strict=True):
        if tag:
            made.tag(name, tag)
    for name, value in point.fields.items():
        made.field(name, value)
    return made.time(point.time_ns)


# ---- encoding --------------------------------------------------------------------------------------------------------


def encode(config: LineConfig, repeat: int) -> Iterator[str]:
    """Lines that say how many points each way of encoding makes in a second of one core; the best of ``repeat``."""
    reader = JournalReader(config.journal)
    base = (config.site, config.controller)
    measures = Measures(config.layouts())
    points = [point for record in reader.after(0, 100_000) for point in measures.points(record.seq, record.value)]

    def ours() -> int:
        return len(LineEncoder(base).lines(points))

    def from_records() -> int:
        fresh, encoder = Measures(config.layouts()), LineEncoder(base)
        records = reader.after(0, 100_000)  # anew: a record remembers what it was decoded to
        return sum(len(encoder.lines(fresh.points(record.seq, record.value))) for record in records)

    few = points[:: max(1, len(points) // 10_000)]

    def theirs() -> int:
        return sum(bool(client_point(point, base).to_line_protocol()) for point in few)

    best: dict[str, float] = {}
    for _ in range(repeat):
        for name, work in (("ours", ours), ("journal", from_records), ("theirs", theirs)):
            began = time.process_time()
            made = work()
            best[name] = max(best.get(name, 0.0), made / (time.process_time() - began))
    reader.close()
    yield f"encoded: our points to lines                  {best['ours']:>9,.0f} points per CPU second"
    yield f"read, decoded, encoded: journal to lines      {best['journal']:>9,.0f} points per CPU second"
    yield f"encoded: influxdb-client's Point to a line    {best['theirs']:>9,.0f} points per CPU second"
    yield f"encoded: ratio to influxdb-client's Point     {best['ours'] / best['theirs']:>9.1f}"


# ---- contestants: each in a process of its own -----------------------------------------------------------------------


def contest(who: str, folder: Path, rate: int) -> None:
    """Ships the journal of a folder; prints JSON: points, seconds, CPU seconds. ``rate``: points a second, 0 = all."""
    os.sched_setaffinity(0, {0})
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)  # as `lanewise publish` does, for all
    config = load_line(folder / "LINE.toml")
    made = numbered_points(config)
    points = [point for _, some in made for point in some]
    count = len(points)
    if who == JOURNAL:
        began, busy = time.perf_counter(), time.process_time()
        from_journal(config)
    elif who == OURS:
        began, busy = time.perf_counter(), time.process_time()
        ours(config, made)
    else:
        lines = LineEncoder((config.site, config.controller)).lines(points) if who == LINES else []
        began, busy = time.perf_counter(), time.process_time()
        theirs(config, points, lines, rate)
    print(json.dumps([count, time.perf_counter() - began, time.process_time() - busy]))


def ours(config: LineConfig, made: list[tuple[int, list[SeriesPoint]]]) -> None:
    """The publisher alone, with its cursor."""
    table: Any = config.publish["bench"]
    publisher, cursors = InfluxPublisher("bench", table, config), Cursors(config.publish_state)
    for start in range(0, len(made), publisher.portion):
        some = made[start : start + publisher.portion]
        cursors.move("bench", "bench", some[-1][0], publisher.delivery(some)(), 0)
    publisher.close()
    cursors.close()


def from_journal(config: LineConfig) -> None:
    """The process of `lanewise publish` until everything is delivered."""
    reader = JournalReader(config.journal)
    newest = reader.last()
    reader.close()
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.2):
            if any(cursor.seq >= newest for cursor in read_cursors(config.publish_state)):
                stop.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    run(journal_outlets(config), stop)
    watcher.join()


def theirs(config: LineConfig, points: list[SeriesPoint], lines: list[bytes], rate: int) -> None:
    """The library's batching interface with its own defaults, 5,000 a batch, until it says that it has ended."""
    base = (config.site, config.controller)
    table: Any = config.publish["bench"]
    client: Any = InfluxDBClient(table.url, TOKEN, org="acme", enable_gzip=True, timeout=30_000)
    writer: Any = client.write_api(write_options=WriteOptions(batch_size=5_000))
    began = time.perf_counter()
    for number, point in enumerate(points):
        writer.write("lanewise", record=lines[number] if lines else client_point(point, base))
        if rate and number % 100 == 0:
            time.sleep(max(0.0, began + number / rate - time.perf_counter()))
    writer.close()
    client.close()


# ---- rounds ----------------------------------------------------------------------------------------------------------


class Rounds:
    """An influxd for each round, and the door before it."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("influxd")
        assert program, "influxd is not installed: make peers"
        self._program, self._folder, self._round = program, folder, 0

    def ship(self, who: str, journal: Path, rate: int = 0, down_s: float = 0.0) -> tuple[int, float, float, int]:
        """Points, seconds, CPU seconds and points lost."""
        self._round += 1
        folder = self._folder / f"round{self._round}"
        (folder / "var").mkdir(parents=True)
        (folder / "var" / "journal.sqlite").symlink_to(journal)
        influxd = Influxd(self._program, folder)
        influxd.start()
        influxd.query("CREATE DATABASE lanewise")
        door = V2Door(before(influxd), TOKEN)
        config_in(folder, door.url)
        command = [sys.executable, "-m", "bench.publish", "--contestant", who, "--folder", str(folder)]
        child = subprocess.Popen([*command, "--rate", str(rate)], stdout=subprocess.PIPE, cwd=ROOT)
        if down_s:
            while not door.requests:
                time.sleep(0.05)
            influxd.kill()
            time.sleep(down_s)
            influxd.start()
        told, _ = child.communicate()
        count, seconds, busy = json.loads(told)
        influxd.query("DROP MEASUREMENT publisher", "lanewise")
        found = influxd.count("lanewise")
        door.close()
        influxd.kill()
        shutil.rmtree(folder)
        return count, seconds, busy, count - found


def main() -> None:
    """Prints the measurements."""
    parser = argparse.ArgumentParser(prog="python -m bench.publish", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--records", type=int, default=300_000, help="of the journal that is shipped")
    parser.add_argument("--points", type=int, default=100_000, help="that those given points ship")
    parser.add_argument("--down", type=float, default=60.0, metavar="SECONDS", help="how long the server is down")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--contestant", choices=(OURS, JOURNAL, POINTS, LINES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--rate", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contestant:
        contest(arguments.contestant, arguments.folder, arguments.rate)
        return
    os.sched_setaffinity(0, {1} if (os.cpu_count() or 1) > 1 else {0})
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="bench-publish-") as name:
        folder = Path(name)
        large, small = folder / "large.sqlite", folder / "small.sqlite"
        write_journal(large, arguments.records, ROOT)
        write_journal(small, arguments.points, ROOT)
        (folder / "config" / "var").mkdir(parents=True)
        (folder / "config" / "var" / "journal.sqlite").symlink_to(large)
        for line in encode(config_in(folder / "config", "http://127.0.0.1:1"), arguments.repeat):
            print(line, flush=True)
        rounds = Rounds(folder)
        shipped: dict[str, list[float]] = {OURS: [], JOURNAL: [], POINTS: [], LINES: []}
        for _ in range(arguments.repeat):
            for who in shipped:
                count, seconds, busy, lost = rounds.ship(who, large if who == JOURNAL else small)
                shipped[who].append(count / busy)
                rates = f"{count / seconds:>9,.0f} points/s, {count / busy:>9,.0f} per CPU second"
                print(f"shipped: {who:<34} {rates}, {count:,} points, lost {lost}", flush=True)
        print("shipped in a CPU second, as a ratio of neighbours in time, the middle of all rounds:")
        for text, one, other in (
            ("ours given points, to the batching interface given points     ", OURS, POINTS),
            ("ours given points, to the batching interface given ready lines", OURS, LINES),
            ("ours from the journal, to the batching interface given points ", JOURNAL, POINTS),
        ):
            print(f"  {text} {median(map(truediv, shipped[one], shipped[other])):>6.1f}")
        if arguments.down:
            for who in (JOURNAL, POINTS):
                # the library's interface at a rate that it can keep up, for as long as the server is away
                rate = 2_000 if who == POINTS else 0
                count, _, _, lost = rounds.ship(who, small, rate, arguments.down)
                print(
                    f"server down for {arguments.down:.0f} s: {who:<34} lost {lost:,} of {count:,} points", flush=True
                )


if __name__ == "__main__":
    main()
