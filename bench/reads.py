"""Reads a second on one core, from the octets of LLRP reports to verdicts, and whether more tags make a read dearer.

Public names: main. Run: ``python -m bench.reads``.

The way is the controller's own: LLRP frames and reports, the reader's clock, the portal's evidence and the verdict;
only socket and journal are left out. Totes of ten tags pass; ``distinct`` is how many tags there are in all, and the
totes carry them in turn, each at least once: with ten of them one tote goes round, which is a case of its own (its tags
are never away), so that the last column compares each row's cost of a read with that of 100 tags in the same run.
"""

from __future__ import annotations

import argparse
import resource
import sys
from pathlib import Path
from time import process_time

from edge.config.load import load_line
from edge.core.core import Core
from edge.core.events import DeviceChanged, PlcEvent, Started, TagsRead, Tick, ToteChecked
from edge.core.line.line import Result
from edge.devices.reader import ReaderSession
from plc.words import EventType
from rfid.driver import ReaderClock, Reads, TagRead
from rfid.epc.identity import grai96, sgtin96
from rfid.llrp.frames import Frame, Frames
from rfid.llrp.reports import ReportDecoder
from rfid.llrp.rospec import REPORT_CONTENT
from rfid.llrp_device.report_encoder import ReportEncoder

LINE = "tote1"
TOTE_TAGS = 10
READS_OF_A_TAG = 12
TOTE_US = 3_000_000
START_US = 1_700_000_000_000_000


def main(argv: list[str] | None = None) -> int:
    """Prints reads a second, cost of a read and memory for each number of distinct tags."""
    options = argparse.ArgumentParser(description="reads a second through client, passage and verdict on one core")
    options.add_argument("--reads", type=int, default=120_000, help="for each row, if that reads every tag")
    options.add_argument("--report", type=int, default=32, help="reads a report")
    given = options.parse_args(argv)
    print(f"{'distinct':>8}  {'totes':>6}  {'reads/s':>9}  {'us a read':>9}  {'memory MB':>9}  {'beside 100':>10}")
    hundred = 0.0
    for distinct in (10, 100, 1_000, 10_000, 100_000):
        totes = max(given.reads // READS_OF_A_TAG, distinct) // TOTE_TAGS
        cost_us, verdicts = _run(distinct, totes, given.report)
        assert verdicts >= totes, (verdicts, totes)
        hundred = cost_us if distinct == 100 else hundred
        beside = f"{cost_us / hundred:.2f}" if hundred else "-"
        memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{distinct:>8}  {totes:>6}  {1e6 / cost_us:>9,.0f}  {cost_us:>9.2f}  {memory_mb:>9.0f}  {beside:>10}",
            flush=True,
        )
    return 0


def _run(distinct: int, totes: int, report: int) -> tuple[float, int]:
    """Microseconds a read, and how many verdicts there were."""
    config = load_line(Path(__file__).resolve().parents[1] / "examples" / "warehouse" / "LINE.toml")
    layout = next(layout for layout in config.layouts() if layout.name == LINE)
    core = Core([layout])
    core.step(Started(at_us=START_US, controller="bench", version="0", layouts=(layout,)))
    core.step(DeviceChanged(START_US, f"reader.{LINE}", True, "reads"))
    session, frames, decoder = ReaderSession(LINE, config.reader[LINE]), Frames(), ReportDecoder()
    encoder = ReportEncoder(REPORT_CONTENT, 1, ReaderClock.UTC)
    count = verdicts = seq = 0
    spent = 0.0
    for tote in range(totes):
        middle_us = START_US + tote * TOTE_US
        reads = _reads(tote, distinct, middle_us)
        parts = [reads[at : at + report] for at in range(0, len(reads), report)]
        messages = [(part[-1].at_us, encoder.encode(part, 1)) for part in parts]
        count += len(reads)
        edges = [(middle_us - 500_000, EventType.ENTERED), (middle_us + 500_000, EventType.LEFT)]
        began = process_time()
        results: list[Result] = []
        for at_us, octets in messages:
            while edges and edges[0][0] <= at_us:
                edge_us, kind = edges.pop(0)
                seq += 1
                results += core.step(_event(edge_us, seq, kind, tote + 1, layout.portal.eye))
            for frame in frames.feed(octets):
                assert isinstance(frame, Frame)
                for one in decoder.decode(frame.body):
                    results += _told(core, session, one, at_us)
            results += core.step(Tick(at_us))
        spent += process_time() - began
        verdicts += sum(isinstance(result, ToteChecked) for result in results)
    began = process_time()
    while (due_us := core.deadline_us()) is not None and due_us < START_US + (totes + 20) * TOTE_US:
        verdicts += sum(isinstance(result, ToteChecked) for result in core.step(Tick(due_us)))
    return (spent + process_time() - began) / count * 1e6, verdicts


def _told(core: Core, session: ReaderSession, reads: Reads, at_us: int) -> list[Result]:
    results: list[Result] = []
    for given in session.inputs(reads, at_us):
        if isinstance(given, TagsRead):
            results += core.step(given)
    return results


def _event(at_us: int, seq: int, kind: EventType, track: int, eye: int) -> PlcEvent:
    return PlcEvent(
        at_us=at_us,
        device_us=at_us,
        plc=LINE,
        session=1,
        seq=seq % 65_536,
        type=int(kind),
        track_id=track,
        station=eye,
        cause=0,
        value=0,
        plc_ms=at_us // 1000 % 2**32,
    )


def _reads(tote: int, distinct: int, middle_us: int) -> list[TagRead]:
    tags = [grai96("9521141", "12345", tote % (distinct // TOTE_TAGS))]
    tags += [sgtin96("9521141", "050000", (tote * TOTE_TAGS + place) % distinct) for place in range(TOTE_TAGS - 1)]
    found = []
    for turn in range(READS_OF_A_TAG):
        for place, tag in enumerate(tags):
            at_us = middle_us + (turn - READS_OF_A_TAG // 2) * 150_000 + place * 5_000
            found.append(TagRead(tag, 1 + (turn + place) % 4, -45.0 - abs(turn - READS_OF_A_TAG // 2) * 3, at_us, 1))
    return found


if __name__ == "__main__":
    sys.exit(main())
