"""Parcels and totes in a quality or reject lane: why each is there, and what others are told of it, once.

Public names: ASIDE, follow, why_there, records_named.

What a lane is for says the start of the controller that ran when something came there.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from edge.core.events import Outcome, RouteDecided, Sorted, Started, ToteChecked
from edge.core.values.layout import Job, LaneRole, LineLayout
from edge.journal.record import Record, Value
from edge.site import sales
from edge.site.outbox import OutboxTold
from edge.site.tables import floor

ASIDE = (LaneRole.QUALITY, LaneRole.REJECT)
_KINDS = (Sorted.__name__, Started.__name__)
_LATER = 30


def follow(db: sa.Connection, node: str, records: Iterable[Record], layouts: Iterable[LineLayout]) -> list[OutboxTold]:
    """What others may know of some records of a journal, which its mirror has already.

    ``layouts``: the lines before the first of them. What another journal, or this one under another name, told before
    is not told again.
    """
    lines = {layout.name: layout for layout in layouts}
    found: list[tuple[Record, Sorted, LaneRole, Job]] = []
    for record in records:
        if record.kind not in _KINDS:
            continue
        value = record.value
        if isinstance(value, Started):
            lines |= {layout.name: layout for layout in value.layouts}
        elif isinstance(value, Sorted) and (layout := lines.get(value.line)) is not None:
            role = next((lane.role for lane in layout.lanes if lane.number == value.lane), None)
            if role in ASIDE and not _known_elsewhere(db, node, record, value):
                found.append((record, value, role, layout.job))
    sold: dict[str, list[str]] = {}
    orders = {value.order for _, value, *_ in found if value.order}
    for link in sales.linked(db, fulfilments=orders) if orders else ():
        sold.setdefault(link.fulfilment, []).append(link.order)
    return [
        _told(value, role, job, why_there(db, node, record, value)[0], sold.get(value.order, ()))
        for record, value, role, job in found
    ]


def why_there(db: sa.Connection, node: str, record: Record, value: Sorted) -> tuple[str, Value]:
    """Why something was sent to its lane, and the value that says it: of a tote its verdict, of a parcel its route;
    where it came into another lane, what happened. Empty: no record says why.
    """
    if value.outcome is not Outcome.CONFIRMED:
        return str(value.outcome), value
    ref = value.subject or _track(value)
    why = ""
    told: Value = value
    for one in records_named(db, node, ref, floor.mirror.c.seq < record.seq):
        match its := one.value:
            case ToteChecked(track_id=value.track_id, line=value.line) if its.findings:
                return ",".join(dict.fromkeys(str(finding.kind) for finding in its.findings)), its
            case RouteDecided(track_id=value.track_id, line=value.line) if not why:
                why, told = str(its.reason), its
            case _:
                pass
    return why, told


def records_named(
    db: sa.Connection, node: str, ref: str, *more: sa.ColumnElement[bool], newest: bool = True
) -> list[Record]:
    """Some records of a journal that name something."""
    its, name = floor.mirror.c, floor.mirror_refs.c
    query = (
        sa.select(its.seq, its.at_us, its.line, its.kind, its.body)
        .join(floor.mirror_refs, sa.and_(name.node == its.node, name.seq == its.seq))
        .where(name.ref == ref, name.node == node, *more)
        .order_by(its.seq.desc() if newest else its.seq)
    )
    return [Record(*row) for row in db.execute(query.limit(_LATER))]


def _track(value: Sorted) -> str:
    return f"{value.line}#{value.track_id}"


def _known_elsewhere(db: sa.Connection, node: str, record: Record, value: Sorted) -> bool:
    its, name = floor.mirror.c, floor.mirror_refs.c
    same = (
        sa.select(its.seq)
        .join(floor.mirror_refs, sa.and_(name.node == its.node, name.seq == its.seq))
        .where(name.ref == _track(value), name.node != node)
        .where(its.at_us == record.at_us, its.kind == record.kind, its.body == record.body)
    )
    return db.execute(same.limit(1)).first() is not None


def _told(value: Sorted, role: LaneRole, job: Job, why: str, sold: Iterable[str]) -> OutboxTold:
    body: dict[str, str | int | list[str]] = {
        "line": value.line, "lane": value.lane, "role": str(role), "reason": why, "track": _track(value),
        "at_us": value.at_us,
    }  # fmt: skip
    if value.order:
        body["order"] = value.order
    if orders := sorted(set(sold)):
        body["sales_orders"] = orders
    if job is Job.VERIFY:
        return OutboxTold("tote.set-aside.v1", value.subject or _track(value), body)
    sscc = value.subject.removeprefix("(00)")
    if sscc != value.subject:
        body["sscc"] = sscc
    return OutboxTold("parcel.set-aside.v1", sscc or _track(value), body)
