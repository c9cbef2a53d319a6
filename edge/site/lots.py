"""Lots of articles: whose they are, and which are blocked.

Public names: LotRow, lots_where, set_supplier, block_lot, free_lot.

What lies of a blocked lot in bins is set aside by the ledger, so that nobody promises it; totes are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from edge.orders.reservations import ReservationState
from edge.orders.stock import BinKey, Movement, MovementKind, StockCause, StockCondition, StockError
from edge.site import books, dialect, moving, outbox, reserving, stocktaking
from edge.site.outbox import OutboxTold
from edge.site.tables import stock as tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections

_IN_TOTES = (ReservationState.STAGED, ReservationState.PUTTING_BACK)


@dataclass(frozen=True, slots=True, kw_only=True)
class LotRow:
    """``supplier``: empty = not known; ``blocked_us``: since when, 0 = it is not."""

    sku: str
    lot: str
    expires_us: int
    supplier: str
    blocked_us: int
    blocked_by: str
    blocked_why: str


def lots_where(
    db: sa.Connection,
    skus: Iterable[str] | None = None,
    blocked: bool = False,
    after: tuple[str, str] = ("", ""),
    limit: int | None = None,
) -> list[LotRow]:
    """Lots by SKU and name, in the database's order: of some articles, or all; ``blocked``: only those.

    ``after``: behind the lot of this SKU and name. ``limit`` None: all.
    """
    table = tables.lots
    query = sa.select(table).order_by(table.c.sku, table.c.lot)
    if skus is not None:
        query = query.where(dialect.among(db, table.c.sku, skus))
    if blocked:
        query = query.where(table.c.blocked_us > 0)
    if any(after):
        sku, lot = after
        query = query.where(sa.or_(table.c.sku > sku, sa.and_(table.c.sku == sku, table.c.lot > lot)))
    if limit is not None:
        query = query.limit(limit)
    return [LotRow(**row._asdict()) for row in db.execute(query)]


def set_supplier(at: StoreConnections, sku: str, lot: str, supplier: str) -> LotRow:
    """Whose a lot is. Raises StockError: there is no such article."""
    with at.writing() as db:
        return _changed(db, sku, lot, {"supplier": supplier})


def block_lot(at: StoreConnections, sku: str, lot: str, by: str, reason: str, at_us: int) -> LotRow:
    """Nothing of a lot is picked or packed any more; what lies in bins is set aside. Again, nothing changes.

    Raises StockError: there is no such article.
    """
    with at.writing() as db:
        before = _changed(db, sku, lot, {})
        if before.blocked_us:
            return before
        sellable = StockCondition.SELLABLE
        now = _changed(db, sku, lot, {"blocked_us": at_us, "blocked_by": by, "blocked_why": reason})
        _move(db, now, sellable, MovementKind.MOVE, StockCondition.INSPECTION, by, at_us)
        return now


def free_lot(at: StoreConnections, sku: str, lot: str, by: str, reason: str, at_us: int) -> LotRow:
    """A lot is sold again, and what was set aside of it. Raises StockError: there is no such article."""
    with at.writing() as db:
        before = _changed(db, sku, lot, {})
        if not before.blocked_us:
            return before
        now = _changed(db, sku, lot, {"blocked_us": 0, "blocked_by": by, "blocked_why": reason})
        _move(db, now, StockCondition.INSPECTION, MovementKind.RESTOCK, StockCondition.SELLABLE, by, at_us)
        return now


def _move(
    db: sa.Connection,
    lot: LotRow,
    source: StockCondition,
    kind: MovementKind,
    target: StockCondition,
    by: str,
    at_us: int,
) -> None:
    """All of a lot in bins is of another condition; who has it gives way, and is picked from elsewhere."""
    moved: list[Movement] = []
    rows = books.bin_rows(db, [lot.sku])
    first = moving.times_moved(db, "lot", f"{lot.sku} {lot.lot}"[:200])
    for key, row in sorted(rows.items()):
        if key.lot != lot.lot or key.condition is not source:
            continue
        away = (one.its.quantity for one in reserving.held(db, reserving.at_place(key)) if one.its.state in _IN_TOTES)
        if (n := row.on_hand - sum(away)) > 0:
            cause = StockCause("lot", f"{lot.sku} {lot.lot}"[:200], first + len(moved))
            to = BinKey(key.bin, key.sku, key.lot, target)
            why = lot.blocked_why
            moved.append(Movement(cause=cause, kind=kind, quantity=n, at_us=at_us, source=key, target=to, why=why))
    told = stocktaking.moved_within(db, moved, by, at_us) if moved else []
    event = "lot.blocked.v1" if lot.blocked_us else "lot.freed.v1"
    body: dict[str, str | int | list[str]] = {"lot": lot.lot, "units": sum(one.quantity for one in moved)}
    outbox.append(db, [*told, OutboxTold(event, lot.sku, body)], at_us)


def _changed(db: sa.Connection, sku: str, lot: str, values: dict[str, str | int]) -> LotRow:
    """The lot with some values, held until the transaction ends; made where nobody told of it yet."""
    if sku not in books.lock_skus(db, [sku]):
        raise StockError(f"{sku}: no such article")
    table = tables.lots
    which = sa.and_(table.c.sku == sku, table.c.lot == lot)
    if db.execute(sa.select(table.c.sku).where(which)).first() is None:
        db.execute(table.insert().values(sku=sku, lot=lot, expires_us=0))
    if values:
        db.execute(table.update().where(which).values(values))
    return LotRow(**db.execute(sa.select(table).where(which)).one()._asdict())
