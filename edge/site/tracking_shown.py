"""Parcels that left, as pages, API and files show them; and what customers say of their delivery.

Public names: ParcelRow, ParcelFilter, parcel_rows, TroubleRow, troubles_of, Rated, rate, feedback_of, feedback_csv,
REASONS, erase_words, trim_raw, trim_tracking.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from edge.core.iso_time import iso
from edge.orders.tracking import ParcelCode, ParcelTrouble, Tracked
from edge.site import dialect, tracking
from edge.site.tables import sales as sales_tables
from edge.site.tables import tracking as tables
from edge.views.csv_table import csv_table

REASONS = ("good", "late", "damaged", "wrong", "packing", "driver")
FEEDBACK_COLUMNS = (
    "parcel",
    "order",
    "carrier",
    "service",
    "shipped",
    "delivered",
    "promised",
    "score",
    "reasons",
    "said",
    "at",
)
_SAID = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelFilter:
    """Which parcels; empty = all. ``trouble``: of a kind, or `any`; ``after``: behind this SSCC in the list."""

    state: str = ""
    carrier: str = ""
    trouble: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelRow:
    """A parcel that is followed. ``its``: where it is; ``troubles``: what was found, by kind."""

    sscc: str
    fulfilment: str
    sales_id: str
    carrier: str
    service: str
    number: str
    shipment: str
    piece: int
    pieces: int
    promised: str
    its: Tracked
    troubles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TroubleRow:
    """What was found of a parcel. ``case``: 0 = it needs none."""

    kind: ParcelTrouble
    at_us: int
    case: int


@dataclass(frozen=True, slots=True)
class Rated:
    """What a customer says: 1 to 5, some of `REASONS`, and words."""

    score: int
    reasons: tuple[str, ...]
    said: str
    at_us: int


def parcel_rows(db: sa.Connection, which: ParcelFilter, limit: int) -> list[ParcelRow]:
    """Parcels, those that moved last first."""
    track, its = tables.tracks.c, tables.states.c
    pieces = sa.func.coalesce(tables.shipments.c.pieces, 1).label("pieces")
    joined = tables.tracks.join(tables.states, its.sscc == track.sscc).outerjoin(
        tables.shipments, tables.shipments.c.id == track.shipment
    )
    shown = [
        track[name]
        for name in ("fulfilment", "sales_id", "carrier", "service", "number", "shipment", "piece", "promised")
    ]
    query = sa.select(tables.states, *shown, pieces).select_from(joined)
    if which.state:
        query = query.where(its.state == which.state)
    if which.carrier:
        query = query.where(track.carrier == which.carrier)
    if which.trouble:
        found = sa.select(tables.troubles.c.sscc).where(tables.troubles.c.sscc == track.sscc)
        if which.trouble != "any":
            found = found.where(tables.troubles.c.kind == which.trouble)
        query = query.where(found.exists(), its.state.not_in((str(ParcelCode.DELIVERED), str(ParcelCode.BACK))))
    if which.after:
        last = sa.select(its.moved_us).where(its.sscc == which.after).scalar_subquery()
        query = query.where(sa.or_(its.moved_us < last, sa.and_(its.moved_us == last, its.sscc > which.after)))
    rows = db.execute(query.order_by(its.moved_us.desc(), its.sscc).limit(limit)).all()
    known = tables.troubles.c
    kinds: dict[str, list[str]] = {}
    wanted = sa.select(known.sscc, known.kind).where(dialect.among(db, known.sscc, (row.sscc for row in rows)))
    for sscc, kind in db.execute(wanted.order_by(known.at_us, known.kind)):
        kinds.setdefault(sscc, []).append(kind)
    return [
        ParcelRow(
            sscc=row.sscc, fulfilment=row.fulfilment, sales_id=row.sales_id, carrier=row.carrier, service=row.service,
            number=row.number, shipment=row.shipment, piece=row.piece, pieces=row.pieces, promised=row.promised,
            its=tracking.tracked_row(row), troubles=tuple(kinds.get(row.sscc, ())),
        )
        for row in rows
    ]  # fmt: skip


def troubles_of(db: sa.Connection, sscc: str) -> list[TroubleRow]:
    """What was found of a parcel, in order."""
    its = tables.troubles.c
    rows = db.execute(sa.select(its.kind, its.at_us, its.case_id).where(its.sscc == sscc).order_by(its.at_us, its.kind))
    return [TroubleRow(ParcelTrouble(row.kind), row.at_us, row.case_id) for row in rows]


def rate(db: sa.Connection, sscc: str, score: int, reasons: Sequence[str], said: str, at_us: int) -> bool:
    """Notes what a customer says of a parcel, once; whether it was the first time.

    ``score``: 1 to 5; of ``reasons`` those that there are count.
    """
    dialect.lock(db, dialect.Lock.TRACKING)
    if feedback_of(db, sscc) is not None:
        return False
    chosen = " ".join(one for one in REASONS if one in reasons)
    row = {"sscc": sscc, "score": min(5, max(1, score)), "reasons": chosen, "said": said[:_SAID], "at_us": at_us}
    db.execute(tables.feedback.insert().values(row))
    return True


def feedback_of(db: sa.Connection, sscc: str) -> Rated | None:
    """What was said of a parcel; None = nothing."""
    row = db.execute(sa.select(tables.feedback).where(tables.feedback.c.sscc == sscc)).first()
    return None if row is None else Rated(row.score, tuple(row.reasons.split()), row.said, row.at_us)


def feedback_csv(db: sa.Connection, since_us: int, until_us: int) -> str:
    """What customers said between two instants: CSV, a row for each parcel, times in UTC."""
    its, track, state = tables.feedback.c, tables.tracks.c, tables.states.c
    query = (
        sa.select(
            tables.feedback,
            track.sales_id,
            track.fulfilment,
            track.carrier,
            track.service,
            track.promised,
            state.departed_us,
            state.delivered_us,
        )
        .join(tables.tracks, track.sscc == its.sscc)
        .join(tables.states, state.sscc == its.sscc)
        .where(its.at_us >= since_us, its.at_us < until_us)
        .order_by(its.at_us, its.sscc)
    )

    def shown(at_us: int) -> str:
        return iso(at_us) if at_us else ""

    rows = (
        (
            row.sscc, row.sales_id or row.fulfilment, row.carrier, row.service, shown(row.departed_us),
            shown(row.delivered_us), row.promised, str(row.score), row.reasons, row.said, shown(row.at_us),
        )
        for row in db.execute(query)
    )  # fmt: skip
    return csv_table(FEEDBACK_COLUMNS, rows)


def erase_words(db: sa.Connection, orders: Iterable[str]) -> None:
    """What carriers and customers wrote of the parcels of some orders goes: it may name who got them."""
    link = sales_tables.fulfilments.c
    named = sa.select(link.fulfilment_id).where(dialect.among(db, link.sales_id, orders))
    track = tables.tracks.c
    parcels = set(db.execute(sa.select(track.sscc).where(track.fulfilment.in_(named))).scalars())
    if not parcels:
        return
    event, said = tables.events, tables.feedback
    db.execute(event.update().where(dialect.among(db, event.c.sscc, parcels)).values(raw=""))
    db.execute(said.update().where(dialect.among(db, said.c.sscc, parcels)).values(said=""))


def trim_raw(portion: int, before_us: int, db: sa.Connection) -> int:
    """What carriers sent before an instant is kept no longer as it came; how much of it went."""
    its, hook = tables.events, tables.hooks
    due = sa.select(its.c.seq).where(its.c.taken_us < before_us, its.c.raw != "").order_by(its.c.seq).limit(portion)
    gone = db.execute(its.update().where(its.c.seq.in_(due)).values(raw="")).rowcount
    old = sa.select(hook.c.seq).where(hook.c.at_us < before_us, hook.c.body != "").order_by(hook.c.at_us).limit(portion)
    return int(max(gone, db.execute(hook.update().where(hook.c.seq.in_(old)).values(body="")).rowcount))


def trim_tracking(portion: int, before_us: int, db: sa.Connection) -> int:
    """Parcels that ended, and moved last before an instant, with all that was told of them; how many."""
    its = tables.states.c
    ended = [str(one) for one in (ParcelCode.DELIVERED, ParcelCode.BACK, ParcelCode.LOST)]
    due = sa.select(its.sscc).where(its.state.in_(ended), its.moved_us < before_us).limit(portion)
    names = db.execute(due).scalars().all()
    every = (tables.events, tables.states, tables.troubles, tables.feedback, tables.mails, tables.tracks)
    for table in every:
        db.execute(table.delete().where(dialect.among(db, table.c.sscc, names)))
    for gone in (tables.shipments, tables.departures):
        db.execute(gone.delete().where(gone.c.departed_us < before_us))
    return len(names)
