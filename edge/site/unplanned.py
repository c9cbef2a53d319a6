"""Orders that the newest plan found no carrier for, with every reason, until a plan finds one.

Public names: Unplanned, keep_unplanned, unplanned_rows, unplanned_of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from edge.orders.eligibility import ServiceRefusal
from edge.orders.sales import OrderStage
from edge.site import dialect
from edge.site.tables import picks as tables
from edge.site.tables import sales as sales_tables

_COLUMNS = ("fulfilment", "sales_id", "since_us", "body")


@dataclass(frozen=True, slots=True)
class Unplanned:
    """A parcel of an order. ``since_us``: the first plan that found nobody; ``refusals``: none = no pickup is due."""

    fulfilment: str
    order: str
    since_us: int
    refusals: tuple[ServiceRefusal, ...]


def keep_unplanned(db: sa.Connection, left: Iterable[tuple[str, str, tuple[ServiceRefusal, ...]]], at_us: int) -> None:
    """Remembers what a plan left, by fulfilment and order, and forgets what it did not."""
    its = tables.unplanned
    known = {row.fulfilment: row for row in db.execute(sa.select(its))}
    rows = [
        (name, order, known[name].since_us if name in known else at_us, msgspec.json.encode(refusals).decode())
        for name, order, refusals in left
    ]
    if set(rows) == {tuple(row) for row in known.values()}:
        return
    db.execute(its.delete())
    dialect.bulk_insert(db, its, _COLUMNS, rows)


def unplanned_rows(db: sa.Connection, after: str, limit: int) -> list[Unplanned]:
    """So many behind a fulfilment, by its name."""
    its = tables.unplanned
    return _rows(db, its.c.fulfilment > after, limit)


def unplanned_of(db: sa.Connection, order: str) -> list[Unplanned]:
    """Those of one order."""
    return _rows(db, tables.unplanned.c.sales_id == order)


def _rows(db: sa.Connection, which: sa.ColumnElement[bool], limit: int | None = None) -> list[Unplanned]:
    """What was cancelled or held since the plan is none of them."""
    its, order = tables.unplanned, sales_tables.orders.c
    query = sa.select(its).join(sales_tables.orders, order.id == its.c.sales_id).where(which)
    query = query.where(order.stage == str(OrderStage.ACCEPTED)).order_by(its.c.fulfilment).limit(limit)
    return [
        Unplanned(
            row.fulfilment,
            row.sales_id,
            row.since_us,
            msgspec.json.decode(row.body, type=tuple[ServiceRefusal, ...]),
        )
        for row in db.execute(query)
    ]
