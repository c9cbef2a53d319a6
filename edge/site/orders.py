"""Orders within a transaction: which one is meant, what is stored of it, and what the feed tells.

Public names: check, put, ship, order_where, orders_where, Put, OrderConflict, AT_ONCE.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import sqlalchemy as sa

from edge.core.events import OrderShipped
from edge.core.values.order import Order, OrderState
from edge.site import dialect, feed, tables
from edge.site.dialect import Lock

AT_ONCE = 250
"""Orders of a batch that are stored in one transaction, less than a tenth of a second; then others have their turn."""


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

    def __add__(self, other: Put) -> Put:
        return Put(self.new + other.new, self.changed + other.changed, self.same + other.same)


def check(db: sa.Connection, orders: Iterable[Order]) -> None:
    """Raises OrderConflict where `put` of all of them would leave a contradiction."""
    _conflicts(db, _Batch(db, orders))


def put(db: sa.Connection, orders: Iterable[Order], at_us: int, checked: bool = False, *, foreign: bool = False) -> Put:
    """Stores what is new or changed, and tells it; raises OrderConflict.

    ``checked``: it is a part of a batch that `check` has seen, and nothing but a shipment came between. ``foreign``: by
    whoever knows nothing of what quality refused, a station packed, and which tote and number of a parcel were given
    here: that stays as it is.
    """
    dialect.lock(db, Lock.ORDERS)
    batch = _Batch(db, orders, foreign)
    if not checked:
        _conflicts(db, batch)
    _store(db, batch)
    feed.append(db, [(order, at_us) for order in batch.changes])
    return Put(batch.new, len(batch.changes) - batch.new, batch.same)


def ship(db: sa.Connection, shipped: Iterable[OrderShipped]) -> None:
    """Orders whose parcels reached their lanes; the feed tells each once. One that was cancelled stays so."""
    times = {one.order: one.at_us for one in reversed(list(shipped))}
    if not times:
        return
    dialect.lock(db, Lock.ORDERS)
    known = orders_where(db, dialect.among(db, tables.orders.c.id, times))
    after = [replace(order, state=OrderState.SHIPPED) for order in known if order.state is OrderState.OPEN]
    _update(db, after)
    parcels = tables.parcels.parcels
    gone = sa.and_(dialect.among(db, parcels.c.fulfilment, times), parcels.c.voided_us == 0)
    db.execute(parcels.update().where(gone).values(used_us=max(times.values())))  # not given again for a year
    feed.append(db, [(order, times[order.id]) for order in sorted(after, key=lambda order: times[order.id])])


def order_where(db: sa.Connection, condition: sa.ColumnElement[bool]) -> Order | None:
    """The order of which something holds, or None."""
    return next(iter(orders_where(db, condition)), None)


def orders_where(db: sa.Connection, condition: sa.ColumnElement[bool]) -> list[Order]:
    """The orders of which something holds, by id."""
    query = sa.select(tables.orders.c.body).where(condition)
    found = [msgspec.json.decode(body, type=Order) for body in db.execute(query).scalars()]
    return sorted(found, key=lambda order: order.id)  # databases sort by languages


class _Batch:
    """What becomes of stored orders when others are taken one after the other.

    ``known``: the stored ones that are meant, by id; ``now``: those that change or are new, as they are in the end.
    """

    def __init__(self, db: sa.Connection, orders: Iterable[Order], foreign: bool = False) -> None:
        asked = list(orders)
        self._foreign = foreign
        columns = tables.orders.c
        numbers: defaultdict[str, set[str]] = defaultdict(set)
        for order in asked:
            if order.external:
                numbers[order.channel].add(order.external)
        found = orders_where(db, dialect.among(db, columns.id, (order.id for order in asked)))
        for channel, externals in numbers.items():
            of_channel = sa.and_(columns.channel == channel, dialect.among(db, columns.external, externals))
            found += orders_where(db, of_channel)
        self.known = {order.id: order for order in found}
        self._ours = _ours(db, self.known) if foreign and self.known else frozenset()
        self.now: dict[str, Order] = {}
        self.changes: list[Order] = []
        self.new = self.same = 0
        self.problems: list[str] = []
        self._ids = {(order.channel, order.external): order.id for order in found if order.external}
        for order in asked:
            self._take(order)

    def _take(self, order: Order) -> None:
        known = self._stored(order.id)
        if order.external:
            twin = self._stored(self._ids.get((order.channel, order.external), ""))
            if known is not None and known.external and known.channel != order.channel:
                self.problems.append(f"order {order.id}: is of channel {known.channel}, {known.external!r}")
                return
            if twin is not None and known is not None and twin.id != known.id:
                self.problems.append(f"order {order.id}: {order.channel} {order.external!r} is order {twin.id} already")
                return
            known = known or twin
        if known is not None:
            left = known.state is OrderState.SHIPPED and order.state is OrderState.OPEN
            state = OrderState.SHIPPED if left else order.state
            order = replace(order, id=known.id, state=state)
            if self._foreign:
                order = replace(order, refused=known.refused, items=known.items)
                if known.tote in self._ours and not order.parcel:  # who gives a parcel's number has emptied the tote
                    order = replace(order, tote=order.tote or known.tote)
                if known.parcel in self._ours:
                    order = replace(order, parcel=order.parcel or known.parcel)
            self._ids.pop((known.channel, known.external), None)
        if order.external:
            self._ids[order.channel, order.external] = order.id
        if known == order:
            self.same += 1
            return
        self.new += known is None
        self.now[order.id] = order
        self.changes.append(order)

    def _stored(self, name: str) -> Order | None:
        return self.now.get(name) or self.known.get(name)


def _ours(db: sa.Connection, orders: Iterable[str]) -> frozenset[str]:
    """The totes that were bound here to these orders, and the numbers that were drawn for their parcels and hold."""
    parcels, totes = tables.parcels.parcels.c, tables.picks.totes.c
    held = sa.and_(dialect.among(db, parcels.fulfilment, orders), parcels.voided_us == 0)
    numbers = [f"(00){sscc}" for sscc in db.execute(sa.select(parcels.sscc).where(held)).scalars()]
    bound = sa.select(totes.tote).where(dialect.among(db, totes.fulfilment, orders))
    return frozenset((*numbers, *db.execute(bound).scalars()))


def _store(db: sa.Connection, batch: _Batch) -> None:
    fresh = [order for order in batch.now.values() if order.id not in batch.known]
    changed = [order for order in batch.now.values() if order.id in batch.known]
    if passed_on := [order.id for order in changed if batch.known[order.id].external not in ("", order.external)]:
        freed = dialect.among(db, tables.orders.c.id, passed_on)  # another of the batch may have the number now
        db.execute(tables.orders.update().where(freed).values(external=None))
    _update(db, changed)
    dialect.bulk_insert(db, tables.orders, _COLUMNS, ((order.id, *_row(order)) for order in fresh))
    for column, which in ((tables.order_items.c.epc, "epcs"), (tables.order_codes.c.code, "codes")):
        after = [(name, order.id) for order in batch.now.values() for name in sorted(set(getattr(order, which)))]
        kept = {(name, order.id) for order in changed for name in getattr(batch.known[order.id], which)}
        gone = kept.difference(after)
        if gone:
            rows = column.table.delete().where(
                column == sa.bindparam("name"), column.table.c.order_id == sa.bindparam("of")
            )
            db.execute(rows, [{"name": name, "of": order_id} for name, order_id in sorted(gone)])
        dialect.bulk_insert(db, column.table, (column.name, "order_id"), (row for row in after if row not in kept))


_COLUMNS = ("id", "channel", "external", "tote", "parcel", "state", "body")


def _row(order: Order) -> tuple[object, ...]:
    body = msgspec.json.encode(order).decode()
    return order.channel, order.external or None, order.tote, order.parcel, str(order.state), body


def _update(db: sa.Connection, orders: Sequence[Order]) -> None:
    if orders:
        which = tables.orders.update().where(tables.orders.c.id == sa.bindparam("which"))
        changes: dict[str, sa.BindParameter[object]] = {name: sa.bindparam(f"new_{name}") for name in _COLUMNS[1:]}
        rows = [
            {"which": order.id, **{f"new_{name}": value for name, value in zip(_COLUMNS[1:], _row(order), strict=True)}}
            for order in orders
        ]
        db.execute(which.values(changes), rows)


def _conflicts(db: sa.Connection, batch: _Batch) -> None:
    problems = [*batch.problems, *_held_twice(db, batch.now)]
    if problems:
        raise OrderConflict(problems)


def _held_twice(db: sa.Connection, now: Mapping[str, Order]) -> Iterator[str]:
    """For each tote, parcel and code of open orders that another open order has as well, who has it.

    ``now``: orders as they will be; all others are as they are stored.
    """
    asking = [order for order in now.values() if order.state is OrderState.OPEN]
    names = {name for order in asking for _, name in _names(order)}
    holders: defaultdict[tuple[bool, str], set[str]] = defaultdict(set)
    for order in (*_naming(db, names), *asking):
        if order.id not in now or now[order.id] is order:
            for what, name in _names(order):
                holders[what == "tote", name].add(order.id)
    place = {order.id: at for at, order in enumerate(asking)}
    for order in asking:
        for what, name in _names(order):
            for holder in sorted(holders[what == "tote", name]):
                if place.get(holder, -1) < place[order.id]:
                    yield f"order {order.id}: {what} {name}: open order {holder} has it"


def _naming(db: sa.Connection, names: set[str]) -> list[Order]:
    """The stored open orders that have one of the names as tote, parcel or code."""
    orders, codes = tables.orders.c, tables.order_codes.c
    coded = sa.select(codes.order_id).where(dialect.among(db, codes.code, names))
    found: dict[str, Order] = {}
    for naming in (
        dialect.among(db, orders.tote, names),
        dialect.among(db, orders.parcel, names),
        orders.id.in_(coded),
    ):
        open_ones = sa.and_(orders.state == str(OrderState.OPEN), naming)
        found.update((order.id, order) for order in orders_where(db, open_ones))
    return list(found.values())


def _names(order: Order) -> Iterator[tuple[str, str]]:
    """By what a line knows an order: its tote, and what scanners and readers see on its parcel."""
    if order.tote:
        yield "tote", order.tote
    for label in order.labels:
        yield "parcel" if label == order.parcel else "code", label
