"""Orders within a transaction: which one is meant, what is stored of it, and what the feed tells.

Public names: put, ship, order_where, orders_where, know_codes, Put, OrderConflict.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec
import sqlalchemy as sa

from edge.core.events import OrderShipped
from edge.core.values.order import Order, OrderState
from edge.site import feed, tables

_AT_ONCE = 200
"""Orders whose names are looked for together; a statement of SQLite has 32,766 places, and each name takes three."""


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
    stored: dict[str, Order] = {}
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
        stored[order.id] = order
        if known is None:
            new += 1
        else:
            changed += 1
    problems += _held_twice(db, [order for order in stored.values() if order.state is OrderState.OPEN])
    if problems:
        raise OrderConflict(problems)
    return Put(new, changed, same)


def know_codes(db: sa.Connection) -> None:
    """Fills the table of codes of a store of 0.1.0, which has none."""
    if not sa.inspect(db).has_table(tables.order_codes.name):
        tables.order_codes.create(db)
        for order in orders_where(db, tables.orders.c.state == str(OrderState.OPEN)):
            _store_names(db, tables.order_codes.c.code, order.id, set(), set(order.codes))


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
        if known is not None and known.external and known.channel != order.channel:
            raise OrderConflict([f"order {order.id}: is of channel {known.channel}, {known.external!r}"])
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
    items, codes = tables.order_items.c.epc, tables.order_codes.c.code
    _store_names(db, items, order.id, set() if known is None else set(known.epcs), set(order.epcs))
    _store_names(db, codes, order.id, set() if known is None else set(known.codes), set(order.codes))


def _store_names(db: sa.Connection, column: sa.Column[str], order_id: str, before: set[str], after: set[str]) -> None:
    table = column.table
    if before - after:
        db.execute(sa.delete(table).where(table.c.order_id == order_id, column.in_(sorted(before - after))))
    if after - before:
        rows = [{column.name: name, "order_id": order_id} for name in sorted(after - before)]
        db.execute(sa.insert(table), rows)


def _held_twice(db: sa.Connection, asking: Sequence[Order]) -> Iterator[str]:
    """For each tote, parcel and code of stored open orders that another open order has as well, who has it."""
    place = {order.id: at for at, order in enumerate(asking)}
    orders, codes = tables.orders.c, tables.order_codes.c
    for begin in range(0, len(asking), _AT_ONCE):
        some = asking[begin : begin + _AT_ONCE]
        names = sorted({name for order in some for _, name in _names(order)})
        coded = sa.select(codes.order_id).where(codes.code.in_(names))
        naming = sa.or_(orders.tote.in_(names), orders.parcel.in_(names), orders.id.in_(coded))
        holders: defaultdict[tuple[bool, str], list[str]] = defaultdict(list)
        for other in orders_where(db, sa.and_(orders.state == str(OrderState.OPEN), naming)):
            for what, name in _names(other):
                holders[what == "tote", name].append(other.id)
        for order in some:
            for what, name in _names(order):
                for holder in holders[what == "tote", name]:
                    if place.get(holder, -1) < place[order.id]:
                        yield f"order {order.id}: {what} {name}: open order {holder} has it"


def _names(order: Order) -> Iterator[tuple[str, str]]:
    """By what a line knows an order: its tote, and what scanners and readers see on its parcel."""
    if order.tote:
        yield "tote", order.tote
    for label in order.labels:
        yield "parcel" if label == order.parcel else "code", label
