"""What a case still awaits of its goods, within a transaction.

Public names: expected_of.
"""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa

from edge.orders.returns import (
    AwaitedUnits,
)
from edge.site import case_units, sold
from rfid.epc.identity import gtin_of


def expected_of(db: sa.Connection, case: int) -> list[AwaitedUnits]:
    """What a case still awaits, by its lines. Never more than left the house and is not back."""
    lines = case_units.lines_of(db, [case])
    here = Counter[tuple[str, int]]()
    for order in {one.order for one in lines}:
        here.update({(order, line): n for line, n in sold.came_of(db, order, case).items()})
    tags = {order: sold.tags_of(db, order) for order in {one.order for one in lines}}
    left = {order: sold.left_of(db, order, case) for order in tags}
    found = []
    for one in lines:
        key = (one.order, one.line)
        mine = min(one.units, here[key])
        here[key] -= mine
        units = min(one.units, mine + left[one.order].get(one.line, 0))
        sold_tags = tags[one.order].get(one.line, frozenset())
        found.append(
            AwaitedUnits(
                order=one.order,
                line=one.line,
                sku=one.sku,
                gtin=one.gtin or next((gtin for epc in sold_tags if (gtin := gtin_of(epc))), ""),
                units=units,
                came=mine,
                epc=one.epc,
                sold=sold_tags,
            )
        )
    return found
