"""Numbers are found by their last digits, people by how their names begin, parcel orders by state."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0018"
_ENDS = (
    ("orders", "external"),
    ("orders", "tote"),
    ("orders", "parcel"),
    ("order_item", "epc"),
    ("sales_order", "external"),
    ("parcel", "sscc"),
    ("parcel_track", "number"),
    ("service_case", "number"),
)


def upgrade() -> None:
    """Adds indices of the last four characters, and of names."""
    for table, column in _ENDS:
        end = sa.text(f"substr({column}, length({column}) - 3)")
        op.create_index(f"ix_{table}_{column}_end", table, [end])
    op.create_index("ix_fulfilment_state", "fulfilment_state", ["state", "fulfilment_id"])
    low = sa.func.lower(sa.column("name")).label("low")
    op.create_index("ix_consignee_name", "consignee", [low], postgresql_ops={"low": "text_pattern_ops"})
