"""Sales orders with consignees, findings and outbox; how far a line followed the feed; where its epochs began."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
_OPEN = sa.text("stage IN ('review', 'held', 'accepted', 'cancelling')")


def upgrade() -> None:
    """Adds columns and tables."""
    long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("progress", sa.Column("feed_seq", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("feed_epoch", sa.Column("place", sa.String(120), nullable=False, server_default=sa.text("''")))
    op.create_index("ix_feed_ref_seq", "feed_ref", ["seq"])
    op.create_index("ix_mirror_ref_seq", "mirror_ref", ["node", "seq"])
    op.create_table(
        "sales_order",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("external", sa.String(200)),
        sa.Column("stage", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("taken_us", sa.BigInteger, nullable=False),
        sa.Column("ordered_us", sa.BigInteger, nullable=False),
        sa.Column("paid_us", sa.BigInteger, nullable=False),
        sa.Column("ship_by_us", sa.BigInteger, nullable=False),
        sa.Column("promised", sa.String(10), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("urgent", sa.Boolean, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("merged_into", sa.String(200), nullable=False),
        sa.Column("payment", sa.String(20), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("paid", sa.BigInteger, nullable=False),
        sa.Column("freight", sa.BigInteger, nullable=False),
        sa.Column("discount", sa.BigInteger, nullable=False),
        sa.Column("tax", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("channel", "external"),
    )
    op.create_index(
        "ix_sales_order_open", "sales_order", ["stage", "priority", "id"], postgresql_where=_OPEN, sqlite_where=_OPEN
    )
    op.create_table(
        "sales_line",
        sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("cancelled", sa.Integer, nullable=False),
        sa.Column("price", sa.BigInteger, nullable=False),
        sa.Column("discount", sa.BigInteger, nullable=False),
        sa.Column("share", sa.BigInteger, nullable=False),
        sa.CheckConstraint("0 <= cancelled AND cancelled <= quantity", name="ck_sales_line_cancelled"),
    )
    op.create_table(
        "consignee",
        sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("extension", sa.Text, nullable=False),
        sa.Column("phone_given", sa.Text, nullable=False),
        sa.Column("masked", sa.Boolean, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("country", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("city", sa.Text, nullable=False),
        sa.Column("district", sa.Text, nullable=False),
        sa.Column("street", sa.Text, nullable=False),
        sa.Column("postcode", sa.Text, nullable=False),
        sa.Column("phone_key", sa.String(64), index=True),
        sa.Column("email_key", sa.String(64), index=True),
        sa.Column("address_key", sa.String(64), index=True),
        sa.Column("purge_day", sa.String(10), index=True),
        sa.Column("purged_us", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.create_table(
        "noted",
        sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), nullable=False, index=True),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("place", sa.String(80), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table("key_mark", sa.Column("mark", sa.String(64), primary_key=True))
    op.create_table(
        "fulfilment",
        sa.Column("fulfilment_id", sa.String(200), primary_key=True),
        sa.Column("sales_id", sa.String(200), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["sales_id", "number"], ["sales_line.order_id", "sales_line.number"]),
        sa.CheckConstraint("quantity > 0", name="ck_fulfilment_quantity"),
    )
    op.create_index("ix_fulfilment_sales", "fulfilment", ["sales_id", "number"])
    op.create_table(
        "finding",
        sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("place", sa.String(80), nullable=False),
        sa.Column("weight", sa.String(10), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("bound", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_finding_code", "finding", ["code"])
    op.create_table(
        "waiver",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), nullable=False, index=True),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("place", sa.String(80), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "change",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), nullable=False, index=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "outbox",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("type", sa.String(80), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False, index=True),
        sa.Column("body", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
