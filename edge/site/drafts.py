"""Accepted orders planned into drafts of waves, in one transaction behind those that promise stock to who waits.

Public names: PlanResult, plan.

Plans are made one at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from edge.orders.articles import NOTHING_SPECIAL, Article, Goods
from edge.orders.eligibility import ParcelPlan, ServiceRefusal
from edge.orders.plan import Planned, planned
from edge.orders.planning import Planning
from edge.orders.reservations import ReservationState
from edge.orders.sales import OrderStage, PaymentKind
from edge.orders.waves import Member, Wave, replanned
from edge.site import catalogue, dialect, waiting, wave_rows
from edge.site.dialect import Lock
from edge.site.tables import picks as tables
from edge.site.tables import sales as sales_tables
from edge.site.tables import stock as stock_tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections


@dataclass(frozen=True, slots=True)
class PlanResult:
    """``new``, ``kept``, ``replaced``: ids of drafts. ``left``: orders that nobody carries, and why.

    ``waiting``: orders that lack stock, with what is missing.
    """

    new: tuple[str, ...]
    kept: tuple[str, ...]
    replaced: tuple[str, ...]
    members: int
    left: tuple[tuple[str, tuple[ServiceRefusal, ...]], ...]
    waiting: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    parcel: ParcelPlan
    fulfilment: str
    lines: dict[str, int]


def plan(at: StoreConnections, by: Planning, at_us: int) -> PlanResult:
    """Promises stock to whoever waits, and plans all accepted orders that have theirs anew; released waves stay.

    The same orders, stock and rules give the same drafts; those that would be the same stay as they are.
    """
    reserved = waiting.reserve_waiting(at, at_us)
    with at.writing() as db:
        dialect.lock(db, Lock.PLAN)
        query = sa.select(tables.waves).where(tables.waves.c.released_us == 0).order_by(tables.waves.c.id)
        drafts = wave_rows.waves_of(db, db.execute(query.with_for_update()).all())
        candidates = _candidates(db, by)
        room = _taken(db, [pickup.id for pickup in by.pickups])
        pickups = [replace(one, parcels=max(0, one.parcels - room[one.id])) for one in by.pickups]
        done = planned((one.parcel for one in candidates.values()), pickups, by.services, by.terms)
        members: list[Member] = []
        found: dict[str, Planned] = {}
        for one in done.planned:
            its = candidates[one.parcel.order]
            found[its.fulfilment] = one
            members.append(
                Member(
                    fulfilment=its.fulfilment,
                    service=one.service,
                    release_by_us=one.release_by_us,
                    lines=tuple(sorted(its.lines.items())),
                    priority=one.parcel.priority,
                    urgent=one.parcel.urgent,
                    ordered_us=one.parcel.ordered_us,
                )
            )
        out = [
            Wave(id=name, service="", release_by_us=0, urgent=False, members=())
            for name in db.execute(
                sa.select(tables.waves.c.id).where(
                    tables.waves.c.released_us > 0,
                    tables.waves.c.release_by_us >= min((one.release_by_us for one in members), default=0),
                )
            ).scalars()
        ]
        fresh = replanned(drafts, out, members, by.limits)
        wave_rows.drop(db, fresh.replaced)
        _store_drafts(db, fresh.new, found, by, at_us)
        return PlanResult(
            tuple(wave.id for wave in fresh.new),
            tuple(wave.id for wave in fresh.kept),
            fresh.replaced,
            len(members),
            tuple((one.parcel.order, one.refusals) for one in done.left),
            tuple((one.order, one.missing) for one in reserved if not one.complete),
        )


def _candidates(db: sa.Connection, by: Planning) -> dict[str, _Candidate]:
    """Accepted orders whose open units are all promised, by id; what was merged goes with its new order."""
    order, line = sales_tables.orders.c, sales_tables.lines.c
    link, has, person = sales_tables.fulfilments.c, stock_tables.reservations.c, sales_tables.consignees.c
    leads = sa.case((order.stage == str(OrderStage.MERGED), order.merged_into), else_=order.id)
    names = waiting.promised(db)
    theirs = sa.and_(order.merged_into != "", dialect.among(db, order.merged_into, names))
    stages = sa.and_(
        order.stage.in_((str(OrderStage.ACCEPTED), str(OrderStage.MERGED))),
        sa.or_(dialect.among(db, order.id, names), theirs),
    )
    open_units: Counter[str] = Counter()
    query = (
        sa.select(leads, sa.func.sum(line.quantity - line.cancelled))
        .join(sales_tables.orders, order.id == line.order_id)
        .where(stages)
        .group_by(leads)
    )
    for name, units in db.execute(query):
        open_units[name] += int(units)
    parts: dict[str, set[str]] = {}
    query_links = (
        sa.select(leads, link.fulfilment_id, sa.func.sum(link.quantity))
        .join(sales_tables.orders, order.id == link.sales_id)
        .where(stages)
        .group_by(leads, link.fulfilment_id)
    )
    for name, fulfilment, units in db.execute(query_links):
        open_units[name] -= int(units)
        parts.setdefault(name, set()).add(fulfilment)
    soft: dict[str, Counter[str]] = {}
    query_soft = (
        sa.select(leads, has.sku, sa.func.sum(has.quantity))
        .join(sales_tables.orders, order.id == has.order_id)
        .where(stages, has.state == str(ReservationState.SOFT), has.fulfilment == "")
        .group_by(leads, has.sku)
    )
    for name, sku, units in db.execute(query_soft):
        soft.setdefault(name, Counter())[sku] += int(units)
    ready = {name: units for name, units in soft.items() if units.total() == open_units[name]}
    articles = catalogue.articles_of(db, {sku for units in ready.values() for sku in units})
    query_orders = (
        sa.select(
            order.id,
            order.priority,
            order.urgent,
            order.ordered_us,
            order.ship_by_us,
            order.promised,
            order.service,
            order.payment,
            (order.total - order.paid).label("due"),
            person.country,
            person.region,
            person.postcode,
        )
        .outerjoin(sales_tables.consignees, person.order_id == order.id)
        .where(order.stage == str(OrderStage.ACCEPTED), dialect.among(db, order.id, ready))
    )
    found: dict[str, _Candidate] = {}
    for row in db.execute(query_orders):
        units = ready[row.id]
        its = {sku: articles.get(sku) or Article(sku=sku) for sku in units}
        goods = NOTHING_SPECIAL
        for one in its.values():
            goods |= one.goods
        cod = row.payment == str(PaymentKind.COD) and row.due > 0
        country = row.country or ""
        found[row.id] = _Candidate(
            ParcelPlan(
                order=row.id,
                zone=by.zone_of(country, row.region or "", row.postcode or ""),
                mass_g=sum(its[sku].mass_g * n for sku, n in units.items()),
                promised_us=by.promised_us(country, row.promised) if row.promised else row.ship_by_us,
                goods=int(goods | Goods.COD if cod else goods),
                longest_mm=max(one.longest_mm for one in its.values()),
                cod_due=row.due if cod else 0,
                wish=row.service if row.service in by.services else "",
                priority=row.priority,
                urgent=row.urgent,
                ordered_us=row.ordered_us,
            ),
            f"{row.id}.{len(parts[row.id]) + 1}" if row.id in parts else row.id,
            dict(units),
        )
    return found


def _taken(db: sa.Connection, pickups: Iterable[str]) -> Counter[str]:
    """Room of pickups that released fulfilments have."""
    its = tables.members.c
    query = (
        sa.select(its.pickup, sa.func.count())
        .join(tables.waves, tables.waves.c.id == its.wave)
        .where(dialect.among(db, its.pickup, pickups), tables.waves.c.released_us > 0, its.ended != "cancelled")
        .group_by(its.pickup)
    )
    return Counter(dict(db.execute(query).all()))


_MEMBER = (
    "fulfilment",
    "wave",
    "n",
    "sales_id",
    "carrier",
    "code",
    "lane",
    "pickup",
    "cutoff_us",
    "delivered_us",
    "priority",
    "ordered_us",
    "body",
    "ended",
    "ended_us",
)


def _store_drafts(
    db: sa.Connection, drafts: Sequence[Wave], found: Mapping[str, Planned], by: Planning, at_us: int
) -> None:
    pickups = {one.id: one for one in by.pickups}
    dialect.bulk_insert(
        db,
        tables.waves,
        ("id", "service", "release_by_us", "urgent", "planned_us", "released_us", "by"),
        ((one.id, one.service, one.release_by_us, one.urgent, at_us, 0, "") for one in drafts),
    )
    rows = []
    for wave in drafts:
        for n, member in enumerate(wave.members):
            its = found[member.fulfilment]
            service, pickup = by.services[its.service], pickups[its.pickup]
            best = [(quote.pickup, quote.cost) for quote in its.best]
            body = msgspec.json.encode(wave_rows.MemberPlan(dict(member.lines), its.quote.cost, best)).decode()
            arrives_us = next((us for zone, us in pickup.arrives if zone == its.parcel.zone), its.cutoff_us)
            rows.append(
                (
                    member.fulfilment,
                    wave.id,
                    n,
                    its.parcel.order,
                    service.carrier,
                    service.code,
                    service.lane,
                    its.pickup,
                    its.cutoff_us,
                    max(arrives_us, its.parcel.promised_us),
                    member.priority,
                    member.ordered_us,
                    body,
                    "",
                    0,
                )
            )
    dialect.bulk_insert(db, tables.members, _MEMBER, rows)
