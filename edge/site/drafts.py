"""Accepted orders planned into drafts of waves, in one transaction behind those that promise stock to who waits.

Public names: PlanResult, plan, plan_within.

Plans are made one at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from edge.orders.eligibility import ServiceRefusal
from edge.orders.plan import Planned, planned
from edge.orders.planning import Planning
from edge.orders.reservations import ReservationState
from edge.orders.sales import OrderStage
from edge.orders.stages import FulfilmentState
from edge.orders.waves import MINUTE_US, Member, Wave, replanned
from edge.site import dialect, waiting, wave_rows
from edge.site.choosing import ParcelSource, ParcelWanted, in_force, left_of, parcels_of, placed
from edge.site.dialect import Lock
from edge.site.tables import picks as tables
from edge.site.tables import sales as sales_tables
from edge.site.tables import stock as stock_tables
from edge.site.unplanned import keep_unplanned

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
    source: ParcelSource
    order: str
    lines: dict[str, int]


def plan(at: StoreConnections, by: Planning, at_us: int) -> PlanResult:
    """Promises stock to whoever waits, and plans all accepted orders that have theirs anew; released waves stay.

    The same orders, stock and rules give the same drafts; those that would be the same stay as they are.
    """
    reserved = waiting.reserve_waiting(at, at_us)
    with at.writing() as db:
        done = plan_within(db, by, at_us)
    return replace(done, waiting=tuple((one.order, one.missing) for one in reserved if not one.complete))


def plan_within(db: sa.Connection, by: Planning, at_us: int) -> PlanResult:
    """The same as a part of a transaction, which begins with it or has `Lock.PLAN`; nothing is promised anew."""
    dialect.lock(db, Lock.PLAN)
    by = in_force(db, by)
    query = sa.select(tables.waves).where(tables.waves.c.released_us == 0).order_by(tables.waves.c.id)
    drafts = wave_rows.waves_of(db, db.execute(query.with_for_update()).all())
    candidates = _candidates(db, by)
    pickups = left_of(db, by.pickups)
    done = planned((one.source.parcel for one in candidates.values()), pickups, by.services, by.terms)
    members: list[Member] = []
    found: dict[str, Planned] = {}
    for one in done.planned:
        name = one.parcel.order
        found[name] = one
        members.append(
            Member(
                fulfilment=name,
                service=one.service,
                release_by_us=one.release_by_us,
                lines=tuple(sorted(candidates[name].lines.items())),
                priority=one.parcel.priority,
                urgent=one.parcel.urgent,
                ordered_us=one.parcel.ordered_us,
            )
        )
    first_us = min((one.release_by_us for one in members), default=0)
    first_us -= first_us % MINUTE_US
    out = [
        Wave(id=name, service="", release_by_us=0, urgent=False, members=())
        for name in db.execute(
            sa.select(tables.waves.c.id).where(tables.waves.c.released_us > 0, tables.waves.c.release_by_us >= first_us)
        ).scalars()
    ]
    fresh = replanned(drafts, out, members, by.limits)
    wave_rows.drop(db, fresh.replaced)
    _store_drafts(db, fresh.new, found, candidates, by, at_us)
    _seen_again(db, fresh.kept, candidates)
    left = ((one.parcel.order, candidates[one.parcel.order].order, one.refusals) for one in done.left)
    keep_unplanned(db, left, at_us)
    return PlanResult(
        tuple(wave.id for wave in fresh.new),
        tuple(wave.id for wave in fresh.kept),
        fresh.replaced,
        len(members),
        tuple((candidates[one.parcel.order].order, one.refusals) for one in done.left),
        (),
    )


def _candidates(db: sa.Connection, by: Planning) -> dict[str, _Candidate]:
    """Accepted orders whose open units are all promised, by fulfilment; what was merged goes with its new order.

    Units that somebody split off, or whose wave was taken back, have a fulfilment already; the others get one.
    """
    order, line = sales_tables.orders.c, sales_tables.lines.c
    link, state = sales_tables.fulfilments.c, sales_tables.fulfilment_states.c
    has = stock_tables.reservations.c
    leads = sa.case((order.stage == str(OrderStage.MERGED), order.merged_into), else_=order.id)
    names = waiting.promised(db)
    theirs = sa.and_(order.merged_into != "", dialect.among(db, order.merged_into, names))
    stages = sa.and_(
        order.stage.in_((str(OrderStage.ACCEPTED), str(OrderStage.MERGED))),
        sa.or_(dialect.among(db, order.id, names), theirs),
    )
    open_units: dict[str, Counter[str]] = {}
    query = (
        sa.select(leads, line.sku, sa.func.sum(line.quantity - line.cancelled))
        .join(sales_tables.orders, order.id == line.order_id)
        .where(stages)
        .group_by(leads, line.sku)
    )
    for name, sku, units in db.execute(query):
        open_units.setdefault(name, Counter())[sku] += int(units)
    known: dict[str, set[str]] = {}
    parts: dict[str, dict[str, Counter[str]]] = {}
    query_links = (
        sa.select(leads, link.fulfilment_id, state.state, line.sku, sa.func.sum(link.quantity))
        .join(sales_tables.orders, order.id == link.sales_id)
        .join(sales_tables.lines, sa.and_(line.order_id == link.sales_id, line.number == link.number))
        .outerjoin(sales_tables.fulfilment_states, state.fulfilment_id == link.fulfilment_id)
        .where(stages)
        .group_by(leads, link.fulfilment_id, state.state, line.sku)
    )
    for name, fulfilment, how, sku, units in db.execute(query_links):
        open_units[name][sku] -= int(units)
        known.setdefault(name, set()).add(fulfilment)
        if how in (None, str(FulfilmentState.PLANNED)) and units:
            parts.setdefault(name, {}).setdefault(fulfilment, Counter())[sku] += int(units)
    soft: dict[str, Counter[str]] = {}
    query_soft = (
        sa.select(leads, has.sku, sa.func.sum(has.quantity))
        .join(sales_tables.orders, order.id == has.order_id)
        .where(stages, has.state == str(ReservationState.SOFT), has.fulfilment == "")
        .group_by(leads, has.sku)
    )
    for name, sku, units in db.execute(query_soft):
        soft.setdefault(name, Counter())[sku] += int(units)
    wanted: dict[str, ParcelWanted] = {}
    for name, units in soft.items():
        its = {**parts.get(name, {}), _free_name(name, known.get(name, ())): +open_units[name]}
        if units == sum(its.values(), Counter()):
            wanted.update((fulfilment, ParcelWanted(name, some)) for fulfilment, some in its.items() if some)
    return {
        name: _Candidate(source, wanted[name].order, dict(wanted[name].units))
        for name, source in parcels_of(db, by, wanted).items()
    }


def _free_name(order: str, taken: Collection[str]) -> str:
    """A name that no fulfilment of an order has."""
    name, number = order, 1
    while name in taken:
        number += 1
        name = f"{order}.{number}"
    return name


_OF_WAVE = ("fulfilment", "wave", "n", "sales_id", "priority", "ordered_us", "ended", "ended_us")


def _store_drafts(
    db: sa.Connection,
    drafts: Sequence[Wave],
    found: Mapping[str, Planned],
    candidates: Mapping[str, _Candidate],
    by: Planning,
    at_us: int,
) -> None:
    dialect.bulk_insert(
        db,
        tables.waves,
        ("id", "service", "release_by_us", "urgent", "planned_us", "released_us", "by"),
        ((one.id, one.service, one.release_by_us, one.urgent, at_us, 0, "") for one in drafts),
    )
    rows = []
    names: tuple[str, ...] = ()
    pickups = {one.id: one for one in by.pickups}
    for wave in drafts:
        for n, member in enumerate(wave.members):
            its, of = found[member.fulfilment], candidates[member.fulfilment]
            place = placed(its, pickups[its.pickup], by, dict(member.lines), of.source.version)
            names = tuple(place)
            row = (member.fulfilment, wave.id, n, of.order, member.priority, member.ordered_us, "", 0)
            rows.append((*row, *place.values()))
    dialect.bulk_insert(db, tables.members, (*_OF_WAVE, *names), rows)


def _seen_again(db: sa.Connection, kept: Sequence[Wave], candidates: Mapping[str, _Candidate]) -> None:
    """Drafts that stay are of their orders as they are now."""
    its = tables.members.c
    names = [member.fulfilment for wave in kept for member in wave.members]
    rows = []
    for name, body in db.execute(sa.select(its.fulfilment, its.body).where(dialect.among(db, its.fulfilment, names))):
        known = msgspec.json.decode(body, type=wave_rows.MemberPlan)
        version = candidates[name].source.version
        if known.version != version:
            known.version = version
            rows.append({"which": name, "now": msgspec.json.encode(known).decode()})
    if rows:
        which = tables.members.update().where(its.fulfilment == sa.bindparam("which"))
        db.execute(which.values(body=sa.bindparam("now")), rows)
