"""Orders beside a million others: found by key and time, and listed by stage, from an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
_KEYS = ("phone", "address", "goods")
_FILL = """
UPDATE consignee SET when_us = (
    SELECT CASE WHEN ordered_us > 0 THEN ordered_us ELSE taken_us END FROM sales_order WHERE id = order_id
)
"""


def upgrade() -> None:
    """When something was ordered stands beside the keys by which it is found."""
    op.add_column("consignee", sa.Column("when_us", sa.BigInteger, nullable=False, server_default="0"))
    op.execute(_FILL)
    for key in _KEYS:
        op.drop_index(f"ix_consignee_{key}_key", "consignee")
        op.create_index(f"ix_consignee_{key}", "consignee", [f"{key}_key", "when_us"])
    op.drop_index("ix_sales_order_open", "sales_order")
    for first in ("stage", "channel"):
        op.create_index(f"ix_sales_order_{first}", "sales_order", [first, "taken_us", "id"])
