"""Days of a line in virtual time, or minutes of a whole site in real time: what grows that should not?

Public names: main, Row, Wraps, virtual, real, grows. Run: ``python -m bench.soak [--days 3] [--real MINUTES]``.

Virtual: the example's sorter with floor, PLC, reader, controller and journal in one loop whose time jumps. A row for
each slice of the time: the decisions' state as the journal keeps it, the objects of our own classes, tasks, handles,
and what a parcel costs in the journal. What counts up passes its end on the way, and how often is said: the PLC's
clock of 32 bits (20 s after the begin), the sequences of its events and of its commands (16 bits). At the end the
journal must have every event once, and replay agree.

What is remembered up to a limit (tracks, tags, orders that were shipped) must be full in the first quarter: that takes
2,000 parcels, and 40,000 in all wrap the 16 bits.

Real: the processes of `python -m chaos` without a fault; memory, handles and threads as each says of itself.

Status 1 where, in the second half, the most of anything is over a tenth more than the most of the second quarter.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from edge.config.lines import LineConfig
from edge.controller.controller import Controller
from edge.core import book
from edge.core.events import CommandSent, OrderChanged, PlcEvent
from edge.core.values.feed import FeedPlace, FeedPortion
from edge.journal.reader import JournalReader
from edge.journal.replay import replay
from edge.sim.devices import SimulatedFloor

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from controllers import UTC_US, stop  # noqa: E402  these live beside the tests
from ports import on_free_ports  # noqa: E402
from pure_site import example  # noqa: E402
from virtual_time import run_virtual  # noqa: E402

DAY_S = 86_400
SLICES = 24
GROWS = 1.10
AHEAD = 20
CLOSED = 2_000
"""Orders that were shipped are remembered up to so many: in a first eighth of three days it is full."""
SCAN_MS, POLL_MS = 50, 500
DRAINS_S = 300
WARM_S = 20.0
OURS = ("edge.core", "edge.controller", "edge.devices", "edge.journal", "plc.modbus", "plc.mailbox", "rfid.llrp.")
"""Where the classes stand whose objects are counted: what `lanewise run` has, and the floor has not."""


@dataclass(frozen=True, slots=True)
class Row:
    """Of a slice of time: what there was at its end, by name; what is compared of it."""

    at_s: float
    there: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Wraps:
    """How often what counts up began anew, and what is wrong; empty = nothing."""

    counts: Mapping[str, int]
    troubles: Sequence[str]


class Feed:
    """The orders of a floor, a while before their loads come; those that were taken are forgotten."""

    def __init__(self, floor: SimulatedFloor) -> None:
        self._floor = floor
        self._seq = count(1)
        self._waiting: list[OrderChanged] = []

    def __call__(self, place: FeedPlace, limit: int) -> FeedPortion:
        self._waiting = [item for item in self._waiting if item.feed_seq > place.seq]
        for stream in self._floor.streams.values():
            for load in [] if stream.stopped else stream.prepare(AHEAD):
                self._waiting += [OrderChanged(0, next(self._seq), order) for order in load.orders]
        return FeedPortion(tuple(self._waiting[:limit]))


def virtual(folder: Path, days: float, rate: int, seed: int) -> tuple[list[Row], Wraps]:
    """A sorting line for so many days, in virtual time."""
    whole = on_free_ports(example(ROOT, rate=rate, seed=seed, scan_ms=SCAN_MS), folder, poll_ms=POLL_MS)
    only = {table: {"sorter": getattr(whole, table)["sorter"]} for table in ("line", "plc", "reader")}
    config = whole.model_copy(update=only)
    seconds = days * DAY_S
    book.KEEP_CLOSED = CLOSED  # else it is full after weeks only
    rows: list[Row] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        floor = SimulatedFloor(config, seconds=seconds)
        await floor.start()
        controller = asyncio.create_task(Controller(config, Feed(floor), threaded=False, zero_us=UTC_US).run())
        begun = time.monotonic()
        while len(rows) < SLICES:
            await asyncio.sleep(seconds / SLICES)
            parcels = floor.report()["parcels_inducted"]
            rows.append(Row(loop.time(), _there(config.journal, parcels)))
            _show(rows[-1], f"{parcels:,} parcels, {time.monotonic() - begun:.0f} s")
        await asyncio.wait_for(floor.wait(), DRAINS_S)
        await stop(controller)
        await floor.stop()
        truth = floor.report()
        bad = [name for name in ("missorted", "left_on_belt", "unacknowledged", "defaulted") if truth[name]]
        assert not bad, truth

    run_virtual(main())
    return rows, _wraps(config)


def _there(journal: Path, parcels: int) -> dict[str, float]:
    gc.collect()
    with closing(sqlite3.connect(f"{journal.resolve().as_uri()}?mode=ro", uri=True)) as db:
        (newest,) = db.execute("SELECT max(seq) FROM record").fetchone()
        state = db.execute("SELECT length(state) FROM checkpoint").fetchone() or (0,)
        (pages,), (size,) = db.execute("PRAGMA page_count").fetchone(), db.execute("PRAGMA page_size").fetchone()
    ours = sum(type(one).__module__.startswith(OURS) for one in gc.get_objects())
    return {
        "state bytes": state[0],
        "objects": ours,
        "tasks": len(asyncio.all_tasks()),
        "handles": sum(1 for _ in Path("/proc/self/fd").iterdir()),
        "threads": threading.active_count(),
        "records a parcel": newest / max(1, parcels),
        "bytes a record": pages * size / newest,
    }


def _wraps(config: LineConfig) -> Wraps:
    """What the journal says of everything that counts up."""
    counts = {"PLC clock, 32 bits": 0, "PLC events, 16 bits": 0, "PLC commands, 16 bits": 0}
    troubles: list[str] = []
    last: dict[str, int] = {}

    def told(what: str, value: int, step: int) -> None:
        if step > 0 and value != (last.get(what, 0) + step) % 65_536:
            troubles.append(f"{what}: {value} behind {last.get(what)}")
        counts[what] += value < last.get(what, 0)
        last[what] = value

    with closing(JournalReader(config.journal)) as reader:
        for record in reader.every():
            match record.value:
                case PlcEvent(seq=seq, plc_ms=plc_ms):
                    told("PLC events, 16 bits", seq, 1)
                    if plc_ms < last.get("ms", 0) - 2**31:
                        counts["PLC clock, 32 bits"] += 1
                    last["ms"] = plc_ms
                case CommandSent(seq=seq):
                    told("PLC commands, 16 bits", seq, 1)
                case _:
                    pass
        again = replay(reader.every())
    if again.difference is not None:
        troubles.append(f"replay differs: {again.difference}")
    counts["decisions derived again"] = again.decisions
    return Wraps(counts, troubles)


def real(minutes: float, rate: int, seed: int) -> list[Row]:
    """A whole site's processes for so long."""
    from chaos.page import build
    from chaos.site import open_site, preloaded, programs_path, wait_for

    os.environ["PATH"] = f"{programs_path()}:/usr/sbin"
    preloaded(build(ROOT / ".chaos"))
    tools = [shutil.which(name) for name in ("mosquitto", "mosquitto_sub")]
    if None in tools:
        raise FileNotFoundError("mosquitto is not installed: `make peers` installs it")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="lanewise-soak-") as folder:
        opened = open_site(
            Path(folder) / "site",
            seed=seed,
            rate=rate,
            seconds=(minutes + 5) * 60,
            broker=str(tools[0]),
            listens=str(tools[1]),
            on_postgres=None,
        )
        with opened as site:
            wait_for(lambda: site.floor_s >= WARM_S, lambda: f"the belts do not move\n{site.logs()}")
            for _ in range(SLICES):
                time.sleep(minutes * 60 / SLICES)
                there: dict[str, float] = {}
                for name in site.ours:
                    there |= {f"{name} {what}": value for what, value in _asked(site.ports[name]).items()}
                rows.append(Row(site.floor_s, there))
                _show(rows[-1], "")
    return rows


_OF_PROCESS = {"process_resident_memory_bytes": "memory", "process_open_fds": "handles"}


def _asked(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        said = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line.startswith("process_"))
    return {what: float(said[name]) for name, what in _OF_PROCESS.items()}


def grows(rows: Sequence[Row]) -> list[str]:
    """What was more in the second half than in the second quarter, in words."""
    quarter, half = rows[len(rows) // 4 : len(rows) // 2], rows[len(rows) // 2 :]
    found = []
    for name in rows[0].there:
        before, after = (max(row.there[name] for row in some) for some in (quarter, half))
        if after > before * GROWS:
            found.append(f"{name}: {before:,.0f}, then {after:,.0f}")
    return found


def _show(row: Row, more: str) -> None:
    told = ", ".join(f"{name} {value:,.1f}".removesuffix(".0") for name, value in row.there.items())
    print(f"{row.at_s / 3600:7.2f} h | {told} | {more}", flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Prints the rows, and what grows; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--days", type=float, default=3.0, help="of virtual time (default 3)")
    parser.add_argument("--real", type=float, metavar="MINUTES", help="real processes for so long instead")
    parser.add_argument("--rate", type=int, default=1_000, help="parcels an hour (default 1000)")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    troubles: list[str] = []
    if given.real is not None:
        rows = real(given.real, given.rate, given.seed)
    else:
        with tempfile.TemporaryDirectory(prefix="lanewise-soak-") as folder:
            rows, wraps = virtual(Path(folder), given.days, given.rate, given.seed)
        print(", ".join(f"{what}: {times:,}" for what, times in wraps.counts.items()))
        troubles += wraps.troubles[:5]
    troubles += grows(rows)
    print("\n".join(troubles) or "nothing grows, nothing is lost")
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
