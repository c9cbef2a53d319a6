"""Orders that the newest plan found no carrier for, and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "unplanned",
        sa.Column("fulfilment", sa.String(200), primary_key=True),
        sa.Column("sales_id", sa.String(200), nullable=False),
        sa.Column("since_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_unplanned_sales_id", "unplanned", ["sales_id"])
