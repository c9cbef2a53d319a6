"""The promise book and the bin book within a transaction.

Public names: lock_skus, promises_of, bin_rows, offers_of, apply, check_known, suspect.

Whoever changes a book locks the rows of the promise book of all SKUs that it concerns first, in their order; so nobody
waits in a circle, and bins and reservations of a SKU change under its lock alone. Feed and outbox come behind it.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from edge.orders.allocation import Offer
from edge.orders.stock import (
    BinKey,
    BinStock,
    BookChange,
    Promise,
    StockCondition,
    StockError,
    after,
)
from edge.site import catalogue, dialect
from edge.site.tables import stock as tables


def lock_skus(db: sa.Connection, skus: Iterable[str]) -> dict[str, Promise]:
    """The rows of the promise book of the SKUs that there are, held until the transaction ends."""
    table = tables.promises.c
    query = sa.select(tables.promises).where(dialect.among(db, table.sku, skus)).order_by(table.sku).with_for_update()
    return {sku: Promise(sku, sellable, promised) for sku, sellable, promised in db.execute(query)}


def promises_of(db: sa.Connection, skus: Iterable[str]) -> dict[str, Promise]:
    """The same as they are at this moment, not held."""
    query = sa.select(tables.promises).where(dialect.among(db, tables.promises.c.sku, skus))
    return {sku: Promise(sku, sellable, promised) for sku, sellable, promised in db.execute(query)}


def bin_rows(db: sa.Connection, skus: Iterable[str]) -> dict[BinKey, BinStock]:
    """The bin book of some SKUs."""
    query = sa.select(tables.bin_stock).where(dialect.among(db, tables.bin_stock.c.sku, skus))
    return {
        (key := BinKey(row.bin, row.sku, row.lot, StockCondition(row.condition))): BinStock(
            key, row.on_hand, row.allocated
        )
        for row in db.execute(query)
    }


def offers_of(db: sa.Connection, skus: Iterable[str]) -> list[Offer]:
    """What bins offer of some SKUs, with expiry, way and suspicion; nothing of lots that are blocked."""
    stock, lots, bins = tables.bin_stock, tables.lots, tables.bins
    query = (
        sa.select(
            stock, sa.func.coalesce(lots.c.expires_us, 0).label("expires_us"), bins.c.aisle, bins.c.place, bins.c.level
        )
        .join(bins, bins.c.bin == stock.c.bin)
        .outerjoin(lots, sa.and_(lots.c.sku == stock.c.sku, lots.c.lot == stock.c.lot))
        .where(
            dialect.among(db, stock.c.sku, skus),
            stock.c.on_hand > stock.c.allocated,
            sa.func.coalesce(lots.c.blocked_us, 0) == 0,
        )
    )
    rows = sorted(db.execute(query).all(), key=lambda row: (row.aisle, row.place, row.level, row.bin))
    return [
        Offer(
            key=BinKey(row.bin, row.sku, row.lot, StockCondition(row.condition)),
            free=row.on_hand - row.allocated,
            expires_us=row.expires_us,
            path=path,
            suspect=bool(row.suspect_us),
        )
        for path, row in enumerate(rows)
    ]


def apply(db: sa.Connection, change: BookChange) -> None:
    """Changes both books by the rows of a change.

    Raises:
        StockError: a row would not bear it, or there is no such article or bin.
    """
    skus = {sku for sku, _, _ in change.promises} | {key.sku for key, _, _ in change.bins}
    if not skus:
        return
    promises = lock_skus(db, skus)
    check_known(db, skus - promises.keys(), {key.bin for key, on_hand, _ in change.bins if on_hand > 0})
    known = bin_rows(db, {key.sku for key, _, _ in change.bins})
    _, bins = after(promises, known, change)
    if change.promises:
        table = tables.promises
        adding = table.update().where(table.c.sku == sa.bindparam("which"))
        values = {
            "sellable": table.c.sellable + sa.bindparam("more", type_=sa.BigInteger),
            "promised": table.c.promised + sa.bindparam("taken", type_=sa.BigInteger),
        }
        rows = [{"which": sku, "more": more, "taken": taken} for sku, more, taken in change.promises]
        db.execute(adding.values(values), rows)
    changed = [key for key in bins if key in known]
    if changed:
        its = tables.bin_stock
        which = its.update().where(
            its.c.sku == sa.bindparam("its_sku"),
            its.c.bin == sa.bindparam("its_bin"),
            its.c.lot == sa.bindparam("its_lot"),
            its.c.condition == sa.bindparam("its_condition"),
        )
        db.execute(
            which.values(on_hand=sa.bindparam("now_on_hand"), allocated=sa.bindparam("now_allocated")),
            [
                {
                    "its_sku": key.sku,
                    "its_bin": key.bin,
                    "its_lot": key.lot,
                    "its_condition": str(key.condition),
                    "now_on_hand": bins[key].on_hand,
                    "now_allocated": bins[key].allocated,
                }
                for key in changed
            ],
        )
    dialect.bulk_insert(
        db,
        tables.bin_stock,
        ("sku", "bin", "lot", "condition", "on_hand", "allocated"),
        (
            (key.sku, key.bin, key.lot, str(key.condition), row.on_hand, row.allocated)
            for key, row in bins.items()
            if key not in known
        ),
    )


def check_known(db: sa.Connection, strange: Iterable[str], bins: Iterable[str]) -> None:
    for sku in sorted(strange):
        raise StockError(f"{sku}: no such article")
    for name in sorted(set(bins) - catalogue.places_of(db, bins).keys()):
        raise StockError(f"{name}: no such bin")


def suspect(db: sa.Connection, at: BinKey, since_us: int) -> None:
    """All rows of the SKU in the bin are not offered until they are counted."""
    table = tables.bin_stock
    which = sa.and_(table.c.sku == at.sku, table.c.bin == at.bin, table.c.suspect_us == 0)
    db.execute(table.update().where(which).values(suspect_us=since_us))
