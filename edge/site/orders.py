"""Orders within a transaction: which one is meant, what is stored of it, and what the feed tells.

Public names: put, ship, order_where, orders_where, Put, OrderConflict.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec
import sqlalchemy as sa

from edge.core.events import OrderShipped
from edge.core.values.order import Order, OrderState
from edge.site import feed, tables


class OrderConflict(ValueError):  # noqa: N818  # the clash is the word of the trade
    """Orders that contradict stored ones; nothing of the batch was stored. ``problems``: a line for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True)
class Put:
    """What became of a batch of orders. ``same``: known already, word for word."""

    new: int
    changed: int
    same: int


def put(db: sa.Connection, orders: Iterable[Order], at_us: int) -> Put:
    """Stores what is new or changed, and tells it; raises OrderConflict."""
    new = changed = same = 0
    problems: list[str] = []
    for order in orders:
        try:
            known, order = _recognise(db, order)
        except OrderConflict as conflict:
            problems.extend(conflict.problems)
            continue
        if known == order:
            same += 1
            continue
        _store(db, known, order)
        feed.append(db, order, at_us)
        if known is None:
            new += 1
        else:
            changed += 1
    if problems:
        raise OrderConflict(problems)
    return Put(new, changed, same)


def ship(db: sa.Connection, shipped: OrderShipped) -> None:
    """An order whose parcel reached its lane; the feed tells it once."""
    order = order_where(db, tables.orders.c.id == shipped.order)
    if order is None or order.state is OrderState.SHIPPED:
        return
    after = replace(order, state=OrderState.SHIPPED)
    _store(db, order, after)
    feed.append(db, after, shipped.at_us)


def order_where(db: sa.Connection, condition: sa.ColumnElement[bool]) -> Order | None:
    """The order of which something holds, or None."""
    return next(iter(orders_where(db, condition)), None)


def orders_where(db: sa.Connection, condition: sa.ColumnElement[bool]) -> list[Order]:
    """The orders of which something holds, by id."""
    query = sa.select(tables.orders.c.body).where(condition).order_by(tables.orders.c.id)
    return [msgspec.json.decode(body, type=Order) for body in db.execute(query).scalars()]


def _recognise(db: sa.Connection, order: Order) -> tuple[Order | None, Order]:
    """The stored order that this one is, and this one with what the stored one decides."""
    known = order_where(db, tables.orders.c.id == order.id)
    if order.external:
        twin = order_where(
            db, sa.and_(tables.orders.c.channel == order.channel, tables.orders.c.external == order.external)
        )
        if twin is not None and known is not None and twin.id != known.id:
            raise OrderConflict([f"order {order.id}: {order.channel} {order.external!r} is order {twin.id} already"])
        known = known or twin
    if known is None:
        return None, order
    state = OrderState.SHIPPED if known.state is OrderState.SHIPPED else order.state
    return known, replace(order, id=known.id, state=state)


def _store(db: sa.Connection, known: Order | None, order: Order) -> None:
    row = {
        "id": order.id,
        "channel": order.channel,
        "external": order.external or None,
        "tote": order.tote,
        "parcel": order.parcel,
        "state": str(order.state),
        "body": msgspec.json.encode(order).decode(),
    }
    if known is None:
        db.execute(tables.orders.insert().values(row))
    else:
        db.execute(tables.orders.update().where(tables.orders.c.id == order.id).values(row))
    before = set() if known is None else {epc for line in known.lines for epc in line.epcs}
    after = {epc for line in order.lines for epc in line.epcs}
    if before - after:
        db.execute(
            tables.order_items.delete().where(
                tables.order_items.c.order_id == order.id, tables.order_items.c.epc.in_(sorted(before - after))
            )
        )
    if after - before:
        db.execute(tables.order_items.insert(), [{"epc": epc, "order_id": order.id} for epc in sorted(after - before)])
