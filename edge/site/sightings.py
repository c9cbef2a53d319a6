"""Units that were to be put back are seen in their bins, in one transaction with the orders that are waiting for it.

Public names: put_back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from edge.orders.floor import see_back
from edge.orders.picking import PickError
from edge.orders.review import ReviewRules
from edge.orders.work import Changed
from edge.site import put_backs
from edge.site.put_backs import PutBackRow
from edge.site.sales_work import SaleWork
from edge.site.scope import scope_of
from edge.site.tables import sales as tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections


def put_back(at: StoreConnections, seq: int, by: str, at_us: int) -> PutBackRow:
    """Units were seen in their bin again: nobody has them any more, and what was cancelled of them is cancelled now.

    Said again, nothing changes. Raises PickError: there is no such row.
    """
    with at.writing() as db:
        work = SaleWork(db, None, ReviewRules(), at_us)
        known = put_backs.find(db, seq)
        if known is None:
            raise PickError(f"put-back {seq}: there is none")
        row, done = known
        if done:
            return row
        put_backs.end(db, seq, by, at_us)
        work.seen_at = row.to
        left = row.quantity
        for order, line in _lines_of(db, row):
            scope = scope_of(db, fulfilments=[row.fulfilment])
            held = scope.fulfilments[row.fulfilment]
            unseen = sum(one.putting_back for one in held.portions if (one.order, one.line) == (order, line))
            if n := min(left, unseen):
                changed = see_back(scope, row.fulfilment, order, line, n)
                assert isinstance(changed, Changed), "so many are to be put back"
                body: dict[str, str | int | list[str]] = {"fulfilment": row.fulfilment, "line": line, "quantity": n}
                work.save(scope, changed, by, "", "put-back", body)
                left -= n
        work.finish()
        return row


def _lines_of(db: sa.Connection, row: PutBackRow) -> list[tuple[str, int]]:
    """The lines of which units of an article are to be put back out of its fulfilment."""
    link, line = tables.fulfilments.c, tables.lines.c
    query = (
        sa.select(link.sales_id, link.number)
        .join(tables.lines, sa.and_(line.order_id == link.sales_id, line.number == link.number))
        .where(link.fulfilment_id == row.fulfilment, link.putting_back > 0, line.sku == row.to.sku)
    )
    return sorted((order, number) for order, number in db.execute(query))
