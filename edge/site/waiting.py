"""Accepted orders that lack stock, by rank, and what is promised to them.

Public names: rank_of, reserve_waiting, who_waits, promised, reserve_those, WAITING, PLANNED.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from edge.orders.reservations import ReservationState
from edge.orders.sales import OrderStage
from edge.site import dialect, outbox, reserving
from edge.site.dialect import Lock
from edge.site.tables import sales as sales_tables
from edge.site.tables import stock as stock_tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections


_DAY_US = 86_400_000_000


_FIRST = 2**51
"""How far before all others an urgent order ranks; ranks fit every database, file and language."""


PLANNED = 100_000
"""Orders of one plan; what has stock and comes later by rank is in the next one, when waves were released."""
_PORTION = 2_000
WAITING = 20_000
"""Orders that one plan looks at for stock; the others in the next one."""


def rank_of(ordered_us: int, priority: int, urgent: bool) -> int:
    """Who is served first where not all can be, the lower the sooner; a step of priority is worth a day."""
    return ordered_us - max(-1000, min(priority, 1000)) * _DAY_US - (_FIRST if urgent else 0)


def reserve_waiting(at: StoreConnections, at_us: int, names: Sequence[str] = ()) -> list[reserving.Reserved]:
    """Promises stock to accepted orders that lack some: those of the names, or whoever waits longest by rank.

    By portions, each one transaction, so that others have their turn.
    """
    asked = list(names or who_waits(at))
    found: list[reserving.Reserved] = []
    for begin in range(0, len(asked), _PORTION):
        with at.writing() as db:
            dialect.lock(db, Lock.SALES)
            done = reserve_those(db, asked[begin : begin + _PORTION])
            outbox.append(db, reserving.told_of(done), at_us)
        found += done
    return found


def who_waits(at: StoreConnections) -> list[str]:
    """Accepted orders that lack stock, the first by rank, before all others those of which something is free; read
    beside whoever writes, since it looks at all of them.
    """
    with at.reading() as db:
        return [row.id for row in _lacking(db, ())]


def promised(db: sa.Connection) -> list[str]:
    """Orders to which stock is softly promised, the first `PLANNED` by rank; of a merged one, with whom it ships."""
    order, has = sales_tables.orders.c, stock_tables.reservations.c
    leads = sa.case((order.stage == str(OrderStage.MERGED), order.merged_into), else_=order.id)
    query = (
        sa.select(leads)
        .join(stock_tables.reservations, has.order_id == order.id)
        .where(
            has.fulfilment == "",
            has.state == str(ReservationState.SOFT),
            order.stage.in_((str(OrderStage.ACCEPTED), str(OrderStage.MERGED))),
        )
        .group_by(leads)
        .order_by(sa.func.min(has.rank), leads)
        .limit(PLANNED)
    )
    return list(db.execute(query).scalars())


def reserve_those(db: sa.Connection, names: Sequence[str]) -> list[reserving.Reserved]:
    """The same within a transaction, of the orders with these names."""
    if not names:
        return []
    line = sales_tables.lines.c
    rows = _lacking(db, names)
    lines: dict[str, list[tuple[int, str, int]]] = {}
    its = sa.select(line.order_id, line.number, line.sku, line.quantity - line.cancelled)
    for name, number, sku, units in db.execute(its.where(dialect.among(db, line.order_id, (row.id for row in rows)))):
        if units:
            lines.setdefault(name, []).append((number, sku, units))
    return reserving.reserve(
        db,
        [
            reserving.Want(
                order=row.id,
                lines=tuple(sorted(lines.get(row.id, ()))),
                rank=rank_of(row.ordered_us, row.priority, row.urgent),
                urgent=row.urgent,
            )
            for row in rows
        ],
    )


def _lacking(db: sa.Connection, names: Sequence[str]) -> Sequence[sa.Row[Any, Any, Any, Any]]:
    """Id, time, priority and urgency of accepted orders that lack stock, of some names or of all."""
    order, line, has = sales_tables.orders.c, sales_tables.lines.c, stock_tables.reservations.c
    wanted_query = sa.select(line.order_id, sa.func.sum(line.quantity - line.cancelled).label("units"))
    given_query = sa.select(has.order_id, sa.func.sum(has.quantity).label("units")).where(
        has.state != str(ReservationState.PUTTING_BACK)
    )
    if names:
        wanted_query = wanted_query.where(dialect.among(db, line.order_id, names))
        given_query = given_query.where(dialect.among(db, has.order_id, names))
    wanted = wanted_query.group_by(line.order_id).subquery()
    given = given_query.group_by(has.order_id).subquery()
    book, its = stock_tables.promises.c, line
    free = sa.exists().where(its.order_id == order.id, its.sku == book.sku, book.sellable > book.promised)
    query = (
        sa.select(order.id, order.ordered_us, order.priority, order.urgent)
        .join(wanted, wanted.c.order_id == order.id)
        .outerjoin(given, given.c.order_id == order.id)
        .where(
            order.stage.in_((str(OrderStage.ACCEPTED), str(OrderStage.MERGED))),
            wanted.c.units > sa.func.coalesce(given.c.units, 0),
        )
        .order_by(sa.case((free, 0), else_=1), order.urgent.desc(), order.priority.desc(), order.ordered_us)
        .limit(WAITING)
    )
    return db.execute(query.where(dialect.among(db, order.id, names)) if names else query).all()
