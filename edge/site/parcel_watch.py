"""Parcels in trouble: looked for when something may have come up, told once, and each a case that somebody looks after.

Public names: watch, ParcelWatched, PORTION.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from edge.orders.cases import CaseKind
from edge.orders.tracking import NOTICES, ParcelTrouble, TrackRules, troubles_from
from edge.site import cases, dialect, outbox, tracking
from edge.site.delays import Delay, tell_delays
from edge.site.dialect import Lock
from edge.site.outbox import OutboxTold
from edge.site.tables import tracking as tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections

PORTION = 1_000
_LATE = (ParcelTrouble.LATE, ParcelTrouble.DELAYED)


class ParcelWatched(NamedTuple):
    """A trouble that was not known; ``case``: its number, 0 = it needs none. ``promised_us``: 0 = nothing was."""

    sscc: str
    kind: ParcelTrouble
    order: str
    carrier: str
    case: int
    promised_us: int


def watch(
    at: StoreConnections, rules: TrackRules, promise_end_us: Callable[[str], int], at_us: int
) -> list[ParcelWatched]:
    """Looks at the parcels that may be in trouble by now; the troubles that nobody knew of.

    ``promise_end_us``: the first instant behind a promised day (ISO 8601) at the consignee's, 0 = that is no day.
    """
    found: list[ParcelWatched] = []
    while True:
        with at.writing() as db:
            dialect.lock(db, Lock.TRACKING)
            dated, told = _dated(db, rules, promise_end_us)
            fresh, looked = _looked(db, rules, at_us)
            late = [one for one in fresh if one.kind in _LATE]
            delayed = [Delay(one.order, one.promised_us, 0, str(one.kind)) for one in late]
            told += [
                OutboxTold(
                    "parcel.exception.v1",
                    one.sscc,
                    {"kind": str(one.kind), "order": one.order, "carrier": one.carrier, "case": one.case},
                )
                for one in fresh
                if one.kind not in NOTICES
            ]
            told += tell_delays(db, delayed, at_us)
            outbox.append(db, told, at_us)
        found += fresh
        if looked < PORTION and dated < PORTION:
            return found


def _dated(db: sa.Connection, rules: TrackRules, promise_end_us: Callable[[str], int]) -> tuple[int, list[OutboxTold]]:
    """Promised days become instants, -1 = it is no day; how many."""
    its = tables.tracks
    query = sa.select(its.c.sscc, its.c.promised).where(its.c.promised != "", its.c.promised_us == 0).limit(PORTION)
    rows = db.execute(query).all()
    if not rows:
        return 0, []
    ends = {day: promise_end_us(day) or -1 for day in {row.promised for row in rows}}
    which = its.update().where(its.c.sscc == sa.bindparam("its")).values(promised_us=sa.bindparam("end"))
    db.execute(which, [{"its": row.sscc, "end": ends[row.promised]} for row in rows])
    return len(rows), tracking.place_anew(db, [row.sscc for row in rows], rules)


def _looked(db: sa.Connection, rules: TrackRules, at_us: int) -> tuple[list[ParcelWatched], int]:
    """The new troubles of parcels that are due, and how many were."""
    its, track, known = tables.states, tables.tracks.c, tables.troubles
    query = (
        sa.select(tables.states, track.fulfilment, track.sales_id, track.carrier, track.promised_us, track.made_us)
        .join(tables.tracks, track.sscc == its.c.sscc)
        .where(its.c.look_us > 0, its.c.look_us <= at_us)
        .order_by(its.c.look_us, its.c.sscc)
        .limit(PORTION)
    )
    rows = {row.sscc: row for row in db.execute(query)}
    if not rows:
        return [], 0
    has = sa.select(known.c.sscc, known.c.kind).where(dialect.among(db, known.c.sscc, rows))
    before = {(row.sscc, row.kind) for row in db.execute(has)}
    fresh: list[ParcelWatched] = []
    later: list[dict[str, object]] = []
    for sscc, row in rows.items():
        from_us = troubles_from(tracking.tracked_row(row), max(0, row.promised_us), rules)
        later.append({"its": sscc, "look": min((us for us in from_us.values() if us > at_us), default=0)})
        for kind, us in from_us.items():
            if us > at_us or (sscc, str(kind)) in before:
                continue
            order, number = row.sales_id or row.fulfilment, 0
            if kind not in NOTICES:
                number = cases.open_case(
                    db,
                    kind=CaseKind.EXCEPTION,
                    class_=str(kind),
                    cause=f"parcel {sscc}@{row.made_us}: {kind}",
                    order=order,
                    parcels=(sscc,),
                    reason=str(kind),
                    at_us=at_us,
                )
            fresh.append(ParcelWatched(sscc, kind, row.fulfilment, row.carrier, number, max(0, row.promised_us)))
    stored = [(one.sscc, str(one.kind), at_us, one.case) for one in fresh]
    dialect.bulk_insert(db, known, ("sscc", "kind", "at_us", "case_id"), stored)
    which = its.update().where(its.c.sscc == sa.bindparam("its")).values(look_us=sa.bindparam("look"))
    db.execute(which, later)
    return fresh, len(rows)
