"""What the store knows of orders that are to be judged, gathered for many at once.

Public names: facts_of, facts_of_new, Gathered.

An order is compared with those that were ordered before it, never with later ones: so it does not matter in which
order they came in. What was ordered later and shares a key with it must be judged again, see `Gathered.later`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from rapidfuzz import fuzz

from edge.intake import compare
from edge.orders.likeness import Likeness, Similar
from edge.orders.likeness import compare as likeness_of
from edge.orders.reservations import ReservationState
from edge.orders.review import Facts, ReviewRules, SkuFact
from edge.orders.sales import Consignee, Noted, OrderStage, SalesOrder
from edge.site import dialect, sales
from edge.site.tables import cases as case_tables
from edge.site.tables import sales as tables
from edge.site.tables import stock as stock_tables
from edge.site.taking import FreshSale

_DAY_US = 86_400_000_000
_ALIKE = 50
"""With so many of those before it an order is compared, the newest; more of one phone are a matter of velocity."""
_KEYS = ("phone_key", "goods_key", "address_key")
_GOODS = 1
_PERSON = tuple(Consignee.__dataclass_fields__)
_WRITTEN = ("country", "region", "city", "district", "street", "postcode")
_GONE = (OrderStage.CANCELLED, OrderStage.CANCELLING)


@dataclass(frozen=True, slots=True)
class Gathered:
    """``facts``: by order. ``later``: orders that share a key with one of them and were ordered after it."""

    facts: Mapping[str, Facts]
    later: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Seen:
    """An order beside others: by time, then by id. ``consignee``: None where only the keys are of use."""

    when_us: int
    id: str
    keys: tuple[str | None, ...]
    consignee: Consignee | None

    @property
    def turn(self) -> tuple[int, str]:
        return self.when_us, self.id


def facts_of(
    db: sa.Connection,
    orders: Mapping[str, SalesOrder],
    rules: ReviewRules,
    people: Mapping[str, Consignee] | None = None,
) -> Gathered:
    """``people``: who gets an order from now on, where that is another than stored, by id.

    An order in the place of a stored one, that is with its id, is compared by the keys of the stored one.
    """
    given = people or {}
    person = tables.consignees.c
    query = sa.select(person.order_id, person.when_us, *(person[name] for name in (*_KEYS, *_PERSON)))
    mine: dict[str, _Seen] = {}
    for name, when_us, *row in db.execute(query.where(dialect.among(db, person.order_id, orders))):
        consignee = given.get(name) or Consignee(**dict(zip(_PERSON, row[len(_KEYS) :], strict=True)))
        mine[name] = _Seen(when_us, name, tuple(row[: len(_KEYS)]), consignee)
    noted = {name: its for name, its in sales.noted_of(db, orders).items() if name not in given}
    return _gathered(db, orders, mine, noted, rules, _reserved(db, orders))


def facts_of_new(db: sa.Connection, news: Iterable[FreshSale], rules: ReviewRules) -> Gathered:
    """Of orders that are not stored yet."""
    orders, mine, noted = dict[str, SalesOrder](), dict[str, _Seen](), dict[str, Sequence[Noted]]()
    for one in news:
        its = one.known_by
        orders[one.draft.order.id] = one.draft.order
        mine[one.draft.order.id] = _Seen(
            one.when_us, one.draft.order.id, (its.phone, its.goods, its.address), one.draft.consignee
        )
        noted[one.draft.order.id] = one.draft.noted
    return _gathered(db, orders, mine, noted, rules, {})


def _gathered(
    db: sa.Connection,
    orders: Mapping[str, SalesOrder],
    mine: Mapping[str, _Seen],
    noted: Mapping[str, Sequence[Noted]],
    rules: ReviewRules,
    reserved: Mapping[str, Mapping[str, int]],
) -> Gathered:
    window_us = max(rules.duplicate_days, 1) * _DAY_US
    beside = _Beside(mine.values(), _neighbours(db, mine, window_us), window_us)
    wanted = {line.sku for order in orders.values() for line in order.lines}
    skus, free = _skus(db, wanted), _free(db, wanted)
    nobody = Consignee()
    before = {name: found for name, its in mine.items() if (found := beside.before(its))}
    first = _first_of(db, {*before, *(one.id for found in before.values() for one in found)})
    facts: dict[str, Facts] = {}
    for name, order in orders.items():
        its = mine.get(name)
        facts[name] = Facts(
            consignee=(its.consignee if its is not None else None) or nobody,
            skus=skus,
            noted=noted.get(name, ()),
            stock=None if free is None else _stock(order, free, reserved.get(name, {})),
            similar=[
                _similar(its, one)
                for one in before.get(name, ())
                if its is not None and name not in first and first.get(one.id, one.id) != name
            ],
            recent={} if its is None else beside.recent(its),
        )
    return Gathered(facts, beside.later)


class _Beside:
    """Orders and those that share keys with them, each key's in order of time."""

    def __init__(self, mine: Iterable[_Seen], others: Iterable[tuple[int, _Seen]], window_us: int) -> None:
        """``others``: each with the kind of its key."""
        self._window_us = window_us
        self._by: dict[tuple[int, str], list[_Seen]] = {}
        asked = set[str]()
        for one in mine:
            asked.add(one.id)
            for kind, key in enumerate(one.keys):
                if key:
                    self._by.setdefault((kind, key), []).append(one)
        later = set[str]()
        for kind, one in others:
            self._by[kind, one.keys[kind] or ""].append(one)
        for (kind, _), row in self._by.items():
            if len(row) > 1:
                row.sort(key=_turn)
                later |= _behind(row, asked, window_us if kind == _GOODS else _DAY_US)
        self.later = frozenset(later)

    def before(self, mine: _Seen) -> list[_Seen]:
        """Those with its goods before it within the window, the newest last; without the same goods nothing is a
        duplicate.
        """
        row = self._by.get((_GOODS, mine.keys[_GOODS] or ""), ())
        if len(row) < 2:
            return []
        at = bisect_left(row, mine.turn, key=_turn)
        begin = bisect_left(row, mine.when_us - self._window_us, hi=at, key=lambda one: one.when_us)
        return list(row[max(begin, at - _ALIKE) : at])

    def recent(self, mine: _Seen) -> dict[str, int]:
        """How many, with it, share its phone or address and were ordered within a day before it."""
        found: dict[str, int] = {}
        for kind, name in ((0, "phone"), (2, "address")):
            row = self._by.get((kind, mine.keys[kind] or ""), ())
            if len(row) < 2:
                continue
            end = bisect_left(row, mine.turn, key=_turn)
            begin = bisect_left(row, mine.when_us - _DAY_US, hi=end, key=lambda one: one.when_us)
            if end > begin:
                found[name] = end - begin + 1
        return found


def _turn(one: _Seen) -> tuple[int, str]:
    return one.turn


def _behind(row: Sequence[_Seen], asked: set[str], window_us: int) -> set[str]:
    """The others of a row in order that were ordered within a time after one that is asked about."""
    found, until_us = set[str](), -1
    for one in row:
        if one.id in asked:
            until_us = one.when_us + window_us
        elif one.when_us <= until_us:
            found.add(one.id)
    return found


def _neighbours(db: sa.Connection, mine: Mapping[str, _Seen], window_us: int) -> list[tuple[int, _Seen]]:
    """Stored orders that share a key with some, none of these, each with the kind of the key."""
    if not mine:
        return []
    times = [one.when_us for one in mine.values()]
    between = {"begin": min(times) - window_us, "end": max(times) + window_us}
    person = tables.consignees.c
    found: list[tuple[int, _Seen]] = []
    for kind, name in enumerate(_KEYS):
        keys = {key for one in mine.values() if (key := one.keys[kind])}
        written = [person[part] for part in _WRITTEN] if kind == _GOODS else []
        columns = [person.order_id, person.when_us, *(person[part] for part in _KEYS), *written]
        if not keys:
            continue
        for order, when_us, *row in db.execute(
            dialect.beside(db, person[name], person.when_us, keys, columns), between
        ):
            if order not in mine:
                where = Consignee(**dict(zip(_WRITTEN, row[len(_KEYS) :], strict=True))) if written else None
                found.append((kind, _Seen(when_us, order, tuple(row[: len(_KEYS)]), where)))
    gone = _gone(db, {one.id for _, one in found})
    return [(kind, one) for kind, one in found if one.id not in gone]


def _gone(db: sa.Connection, names: set[str]) -> set[str]:
    """Those that are not wanted any more."""
    order = tables.orders.c
    query = sa.select(order.id).where(dialect.among(db, order.id, names), order.stage.in_([str(one) for one in _GONE]))
    return set(db.execute(query).scalars()) if names else set()


def _first_of(db: sa.Connection, names: set[str]) -> dict[str, str]:
    """Of orders that cases made the one that was ordered, also where it was exchanged more than once.

    An order that a case made is nobody's duplicate, since the case is wanted; nor is what is ordered one of what a case
    made of it.
    """
    its = case_tables.cases.c
    of: dict[str, str] = {}
    while names:
        query = sa.select(its.linked, its.order_id).where(its.linked != "", dialect.among(db, its.linked, names))
        found = {str(linked): str(order) for linked, order in db.execute(query)}
        of |= found
        names = set(found.values()) - of.keys()

    def first(name: str) -> str:
        return first(of[name]) if name in of else name

    return {name: first(name) for name in of}


def _similar(mine: _Seen, other: _Seen) -> Similar:
    return likeness_of(_likeness(mine), _likeness(other), fuzz.ratio)


def _likeness(one: _Seen) -> Likeness:
    phone, goods, _ = one.keys
    written = compare.address_key(one.consignee or Consignee())
    return Likeness(order=one.id, phone=phone or "", goods=goods or "", address=written)


def _skus(db: sa.Connection, asked: set[str]) -> dict[str, SkuFact] | None:
    """The articles that are known; None where the site keeps none."""
    sku = stock_tables.skus.c.sku
    if db.execute(sa.select(sku).limit(1)).first() is None:
        return None
    return {name: SkuFact() for name in db.execute(sa.select(sku).where(dialect.among(db, sku, asked))).scalars()}


def _free(db: sa.Connection, skus: set[str]) -> dict[str, int] | None:
    """What may be promised of articles; None where no stock is kept."""
    book = stock_tables.promises.c
    if db.execute(sa.select(book.sku).limit(1)).first() is None:
        return None
    query = sa.select(book.sku, (book.sellable - book.promised).label("free")).where(dialect.among(db, book.sku, skus))
    return {one.sku: int(one.free) for one in db.execute(query)}


def _reserved(db: sa.Connection, orders: Iterable[str]) -> dict[str, dict[str, int]]:
    """What orders have already, by order and article."""
    row = stock_tables.reservations.c
    query = sa.select(row.order_id, row.sku, row.quantity).where(
        dialect.among(db, row.order_id, orders), row.state != str(ReservationState.CONSUMED)
    )
    found: dict[str, dict[str, int]] = {}
    for name, sku, quantity in db.execute(query):
        its = found.setdefault(name, {})
        its[sku] = its.get(sku, 0) + int(quantity)
    return found


def _stock(order: SalesOrder, free: Mapping[str, int], has: Mapping[str, int]) -> dict[str, int]:
    """What may be promised to an order, what it has already with it, by article."""
    skus = {line.sku for line in order.lines} | has.keys()
    return {sku: free.get(sku, 0) + has.get(sku, 0) for sku in skus if sku in free or sku in has}
