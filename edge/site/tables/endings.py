"""The indices by which numbers are found of which somebody knows the end, and people of whom somebody knows a name.

Public names: ENDINGS, ending_of.
"""

from __future__ import annotations

import sqlalchemy as sa

from edge.site.tables import cases, floor, parcels, sales, tracking


def ending_of(column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """The last four characters of a number, as an index has them."""
    return sa.func.substr(column, sa.func.length(column) - sa.literal_column("3"))


ENDINGS = tuple(
    sa.Index(f"ix_{column.table.name}_{column.name}_end", ending_of(column))
    for column in (
        floor.orders.c.external,
        floor.orders.c.tote,
        floor.orders.c.parcel,
        floor.order_items.c.epc,
        sales.orders.c.external,
        parcels.parcels.c.sscc,
        tracking.tracks.c.number,
        cases.cases.c.number,
    )
)
sa.Index("ix_fulfilment_state", sales.fulfilment_states.c.state, sales.fulfilment_states.c.fulfilment_id)
sa.Index(
    "ix_consignee_name", sa.func.lower(sales.consignees.c.name).label("low"), postgresql_ops={"low": "text_pattern_ops"}
)
