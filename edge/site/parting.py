"""Units of a picked fulfilment go into a parcel of their own, or back, in the transaction that packs the rest.

Public names: part_off, leave_out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import sqlalchemy as sa

from edge.core.values.order import Order, OrderState
from edge.orders.eligibility import ServiceRefusal
from edge.orders.planning import Planning
from edge.orders.reservations import ReservationState
from edge.orders.stages import Scope
from edge.orders.together import leave, part
from edge.orders.work import WishRefused
from edge.site import reserving
from edge.site.choosing import ParcelWanted, placed_beside
from edge.site.put_backs import CANCELLED
from edge.site.sales_work import SaleWork
from edge.site.scope import names_of_fulfilments, scope_of
from edge.site.tables import picks as tables
from edge.site.tables import sales as sales_tables
from edge.site.tables import stock as stock_tables

_TAKEN = (ReservationState.STAGED, ReservationState.HARD)


def part_off(
    db: sa.Connection, work: SaleWork, order: Order, rest: Mapping[str, int], by: str, planning: Planning | None
) -> str | ServiceRefusal:
    """Units by article that go into another parcel: its fulfilment, which the lines hear of at the transaction's end.

    Empty = they cannot: it is another system's order, nothing would stay, or so many are not in it; or why no pickup
    has room for one parcel more. ``planning`` None: no services are known.
    """
    name = order.id
    scope = scope_of(db, fulfilments=[name])
    if name not in scope.fulfilments:
        return ""
    held, left = scope.fulfilments[name], dict(rest)
    sku_of = _skus(db, {one.order for one in held.portions})
    units: dict[tuple[str, int], int] = {}
    for one in held.portions:
        article = sku_of.get((one.order, one.line), "")
        if n := min(one.quantity, one.picked, left.get(article, 0)):
            units[one.order, one.line] = n
            left[article] -= n
    new = _free_name(db, scope, name)
    changed = part(scope, name, new, units)
    if isinstance(changed, WishRefused) or any(left.values()):
        return ""
    work.save(scope, changed, by, "", "parted", {"fulfilment": new})
    for (sale, line), n in units.items():
        _move(db, name, new, sale, line, n, _TAKEN)
    lead = min(sale for sale, _ in units)
    place = placed_beside(db, name, new, ParcelWanted(lead, rest), planning)
    if isinstance(place, ServiceRefusal):
        return place
    lines = tuple(
        replace(line, quantity=n, epcs=(), cancelled=0)
        for line in order.lines
        if (n := min(line.quantity, rest.get(line.sku or line.gtin, 0)))
    )
    carrier, service = (order.carrier, order.service) if place is None else (place.carrier, place.service)
    fresh = Order(id=new, carrier=carrier, service=service, lines=lines, channel=order.channel, state=OrderState.OPEN)
    work.fresh_orders.append(fresh)
    return new


def leave_out(db: sa.Connection, work: SaleWork, name: str, station: str, by: str) -> str:
    """What was cancelled of a fulfilment lies at a station now, beside its tote: the fulfilment that it goes back as.

    What is to be put back stays so until it is seen in its bin, and so does what was paid for it.
    """
    scope = scope_of(db, fulfilments=[name])
    new = _free_name(db, scope, name)
    out = [one for one in scope.fulfilments[name].portions if one.putting_back]
    work.save(scope, leave(scope, name, new), by, "", "left-out", {"fulfilment": new})
    for one in out:
        _move(db, name, new, one.order, one.line, one.putting_back, (ReservationState.PUTTING_BACK,))
    its = tables.put_backs.c
    mine = sa.and_(its.fulfilment == name, its.done_us == 0, its.why == CANCELLED)
    db.execute(tables.put_backs.update().where(mine).values(fulfilment=new, tote=station))
    return new


def _free_name(db: sa.Connection, scope: Scope, name: str) -> str:
    known = {fulfilment for its in names_of_fulfilments(db, scope.orders).values() for fulfilment in its}
    return next(made for n in range(2, len(known) + 3) if (made := f"{name}-{n}") not in known)


def _skus(db: sa.Connection, sales: Iterable[str]) -> dict[tuple[str, int], str]:
    its = sales_tables.lines.c
    query = sa.select(its.order_id, its.number, its.sku, its.gtin).where(its.order_id.in_(sorted(sales)))
    return {(order, number): sku or gtin for order, number, sku, gtin in db.execute(query)}


def _move(
    db: sa.Connection, name: str, new: str, sale: str, line: int, units: int, states: Collection[ReservationState]
) -> None:
    """What is reserved for so many units is the other fulfilment's."""
    table = stock_tables.reservations
    which = sa.and_(table.c.fulfilment == name, table.c.order_id == sale, table.c.line == line)
    for one in reserving.held(db, which):
        n = min(units, one.its.quantity)
        if n <= 0 or one.its.state not in states:
            continue
        units -= n
        if n < one.its.quantity:
            reserving.take_off(db, one, n)
            reserving.insert_reservations(db, [(replace(one.its, quantity=n), new)])
        else:
            db.execute(table.update().where(table.c.seq == one.seq).values(fulfilment=new))
