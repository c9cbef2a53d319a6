"""Parcels in transactions: their SSCCs drawn, given to fulfilments, printed and void.

Public names: Parcel, ParcelError, draw, give_label, label_within, live, void, printed, parcel_of, parcels_where,
label_of, pieces_of.

A label is known to the lines before anybody can print it: the fulfilment's parcel goes to the feed with the transaction
that gives the number. Numbers that were drawn for a station are its own, also while the store is away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from edge.core.values.order import OrderState
from edge.orders import money
from edge.orders.parcel_label import ParcelLabel
from edge.orders.review import ReviewRules
from edge.orders.sales import Consignee, SalesOrder
from edge.orders.sscc import REUSE_US, SsccRange
from edge.orders.stages import FulfilmentState, FulfilmentTurn
from edge.site import dialect, orders, outbox, sales
from edge.site import tables as floor
from edge.site.outbox import OutboxTold
from edge.site.personal import Keys
from edge.site.sales import SaleLink
from edge.site.sales_work import SaleWork
from edge.site.tables import parcels as tables
from edge.site.tables import sales as sales_tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections

_AHEAD = 10_000
"""So many numbers are looked at for one that is free."""
_PORTION = 500


class ParcelError(ValueError):
    """What cannot be done with a parcel; names it and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """``fulfilment``: empty = its number lies at a station. ``cod``: what its label asks for, in minor units.

    Times in microseconds, 0 = not yet; ``reason``: why it is void.
    """

    seq: int
    sscc: str
    fulfilment: str
    station: str
    drawn_us: int
    labelled_us: int
    prints: int
    voided_us: int
    by: str
    reason: str
    cod: int
    currency: str


def draw(at: StoreConnections, given: SsccRange, count: int, station: str, by: str, at_us: int) -> list[str]:
    """Numbers that nobody else gets, for a station that gives them to parcels. Raises ParcelError."""
    with at.writing() as db:
        return _drawn(db, given, count, station, by, at_us)


def give_label(
    at: StoreConnections, keys: Keys, given: SsccRange, order: str, by: str, at_us: int, sscc: str = "", again: str = ""
) -> Parcel:
    """Gives an open fulfilment's parcel a number and tells the lines; asked again it is the same one.

    ``sscc``: one of a station's; empty = the next. ``again``: why it gets another one; the one before is void.
    Raises ParcelError, OrderConflict.
    """
    with at.writing() as db:
        work = SaleWork(db, keys, ReviewRules(), at_us, None)
        dialect.lock(db, dialect.Lock.ORDERS)
        number = label_within(db, work, given, order, by, at_us, sscc, again)
        work.finish()
        return _known(db, number)


def label_within(
    db: sa.Connection,
    work: SaleWork,
    given: SsccRange,
    order: str,
    by: str,
    at_us: int,
    sscc: str = "",
    again: str = "",
) -> str:
    """The same within somebody's transaction, which holds `Lock.ORDERS`; the lines hear of the number at its end."""
    known = orders.order_where(db, floor.orders.c.id == order)
    if known is None:
        raise ParcelError(f"order {order}: there is none")
    if known.state is not OrderState.OPEN:
        raise ParcelError(f"order {order}: is {known.state}: only an open order's parcel gets a label")
    if known.refused:
        raise ParcelError(f"order {order}: quality refused something of it, and nobody settled that yet")
    before = live(db, order)
    if before is not None and known.parcel == f"(00){before.sscc}" and not again and sscc in ("", before.sscc):
        return before.sscc
    if known.parcel and not again:
        raise ParcelError(f"order {order}: its parcel is {known.parcel}: say why it gets another one")
    if before is not None:
        _voided(db, before, by, again or f"order {order} had {known.parcel}", at_us)
    number = _taken(db, given, sscc, by, at_us)
    cod, currency = _to_collect(db, order)
    its = tables.parcels
    db.execute(
        its.update()
        .where(its.c.sscc == number)
        .values(fulfilment=order, labelled_us=at_us, used_us=at_us, by=by, cod=cod, currency=currency)
    )
    state = db.execute(
        sa.select(sales_tables.fulfilment_states.c.state).where(sales_tables.fulfilment_states.c.fulfilment_id == order)
    ).scalar()
    if state == FulfilmentState.VERIFIED:
        work.report(order, FulfilmentTurn.PACKED)
    work.changes[order] = lambda now: replace(now, parcel=f"(00){number}")
    work.told.append(OutboxTold("parcel.labelled.v1", order, {"sscc": number}))
    return number


def void(at: StoreConnections, sscc: str, by: str, reason: str, at_us: int) -> Parcel:
    """A number is nobody's any more, and not given again for a year; the open order is without one.

    Raises ParcelError.
    """
    with at.writing() as db:
        dialect.lock(db, dialect.Lock.ORDERS)
        before = _known(db, sscc)
        if before.voided_us:
            return before
        told = []
        if before.fulfilment:
            order = orders.order_where(db, floor.orders.c.id == before.fulfilment)
            if order is not None and order.state is OrderState.SHIPPED:
                raise ParcelError(f"parcel {sscc}: order {order.id} is in its lane: a label that left is not void")
            if order is not None and order.parcel == f"(00){sscc}":
                orders.put(db, [replace(order, parcel=None, items=())], at_us)
            told = [OutboxTold("parcel.voided.v1", before.fulfilment, {"sscc": sscc})]
        _voided(db, before, by, reason, at_us)
        outbox.append(db, told, at_us)
        return _known(db, sscc)


def printed(at: StoreConnections, sscc: str, at_us: int) -> Parcel:
    """A label was printed once more. Raises ParcelError."""
    with at.writing() as db:
        _known(db, sscc)
        its = tables.parcels
        db.execute(its.update().where(its.c.sscc == sscc).values(prints=its.c.prints + 1, used_us=at_us))
        return _known(db, sscc)


def parcel_of(db: sa.Connection, sscc: str) -> Parcel | None:
    """A parcel by its 18 digits; None = that number was never drawn here."""
    return next(iter(_where(db, tables.parcels.c.sscc == sscc, 1)), None)


def parcels_where(db: sa.Connection, order: str = "", before: int = 0, limit: int = 100) -> list[Parcel]:
    """The newest first, of an order or of all; ``before``: those with lower numbers in the list, 0 = from the top."""
    its = tables.parcels.c
    which = its.fulfilment == order if order else its.fulfilment != ""
    return _where(db, sa.and_(which, its.seq < before) if before else which, limit)


def label_of(db: sa.Connection, given: SsccRange, sender: tuple[str, ...], tagged: bool, sscc: str) -> ParcelLabel:
    """What stands on a parcel's label, or on that of a number that lies at a station.

    Raises ParcelError for one that is void or whose order has another one.
    """
    parcel = _known(db, sscc)
    if parcel.voided_us:
        raise ParcelError(f"parcel {sscc}: void: {parcel.reason}")
    if not parcel.fulfilment and parcel.station:  # for when nobody answers there: the address follows
        tag = given.tag(sscc) if tagged else ""
        return ParcelLabel(sscc=sscc, prefix=given.prefix, order="", carrier="", service="", tag=tag, sender=sender)
    if not parcel.fulfilment:
        raise ParcelError(f"parcel {sscc}: is no order’s yet")
    order = orders.order_where(db, floor.orders.c.id == parcel.fulfilment)
    if order is None or order.parcel != f"(00){sscc}":
        now = order.parcel if order is not None else None
        raise ParcelError(f"parcel {sscc}: the parcel of order {parcel.fulfilment} is {now or 'without a number'} now")
    if order.state is OrderState.CANCELLED:
        raise ParcelError(f"parcel {sscc}: order {order.id} is cancelled")
    if not given.has(sscc):
        raise ParcelError(f"parcel {sscc}: not of [label] {given.key}: it was given under another prefix")
    consignee: tuple[str, ...] = ()
    pieces, piece = 1, 1
    if links := sales.linked(db, fulfilments=[order.id]):
        person = sales.consignee_of(db, links[0].order)
        if person is None:
            raise ParcelError(f"parcel {sscc}: who gets order {links[0].order} was erased")
        consignee = _address(person)
        beside = _beside(db, links)
        pieces, piece = len(beside), beside.index(order.id) + 1
    return ParcelLabel(
        sscc=sscc,
        prefix=given.prefix,
        order=order.external or order.id,
        carrier=order.carrier,
        service=order.service,
        tag=given.tag(sscc) if tagged else "",
        piece=piece,
        pieces=pieces,
        sender=sender,
        consignee=consignee,
        cod=f"{money.shown(parcel.cod, money.digits_of(parcel.currency))} {parcel.currency}" if parcel.cod else "",
    )


def pieces_of(db: sa.Connection, fulfilment: str) -> tuple[int, int]:
    """Which parcel of its orders a fulfilment is, and of how many."""
    links = sales.linked(db, fulfilments=[fulfilment])
    beside = _beside(db, links) if links else [fulfilment]
    return beside.index(fulfilment) + 1, len(beside)


def _address(person: Consignee) -> tuple[str, ...]:
    phone = " ".join(filter(None, (person.phone or person.phone_given, person.extension and f"#{person.extension}")))
    place = f"{person.region}{person.city}{person.district}"
    if f"{place}{person.street}".isascii():
        place = ", ".join(filter(None, (person.district, person.city, person.region)))
        lines = (person.name, phone, person.street, place)
    else:
        lines = (person.name, phone, place, person.street)
    return tuple(filter(None, (*lines, " ".join(filter(None, (person.postcode, person.country))))))


def _beside(db: sa.Connection, links: list[SaleLink]) -> list[str]:
    """The fulfilments of the same orders that are not cancelled, by id."""
    names = {one.fulfilment for one in sales.linked(db, orders={link.order for link in links})}
    states = orders.orders_where(db, dialect.among(db, floor.orders.c.id, names))
    return [one.id for one in states if one.state is not OrderState.CANCELLED or one.id == links[0].fulfilment]


def _to_collect(db: sa.Connection, order: str) -> tuple[int, str]:
    """What the label of a fulfilment asks for, in minor units, and the currency."""
    links = sales.linked(db, fulfilments=[order])
    found = sales.find(db, {one.order for one in links})
    due, currency = 0, ""
    for sale in found.values():
        if not money.amounts(sale).cod:
            continue
        beside = [one for one in sales.linked(db, orders=[sale.id]) if one.fulfilment != order]
        labelled = {one: parcel for one in {link.fulfilment for link in beside} if (parcel := live(db, one))}
        here = _worth(sale, [one for one in links if one.order == sale.id])
        elsewhere = _worth(sale, [one for one in beside if one.fulfilment not in labelled])
        due += money.at_the_door(sale, here, elsewhere, sum(one.cod for one in labelled.values()))
        currency = sale.payment.currency
    return due, currency


def _worth(sale: SalesOrder, links: list[SaleLink]) -> int:
    lines = {line.number: line for line in sale.lines}
    return sum(money.parts(lines[one.number], 0, one.quantity) for one in links)


def _drawn(db: sa.Connection, given: SsccRange, count: int, station: str, by: str, at_us: int) -> list[str]:
    table = tables.ranges
    insert_key = sa.select(table.c.given).where(table.c.key == given.key).with_for_update()
    dialect.lock(db, dialect.Lock.ORDERS)
    first = db.execute(insert_key).scalar()
    if first is None:
        db.execute(table.insert().values(key=given.key, given=0))
    at, found = first or 0, list[str]()
    ahead = min(given.capacity, count + _AHEAD)
    for _ in range(0, ahead, _PORTION):
        asked = [given.number(at + n) for n in range(min(_PORTION, ahead))]
        used = _used(db, asked, at_us)
        for number in asked:
            at += 1
            if number not in used:
                found.append(number)
            if len(found) == count:
                break
        if len(found) == count:
            break
    if len(found) < count or len(set(found)) < count:
        raise ParcelError(
            f"prefix {given.prefix}: of the next {ahead} of {given.capacity} numbers {len(set(found))} are free, "
            f"{count} are needed: none is used twice in a year; see [label] in SITE.toml"
        )
    db.execute(table.update().where(table.c.key == given.key).values(given=at % given.capacity))
    db.execute(tables.parcels.delete().where(dialect.among(db, tables.parcels.c.sscc, found)))  # of a year ago
    columns = ("sscc", "fulfilment", "station", "drawn_us", "labelled_us", "prints", "voided_us", "used_us", "by",
               "reason", "cod", "currency")  # fmt: skip
    rows = [(number, "", station, at_us, 0, 0, 0, at_us, by, "", 0, "") for number in found]
    dialect.bulk_insert(db, tables.parcels, columns, rows)
    return found


def _used(db: sa.Connection, asked: list[str], at_us: int) -> set[str]:
    """Which of some numbers cannot be given: used within a year, or of an order that is still open or of others."""
    its = tables.parcels.c
    found = set(
        db.execute(
            sa.select(its.sscc).where(dialect.among(db, its.sscc, asked), its.used_us > at_us - REUSE_US)
        ).scalars()
    )
    theirs = sa.select(floor.orders.c.parcel).where(
        dialect.among(db, floor.orders.c.parcel, (f"(00){one}" for one in asked)),
        sa.or_(
            floor.orders.c.state == str(OrderState.OPEN),
            sa.func.substr(floor.orders.c.parcel, 5).not_in(
                sa.select(its.sscc).where(dialect.among(db, its.sscc, asked))
            ),
        ),
    )
    return found | {str(one).removeprefix("(00)") for one in db.execute(theirs).scalars()}


def _taken(db: sa.Connection, given: SsccRange, sscc: str, by: str, at_us: int) -> str:
    """The number that a parcel gets: one of a station's, or the next."""
    if not sscc:
        return _drawn(db, given, 1, "", by, at_us)[0]
    parcel = _known(db, sscc)
    if parcel.fulfilment or parcel.voided_us:
        what = f"of order {parcel.fulfilment}" if parcel.fulfilment else f"void: {parcel.reason}"
        raise ParcelError(f"parcel {sscc}: is {what}")
    return sscc


def _voided(db: sa.Connection, parcel: Parcel, by: str, reason: str, at_us: int) -> None:
    its = tables.parcels
    db.execute(
        its.update().where(its.c.sscc == parcel.sscc).values(voided_us=at_us, used_us=at_us, by=by, reason=reason)
    )


def _known(db: sa.Connection, sscc: str) -> Parcel:
    found = parcel_of(db, sscc)
    if found is None:
        raise ParcelError(f"parcel {sscc}: that number was never drawn here")
    return found


def live(db: sa.Connection, order: str) -> Parcel | None:
    """An order's parcel whose label is not void."""
    its = tables.parcels.c
    return next(iter(_where(db, sa.and_(its.fulfilment == order, its.voided_us == 0), 1)), None)


def _where(db: sa.Connection, which: sa.ColumnElement[bool], limit: int) -> list[Parcel]:
    its = tables.parcels.c
    names = [name for name in Parcel.__slots__ if name in its]
    query = sa.select(*(its[name] for name in names)).where(which).order_by(its.seq.desc()).limit(limit)
    return [Parcel(**row._asdict()) for row in db.execute(query)]
