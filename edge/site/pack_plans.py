"""What is in an order, to be planned into parcels, within a transaction.

Public names: items_in, items_of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import sqlalchemy as sa

from edge.orders.articles import Article
from edge.orders.packing import PackItem
from edge.site import catalogue, orders, sales
from edge.site.tables import floor


def items_in(db: sa.Connection, name: str) -> tuple[PackItem, ...] | None:
    """Of a fulfilment, or of a sales order that is not planned yet; None = there is none."""
    fulfilment = orders.order_where(db, floor.orders.c.id == name)
    units: Counter[str] = Counter()
    if fulfilment is not None:
        for line in fulfilment.lines:
            units[line.sku or line.gtin] += line.quantity
    elif (sale := sales.find(db, [name]).get(name)) is not None:
        for one in sale.lines:
            units[one.sku] += one.wanted
    else:
        return None
    return items_of(db, units)


def items_of(db: sa.Connection, units: Mapping[str, int]) -> tuple[PackItem, ...]:
    """Articles by SKU; of one that there is not, nothing is known."""
    known = catalogue.articles_of(db, units)
    return tuple(PackItem(known.get(sku) or Article(sku=sku), n) for sku, n in units.items() if n)
