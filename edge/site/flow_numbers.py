"""How the order flow stands now, as numbers for those who publish them: kept until every publisher could take them.

Public names: note_flow, note_figures, numbers_after, flow_now, few, KEEP_US.

Each number has a name as `edge.core.events.Measured` has them: ``orders.held`` of the device ``site.flow``. Nothing of
it names a person, and no order, fulfilment or article.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import sqlalchemy as sa

from edge.core.events import Measured
from edge.journal.record import Record, decode, encode
from edge.orders.cases import CaseState
from edge.orders.kpis import BY_NAME, Dimension, Figure, Unit
from edge.orders.sales import OrderStage
from edge.orders.stages import FulfilmentState
from edge.site import outbox
from edge.site.kpi_days import days_of
from edge.site.tables import cases, parcels, picks, sales, webhooks
from edge.site.tables import kpis as tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections

KEEP_US = 14 * 86_400_000_000
"""So long a target may be away."""
_DAY_US = 86_400_000_000
_FLOW = "site.flow"
_TOLD = (Dimension.SITE, Dimension.CHANNEL, Dimension.CARRIER, Dimension.STATION, Dimension.REASON)
"""Dimensions whose members are few and no persons."""
_MEMBERS = 40
"""Of a dimension, those with most to count."""
_Values = tuple[tuple[str, float], ...]


def note_flow(at: StoreConnections, at_us: int) -> int:
    """Notes how many orders are where, what holds them, and what is due at the next cut-offs."""
    with at.reading() as db:
        told = [
            (_FLOW, tuple(_flow(db, at_us))),
            ("site.holds", tuple(_holds(db))),
            ("site.pickups", tuple(_pickups(db, at_us))),
            ("site.late", tuple(_late(db))),
        ]
    return _note(at, told, at_us)


def note_figures(at: StoreConnections, day: date, at_us: int) -> int:
    """Notes the key figures of a day as far as it is counted."""
    with at.reading() as db:
        rows = [one.figure for one in days_of(db, str(day), str(day))]
    told: dict[str, list[tuple[str, float]]] = {}
    for one in few(rows):
        part = f"{one.dimension}:{one.member}" if one.member else str(one.dimension)
        its = told.setdefault(f"kpi.{one.kpi}", [])
        its += [(f"numerator.{part}", one.numerator), (f"denominator.{part}", one.denominator)]
        if (value := one.value) is not None:
            its.append((f"value.{part}", value))
        if one.p90 is not None:
            its.append((f"p90_us.{part}", one.p90))
    return _note(at, [(device, tuple(values)) for device, values in told.items()], at_us)


def numbers_after(db: sa.Connection, seq: int, limit: int) -> list[Record]:
    """Up to ``limit`` of what was noted behind a number, as records of a journal."""
    its = tables.numbers.c
    rows = db.execute(sa.select(tables.numbers).where(its.seq > seq).order_by(its.seq).limit(limit))
    return [Record(row.seq, row.at_us, "", Measured.__name__, row.body) for row in rows]


def flow_now(db: sa.Connection) -> tuple[int, dict[str, float]]:
    """When it was noted last how many orders are where, and that; 0 = never."""
    its = tables.numbers.c
    query = sa.select(its.at_us, its.body).where(its.device == _FLOW).order_by(its.seq.desc()).limit(1)
    row = db.execute(query).first()
    value = None if row is None else decode(Measured.__name__, row.body)
    return (row.at_us, dict(value.values)) if row is not None and isinstance(value, Measured) else (0, {})


def _note(at: StoreConnections, told: Sequence[tuple[str, _Values]], at_us: int) -> int:
    rows = [
        {"at_us": at_us, "device": device, "body": encode(Measured(at_us, device, values))}
        for device, values in told
        if values
    ]
    its = tables.numbers
    with at.writing() as db:
        if rows:
            db.execute(its.insert(), rows)
        first = sa.select(sa.func.min(its.c.seq)).scalar_subquery()  # stays: by it the numbers are known again
        db.execute(its.delete().where(its.c.at_us < at_us - KEEP_US, its.c.seq > first))
    return len(rows)


def few(rows: Sequence[Figure]) -> Iterator[Figure]:
    """Of dimensions that may be told, the members with most to count."""
    counted: dict[tuple[str, Dimension], int] = {}
    for one in sorted(
        rows, key=lambda one: -one.numerator if BY_NAME[one.kpi].unit is Unit.SHARE else -one.denominator
    ):
        if one.dimension in _TOLD:
            place = counted[one.kpi, one.dimension] = counted.get((one.kpi, one.dimension), 0) + 1
            if place <= _MEMBERS:
                yield one


# ---- what is now -----------------------------------------------------------------------------------------------------


def _flow(db: sa.Connection, at_us: int) -> Iterator[tuple[str, float]]:
    order, member, wave = sales.orders.c, picks.members.c, picks.waves.c
    released = sa.select(member.sales_id).join(picks.waves, wave.id == member.wave).where(wave.released_us > 0)
    on_its_way = released.where(member.ended != "cancelled", member.sales_id == order.id).exists()
    for stage, name, more in (
        (OrderStage.REVIEW, "review", sa.true()),
        (OrderStage.HELD, "held", sa.true()),
        (OrderStage.ACCEPTED, "accepted", ~on_its_way),
    ):
        query = sa.select(sa.func.count(), sa.func.min(order.taken_us)).where(order.stage == str(stage), more)
        count, since_us = db.execute(query).one()
        yield from _stood(name, count, since_us, at_us)
    begun = sa.select(sa.func.count(), sa.func.min(wave.released_us)).join(picks.waves, wave.id == member.wave)
    for name, ended in (("released", ("", "short")), ("verified", ("verified",))):
        query = begun.where(wave.released_us > 0, member.ended.in_(ended))
        count, since_us = db.execute(query).one()
        yield from _stood(name, count, since_us, at_us)
    yield from _stuck(db, at_us)


def _stuck(db: sa.Connection, at_us: int) -> Iterator[tuple[str, float]]:
    """Parcels that are packed and in no lane, in their lane and not gone; cases that are overdue; events that a webhook
    was not told.
    """
    its, label = sales.fulfilment_states.c, parcels.parcels.c
    for name, state, since in (
        ("labelled", FulfilmentState.PACKED, label.labelled_us),
        ("sorted", FulfilmentState.SORTED, label.used_us),
    ):
        live = sa.and_(label.fulfilment == its.fulfilment_id, label.voided_us == 0)
        query = sa.select(sa.func.count(), sa.func.min(since)).join(parcels.parcels, live)
        count, since_us = db.execute(query.where(its.state == str(state))).one()
        yield from _stood(name, count, since_us, at_us)
    case = cases.cases.c
    ended = (CaseState.RESOLVED, CaseState.CLOSED, CaseState.REFUSED, CaseState.EXPIRED)
    late = sa.select(sa.func.count(), sa.func.min(case.due_us)).where(
        case.due_us > 0, case.due_us < at_us, case.state.not_in([str(one) for one in ended])
    )
    count, since_us = db.execute(late).one()
    yield from _stood("case-overdue", count, since_us, at_us)
    after = db.execute(sa.select(sa.func.min(webhooks.webhooks.c.after))).scalar()
    behind, since_us = 0, None
    if after is not None:
        waits = sa.select(sales.outbox.c.at_us).where(sales.outbox.c.seq > after).order_by(sales.outbox.c.seq).limit(1)
        since_us = db.execute(waits).scalar()
        behind = outbox.behind(db, after)
    yield from _stood("untold", behind, since_us, at_us)


def _stood(stage: str, count: int, since_us: int | None, at_us: int) -> Iterator[tuple[str, float]]:
    yield f"orders.{stage}", count
    yield f"oldest_us.{stage}", 0 if since_us is None else max(0, at_us - since_us)


def _holds(db: sa.Connection) -> Iterator[tuple[str, float]]:
    order, found = sales.orders.c, sales.findings.c
    query = (
        sa.select(found.code, sa.func.count(sa.distinct(found.order_id)))
        .join(sales.orders, order.id == found.order_id)
        .where(order.stage == str(OrderStage.HELD))
        .group_by(found.code)
    )
    for code, count in sorted(db.execute(query).all()):
        yield f"orders.{code}", count


def _pickups(db: sa.Connection, at_us: int) -> Iterator[tuple[str, float]]:
    """By service, of parcels whose cut-off lies within a day: not in their lane yet, too late, until the next one."""
    member, wave = picks.members.c, picks.waves.c
    near = member.cutoff_us.between(at_us - _DAY_US, at_us + _DAY_US)
    coming = sa.case((member.cutoff_us > at_us, member.cutoff_us))
    query = (
        sa.select(
            member.carrier,
            member.code,
            sa.func.sum(sa.case((member.cutoff_us > at_us, 1), else_=0)),
            sa.func.sum(sa.case((member.cutoff_us <= at_us, 1), else_=0)),
            sa.func.min(coming),
        )
        .join(picks.waves, wave.id == member.wave)
        .where(near, member.ended.not_in(("shipped", "cancelled")))
        .group_by(member.carrier, member.code)
        .order_by(member.carrier, member.code)
    )
    for carrier, code, to_go, missed, next_us in db.execute(query):
        name = f"{carrier}/{code}"
        yield f"open.{name}", int(to_go)
        yield f"missed.{name}", int(missed)
        if next_us is not None:
            yield f"left_us.{name}", next_us - at_us


def _late(db: sa.Connection) -> Iterator[tuple[str, float]]:
    told, member = picks.late.c, picks.members.c
    query = (
        sa.select(told.reason, sa.func.count(sa.distinct(told.fulfilment)))
        .join(picks.members, member.fulfilment == told.fulfilment)
        .where(member.ended.not_in(("shipped", "cancelled")), member.cutoff_us == told.cutoff_us)
        .group_by(told.reason)
    )
    found: dict[str, int] = {row[0]: row[1] for row in db.execute(query)}
    yield "orders.all", sum(found.values())
    for reason, count in sorted(found.items()):
        yield f"orders.{reason}", count
