"""What journals and the outbox tell of the order flow, each once: steps of orders, and what the lines counted.

Public names: follow, forget, CHECKED, PORTION.

Follows the mirror of each journal and the outbox behind cursors, so it may stop anywhere, and begin anew from empty
tables. What comes late has the time at which it happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import sqlalchemy as sa

from edge.core.events import LoadClosed, OrderShipped, ParcelGated, RouteDecided, Sorted, ToteChecked
from edge.core.values.dock import Direction
from edge.core.values.verdicts import GateVerdict, Outcome
from edge.journal.record import JournalError, Record
from edge.orders.kpis import FlowStep
from edge.site import dialect, tables
from edge.site.tables import kpis as its
from edge.site.tables import picks

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections

PORTION = 5_000
_PORTIONS = 20
"""Of each source in a turn."""
OUTBOX = "outbox"
CHECKED = "checked"
"""Beside `FlowStep`: a tote's first check, whatever came of it."""
_KINDS = ("LoadClosed", "OrderShipped", "ParcelGated", "RouteDecided", "Sorted", "ToteChecked")
_TYPES = (
    "order.taken.v1",
    "order.accepted.v1",
    "order.held.v1",
    "wave.released.v1",
    "parcel.labelled.v1",
    "parcel.packed.v1",
)


class _Step(NamedTuple):
    subject: str
    step: str
    at_us: int
    place: str = ""
    code: str = ""


class _Fact(NamedTuple):
    source: str
    seq: int
    n: int
    kind: str
    at_us: int
    subject: str
    place: str
    code: str


@dataclass(frozen=True, slots=True)
class _Portion:
    source: str
    seq: int
    more: bool
    found: tuple[_Step | _Fact, ...]


def follow(at: StoreConnections) -> int:
    """Takes what is new since the last time; how many steps and facts."""
    with at.reading() as db:
        nodes = db.execute(sa.select(tables.progress.c.node).order_by(tables.progress.c.node)).scalars().all()
    count = 0
    for source in (OUTBOX, *nodes):
        for _ in range(_PORTIONS):
            with at.reading() as db:
                behind = db.execute(sa.select(its.cursors.c.seq).where(its.cursors.c.source == source)).scalar()
                portion = (_of_outbox if source == OUTBOX else _of_journal)(db, source, behind or 0)
            if portion.seq == behind:
                break
            with at.writing() as db:
                count += _keep(db, portion, behind)
            if not portion.more:
                break
    return count


def forget(at: StoreConnections, before_us: int) -> None:
    """Takes out what happened before an instant."""
    steps, facts = its.steps, its.facts
    with at.writing() as db:
        for step in (*FlowStep, CHECKED):
            db.execute(steps.delete().where(steps.c.step == str(step), steps.c.at_us < before_us))
        for kind in ("route", "sorted", "gate", "held"):
            db.execute(facts.delete().where(facts.c.kind == kind, facts.c.at_us < before_us))


def _keep(db: sa.Connection, portion: _Portion, behind: int | None) -> int:
    """Nothing where another process was sooner."""
    cursor = its.cursors
    mine = cursor.c.source == portion.source
    if behind is None:
        db.execute(cursor.insert().values(source=portion.source, seq=portion.seq))
    else:
        moved = db.execute(cursor.update().where(mine, cursor.c.seq == behind).values(seq=portion.seq))
        if not moved.rowcount:
            return 0
    first: dict[tuple[str, str], _Step] = {}
    for one in portion.found:
        if isinstance(one, _Step) and one.subject:
            known = first.setdefault((one.subject, one.step), one)
            if one.at_us < known.at_us:
                first[one.subject, one.step] = one
    table = its.steps
    subjects = {subject for subject, _ in first}
    query = sa.select(table.c.subject, table.c.step, table.c.at_us).where(dialect.among(db, table.c.subject, subjects))
    known_us = {(row.subject, row.step): row.at_us for row in db.execute(query)}
    for key, step in first.items():  # another journal may tell of a sooner one later
        if step.at_us < known_us.get(key, step.at_us):
            which = sa.and_(table.c.subject == step.subject, table.c.step == step.step)
            db.execute(table.update().where(which).values(at_us=step.at_us, place=step.place, code=step.code))
    dialect.bulk_insert(db, table, _Step._fields, [one for key, one in first.items() if key not in known_us])
    facts = [one for one in portion.found if isinstance(one, _Fact)]
    dialect.bulk_insert(db, its.facts, _Fact._fields, facts)
    return len(first) + len(facts)


# ---- journals --------------------------------------------------------------------------------------------------------


def _of_journal(db: sa.Connection, source: str, behind: int) -> _Portion:
    mirror, progress = tables.mirror.c, tables.progress.c
    last = db.execute(sa.select(progress.seq).where(progress.node == source)).scalar() or 0
    query = (
        sa.select(mirror.seq, mirror.at_us, mirror.line, mirror.kind, mirror.body)
        .where(mirror.node == source, mirror.seq > behind, mirror.seq <= last, mirror.kind.in_(_KINDS))
        .order_by(mirror.seq)
        .limit(PORTION)
    )
    records = [Record(*row) for row in db.execute(query)]
    full = len(records) == PORTION
    found = tuple(one for record in records for one in _told(source, record))
    return _Portion(source, records[-1].seq if full else last, full, found)


def _told(source: str, record: Record) -> Iterator[_Step | _Fact]:
    try:
        value = record.value
    except JournalError:  # of a newer version; whoever projects says so
        return
    match value:
        case ToteChecked(order=order, final=True) if order:
            code = value.findings[0].kind.value if value.findings else ""
            yield _Step(order, CHECKED, value.at_us, value.line, code)
            if value.verified:
                yield _Step(order, FlowStep.VERIFIED, value.at_us, value.line)
        case OrderShipped(order=order):
            yield _Step(order, FlowStep.SORTED, value.at_us, value.line)
        case LoadClosed(aboard=aboard, wrong=wrong, load=load):
            for one in (*aboard, *wrong):
                yield _Step(one.order, FlowStep.DEPARTED, value.at_us, load.dock)
        case RouteDecided(round=0):
            yield _Fact(source, record.seq, 0, "route", value.at_us, value.order, value.line, value.reason.value)
        case Sorted(outcome=outcome) if outcome is not Outcome.LOST:
            yield _Fact(source, record.seq, 0, "sorted", value.at_us, value.order, value.line, outcome.value)
        case ParcelGated(direction=Direction.OUT, verdict=GateVerdict.RIGHT | GateVerdict.WRONG, order=order) if order:
            yield _Fact(source, record.seq, 0, "gate", value.at_us, order, value.dock, value.verdict.value)
        case _:  # nothing of the order flow
            pass


# ---- the outbox ------------------------------------------------------------------------------------------------------


def _of_outbox(db: sa.Connection, source: str, behind: int) -> _Portion:
    told = tables.sales.outbox.c
    last = db.execute(sa.select(sa.func.max(told.seq))).scalar() or behind
    query = (
        sa.select(told.seq, told.at_us, told.type, told.subject, told.body)
        .where(told.seq > behind, told.seq <= last, told.type.in_(_TYPES))
        .order_by(told.seq)
        .limit(PORTION)
    )
    rows = db.execute(query).all()
    full = len(rows) == PORTION
    waves = {row.subject for row in rows if row.type == "wave.released.v1"}
    members: dict[str, list[str]] = {}
    link = picks.members.c
    for wave, name in db.execute(sa.select(link.wave, link.fulfilment).where(dialect.among(db, link.wave, waves))):
        members.setdefault(wave, []).append(name)
    found = tuple(one for row in rows for one in _said(row, members.get(row.subject, ())))
    return _Portion(source, rows[-1].seq if full else last, full, found)


def _said(row: Any, members: Sequence[str]) -> Iterable[_Step | _Fact]:
    """``row``: of the outbox; ``members``: of the wave that it is about."""
    seq, at_us, kind, subject, body = row
    match kind:
        case "order.taken.v1":
            yield _Step(subject, FlowStep.TAKEN, at_us)
        case "order.accepted.v1":
            yield _Step(subject, FlowStep.ACCEPTED, at_us)
        case "wave.released.v1":
            yield from (_Step(name, FlowStep.RELEASED, at_us) for name in members)
        case "parcel.labelled.v1" | "parcel.packed.v1":
            yield _Step(subject, FlowStep.PACKED, at_us)
        case _:  # held
            codes = msgspec.json.decode(body, type=dict[str, object]).get("codes")
            for n, code in enumerate(codes if isinstance(codes, list) and codes else [""]):
                yield _Fact(OUTBOX, seq, n, "held", at_us, subject, "", str(code)[:60])
