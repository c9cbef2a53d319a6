"""What a look into the log costs on a journal of a million records: ten minutes of a line, a night's alarms, a search.

Public names: main. Run: ``python -m bench.event_log [RECORDS]``.

Wall-clock, the median and the worst of some rounds, each at another place of the journal; beside it the same question
asked of SQLite by time, without a place to begin: a scan of all records.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

from api.journals import Journals, SpanAsked
from edge.config.load import load_line
from edge.core.alarms.alarms import unraised
from edge.core.events import DeviceChanged, LaneChanged, LaneRequested, PlcEvent, Started
from edge.core.names import refs
from edge.core.values.alarm import AlarmState
from edge.journal.record import Value, encode
from edge.journal.writer import Journal
from edge.views.event_log import LogFilter, LogKind

RECORDS = 1_000_000
START_US = 1_790_000_000_000_000
STEP_US = 60_000
"""Between two records: 60,000 an hour, as of 3,000 parcels; a million are two nights and the day between."""
ROUNDS = 15
SPAN_US = 600_000_000
NIGHT_US = 8 * 3_600_000_000


def values(records: int) -> Iterator[Value]:
    """Mostly what a PLC tells of items; every hundredth is for people, every thousandth an alarm."""
    line = load_line(Path("examples/warehouse/LINE.toml"))
    layouts, rules = line.layouts(), line.alarms()
    start = Started(at_us=START_US, controller="edge1", version="0", layouts=layouts, alarms=rules)
    alarms = list(unraised(start))
    yield start
    for number in range(1, records):
        at_us = START_US + number * STEP_US
        lane = 1 + number // 100 % 8
        if number % 1_000 == 0:
            alarm = alarms[number // 2_000 % len(alarms)]
            active = number % 2_000 == 0
            state = AlarmState.UNACKNOWLEDGED if active else AlarmState.RETURNED
            before = AlarmState.NORMAL if active else AlarmState.UNACKNOWLEDGED
            yield replace(alarm, at_us=at_us, since_us=at_us, active=active, before=before, state=state)
        elif number % 300 == 100:
            yield DeviceChanged(at_us, "reader.sorter", number % 600 == 100, "127.0.0.1: connection refused")
        elif number % 300 == 200:
            yield LaneRequested(at_us=at_us, feed_seq=number, line="sorter", lane=lane, enabled=True, by="Ann")
        elif number % 100 == 0:
            yield LaneChanged(at_us, "sorter", lane, full=number % 200 == 0, disabled=False)
        else:
            yield PlcEvent(
                at_us=at_us, device_us=at_us, plc="sorter", session=1, seq=number % 65536, type=2,
                track_id=1 + number // 10, station=1, cause=0, value=0, plc_ms=number,
            )  # fmt: skip


def written(path: Path, records: int) -> None:
    """The journal, by its own schema; written at once, since only reading is measured."""
    Journal(path).close()
    with sqlite3.connect(path) as db:
        rows, names = [], []
        for seq, value in enumerate(values(records), 1):
            rows.append((seq, value.at_us, getattr(value, "line", ""), type(value).__name__, encode(value)))
            names += [(name, seq) for name in refs(value)]
        db.executemany("INSERT INTO record VALUES(?,?,?,?,?)", rows)
        db.executemany("INSERT OR IGNORE INTO ref VALUES(?,?)", names)
    db.close()


def timed(ask: Callable[[int], int], records: int) -> tuple[float, float, int]:
    """Median and worst in milliseconds, and how much the last one found."""
    random, took, found = Random(1), [], 0
    for _ in range(ROUNDS):
        at_us = START_US + random.randrange(records * STEP_US)
        began = perf_counter()
        found = ask(at_us)
        took.append((perf_counter() - began) * 1e3)
    return median(took), max(took), found


def main() -> None:
    """Writes the journal and asks."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        written(path, records)
        line = load_line(Path("examples/warehouse/LINE.toml"))
        journals = Journals({"edge1": path}, line.layouts())
        plain = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)

        def ten_minutes(at_us: int) -> int:
            return len(journals.log(SpanAsked(at_us, at_us + SPAN_US, LogFilter(line="sorter"), 500)).entries)

        def everything(at_us: int) -> int:
            every = LogFilter(kinds=frozenset(LogKind))
            return len(journals.log(SpanAsked(at_us, at_us + SPAN_US, every, 500)).entries)

        def night(at_us: int) -> int:
            return len(journals.alarms(at_us, at_us + NIGHT_US).calls)

        def search(at_us: int) -> int:
            which = LogFilter(kinds=frozenset({LogKind.REQUESTS}), text="nobody said this")
            return len(journals.log(SpanAsked(START_US, START_US + records * STEP_US, which, 500)).entries)

        def scan(at_us: int) -> int:
            asked = (
                "SELECT count(*), sum(length(body)) FROM record WHERE at_us >= ? AND at_us < ? AND kind <> 'PlcEvent'"
            )
            return int(plain.execute(asked, (at_us, at_us + SPAN_US)).fetchone()[0])

        size = path.stat().st_size / 1e6
        print(f"{records:,} records, {size:,.0f} MB")
        for title, ask in (
            ("ten minutes of a line", ten_minutes),
            ("ten minutes, signals too, the first 500", everything),
            ("the alarms of a night", night),
            ("a text that nobody said, the first answer", search),
            ("by a scan, for comparison", scan),
        ):
            middle, worst, found = timed(ask, records)
            print(f"{title:<44} {middle:8.1f} ms, at worst {worst:8.1f} ms, {found} found")
        plain.close()
        journals.close()


if __name__ == "__main__":
    main()
