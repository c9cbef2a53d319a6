"""What the store knows of orders that are to be judged, gathered for many at once.

Public names: facts_of, Gathered.

An order is compared with those that were ordered before it, never with later ones: so it does not matter in which
order they came in. What was ordered later and shares a key with it must be judged again, see `Gathered.later`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from rapidfuzz import fuzz

from edge.intake import compare
from edge.orders.likeness import Likeness, Similar
from edge.orders.likeness import compare as likeness_of
from edge.orders.reservations import ReservationState
from edge.orders.review import Facts, ReviewRules, SkuFact
from edge.orders.sales import Consignee, OrderStage, SalesOrder
from edge.site import dialect, sales
from edge.site.tables import sales as tables
from edge.site.tables import stock as stock_tables

_DAY_US = 86_400_000_000
_ALIKE = 50
"""With so many of those before it an order is compared, the newest; more of one phone are a matter of velocity."""
_KEYS = ("phone_key", "goods_key", "address_key")
_GOODS = 1
_PERSON = tuple(Consignee.__dataclass_fields__)
_GONE = (OrderStage.CANCELLED, OrderStage.CANCELLING)


@dataclass(frozen=True, slots=True)
class Gathered:
    """``facts``: by order. ``later``: orders that share a key with one of them and were ordered after it."""

    facts: Mapping[str, Facts]
    later: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Seen:
    """An order beside others: by time, then by id."""

    when_us: int
    id: str
    keys: tuple[str | None, ...]
    consignee: Consignee


def facts_of(
    db: sa.Connection,
    orders: Mapping[str, SalesOrder],
    rules: ReviewRules,
    people: Mapping[str, Consignee] | None = None,
) -> Gathered:
    """``people``: who gets an order from now on, where that is another than stored, by id.

    An order in the place of a stored one, that is with its id, is compared by the keys of the stored one.
    """
    its = _seen(db, dialect.among(db, tables.consignees.c.order_id, orders))
    beside = _beside(db, its.values(), rules)
    noted = sales.noted_of(db, orders)
    skus = _skus(db, {line.sku for order in orders.values() for line in order.lines})
    stock = _stock(db, orders)
    facts: dict[str, Facts] = {}
    later: set[str] = set()
    for name in orders:
        mine = its.get(name)
        consignee = (people or {}).get(name) or (mine.consignee if mine is not None else Consignee())
        before, after = beside.around(mine) if mine is not None else ([], set())
        later |= after
        facts[name] = Facts(
            consignee=consignee,
            skus=skus,
            noted=noted.get(name, ()) if (people or {}).get(name) is None else (),
            stock=None if stock is None else stock[name],
            similar=[] if mine is None else [_similar(mine, one) for one in before[-_ALIKE:]],
            recent={} if mine is None else beside.recent(mine),
        )
    return Gathered(facts, frozenset(later - orders.keys()))


class _Beside:
    """The orders that share keys with some, each key's in order of time."""

    def __init__(self, seen: Iterable[_Seen], window_us: int) -> None:
        self._window_us = window_us
        self._by: dict[tuple[int, str], list[_Seen]] = {}
        for one in sorted(seen, key=lambda one: (one.when_us, one.id)):
            for kind, key in enumerate(one.keys):
                if key:
                    self._by.setdefault((kind, key), []).append(one)

    def around(self, mine: _Seen) -> tuple[list[_Seen], set[str]]:
        """Those with its goods before it within the window, and the ids of all that share a key behind it."""
        before: dict[str, _Seen] = {}
        after: set[str] = set()
        for kind, key in enumerate(mine.keys):
            row = self._by.get((kind, key or ""), [])
            at = bisect_left(row, (mine.when_us, mine.id), key=lambda one: (one.when_us, one.id))
            after |= {one.id for one in row[at:] if one.when_us <= mine.when_us + self._window_us}
            if kind == _GOODS:  # without the same goods nothing is a duplicate
                begin = bisect_left(row, mine.when_us - self._window_us, hi=at, key=lambda one: one.when_us)
                before |= {one.id: one for one in row[begin:at]}
        return sorted(before.values(), key=lambda one: (one.when_us, one.id)), after - {mine.id}

    def recent(self, mine: _Seen) -> dict[str, int]:
        """How many, with it, share its phone or address and were ordered within a day before it."""
        found: dict[str, int] = {}
        for kind, name in ((0, "phone"), (2, "address")):
            row = self._by.get((kind, mine.keys[kind] or ""), [])
            end = bisect_left(row, (mine.when_us, mine.id), key=lambda one: (one.when_us, one.id))
            begin = bisect_left(row, mine.when_us - _DAY_US, hi=end, key=lambda one: one.when_us)
            if end > begin:
                found[name] = end - begin + 1
        return found


def _beside(db: sa.Connection, mine: Iterable[_Seen], rules: ReviewRules) -> _Beside:
    asked = list(mine)
    window_us = max(rules.duplicate_days, 1) * _DAY_US
    found = {one.id: one for one in asked}
    if asked:
        begin = min(one.when_us for one in asked) - window_us
        end = max(one.when_us for one in asked) + window_us
        when = sa.and_(_when() >= begin, _when() <= end, tables.orders.c.stage.not_in([str(one) for one in _GONE]))
        for kind, name in enumerate(_KEYS):
            keys = {key for one in asked if (key := one.keys[kind])}
            if keys:
                found |= _seen(db, sa.and_(dialect.among(db, tables.consignees.c[name], keys), when))
    return _Beside(found.values(), window_us)


def _seen(db: sa.Connection, which: sa.ColumnElement[bool]) -> dict[str, _Seen]:
    person, order = tables.consignees, tables.orders
    query = (
        sa.select(order.c.id, _when().label("when_us"), *(person.c[name] for name in (*_KEYS, *_PERSON)))
        .join(order, order.c.id == person.c.order_id)
        .where(which)
    )
    return {
        row.id: _Seen(
            row.when_us,
            row.id,
            tuple(getattr(row, name) for name in _KEYS),
            Consignee(**{name: getattr(row, name) for name in _PERSON}),
        )
        for row in db.execute(query)
    }


def _when() -> sa.ColumnElement[int]:
    """When it was ordered, or taken where nobody says."""
    order = tables.orders.c
    return sa.case((order.ordered_us > 0, order.ordered_us), else_=order.taken_us)


def _similar(mine: _Seen, other: _Seen) -> Similar:
    return likeness_of(_likeness(mine), _likeness(other), fuzz.ratio)


def _likeness(one: _Seen) -> Likeness:
    phone, goods, _ = one.keys
    return Likeness(order=one.id, phone=phone or "", goods=goods or "", address=compare.address_key(one.consignee))


def _skus(db: sa.Connection, asked: set[str]) -> dict[str, SkuFact] | None:
    """The articles that are known; None where the site keeps none."""
    sku = stock_tables.skus.c.sku
    if db.execute(sa.select(sku).limit(1)).first() is None:
        return None
    return {name: SkuFact() for name in db.execute(sa.select(sku).where(dialect.among(db, sku, asked))).scalars()}


def _stock(db: sa.Connection, orders: Mapping[str, SalesOrder]) -> dict[str, dict[str, int]] | None:
    """What may be promised to each order, what it has already with it, by article; None where no stock is kept."""
    book, row = stock_tables.promises.c, stock_tables.reservations.c
    if db.execute(sa.select(book.sku).limit(1)).first() is None:
        return None
    skus = {line.sku for order in orders.values() for line in order.lines}
    query = sa.select(book.sku, (book.sellable - book.promised).label("free")).where(dialect.among(db, book.sku, skus))
    free = {one.sku: int(one.free) for one in db.execute(query)}
    found = {name: dict(free) for name in orders}
    mine = sa.select(row.order_id, row.sku, row.quantity).where(
        dialect.among(db, row.order_id, orders), row.state != str(ReservationState.CONSUMED)
    )
    for name, sku, quantity in db.execute(mine):
        found[name][sku] = found[name].get(sku, 0) + int(quantity)
    return found
