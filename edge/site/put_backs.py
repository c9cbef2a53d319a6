"""What lies in totes and is not wanted there any more, within a transaction.

Public names: CANCELLED, PutBackRow, add_put_back, open_put_backs, find, end, close.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from edge.orders.stock import BinKey, StockCondition
from edge.site.tables import picks as tables

CANCELLED = "cancelled"
"""Why units are put back that an order does not want any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBackRow:
    """Units that lie in a tote and are to go to their bin. ``tote``: or the packing station that took them out of it;
    empty = it is not known which.
    """

    seq: int
    fulfilment: str
    tote: str
    to: BinKey
    quantity: int
    why: str
    since_us: int


def add_put_back(db: sa.Connection, fulfilment: str, tote: str, to: BinKey, units: int, why: str, at_us: int) -> None:
    """Units lie in a tote, empty = in which is not known, and are to go to a bin."""
    db.execute(
        tables.put_backs.insert().values(
            fulfilment=fulfilment,
            tote=tote,
            bin=to.bin,
            sku=to.sku,
            lot=to.lot,
            condition=str(to.condition),
            quantity=units,
            why=why,
            since_us=at_us,
            done_us=0,
            by="",
        )
    )


def open_put_backs(db: sa.Connection, after: int = 0, limit: int = 100, of: str = "") -> list[PutBackRow]:
    """What lies in totes and is not wanted there, behind a number, in order; ``of``: of a tote or a fulfilment."""
    table = tables.put_backs
    query = sa.select(table).where(table.c.done_us == 0, table.c.seq > after).order_by(table.c.seq).limit(limit)
    if of:
        query = query.where(sa.or_(table.c.tote == of, table.c.fulfilment == of))
    return [_put_back(row) for row in db.execute(query)]


def _put_back(row: sa.Row[tuple[object, ...]]) -> PutBackRow:
    said = row._mapping  # noqa: SLF001  # SQLAlchemy's public name
    return PutBackRow(
        seq=said["seq"],
        fulfilment=said["fulfilment"],
        tote=said["tote"],
        to=BinKey(said["bin"], said["sku"], said["lot"], StockCondition(said["condition"])),
        quantity=said["quantity"],
        why=said["why"],
        since_us=said["since_us"],
    )


def find(db: sa.Connection, seq: int) -> tuple[PutBackRow, bool] | None:
    """One of them, and whether it is done; None = there is none."""
    row = db.execute(sa.select(tables.put_backs).where(tables.put_backs.c.seq == seq)).first()
    return None if row is None else (_put_back(row), bool(row.done_us))


def end(db: sa.Connection, seq: int, by: str, at_us: int) -> None:
    """Its units were seen in their bin."""
    table = tables.put_backs
    db.execute(table.update().where(table.c.seq == seq, table.c.done_us == 0).values(done_us=at_us, by=by))


def close(db: sa.Connection, fulfilment: str, to: BinKey, units: int, at_us: int) -> None:
    """So many units of a fulfilment that were to go to a bin need no putting back any more, the oldest first."""
    table = tables.put_backs
    query = sa.select(table).where(table.c.fulfilment == fulfilment, table.c.done_us == 0).order_by(table.c.seq)
    for one in map(_put_back, db.execute(query).all()):
        if one.to != to or units <= 0:
            continue
        rest = one.quantity - units
        units -= one.quantity
        if rest > 0:
            db.execute(table.update().where(table.c.seq == one.seq).values(quantity=rest))
        else:
            end(db, one.seq, "seen", at_us)
