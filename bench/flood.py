"""A reader that floods: steps of the other lines, memory, journal and found parcels beside 0 to 50,000 reads a second.

Public names: main. Run: ``python -m bench.flood [--against REV]``.

Three lines of the example in pure virtual time, through the core as it is shipped. The reader of the sorter tells,
beside the labels of its own parcels, random EPCs of 96 bits, each once, from all antennas at all times. Measured is the
processor time of every step, since a step of one line keeps all others waiting: ``flood`` are those of the reader that
floods, ``others`` all the rest. ``found``: parcels of open orders that were sorted by their label. ``journal``: what
the whole controller would write. With ``--against`` another version runs the same in a process of its own, row by row.
Below: one message with many reads as the controller takes it, in turns of the loop, and in one step.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path
from time import thread_time

from edge.config.load import load_line
from edge.core.core import Core
from edge.core.events import (
    Command,
    DeviceChanged,
    Input,
    OrderChanged,
    PlcEvent,
    RouteDecided,
    RouteReason,
    Started,
    TagsRead,
    Tick,
)
from edge.core.values.order import Order, OrderLine
from edge.journal.record import encode
from plc.words import EventType
from rfid.driver import ReadColumns
from rfid.epc.identity import identify, sscc96

ROOT = Path(__file__).resolve().parents[1]
START_US = 1_700_000_000_000_000
LINE = "sorter"
REPORT_US = 10_000
PARCEL_US = 500_000
TOTE_US = 3_000_000
RATES = (0, 1_000, 5_000, 20_000, 50_000)
MESSAGES = (250, 1_000, 5_000, 20_000)


class Floor:
    """Parcels twice a second on the sorter, a tote every 3 s on each other line, and ``rate`` random EPCs a second."""

    def __init__(self, rate: int, seconds: int) -> None:
        config = load_line(ROOT / "examples" / "warehouse" / "LINE.toml")
        self.layouts = config.layouts()
        self.core = Core(self.layouts)
        self.rate, self.seconds = rate, seconds
        self.flood_ms: list[float] = []
        self.others_ms: list[float] = []
        self.octets = 0
        self.found: set[int] = set()
        self.resident_mb: list[float] = []
        self._random = random.Random(rate)
        self._seqs: dict[str, int] = {}
        self._labels = [sscc96("9521141", f"{number:010d}") for number in range(seconds * 1_000_000 // PARCEL_US)]
        self._wanted = {number + 1 for number in range(len(self._labels))}

    def run(self) -> None:
        """All of it; what is done before the flood begins is not counted."""
        self._give(
            Started(at_us=START_US, controller="bench", version="0", layouts=self.layouts, alarms=()), counted=False
        )
        for seq, label in enumerate(self._labels, 1):
            order = Order(
                id=f"B-{seq}",
                carrier="UPS",
                service="",
                lines=(OrderLine("09521141000109", 1),),
                parcel=identify(label),
            )
            self._give(OrderChanged(START_US, seq, order), counted=False)
        for layout in self.layouts:
            for reader in layout.portal.readers:
                self._give(DeviceChanged(START_US - 10_000_000, f"reader.{reader}", True, "reads"), counted=False)
        gc.collect()
        gc.freeze()
        gc.set_threshold(5_000, 2, 5_000)  # as `lanewise run` does
        for at_us in range(0, self.seconds * 1_000_000, REPORT_US):
            if at_us % 1_000_000 == 0:
                self.resident_mb.append(_resident_mb())
            self._turn(at_us)
        self.resident_mb.append(_resident_mb())

    def _turn(self, since_us: int) -> None:
        at_us = START_US + since_us
        for layout in self.layouts:
            mine = layout.name == LINE
            every_us = PARCEL_US if mine else TOTE_US
            number, phase_us = divmod(since_us, every_us)
            way_us = layout.travel_us(layout.portal.eye_mm, layout.portal.antenna_mm)
            dwell_us = layout.travel_us(0, 400)
            induct_us = layout.travel_us(layout.portal.eye_mm, 0) if mine else -1
            for due_us, kind, station in (
                (0, EventType.ENTERED, layout.portal.eye),
                (dwell_us, EventType.LEFT, layout.portal.eye),
                (induct_us, EventType.INDUCTED, layout.induction),
            ):
                if 0 <= due_us - phase_us < REPORT_US:
                    self._event(layout.plc, at_us, kind, station, number + 1)
            middle_us = way_us + dwell_us // 2
            tags = [self._labels[number]] if mine and abs(phase_us - middle_us) <= dwell_us // 2 else []
            if mine:
                tags += [self._random.randbytes(12).hex().upper() for _ in range(self.rate * REPORT_US // 1_000_000)]
            if tags:
                antennas = [1 + place % 4 for place in range(len(tags))]
                reads = ReadColumns(tags, antennas, [-50] * len(tags), [at_us] * len(tags), [1] * len(tags))
                self._give(TagsRead(at_us, layout.portal.readers[0], reads), floods=mine)
        while (next_us := self.core.deadline_us()) is not None and next_us <= at_us + REPORT_US:
            self._give(Tick(max(next_us, at_us)))

    def _event(self, plc: str, at_us: int, kind: EventType, station: int, track: int) -> None:
        seq = self._seqs[plc] = self._seqs.get(plc, 0) + 1
        self._give(
            PlcEvent(
                at_us=at_us,
                device_us=at_us,
                plc=plc,
                session=1,
                seq=seq % 65_536,
                type=int(kind),
                track_id=track,
                station=station,
                cause=0,
                value=0,
                plc_ms=at_us // 1000 % 2**32,
            )
        )

    def _give(self, given: Input, *, floods: bool = False, counted: bool = True) -> None:
        began = thread_time()
        results = self.core.step(given)
        spent_ms = (thread_time() - began) * 1000
        if not counted:
            return
        (self.flood_ms if floods else self.others_ms).append(spent_ms)
        if not isinstance(given, TagsRead | Tick):
            self.octets += len(encode(given))
        for result in results:
            if isinstance(result, Command):
                continue
            self.octets += len(encode(result))
            sorted_by_label = isinstance(result, RouteDecided) and result.reason is RouteReason.ASSIGNED
            if sorted_by_label and result.track_id in self._wanted:  # type: ignore[union-attr]
                self.found.add(result.track_id)  # type: ignore[union-attr]

    def told(self) -> dict[str, float]:
        """The numbers of one row."""
        routed = sum(1 for _ in self._labels) - 2  # the last two are still on their way
        numbers: dict[str, float] = {"rate": self.rate}
        for name, samples in (("flood", self.flood_ms), ("others", self.others_ms)):
            ordered = sorted(samples)
            numbers |= {
                f"{name} p50": ordered[len(ordered) // 2],
                f"{name} p99": ordered[len(ordered) * 99 // 100],
                f"{name} max": ordered[-1],
            }
        numbers["busy"] = 100 * (sum(self.flood_ms) + sum(self.others_ms)) / 1000 / self.seconds
        numbers["before"], numbers["after"] = self.resident_mb[0], self.resident_mb[-1]
        half = self.resident_mb[len(self.resident_mb) // 2]
        numbers["growth"] = (self.resident_mb[-1] - half) * 1024 / (self.seconds / 2)
        numbers["journal"] = self.octets / 1024 / self.seconds
        numbers["found"] = 100 * min(1.0, len(self.found) / routed)
        return numbers


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main(argv: list[str] | None = None) -> int:
    """Prints a row for each rate, of this version and, where asked for, of another."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--seconds", type=int, default=20, help="of floor time for each row, 10 or more (default 20)")
    options.add_argument("--against", metavar="REV", help="a git revision to run beside this one")
    options.add_argument("--rates", type=int, nargs="+", default=RATES, metavar="N", help="random EPCs a second")
    options.add_argument("--row", type=int, help=argparse.SUPPRESS)
    given = options.parse_args(argv)
    if given.seconds < 10:
        options.error(f"--seconds {given.seconds} must be at least 10")
    if given.row is not None:
        floor = Floor(given.row, given.seconds)
        floor.run()
        print(json.dumps(floor.told()))
        return 0
    with tempfile.TemporaryDirectory(prefix="lanewise-bench-") as folder:
        trees = {"this": ROOT}
        if given.against:
            trees[given.against] = Path(folder) / "tree"
            _git("worktree", "add", "--detach", str(trees[given.against]), given.against)
        try:
            _table(trees, given.rates, given.seconds)
            _messages()
        finally:
            if given.against:
                _git("worktree", "remove", "--force", str(trees[given.against]))
    return 0


def _messages() -> None:
    """One message with many reads, of tags that no order names: the longest turn of the loop, and all of them."""
    from edge.controller.turns import ReadTurns  # versions before have none

    print(f"{'one message of':>14} {'turns':>6} {'longest, ms':>12} {'all, ms':>8} {'in one step, ms':>16}")
    for count in MESSAGES:
        spent_ms = []
        for portioned in (True, False):
            floor = Floor(0, 10)
            give, turns = floor.core.step, deque[Callable[[], None]]()
            floor._give(Started(at_us=START_US, controller="bench", version="0", layouts=floor.layouts), counted=False)
            name = next(layout.portal.readers[0] for layout in floor.layouts if layout.name == LINE)
            epcs = [floor._random.randbytes(12).hex().upper() for _ in range(count)]
            at_us = [START_US] * count
            message = TagsRead(START_US, name, ReadColumns(epcs, [1] * count, [-50] * count, at_us, [1] * count))
            if portioned:
                one = ReadTurns(give, turns.append, lambda: START_US)
                turns.append(lambda one=one, message=message: one.take(message))  # type: ignore[misc]
            else:
                turns.append(lambda give=give, message=message: give(message))  # type: ignore[misc]
            gc.collect()
            gc.freeze()
            spent: list[float] = []
            while turns:
                began = thread_time()
                turns.popleft()()
                spent.append((thread_time() - began) * 1000)
            spent_ms.append(spent)
        told, whole = spent_ms
        print(f"{count:>14,} {len(told):>6} {max(told):>12.2f} {sum(told):>8.2f} {max(whole):>16.2f}", flush=True)


def _git(*words: str) -> None:
    subprocess.run(["git", "-C", str(ROOT), *words], check=True, capture_output=True)


def _table(trees: dict[str, Path], rates: list[int], seconds: int) -> None:
    print(f"step times in ms of processor time, {seconds} s of floor time a row; busy: share of one core")
    print(
        f"{'reads/s':>8}  {'version':9} {'flood p50':>9} {'p99':>7} {'max':>8} {'others p50':>10} {'p99':>7} "
        f"{'max':>8} {'busy':>6} {'memory MB':>13} {'KB/s more':>9} {'journal KB/s':>12} {'found':>7}"
    )
    for rate in rates:
        for name, tree in trees.items():
            row = _row(tree, rate, seconds)
            print(
                f"{rate:>8,}  {name:9} {row['flood p50']:>9.3f} {row['flood p99']:>7.2f} {row['flood max']:>8.2f} "
                f"{row['others p50']:>10.3f} {row['others p99']:>7.2f} {row['others max']:>8.2f} {row['busy']:>5.0f}% "
                f"{row['before']:>5.0f} -> {row['after']:>4.0f} {row['growth']:>9.0f} {row['journal']:>12.1f} "
                f"{row['found']:>6.1f}%",
                flush=True,
            )


def _row(tree: Path, rate: int, seconds: int) -> dict[str, float]:
    """One row in a process of its own, by the bench as it stands here and the rest of ``tree``."""
    words = [sys.executable, __file__, "--row", str(rate), "--seconds", str(seconds)]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    told = subprocess.run(words, check=True, capture_output=True, text=True, cwd=tree, env=environment)
    row: dict[str, float] = json.loads(told.stdout)
    return row


if __name__ == "__main__":
    sys.exit(main())
