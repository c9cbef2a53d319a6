"""Journals in tests: read whole, made of values, judged, and left without room.

Public names: journal, records, assert_replays, assert_journal_is_whole, leave_no_room.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from edge.config.lines import LineConfig
from edge.core.events import (
    Event,
    Journaled,
    PlcEvent,
)
from edge.journal.reader import JournalReader
from edge.journal.record import Record, encode
from edge.journal.replay import replay
from edge.sim.tally import FloorReport


def journal(config: LineConfig) -> list[Record]:
    """All of a controller's journal."""
    reader = JournalReader(config.journal)
    try:
        return list(reader.every())
    finally:
        reader.close()


def records(values: Iterable[Journaled | Event]) -> list[Record]:
    """Values as the journal would give them back."""
    return [
        Record(number, value.at_us, getattr(value, "line", ""), type(value).__name__, encode(value))
        for number, value in enumerate(values, 1)
    ]


def assert_replays(values: Iterable[Journaled | Event]) -> None:
    """From what came in, the same is decided again."""
    assert replay(records(values)).difference is None


def assert_journal_is_whole(found: list[Record], truth: FloorReport) -> None:
    """Every PLC event once and in order, one lane a parcel and round, and the same decisions again."""
    events = [record.value for record in found if record.kind == PlcEvent.__name__]
    by_plc: dict[str, list[int]] = {}
    for event in events:
        assert isinstance(event, PlcEvent)
        by_plc.setdefault(event.plc, []).append(event.seq)
    for plc, said in truth["plc_events"].items():
        assert by_plc.get(plc, []) == [seq % 65536 for seq in range(1, said["events"] + 1)]
    assert replay(found).difference is None


def leave_no_room(db: sqlite3.Connection) -> None:
    """From now on the database can't grow and has next to nothing free, as on a full disk."""
    free = db.execute("PRAGMA freelist_count").fetchone()[0]
    db.execute("CREATE TABLE filler(bytes BLOB)")
    db.execute("INSERT INTO filler VALUES(zeroblob(?))", ((free - 4) * 4096,))
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count={pages}")
