"""Bins for the soft units of released fulfilments, and rounds to pick them.

Public names: allocate, allocate_again, rounds_again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from edge.orders.allocation import chosen
from edge.orders.articles import Article
from edge.orders.picking import (
    PickLine,
    PickTask,
)
from edge.orders.reservations import ReservationEvent, ReservationState
from edge.orders.stock import BinKey, BookChange
from edge.orders.waves import PickMode
from edge.site import books, catalogue, dialect, reserving, rounds
from edge.site.tables import picks as tables
from edge.site.tables import stock as stock_tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections


def allocate(
    db: sa.Connection, fulfilments: Sequence[str], at_us: int
) -> tuple[dict[tuple[str, BinKey], int], dict[str, list[tuple[str, int]]]]:
    """Bins for the soft units of released fulfilments: (fulfilment, bin) -> units, and what is missing of whom."""
    table = stock_tables.reservations.c
    rows = reserving.held(
        db, sa.and_(dialect.among(db, table.fulfilment, fulfilments), table.state == str(ReservationState.SOFT))
    )
    skus = {one.its.sku for one in rows}
    articles = catalogue.articles_of(db, skus)
    offers = {offer.key: offer for offer in books.offers_of(db, skus)}
    delivered = sa.select(tables.members.c.fulfilment, tables.members.c.delivered_us).where(
        dialect.among(db, tables.members.c.fulfilment, fulfilments)
    )
    until = dict(db.execute(delivered).all())
    placed: Counter[tuple[str, BinKey]] = Counter()
    missing: dict[str, list[tuple[str, int]]] = {}
    effects: list[BookChange] = []
    for one in sorted(rows, key=lambda row: (row.its.rank, row.its.order, row.its.line, row.seq)):
        article = articles.get(one.its.sku) or Article(sku=one.its.sku)
        choice = chosen(
            [offer for offer in offers.values() if offer.key.sku == one.its.sku],
            one.its.quantity,
            at_us,
            max(at_us, until.get(one.fulfilment, at_us)),
            article.min_life_us,
            article.single_lot,
        )
        rest: reserving.Held | None = one
        for take in choice.takes:
            assert rest is not None, "a choice takes no more than is wanted"
            _, rest, effect = reserving.step(db, rest, ReservationEvent.ALLOCATED, take.quantity, take.key)
            effects.append(effect)
            placed[one.fulfilment, take.key] += take.quantity
            offers[take.key] = replace(offers[take.key], free=offers[take.key].free - take.quantity)
        if choice.missing:
            missing.setdefault(one.fulfilment, []).append((one.its.sku, choice.missing))
    books.apply(db, BookChange.summed(effects))
    return dict(placed), missing


def allocate_again(at: StoreConnections, at_us: int) -> int:
    """Rounds for released fulfilments that were short, where stock came meanwhile; how many units are found."""
    table = stock_tables.reservations.c
    waiting = sa.and_(table.fulfilment != "", table.state == str(ReservationState.SOFT))
    with at.writing() as db:
        books.lock_skus(db, db.execute(sa.select(table.sku).where(waiting).distinct()).scalars())
        names = sorted(set(db.execute(sa.select(table.fulfilment).where(waiting)).scalars()))
        return rounds_again(db, names, at_us)


def rounds_again(db: sa.Connection, names: Sequence[str], at_us: int) -> int:
    placed, missing = allocate(db, names, at_us)
    by_fulfilment: dict[str, list[tuple[BinKey, int]]] = {}
    for (name, key), n in placed.items():
        by_fulfilment.setdefault(name, []).append((key, n))
    members = {
        row.fulfilment: row
        for row in db.execute(
            sa.select(tables.members.c.fulfilment, tables.waves)
            .join(tables.waves, tables.waves.c.id == tables.members.c.wave)
            .where(dialect.among(db, tables.members.c.fulfilment, by_fulfilment))
        )
    }
    made: list[PickTask] = []
    for name, found in sorted(by_fulfilment.items()):
        row = members[name]
        known = db.execute(
            sa.select(sa.func.count()).select_from(tables.tasks).where(tables.tasks.c.wave == row.id)
        ).scalar_one()
        lines = tuple(PickLine(n=n, fulfilment=name, at=key, quantity=units) for n, (key, units) in enumerate(found, 1))
        made.append(
            PickTask(
                id=f"{row.id}-{known + 1}+{len(made) + 1}",
                wave=row.id,
                mode=PickMode.ORDER,
                lines=lines,
                urgent=row.urgent,
                release_by_us=row.release_by_us,
            )
        )
    rounds.save_tasks(db, made)
    rounds.end_members(db, {name: "" for name in by_fulfilment if name not in missing}, 0)
    return sum(placed.values())
