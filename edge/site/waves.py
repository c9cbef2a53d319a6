"""Waves in transactions: what waits is promised, planned into drafts, released to pickers and line, and watched.

Public names: PlanResult, Released, WaveRow, rank_of, reserve_waiting, plan, release, withdraw, wave_rows,
wave_of, forecast_late.

Only a released fulfilment is in the line's book; its id is the sales order's, with a number behind it where the order
needs several. Order of locks: see `edge.site.picking`; plans are made one at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from edge.core.values.order import Order, OrderLine, OrderState
from edge.orders.articles import NOTHING_SPECIAL, Article, Goods
from edge.orders.eligibility import ParcelPlan, ServiceRefusal
from edge.orders.forecast import Ahead, Late, Rates, forecast, newly_late
from edge.orders.picking import withdrawn
from edge.orders.plan import Planned, planned
from edge.orders.planning import Planning
from edge.orders.release import Lacking, released
from edge.orders.reservations import ReservationEvent, ReservationState
from edge.orders.sales import OrderStage, PaymentKind
from edge.orders.stock import BookChange
from edge.orders.waves import Member, Wave, WaveLimits, WaveState, replanned, wave_state
from edge.site import dialect, orders, outbox, picking, sales, stock
from edge.site import tables as floor
from edge.site.dialect import Lock
from edge.site.outbox import OutboxTold
from edge.site.sales import SaleLink
from edge.site.tables import picks as tables
from edge.site.tables import sales as sales_tables
from edge.site.tables import stock as stock_tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections

_DAY_US = 86_400_000_000
_FIRST = 2**51
"""How far before all others an urgent order ranks; ranks fit every database, file and language."""
WAITING = 20_000
"""Orders that one plan looks at for stock; the others in the next one."""


def rank_of(ordered_us: int, priority: int, urgent: bool) -> int:
    """Who is served first where not all can be, the lower the sooner; a step of priority is worth a day."""
    return ordered_us - max(-1000, min(priority, 1000)) * _DAY_US - (_FIRST if urgent else 0)


# ---- promised --------------------------------------------------------------------------------------------------------


def reserve_waiting(at: StoreConnections, at_us: int, names: Sequence[str] = ()) -> list[stock.Reserved]:
    """Promises stock to accepted orders that lack some: those of the names, or whoever waits longest by rank."""
    with at.writing() as db:
        found = _reserve_waiting(db, names)
        outbox.append(db, stock.told_of(found), at_us)
        return found


def _reserve_waiting(db: sa.Connection, names: Sequence[str]) -> list[stock.Reserved]:
    order, line, has = sales_tables.orders.c, sales_tables.lines.c, stock_tables.reservations.c
    wanted = (
        sa.select(line.order_id, sa.func.sum(line.quantity - line.cancelled).label("units"))
        .group_by(line.order_id)
        .subquery()
    )
    given = (
        sa.select(has.order_id, sa.func.sum(has.quantity).label("units"))
        .where(has.state != str(ReservationState.PUTTING_BACK))
        .group_by(has.order_id)
        .subquery()
    )
    query = (
        sa.select(order.id, order.ordered_us, order.priority, order.urgent)
        .join(wanted, wanted.c.order_id == order.id)
        .outerjoin(given, given.c.order_id == order.id)
        .where(
            order.stage.in_((str(OrderStage.ACCEPTED), str(OrderStage.MERGED))),
            wanted.c.units > sa.func.coalesce(given.c.units, 0),
        )
        .order_by(order.urgent.desc(), order.priority.desc(), order.ordered_us)
        .limit(WAITING)
    )
    rows = db.execute(query.where(dialect.among(db, order.id, names)) if names else query).all()
    lines: dict[str, list[tuple[int, str, int]]] = {}
    its = sa.select(line.order_id, line.number, line.sku, line.quantity - line.cancelled)
    for name, number, sku, units in db.execute(its.where(dialect.among(db, line.order_id, (row.id for row in rows)))):
        if units:
            lines.setdefault(name, []).append((number, sku, units))
    return stock.reserve(
        db,
        [
            stock.Want(
                order=row.id,
                lines=tuple(sorted(lines.get(row.id, ()))),
                rank=rank_of(row.ordered_us, row.priority, row.urgent),
                urgent=row.urgent,
            )
            for row in rows
        ],
    )


# ---- planned ---------------------------------------------------------------------------------------------------------


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


class _Body(msgspec.Struct):
    """What a member's row keeps of its plan: units by SKU, and (pickup, cost) of the best."""

    lines: dict[str, int]
    cost: int
    best: list[tuple[str, int]]


def plan(at: StoreConnections, by: Planning, at_us: int) -> PlanResult:
    """Promises stock to whoever waits, and plans all accepted orders that have theirs anew; released waves stay.

    The same orders, stock and rules give the same drafts; those that would be the same stay as they are.
    """
    with at.writing() as db:
        dialect.lock(db, Lock.PLAN)
        reserved = _reserve_waiting(db, ())
        query = sa.select(tables.waves).where(tables.waves.c.released_us == 0).order_by(tables.waves.c.id)
        drafts = _waves(db, db.execute(query.with_for_update()).all())
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
        _drop(db, fresh.replaced)
        _store_drafts(db, fresh.new, found, by, at_us)
        outbox.append(db, stock.told_of(reserved), at_us)
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
    stages = order.stage.in_((str(OrderStage.ACCEPTED), str(OrderStage.MERGED)))
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
    articles = stock.articles_of(db, {sku for units in ready.values() for sku in units})
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
            body = msgspec.json.encode(_Body(dict(member.lines), its.quote.cost, best)).decode()
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


def _drop(db: sa.Connection, names: Iterable[str]) -> None:
    gone = list(names)
    db.execute(tables.members.delete().where(dialect.among(db, tables.members.c.wave, gone)))
    db.execute(tables.waves.delete().where(dialect.among(db, tables.waves.c.id, gone)))


def _waves(db: sa.Connection, rows: Sequence[sa.Row[Any]]) -> list[Wave]:
    its = tables.members.c
    members: dict[str, list[Member]] = {}
    service = {one.id: one for one in rows}
    query = sa.select(tables.members).where(dialect.among(db, its.wave, service)).order_by(its.wave, its.n)
    for row in db.execute(query):
        wave = service[row.wave]
        members.setdefault(row.wave, []).append(
            Member(
                fulfilment=row.fulfilment,
                service=wave.service,
                release_by_us=wave.release_by_us,
                lines=tuple(sorted(msgspec.json.decode(row.body, type=_Body).lines.items())),
                priority=row.priority,
                urgent=wave.urgent,
                ordered_us=row.ordered_us,
            )
        )
    return [
        Wave(
            id=one.id,
            service=one.service,
            release_by_us=one.release_by_us,
            urgent=one.urgent,
            members=tuple(members.get(one.id, ())),
        )
        for one in rows
    ]


# ---- released --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Released:
    """What a release did. ``lacking``: members that stay behind, and are planned again. ``again``: it was before."""

    wave: str
    members: int
    tasks: int
    lacking: tuple[Lacking, ...] = ()
    again: bool = False


def release(at: StoreConnections, wave: str, limits: WaveLimits, by: str, at_us: int) -> Released | None:
    """Bins, rounds, links and the line's orders of a wave in one transaction; None = there is no such wave.

    Again, nothing changes. A member that lacks units stays behind; where all do, the wave stays a draft.
    """
    with at.batch(Lock.BATCH), at.writing() as db:
        query = sa.select(tables.waves).where(tables.waves.c.id == wave)
        rows = db.execute(query).all()
        skus = {sku for one in _waves(db, rows) for member in one.members for sku, _ in member.lines}
        stock.lock_skus(db, skus)
        row = db.execute(query.with_for_update()).first()
        if row is None:
            return None
        if row.released_us:
            tasks = sa.select(sa.func.count()).select_from(tables.tasks).where(tables.tasks.c.wave == wave)
            (known,) = _waves(db, [row])
            return Released(wave, len(known.members), db.execute(tasks).scalar_one(), again=True)
        (known,) = _waves(db, [row])
        done = _release(db, known, limits, by, at_us)
        if done.members:
            told = OutboxTold("wave.released.v1", wave, {"members": done.members, "tasks": done.tasks})
            outbox.append(db, [told], at_us)
        return done


def _release(db: sa.Connection, wave: Wave, limits: WaveLimits, by: str, at_us: int) -> Released:
    its, has, order = tables.members.c, stock_tables.reservations.c, sales_tables.orders.c
    planned_rows = {row.sales_id: row for row in db.execute(sa.select(tables.members).where(its.wave == wave.id))}
    leads = sa.case((order.stage == str(OrderStage.MERGED), order.merged_into), else_=order.id)
    going = sa.and_(
        dialect.among(db, leads, planned_rows), order.stage.in_((str(OrderStage.ACCEPTED), str(OrderStage.MERGED)))
    )
    lead_of = dict(db.execute(sa.select(order.id, leads).where(going)).all())
    held = stock.held(
        db,
        sa.and_(
            dialect.among(db, has.order_id, lead_of), has.state == str(ReservationState.SOFT), has.fulfilment == ""
        ),
    )
    mine: dict[str, list[stock.Held]] = {}
    for one in held:
        mine.setdefault(planned_rows[lead_of[one.its.order]].fulfilment, []).append(one)
    complete, lacking = [], []
    for member in wave.members:
        units = Counter[str]()
        for one in mine.get(member.fulfilment, ()):
            units[one.its.sku] += one.its.quantity
        wanted = dict(member.lines)
        if units == wanted:
            complete.append(member)
        else:
            sku = min(sku for sku in wanted.keys() | units.keys() if units[sku] != wanted.get(sku, 0))
            lacking.append(Lacking(member.fulfilment, sku, abs(wanted.get(sku, 0) - units[sku]), ()))
    skus = {sku for member in complete for sku, _ in member.lines}
    offers = stock.offers_of(db, skus)
    made = released(
        replace(wave, members=tuple(complete)),
        {name: [one.its for one in rows] for name, rows in mine.items()},
        offers,
        stock.articles_of(db, skus),
        {row.fulfilment: row.delivered_us for row in planned_rows.values()},
        stock.places_of(db, {offer.key.bin for offer in offers}),
        limits,
        at_us,
    )
    lacking += made.lacking
    if not made.members:
        return Released(wave.id, 0, 0, tuple(lacking))
    names = {member.fulfilment for member in made.members}
    fulfilment_of = {name: planned_rows[lead].fulfilment for name, lead in lead_of.items()}
    out = [one for name in sorted(names) for one in mine[name]]
    stock.delete_soft(db, {one.its.order for one in out})
    stock.insert_reservations(db, ((one, fulfilment_of[one.order]) for one in made.hard))
    stock.apply(db, made.change)
    picking.save_tasks(db, made.tasks)
    if behind := [member.fulfilment for member in wave.members if member.fulfilment not in names]:
        db.execute(tables.members.delete().where(dialect.among(db, its.fulfilment, behind)))
    values = {"released_us": at_us, "by": by}
    db.execute(tables.waves.update().where(tables.waves.c.id == wave.id).values(values))
    units_of: Counter[tuple[str, str, int]] = Counter()
    for one in out:
        units_of[fulfilment_of[one.its.order], one.its.order, one.its.line] += one.its.quantity
    sales.link(db, [SaleLink(name, of, line, n) for (name, of, line), n in units_of.items()])
    orders.put(db, _orders(db, units_of, planned_rows.values(), names), at_us)
    return Released(wave.id, len(made.members), len(made.tasks), tuple(lacking))


def _orders(
    db: sa.Connection,
    units_of: Mapping[tuple[str, str, int], int],
    rows: Iterable[sa.Row[Any]],
    names: set[str],
) -> list[Order]:
    """What the line must know of released fulfilments."""
    line, order = sales_tables.lines.c, sales_tables.orders.c
    sold = {
        (row.order_id, row.number): row
        for row in db.execute(
            sa.select(line.order_id, line.number, line.sku, line.gtin, line.name).where(
                dialect.among(db, line.order_id, (of for _, of, _ in units_of))
            )
        )
    }
    articles = stock.skus_of(db, {row.sku for row in sold.values()})
    wanted: dict[str, dict[str, tuple[str, str]]] = {}
    units: Counter[tuple[str, str]] = Counter()
    for (name, of, number), n in sorted(units_of.items()):
        line_row = sold[of, number]
        wanted.setdefault(name, {}).setdefault(line_row.sku, (line_row.gtin, line_row.name))
        units[name, line_row.sku] += n
    channels = {
        row.id: row
        for row in db.execute(
            sa.select(order.id, order.channel).where(dialect.among(db, order.id, (of for _, of, _ in units_of)))
        )
    }
    found = []
    for row in rows:
        if row.fulfilment in names:
            lines = []
            for sku, (gtin, said) in wanted[row.fulfilment].items():
                article = articles[sku]
                single = next((known for known, n in article.article.gtins if n == 1), "")
                lines.append(OrderLine(gtin or single, units[row.fulfilment, sku], sku, said or article.name))
            found.append(
                Order(
                    id=row.fulfilment,
                    carrier=row.carrier,
                    service=row.code,
                    lines=tuple(lines),
                    channel=channels[row.sales_id].channel,
                )
            )
    return found


def withdraw(at: StoreConnections, wave: str, by: str, at_us: int) -> tuple[int, int] | None:
    """Takes a released wave back as far as nobody has begun: how many fulfilments, and how many stay; None = no such.

    Their units are soft again and their orders are planned anew; the line knows them as cancelled until then. A tote
    with something in it is finished.
    """
    with at.batch(Lock.BATCH), at.writing() as db:
        its, has = tables.members.c, stock_tables.reservations.c
        names = list(db.execute(sa.select(its.fulfilment).where(its.wave == wave, its.ended == "")).scalars())
        ours = sa.and_(dialect.among(db, has.fulfilment, names), has.state != str(ReservationState.CONSUMED))
        stock.lock_skus(db, db.execute(sa.select(has.sku).where(ours).distinct()).scalars())
        row = db.execute(sa.select(tables.waves).where(tables.waves.c.id == wave).with_for_update()).first()
        if row is None:
            return None
        if not row.released_us:
            _drop(db, [wave])
            return len(names), 0
        rows = stock.held(db, ours)
        begun = {one.fulfilment for one in rows if one.its.state not in (ReservationState.SOFT, ReservationState.HARD)}
        gone = sorted(set(names) - begun - set(_bound(db, names)))
        task_ids = db.execute(sa.select(tables.tasks.c.id).where(tables.tasks.c.wave == wave)).scalars().all()
        for name in sorted(task_ids):
            task = picking.task_of(db, name, lock=True)
            assert task is not None, "a round is never deleted"
            picking.change_task(db, task, withdrawn(task, gone)[0], at_us)
        effects: list[BookChange] = []
        soft = [one for one in rows if one.fulfilment in gone]
        for at_row, one in enumerate(soft):
            if one.its.state is ReservationState.HARD:
                now, _, effect = stock.step(db, one, ReservationEvent.WITHDRAWN)
                effects.append(effect)
                assert now is not None, "it is soft"
                soft[at_row] = now
        stock.apply(db, BookChange.summed(effects))
        stock.set_soft(db, soft)
        link = sales_tables.fulfilments
        db.execute(link.delete().where(dialect.among(db, link.c.fulfilment_id, gone)))
        db.execute(tables.members.delete().where(dialect.among(db, its.fulfilment, gone)))
        known = orders.orders_where(db, dialect.among(db, floor.orders.c.id, gone))
        orders.put(db, [replace(one, state=OrderState.CANCELLED) for one in known], at_us)
        body: dict[str, str | int | list[str]] = {"members": len(gone), "by": by}
        outbox.append(db, [OutboxTold("wave.withdrawn.v1", wave, body)], at_us)
        return len(gone), len(names) - len(gone)


def _bound(db: sa.Connection, names: Sequence[str]) -> list[str]:
    """Those of some fulfilments that have a tote."""
    its = tables.totes.c
    return list(db.execute(sa.select(its.fulfilment).where(dialect.among(db, its.fulfilment, names))).scalars())


# ---- looked at -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRow:
    """A wave as people see it. ``ended``: members by how they ended, ``open`` among them; ``tasks``: by state."""

    id: str
    service: str
    release_by_us: int
    cutoff_us: int
    urgent: bool
    state: WaveState
    planned_us: int
    released_us: int
    by: str
    members: int
    ended: dict[str, int]
    tasks: dict[str, int]


def wave_rows(db: sa.Connection, after: str = "", limit: int = 100, everything: bool = False) -> list[WaveRow]:
    """Waves behind one, by id; without ``everything`` those that are not done."""
    table = tables.waves.c
    query = sa.select(tables.waves).where(table.id > after).order_by(table.id).limit(limit)
    if not everything:
        its = tables.members.c
        unended = sa.exists().where(its.wave == table.id, its.ended == "")
        query = query.where(sa.or_(table.released_us == 0, unended))
    return _rows(db, query)


def wave_of(db: sa.Connection, name: str) -> WaveRow | None:
    """A wave as people see it, or None."""
    return next(iter(_rows(db, sa.select(tables.waves).where(tables.waves.c.id == name))), None)


def _rows(db: sa.Connection, query: sa.Select[tuple[object, ...]]) -> list[WaveRow]:
    rows = db.execute(query).all()
    names = [row.id for row in rows]
    its, task = tables.members.c, tables.tasks.c
    ended: dict[str, dict[str, int]] = {}
    cutoffs: dict[str, int] = {}
    members = sa.select(its.wave, its.ended, sa.func.count(), sa.func.min(its.cutoff_us)).group_by(its.wave, its.ended)
    for wave, how, n, cutoff_us in db.execute(members.where(dialect.among(db, its.wave, names))):
        ended.setdefault(wave, {})[how or "open"] = n
        cutoffs[wave] = min(cutoff_us, cutoffs.get(wave, cutoff_us))
    states: dict[str, dict[str, int]] = {}
    tasks = sa.select(task.wave, task.state, sa.func.count()).group_by(task.wave, task.state)
    for wave, state, n in db.execute(tasks.where(dialect.among(db, task.wave, names))):
        states.setdefault(wave, {})[state] = n
    return [
        WaveRow(
            id=row.id,
            service=row.service,
            release_by_us=row.release_by_us,
            cutoff_us=cutoffs.get(row.id, 0),
            urgent=row.urgent,
            state=wave_state(bool(row.released_us), (how != "open" for how in ended.get(row.id, {}))),
            planned_us=row.planned_us,
            released_us=row.released_us,
            by=row.by,
            members=sum(ended.get(row.id, {}).values()),
            ended=ended.get(row.id, {}),
            tasks=states.get(row.id, {}),
        )
        for row in rows
    ]


def forecast_late(at: StoreConnections, rates: Rates, tail_us: int, at_us: int) -> list[Late]:
    """Who will miss a cut-off, with the reason; whoever was not told of yet, the outbox tells, once."""
    its, line, has = tables.members.c, tables.lines.c, stock_tables.reservations.c
    with at.writing() as db:
        going = sa.select(
            its.fulfilment,
            its.cutoff_us,
            its.lane,
            its.ended,
            tables.waves.c.release_by_us,
            tables.waves.c.released_us,
            tables.waves.c.urgent,
            tables.waves.c.id,
            its.n,
        ).join(tables.waves, tables.waves.c.id == its.wave)
        rows = db.execute(going.where(its.ended.in_(("", "verified", "short")))).all()
        names = [row.fulfilment for row in rows]
        picks_query = (
            sa.select(line.fulfilment, sa.func.count())
            .where(
                dialect.among(db, line.fulfilment, names),
                line.withdrawn.is_(False),
                line.reason == "",
                line.picked < line.quantity,
            )
            .group_by(line.fulfilment)
        )
        picks = {name: int(n) for name, n in db.execute(picks_query)}
        missing_query = (
            sa.select(has.fulfilment, sa.func.sum(has.quantity))
            .where(dialect.among(db, has.fulfilment, names), has.state == str(ReservationState.SOFT))
            .group_by(has.fulfilment)
        )
        missing = {name: int(n) for name, n in db.execute(missing_query)}
        bodies = sa.select(its.fulfilment, its.body).where(its.ended == "")
        plans = {row.fulfilment: row.body for row in db.execute(bodies)}
        queue = [
            Ahead(
                fulfilment=row.fulfilment,
                cutoff_us=row.cutoff_us,
                lines=picks.get(row.fulfilment, 0)
                if row.released_us
                else len(msgspec.json.decode(plans[row.fulfilment], type=_Body).lines),
                release_by_us=row.release_by_us,
                released=bool(row.released_us),
                lane=row.lane,
                before_line=row.ended != "verified",
                missing=int(missing.get(row.fulfilment, 0)),
                tail_us=tail_us,
            )
            for row in sorted(
                rows, key=lambda row: (not row.released_us, not row.urgent, row.release_by_us, row.id, row.n)
            )
        ]
        late = list(forecast(queue, rates, at_us))
        notice = tables.late
        known = db.execute(
            sa.select(notice.c.fulfilment, notice.c.cutoff_us).where(
                dialect.among(db, notice.c.fulfilment, (one.fulfilment for one in late))
            )
        )
        fresh = newly_late(late, [(name, us) for name, us in known])
        taken = [(one.fulfilment, one.cutoff_us, str(one.reason), at_us) for one in fresh]
        stored = dialect.insert_new(db, notice, ("fulfilment", "cutoff_us", "reason", "at_us"), taken, "fulfilment")
        told = [
            OutboxTold("order.late.v1", one.fulfilment, {"reason": str(one.reason), "cutoff_us": one.cutoff_us})
            for one in fresh
            if one.fulfilment in stored
        ]
        outbox.append(db, told, at_us)
        return late
