"""The outbox within a transaction: what others may know of orders, in commit order, ids only.

Public names: OutboxTold, OutboxRow, append, rows_behind, rows_of, newest, behind, COUNTED.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
import sqlalchemy as sa

from edge.site import dialect
from edge.site.dialect import Lock
from edge.site.tables import sales as tables

COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class OutboxTold:
    """Something that happened: ``type`` as a CloudEvent has it behind ``com.lanewise.``, ``subject`` its id; ``body``
    ids and codes, nothing personal.
    """

    type: str
    subject: str
    body: dict[str, str | int | list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """What was told, with its number and time."""

    seq: int
    at_us: int
    told: OutboxTold


def append(db: sa.Connection, told: Sequence[OutboxTold], at_us: int) -> None:
    """Adds them; the last thing that a transaction does."""
    if told:
        rows = [(at_us, one.type, one.subject, msgspec.json.encode(one.body).decode()) for one in told]
        dialect.append(db, tables.outbox, Lock.OUTBOX, ("at_us", "type", "subject", "body"), rows)


def rows_behind(db: sa.Connection, seq: int, limit: int) -> list[OutboxRow]:
    """Up to ``limit`` rows behind a number, in order."""
    columns = tables.outbox.c
    return _rows(db, sa.select(tables.outbox).where(columns.seq > seq).order_by(columns.seq).limit(limit))


def rows_of(db: sa.Connection, numbers: Iterable[int]) -> list[OutboxRow]:
    """The rows of some numbers that are still there, in order."""
    columns = tables.outbox.c
    return _rows(db, sa.select(tables.outbox).where(columns.seq.in_(list(numbers))).order_by(columns.seq))


def newest(db: sa.Connection) -> int:
    """The newest number; 0 = nothing was told yet."""
    return db.execute(sa.select(sa.func.max(tables.outbox.c.seq))).scalar() or 0


def behind(db: sa.Connection, seq: int) -> int:
    """How many rows are behind a number; from COUNTED on, as the numbers say, of which some were never given."""
    its = tables.outbox.c.seq
    found = sa.select(its).where(its > seq).limit(COUNTED).subquery()
    count = db.execute(sa.select(sa.func.count()).select_from(found)).scalar_one()
    return max(count, newest(db) - seq) if count == COUNTED else count


def _rows(db: sa.Connection, query: sa.Select[tuple[object, ...]]) -> list[OutboxRow]:
    return [
        OutboxRow(row.seq, row.at_us, OutboxTold(row.type, row.subject, msgspec.json.decode(row.body)))
        for row in db.execute(query)
    ]
