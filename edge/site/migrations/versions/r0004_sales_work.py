"""What becomes of sales orders: fulfilments with what is picked, contacts, refunds, imports, indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
_MERGED = sa.text("merged_into <> ''")


def upgrade() -> None:
    """Adds tables and columns; nothing wrote ``fulfilment`` before, so it is made anew."""
    long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_index("ix_sales_order_external", "sales_order", ["external"])
    op.create_index("ix_sales_order_taken", "sales_order", ["taken_us", "id"])
    op.create_index(
        "ix_sales_order_merged", "sales_order", ["merged_into"], postgresql_where=_MERGED, sqlite_where=_MERGED
    )
    op.add_column("consignee", sa.Column("goods_key", sa.String(64)))
    op.add_column("consignee", sa.Column("person_key", sa.String(64)))
    op.create_index("ix_consignee_goods_key", "consignee", ["goods_key"])
    op.drop_table("fulfilment")
    op.create_table(
        "fulfilment",
        sa.Column("fulfilment_id", sa.String(200), primary_key=True),
        sa.Column("sales_id", sa.String(200), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("picked", sa.Integer, nullable=False, server_default="0"),
        sa.Column("putting_back", sa.Integer, nullable=False, server_default="0"),
        sa.ForeignKeyConstraint(["sales_id", "number"], ["sales_line.order_id", "sales_line.number"]),
        sa.CheckConstraint("0 <= picked AND picked <= quantity AND putting_back >= 0", name="ck_fulfilment_quantity"),
    )
    op.create_index("ix_fulfilment_sales", "fulfilment", ["sales_id", "number"])
    op.create_table(
        "fulfilment_state",
        sa.Column("fulfilment_id", sa.String(200), primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
    )
    op.create_table(
        "refund",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), nullable=False, index=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.CheckConstraint("amount > 0", name="ck_refund_amount"),
    )
    op.create_table(
        "contact",
        sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), primary_key=True),
        sa.Column("findings", sa.Text, nullable=False),
        sa.Column("due_us", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "import_run",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False, index=True),
        sa.Column("ended_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "import_row",
        sa.Column("run", sa.String(40), sa.ForeignKey("import_run.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("sheet", sa.Text, nullable=False),
        sa.Column("row", sa.Integer, nullable=False),
        sa.Column("column", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("order", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
