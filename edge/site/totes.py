"""Totes and tagged items in transactions: whose they are.

Public names: bind_tote, bound, tote_of, free_tote, with_items, order_of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from edge.core.values.order import Order, OrderState
from edge.orders.picking import (
    PickError,
    PickLine,
    ToteHeldError,
)
from edge.site import dialect, orders
from edge.site import tables as floor
from edge.site.tables import picks as tables
from edge.site.tables import stock as stock_tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections


def order_of(db: sa.Connection, fulfilment: str) -> Order:
    found = orders.order_where(db, floor.orders.c.id == fulfilment)
    if found is None:
        raise PickError(f"fulfilment {fulfilment}: there is none")
    return found


def bind_tote(at: StoreConnections, fulfilment: str, tote: str, at_us: int) -> None:
    """A tote as an open fulfilment's; again, nothing changes.

    Raises:
        PickError: there is no such fulfilment, or it has another tote; ToteHeldError: another fulfilment has the tote.
    """
    with at.writing() as db:
        order = order_of(db, fulfilment)
        now = bound(db, order, fulfilment, tote, at_us)
        if now != order:
            orders.put(db, [now], at_us)


def bound(db: sa.Connection, order: Order, fulfilment: str, tote: str, at_us: int) -> Order:
    """What the order is with the tote; whoever is about to bind totes waits."""
    dialect.lock(db, dialect.Lock.ORDERS)
    table = tables.totes.c
    known = sa.select(tables.totes).where(sa.or_(table.tote == tote, table.fulfilment == fulfilment))
    for row in db.execute(known):
        if row.tote == tote and row.fulfilment != fulfilment:
            raise ToteHeldError(tote, row.fulfilment, fulfilment)
        if row.tote != tote:
            raise PickError(f"fulfilment {fulfilment}: has tote {row.tote}, not {tote}")
        return replace(order, tote=tote)
    others = floor.orders.c
    holding = sa.and_(others.tote == tote, others.state == str(OrderState.OPEN), others.id != fulfilment)
    if (holder := orders.order_where(db, holding)) is not None:
        raise ToteHeldError(tote, holder.id, fulfilment)
    db.execute(tables.totes.insert().values(tote=tote, fulfilment=fulfilment, since_us=at_us))
    return replace(order, tote=tote)


def tote_of(db: sa.Connection, fulfilment: str) -> str:
    """The tote of a fulfilment; empty = it has none."""
    its = tables.totes.c
    return db.execute(sa.select(its.tote).where(its.fulfilment == fulfilment)).scalar() or ""


def free_tote(at: StoreConnections, tote: str, at_us: int) -> str:
    """A tote that was seen empty is nobody's; whose it was, empty = nobody's."""
    with at.writing() as db:
        dialect.lock(db, dialect.Lock.ORDERS)
        table = tables.totes
        holder = db.execute(sa.select(table.c.fulfilment).where(table.c.tote == tote)).scalar()
        if holder is None:
            return ""
        db.execute(table.delete().where(table.c.tote == tote))
        order = orders.order_where(db, floor.orders.c.id == holder)
        if order is not None and order.tote == tote and order.state is OrderState.OPEN:
            orders.put(db, [replace(order, tote=None)], at_us)
        return str(holder)


def with_items(db: sa.Connection, order: Order, line: PickLine, epcs: Sequence[str], at_us: int, where: str) -> Order:
    """The order with the very items that were picked; they are this fulfilment's now."""
    table = stock_tables.items
    known = {row.epc: row for row in db.execute(sa.select(table).where(dialect.among(db, table.c.epc, epcs)))}
    for epc in epcs:
        row = known.get(epc)
        if row is not None and row.sku != line.at.sku:
            raise PickError(f"{where}: item {epc} is of {row.sku}, {line.at.sku} is wanted")
        if row is not None and row.fulfilment not in ("", line.fulfilment):
            raise PickError(f"{where}: item {epc}: fulfilment {row.fulfilment} has it")
        if row is None:
            db.execute(
                table.insert().values(
                    epc=epc,
                    sku=line.at.sku,
                    bin=line.at.bin,
                    lot=line.at.lot,
                    condition=str(line.at.condition),
                    fulfilment=line.fulfilment,
                    since_us=at_us,
                )
            )
        else:
            db.execute(table.update().where(table.c.epc == epc).values(fulfilment=line.fulfilment, since_us=at_us))
    lines = list(order.lines)
    for at, one in enumerate(lines):
        if one.sku == line.at.sku:
            named = tuple(dict.fromkeys((*one.epcs, *epcs)))
            if len(named) > one.quantity:
                raise PickError(f"{where}: {len(named)} items of {line.at.sku}, {one.quantity} are wanted")
            lines[at] = replace(one, epcs=named)
            break
    return replace(order, lines=tuple(lines))
