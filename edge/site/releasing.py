"""Waves released to pickers and line, and taken back.

Public names: Released, release, withdraw.

Only a released fulfilment is in the line's book; its id is the sales order's, with a number behind it where the order
needs several.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from edge.core.values.order import Order, OrderLine, OrderState
from edge.orders.picking import withdrawn
from edge.orders.planning import Planning
from edge.orders.release import Lacking, released
from edge.orders.reservations import Reservation, ReservationEvent, ReservationState
from edge.orders.sales import OrderStage
from edge.orders.services import suspension_of
from edge.orders.stages import Fulfilment, FulfilmentState, FulfilmentTurn, Portion, moved
from edge.orders.stock import BookChange
from edge.orders.waves import Wave, WaveLimits
from edge.site import books, catalogue, dialect, orders, outbox, reserving, rounds, sales, wave_rows
from edge.site import tables as floor
from edge.site.choosing import in_force, left_of
from edge.site.dialect import Lock
from edge.site.outbox import OutboxTold
from edge.site.scope import portions_of, save_fulfilments
from edge.site.stories import note_work
from edge.site.tables import picks as tables
from edge.site.tables import sales as sales_tables
from edge.site.tables import stock as stock_tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections


@dataclass(frozen=True, slots=True)
class Released:
    """What a release did. ``lacking``: members that stay behind, and are planned again. ``again``: it was before."""

    wave: str
    members: int
    tasks: int
    lacking: tuple[Lacking, ...] = ()
    again: bool = False


def release(
    at: StoreConnections, wave: str, limits: WaveLimits, by: str, at_us: int, planning: Planning | None = None
) -> Released | None:
    """Bins, rounds, links and the line's orders of a wave in one transaction; None = there is no such wave.

    Again, nothing changes. A member that lacks units stays behind, and by ``planning`` one whose pickup has no room any
    more or is suspended; where all do, the wave stays a draft.
    """
    with at.batch(Lock.BATCH), at.writing() as db:
        dialect.lock(db, Lock.SALES)
        query = sa.select(tables.waves).where(tables.waves.c.id == wave)
        rows = db.execute(query).all()
        skus = {sku for one in wave_rows.waves_of(db, rows) for member in one.members for sku, _ in member.lines}
        books.lock_skus(db, skus)
        row = db.execute(query.with_for_update()).first()
        if row is None:
            return None
        if row.released_us:
            tasks = sa.select(sa.func.count()).select_from(tables.tasks).where(tables.tasks.c.wave == wave)
            (known,) = wave_rows.waves_of(db, [row])
            return Released(wave, len(known.members), db.execute(tasks).scalar_one(), again=True)
        (known,) = wave_rows.waves_of(db, [row])
        done = _release(db, known, limits, by, at_us, planning)
        if done.members:
            told = OutboxTold("wave.released.v1", wave, {"members": done.members, "tasks": done.tasks})
            outbox.append(db, [told], at_us)
        return done


def _release(
    db: sa.Connection, wave: Wave, limits: WaveLimits, by: str, at_us: int, planning: Planning | None
) -> Released:
    its = tables.members.c
    planned_rows = {row.fulfilment: row for row in db.execute(sa.select(tables.members).where(its.wave == wave.id))}
    without = set() if planning is None else _without_place(db, wave, planned_rows, planning)
    mine, rest, lacking = _shares(db, planned_rows, wave, without)
    complete = [member for member in wave.members if member.fulfilment in mine]
    skus = {sku for member in complete for sku, _ in member.lines}
    offers = books.offers_of(db, skus)
    made = released(
        replace(wave, members=tuple(complete)),
        mine,
        offers,
        catalogue.articles_of(db, skus),
        {row.fulfilment: row.delivered_us for row in planned_rows.values()},
        catalogue.places_of(db, {offer.key.bin for offer in offers}),
        limits,
        at_us,
    )
    lacking += made.lacking
    if not made.members:
        return Released(wave.id, 0, 0, tuple(lacking))
    names = {member.fulfilment for member in made.members}
    stay = [one for name, some in mine.items() if name not in names for one in some]
    reserving.delete_soft(db, {one.order for some in mine.values() for one in some})
    reserving.insert_reservations(db, ((one, "") for one in (*rest, *stay)))
    reserving.insert_reservations(db, zip(made.hard, made.owners, strict=True))
    books.apply(db, made.change)
    rounds.save_tasks(db, made.tasks)
    if behind := [member.fulfilment for member in wave.members if member.fulfilment not in names]:
        db.execute(tables.members.delete().where(dialect.among(db, its.fulfilment, behind)))
    values = {"released_us": at_us, "by": by}
    db.execute(tables.waves.update().where(tables.waves.c.id == wave.id).values(values))
    units_of: Counter[tuple[str, str, int]] = Counter()
    for name in names:
        for one in mine[name]:
            units_of[name, one.order, one.line] += one.quantity
    parcels: dict[str, tuple[Portion, ...]] = {}
    for (name, of, line), n in sorted(units_of.items()):
        parcels[name] = (*parcels.get(name, ()), Portion(order=of, line=line, quantity=n))
    out = [Fulfilment(id=name, portions=some, state=FulfilmentState.RELEASED) for name, some in parcels.items()]
    save_fulfilments(db, out)
    orders.put(db, _orders(db, units_of, planned_rows.values(), names), at_us)
    return Released(wave.id, len(made.members), len(made.tasks), tuple(lacking))


def _without_place(db: sa.Connection, wave: Wave, rows: Mapping[str, sa.Row[Any]], planning: Planning) -> set[str]:
    """Members that came after the last place of their pickup was taken, or whose service is suspended since."""
    planning = in_force(db, planning)
    left = {one.id: one for one in left_of(db, planning.pickups)}
    found = set()
    for member in wave.members:
        row = rows[member.fulfilment]
        service, pickup = planning.services.get(row.service), left.get(row.pickup)
        if service is not None and suspension_of(service, planning.terms.suspensions, planning.terms.now_us):
            found.add(member.fulfilment)
        elif pickup is None:  # it closed: who plans decides
            continue
        elif pickup.parcels <= 0 or (pickup.grams is not None and pickup.grams < row.mass_g):
            found.add(member.fulfilment)
        else:
            grams = None if pickup.grams is None else pickup.grams - row.mass_g
            left[row.pickup] = replace(pickup, parcels=pickup.parcels - 1, grams=grams)
    return found


def _shares(
    db: sa.Connection, rows: Mapping[str, sa.Row[Any]], wave: Wave, without: set[str]
) -> tuple[dict[str, list[Reservation]], list[Reservation], list[Lacking]]:
    """What of the soft units of their orders is whose, for members that have all that was planned; what is left of
    those orders; and who lacks something. Whose order was changed since it was planned is planned again, and so is
    who is ``without`` a place.
    """
    has, order, line = stock_tables.reservations.c, sales_tables.orders.c, sales_tables.lines.c
    leads = sa.case((order.stage == str(OrderStage.MERGED), order.merged_into), else_=order.id)
    going = sa.and_(
        dialect.among(db, leads, (row.sales_id for row in rows.values())),
        order.stage.in_((str(OrderStage.ACCEPTED), str(OrderStage.MERGED))),
    )
    lead_of: dict[str, str] = {}
    versions: dict[str, int] = {}
    for name, lead, version in db.execute(sa.select(order.id, leads, order.version).where(going)):
        lead_of[name], versions[name] = lead, version
    sold = sa.select(line.order_id, line.number, line.sku, line.quantity - line.cancelled)
    open_units: Counter[tuple[str, int]] = Counter()
    sku_of: dict[tuple[str, int], str] = {}
    for name, number, sku, units in db.execute(sold.where(dialect.among(db, line.order_id, lead_of))):
        open_units[name, number], sku_of[name, number] = int(units), sku
    for link in sales.linked(db, orders=lead_of):
        open_units[link.order, link.number] -= link.quantity
    open_of: dict[str, list[tuple[tuple[str, int], int]]] = {}
    for key, n in open_units.items():
        if n > 0:
            open_of.setdefault(lead_of[key[0]], []).append((key, n))
    known = portions_of(db, rows)
    soft = sa.and_(
        dialect.among(db, has.order_id, lead_of), has.state == str(ReservationState.SOFT), has.fulfilment == ""
    )
    left: dict[tuple[str, int], list[Reservation]] = {}
    for one in reserving.held(db, soft):
        left.setdefault((one.its.order, one.its.line), []).append(one.its)
    mine: dict[str, list[Reservation]] = {}
    lacking: list[Lacking] = []
    for member in wave.members:
        row = rows[member.fulfilment]
        needs = Counter(dict(open_of.get(row.sales_id, ())))
        if (waits := known.get(member.fulfilment)) is not None:
            own = {(one.order, one.line): one.quantity for one in waits.portions if one.quantity}
            needs = Counter(own if waits.state is FulfilmentState.PLANNED else {})
        units, there = Counter[str](), Counter[str]()
        for key, n in needs.items():
            units[sku_of.get(key, "")] += n
            there[sku_of.get(key, "")] += min(n, sum(one.quantity for one in left.get(key, ())))
        wanted = dict(member.lines)
        version = msgspec.json.decode(row.body, type=wave_rows.MemberPlan).version
        if not units == there == wanted:
            sku = min(sku for sku in wanted.keys() | units.keys() if not there[sku] == units[sku] == wanted.get(sku, 0))
            lacking.append(Lacking(member.fulfilment, sku, max(0, wanted.get(sku, 0) - there[sku]), ()))
        elif member.fulfilment in without or version not in (0, versions.get(row.sales_id)):
            lacking.append(Lacking(member.fulfilment, min(wanted), 0, ()))
        else:
            mine[member.fulfilment] = [part for key, n in needs.items() for part in _taken(left[key], n)]
    touched = {one.order for some in mine.values() for one in some}
    return mine, [one for (name, _), some in left.items() if name in touched for one in some], lacking


def _taken(from_: list[Reservation], units: int) -> Iterator[Reservation]:
    """So many units out of some reservations, which have the rest."""
    while units:
        one = from_.pop(0)
        n = min(units, one.quantity)
        units -= n
        if n < one.quantity:
            from_.insert(0, replace(one, quantity=one.quantity - n))
        yield replace(one, quantity=n)


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
    articles = catalogue.skus_of(db, {row.sku for row in sold.values()})
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
        dialect.lock(db, Lock.SALES)
        its, has = tables.members.c, stock_tables.reservations.c
        names = list(db.execute(sa.select(its.fulfilment).where(its.wave == wave, its.ended == "")).scalars())
        ours = sa.and_(dialect.among(db, has.fulfilment, names), has.state != str(ReservationState.CONSUMED))
        books.lock_skus(db, db.execute(sa.select(has.sku).where(ours).distinct()).scalars())
        row = db.execute(sa.select(tables.waves).where(tables.waves.c.id == wave).with_for_update()).first()
        if row is None:
            return None
        if not row.released_us:
            wave_rows.drop(db, [wave])
            return len(names), 0
        rows = reserving.held(db, ours)
        begun = {one.fulfilment for one in rows if one.its.state not in (ReservationState.SOFT, ReservationState.HARD)}
        waiting = portions_of(db, names)
        begun |= {name for name, one in waiting.items() if one.state is not FulfilmentState.RELEASED}
        gone = sorted(set(names) - begun - set(_bound(db, names)))
        task_ids = db.execute(sa.select(tables.tasks.c.id).where(tables.tasks.c.wave == wave)).scalars().all()
        for name in sorted(task_ids):
            task = rounds.task_of(db, name, lock=True)
            assert task is not None, "a round is never deleted"
            rounds.change_task(db, task, withdrawn(task, gone)[0], at_us)
        effects: list[BookChange] = []
        soft = [one for one in rows if one.fulfilment in gone]
        for at_row, one in enumerate(soft):
            if one.its.state is ReservationState.HARD:
                now, _, effect = reserving.step(db, one, ReservationEvent.WITHDRAWN)
                effects.append(effect)
                assert now is not None, "it is soft"
                soft[at_row] = now
        books.apply(db, BookChange.summed(effects))
        reserving.set_soft(db, soft)
        save_fulfilments(db, [moved(waiting[name], FulfilmentTurn.WITHDRAWN) for name in gone if name in waiting])
        note_work(db, gone, "wave-released", row.by, row.released_us, {})
        note_work(db, gone, "withdrawn", by, at_us, {})
        db.execute(tables.members.delete().where(dialect.among(db, its.fulfilment, gone)))
        dialect.lock(db, Lock.ORDERS)
        known = orders.orders_where(db, dialect.among(db, floor.orders.c.id, gone))
        orders.put(db, [replace(one, state=OrderState.CANCELLED) for one in known], at_us)
        body: dict[str, str | int | list[str]] = {"members": len(gone), "by": by}
        outbox.append(db, [OutboxTold("wave.withdrawn.v1", wave, body)], at_us)
        return len(gone), len(names) - len(gone)


def _bound(db: sa.Connection, names: Sequence[str]) -> list[str]:
    """Those of some fulfilments that have a tote."""
    its = tables.totes.c
    return list(db.execute(sa.select(its.fulfilment).where(dialect.among(db, its.fulfilment, names))).scalars())
