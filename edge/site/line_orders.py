"""Sales orders and the lines: what a line knows of a fulfilment, and what its journal says of one.

Public names: as_line_knows, articles_of, floor_turns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

import sqlalchemy as sa

from edge.core.events import GateVerdict, LoadClosed, OrderShipped, ParcelGated, ToteChecked
from edge.core.values.order import Order, OrderState
from edge.journal.record import Record
from edge.orders.stages import Fulfilment, FulfilmentTurn, line_state
from edge.site import dialect, tables

_TELLING = frozenset(kind.__name__ for kind in (ToteChecked, OrderShipped, ParcelGated, LoadClosed))


def as_line_knows(order: Order, fulfilment: Fulfilment, articles: Mapping[tuple[str, int], str]) -> Order:
    """The line's order with what is in its fulfilment now. ``articles``: GTIN or SKU by sales order and line."""
    state = line_state(fulfilment.state)
    if state is not OrderState.OPEN:
        return replace(order, state=state)
    left, back = Counter[str](), Counter[str]()
    for portion in fulfilment.portions:
        article = articles.get((portion.order, portion.line), "")
        left[article] += portion.quantity
        back[article] += portion.putting_back
    lines = []
    for line in order.lines:
        article = line.gtin if line.gtin in left else line.sku
        units = min(line.quantity + line.cancelled, left[article])
        gone = min(line.quantity + line.cancelled - units, back[article])
        left[article] -= units
        back[article] -= gone
        if (units, gone) == (line.quantity, line.cancelled):
            lines.append(line)
        elif units or gone:  # which of them stay where some are to be put back, the portal sees
            epcs = line.epcs if gone <= line.cancelled and len(line.epcs) <= units else ()
            lines.append(replace(line, quantity=units, cancelled=gone, epcs=epcs))
    return replace(order, lines=tuple(lines), state=state)


def articles_of(db: sa.Connection, fulfilments: Iterable[Fulfilment]) -> dict[tuple[str, int], str]:
    """GTIN or SKU by sales order and line, of all that is in some fulfilments."""
    its = tables.sales.lines.c
    names = {portion.order for one in fulfilments for portion in one.portions}
    query = sa.select(its.order_id, its.number, its.gtin, its.sku).where(dialect.among(db, its.order_id, names))
    return {(order, number): gtin or sku for order, number, gtin, sku in db.execute(query)}


def floor_turns(records: Iterable[Record]) -> list[tuple[str, FulfilmentTurn]]:
    """What journals say of fulfilments, in order, by their ids."""
    found: list[tuple[str, FulfilmentTurn]] = []
    for record in records:
        if record.kind not in _TELLING:
            continue
        match record.value:
            case ToteChecked(order=order, final=True, verified=verified) if order:
                found.append((order, FulfilmentTurn.VERIFIED if verified else FulfilmentTurn.REFUSED))
            case OrderShipped(order=order):
                found.append((order, FulfilmentTurn.SORTED))
            case ParcelGated(order=order, verdict=GateVerdict.RIGHT) if order:
                found.append((order, FulfilmentTurn.LOADED))
            case ParcelGated(order=order, verdict=GateVerdict.UNLOADED) if order:
                found.append((order, FulfilmentTurn.UNLOADED))
            case LoadClosed(aboard=aboard, wrong=wrong):
                found += [(one.order, FulfilmentTurn.DEPARTED) for one in (*aboard, *wrong) if one.order]
            case _:  # nothing of a fulfilment
                pass
    return found
