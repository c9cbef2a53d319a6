"""What lies in totes and is not wanted there any more, in transactions.

Public names: PutBackRow, add_put_back, open_put_backs, put_back, take_away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from edge.orders.picking import (
    PickError,
)
from edge.orders.reservations import ReservationEvent, ReservationState
from edge.orders.stock import BinKey, BookChange, StockCondition
from edge.site import books, dialect, reserving, rounds
from edge.site.tables import picks as tables
from edge.site.tables import stock as stock_tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBackRow:
    """Units that lie in a tote and are to go to their bin. ``tote``: empty = it is not known which."""

    seq: int
    fulfilment: str
    tote: str
    to: BinKey
    quantity: int
    why: str
    since_us: int


def add_put_back(db: sa.Connection, fulfilment: str, tote: str, to: BinKey, units: int, why: str, at_us: int) -> None:
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


def put_back(at: StoreConnections, seq: int, by: str, at_us: int) -> PutBackRow:
    """Units were seen in their bin again: nobody has them any more. Said again, nothing changes.

    Raises:
        PickError: there is no such row.
    """
    table = tables.put_backs
    with at.writing() as db:
        row = db.execute(sa.select(table).where(table.c.seq == seq)).first()
        if row is None:
            raise PickError(f"put-back {seq}: there is none")
        books.lock_skus(db, [row.sku])
        which = table.update().where(table.c.seq == seq, table.c.done_us == 0)
        done = _put_back(row)
        if db.execute(which.values(done_us=at_us, by=by)).rowcount:
            state, event = ReservationState.PUTTING_BACK, ReservationEvent.PUT_BACK
            reserving.step_units(db, done.fulfilment, done.to, state, event, done.quantity)
        return done


def take_away(db: sa.Connection, units: Mapping[tuple[str, int], int], why: str, at_us: int) -> dict[str, int]:
    """Takes units from lines of orders that want fewer: (order, line) -> how many; what must go back, by fulfilment.

    What is soft goes first, then what is not picked yet, whose pick lines get fewer; what lies in a tote is to be put
    back, and is free when it was seen. The line's book is the caller's to amend.
    """
    table = stock_tables.reservations.c
    live = table.state.in_(
        [str(state) for state in (ReservationState.SOFT, ReservationState.HARD, ReservationState.STAGED)]
    )
    of_orders = sa.and_(dialect.among(db, table.order_id, (order for order, _ in units)), live)
    books.lock_skus(db, db.execute(sa.select(table.sku).where(of_orders).distinct()).scalars())
    rows = reserving.held(db, of_orders)
    turn = {ReservationState.SOFT: 0, ReservationState.HARD: 1, ReservationState.STAGED: 2}
    effects: list[BookChange] = []
    fewer: Counter[tuple[str, BinKey]] = Counter()
    back: Counter[str] = Counter()
    left = dict(units)
    for one in sorted(rows, key=lambda row: (turn[row.its.state], row.seq)):
        key = (one.its.order, one.its.line)
        n = min(left.get(key, 0), one.its.quantity)
        if n <= 0:
            continue
        left[key] -= n
        now, _, effect = reserving.step(db, one, ReservationEvent.CANCELLED, n)
        effects.append(effect)
        if one.its.at and one.its.state is ReservationState.HARD:
            fewer[one.fulfilment, one.its.at] += n
        elif one.its.at and now is not None:
            tote = db.execute(
                sa.select(tables.totes.c.tote).where(tables.totes.c.fulfilment == one.fulfilment)
            ).scalar()
            add_put_back(db, one.fulfilment, tote or "", one.its.at, n, why, at_us)
            back[one.fulfilment] += n
    books.apply(db, BookChange.summed(effects))
    rounds.fewer_lines(db, fewer, at_us)
    return dict(back)
