"""The story of a track number that PLC sessions used again and again: its cost, and whether it grows faster than it.

Public names: records_of, main. Run: ``python -m bench.timeline``.

A PLC that is restarted counts its tracks from 1 again, so one number names a parcel of every session. Read is from
memory, so that only the story is measured; processor time, the best of some rounds.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from time import thread_time

from edge.core.events import (
    CommandHandled,
    CommandSent,
    Event,
    Journaled,
    PassageSeen,
    PlcEvent,
    RouteDecided,
    RouteReason,
    Stage,
)
from edge.core.names import refs
from edge.journal.record import Record, encode
from edge.views.timeline import timeline
from plc.words import EventType, Opcode

START_US = 1_700_000_000_000_000
LINE, TRACK = "sorter", 7
ROUNDS = 5


def records_of(sessions: int) -> dict[str, list[Record]]:
    """By name, the records of one parcel in each session, nine of each, all with one track number."""
    found: dict[str, list[Record]] = defaultdict(list)
    seq = 0
    for session in range(1, sessions + 1):
        for value in _parcel(session, START_US + session * 10_000_000):
            seq += 1
            record = Record(seq, value.at_us, getattr(value, "line", ""), type(value).__name__, encode(value))
            for name in refs(value):
                found[name].append(record)
    return found


def _parcel(session: int, at_us: int) -> list[Journaled | Event]:
    def event(kind: EventType, station: int) -> PlcEvent:
        return PlcEvent(
            at_us=at_us,
            device_us=at_us,
            plc=LINE,
            session=session,
            seq=int(kind),
            type=int(kind),
            track_id=TRACK,
            station=station,
            cause=0,
            value=0,
            plc_ms=0,
        )

    def seen(stage: Stage) -> PassageSeen:
        return PassageSeen(
            at_us=at_us,
            line=LINE,
            passage=session,
            track_id=TRACK,
            stage=stage,
            start_us=at_us,
            stop_us=at_us,
            offset_us=0,
            claims=(),
            tags=(),
        )

    route = RouteDecided(
        at_us=at_us,
        line=LINE,
        track_id=TRACK,
        subject=f"(00){session:018d}",
        order=f"order-{session}",
        lane=1,
        reason=RouteReason.ASSIGNED,
        round=0,
        expiry_ms=0,
        text="",
    )
    sent = CommandSent(
        at_us=at_us,
        plc=LINE,
        session=session,
        seq=1,
        opcode=Opcode.ROUTE,
        value=TRACK,
        target=1,
        expiry_ms=0,
        found=False,
    )
    handled = CommandHandled(at_us=at_us, plc=LINE, seq=1, opcode=Opcode.ROUTE, value=TRACK, target=1, refusal=0)
    edges = [event(kind, 11) for kind in (EventType.ENTERED, EventType.LEFT, EventType.INDUCTED)]
    return [*edges, seen(Stage.DUE), route, sent, handled, seen(Stage.FINAL), event(EventType.DIVERTED, 1)]


def main() -> int:
    """Prints milliseconds by the number of sessions, and what a record costs beside one of the first row."""
    print(f"{'sessions':>8}  {'records':>8}  {'ms':>8}  {'us a record':>11}  beside the first")
    first = 0.0
    for sessions in (100, 200, 400, 800, 1_600):
        records = records_of(sessions)
        best = min(_story_s(records, sessions) for _ in range(ROUNDS))
        each_us = best / (9 * sessions) * 1e6
        first = first or each_us
        print(
            f"{sessions:>8}  {9 * sessions:>8}  {best * 1000:>8.1f}  {each_us:>11.2f}  {each_us / first:.2f}",
            flush=True,
        )
    return 0


def _story_s(records: dict[str, list[Record]], sessions: int) -> float:
    began = thread_time()
    entries = timeline(f"{LINE}#{TRACK}", lambda name: records.get(name, []))
    spent = thread_time() - began
    assert len(entries) == 9 * sessions
    return spent


if __name__ == "__main__":
    sys.exit(main())
