"""What is released and picked is known of fulfilments too; the blocklist, and parcels refused at doors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Adds tables; fulfilments of released waves were never said to be released, nor what was picked of them."""
    long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "blocklist",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("key", sa.String(64), nullable=False, index=True),
        sa.Column("shown", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("removed_us", sa.BigInteger, nullable=False),
        sa.Column("removed_by", sa.Text, nullable=False),
        sa.Column("removed_why", sa.Text, nullable=False),
    )
    op.create_table(
        "delivery_refusal",
        sa.Column("fulfilment_id", sa.String(200), primary_key=True),
        sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), nullable=False),
        sa.Column("phone_key", sa.String(64), index=True),
        sa.Column("email_key", sa.String(64), index=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
    )
    op.execute(
        "INSERT INTO fulfilment_state (fulfilment_id, state)"
        " SELECT DISTINCT f.fulfilment_id,"
        " CASE WHEN m.ended = 'shipped' THEN 'sorted' WHEN m.ended = 'verified' THEN 'verified' ELSE 'released' END"
        " FROM fulfilment AS f JOIN wave_member AS m ON m.fulfilment = f.fulfilment_id"
        " JOIN wave AS w ON w.id = m.wave AND w.released_us > 0"
        " WHERE NOT EXISTS (SELECT 1 FROM fulfilment_state AS s WHERE s.fulfilment_id = f.fulfilment_id)"
    )
    picked = (
        "SELECT coalesce(sum(r.quantity), 0) FROM reservation AS r WHERE r.fulfilment = fulfilment.fulfilment_id"
        " AND r.order_id = fulfilment.sales_id AND r.line = fulfilment.number AND r.state IN ('staged', 'consumed')"
    )
    op.execute(
        f"UPDATE fulfilment SET picked = ({picked})"  # noqa: S608  # ours
        f" WHERE picked = 0 AND quantity >= ({picked})"
    )
