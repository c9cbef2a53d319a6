"""What units weigh, as verified parcels taught, within a transaction.

Public names: unit_weights_of, teach.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from edge.orders.weighing import UnitWeight, taught
from edge.site import dialect
from edge.site.tables import stock as tables


def unit_weights_of(db: sa.Connection, names: Iterable[str]) -> dict[str, UnitWeight]:
    """Of the articles that there are of some names: what the master data say, and what was learned."""
    its, sku = tables.unit_weights.c, tables.skus.c
    learned = sa.outerjoin(tables.skus, tables.unit_weights, its.sku == sku.sku)
    query = sa.select(sku.sku, sku.mass_g, its.parcels, its.units, its.sum_mg, its.squares).select_from(learned)
    return {
        row.sku: UnitWeight(row.mass_g, row.parcels or 0, row.units or 0, row.sum_mg or 0, row.squares or 0)
        for row in db.execute(query.where(dialect.among(db, sku.sku, names)))
    }


def teach(
    db: sa.Connection, sku: str, weighed_g: int, units: int, packaging_g: tuple[int, int], *, verified: bool
) -> None:
    """Learns from a parcel of one article alone, and from none whose content was not verified; an article that there
    is not teaches nothing.
    """
    known = unit_weights_of(db, [sku]).get(sku)
    if known is None or (now := taught(known, weighed_g, units, packaging_g, verified=verified)) == known:
        return
    table = tables.unit_weights
    values = {"parcels": now.parcels, "units": now.units, "sum_mg": now.sum_mg, "squares": now.squares}
    if not db.execute(table.update().where(table.c.sku == sku).values(values)).rowcount:
        db.execute(table.insert().values(sku=sku, **values))
