"""Waves released to pickers and line, and taken back.

Public names: Released, release, withdraw.

Only a released fulfilment is in the line's book; its id is the sales order's, with a number behind it where the order
needs several.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from edge.core.values.order import Order, OrderLine, OrderState
from edge.orders.picking import withdrawn
from edge.orders.release import Lacking, released
from edge.orders.reservations import ReservationEvent, ReservationState
from edge.orders.sales import OrderStage
from edge.orders.stock import BookChange
from edge.orders.waves import Wave, WaveLimits
from edge.site import books, catalogue, dialect, orders, outbox, reserving, rounds, sales, wave_rows
from edge.site import tables as floor
from edge.site.dialect import Lock
from edge.site.outbox import OutboxTold
from edge.site.sales import SaleLink
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


def release(at: StoreConnections, wave: str, limits: WaveLimits, by: str, at_us: int) -> Released | None:
    """Bins, rounds, links and the line's orders of a wave in one transaction; None = there is no such wave.

    Again, nothing changes. A member that lacks units stays behind; where all do, the wave stays a draft.
    """
    with at.batch(Lock.BATCH), at.writing() as db:
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
    held = reserving.held(
        db,
        sa.and_(
            dialect.among(db, has.order_id, lead_of), has.state == str(ReservationState.SOFT), has.fulfilment == ""
        ),
    )
    mine: dict[str, list[reserving.Held]] = {}
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
    offers = books.offers_of(db, skus)
    made = released(
        replace(wave, members=tuple(complete)),
        {name: [one.its for one in rows] for name, rows in mine.items()},
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
    fulfilment_of = {name: planned_rows[lead].fulfilment for name, lead in lead_of.items()}
    out = [one for name in sorted(names) for one in mine[name]]
    reserving.delete_soft(db, {one.its.order for one in out})
    reserving.insert_reservations(db, ((one, fulfilment_of[one.order]) for one in made.hard))
    books.apply(db, made.change)
    rounds.save_tasks(db, made.tasks)
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
