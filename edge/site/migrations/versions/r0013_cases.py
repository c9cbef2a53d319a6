"""Cases and returns, what money did to orders, and what is settled of them otherwise than it was ordered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
_OPEN = sa.text("closed_us = 0")
_NUMBERED = sa.text("number <> ''")


def upgrade() -> None:
    """Adds tables; what was paid and paid back so far stands in the ledger."""
    long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("sales_order", sa.Column("credited", sa.BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "service_case",
        sa.Column("id", long, primary_key=True, autoincrement=True),
        sa.Column("cause", sa.String(200), nullable=False, unique=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("class", sa.String(40), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("order_id", sa.String(200), nullable=False),
        sa.Column("parcels", sa.Text, nullable=False),
        sa.Column("items", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("want", sa.String(20), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("team", sa.String(80), nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("policy", sa.String(80), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("freight", sa.String(20), nullable=False),
        sa.Column("goods_by_us", sa.BigInteger, nullable=False),
        sa.Column("linked", sa.String(200), nullable=False),
        sa.Column("opened_us", sa.BigInteger, nullable=False),
        sa.Column("first_due_us", sa.BigInteger, nullable=False),
        sa.Column("due_us", sa.BigInteger, nullable=False),
        sa.Column("dated", sa.Boolean, nullable=False),
        sa.Column("told", sa.Boolean, nullable=False),
        sa.Column("first_us", sa.BigInteger, nullable=False),
        sa.Column("overdue_us", sa.BigInteger, nullable=False),
        sa.Column("escalations", sa.Integer, nullable=False),
        sa.Column("resolved_us", sa.BigInteger, nullable=False),
        sa.Column("closed_us", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.CheckConstraint("owner <> '' AND due_us > 0", name="ck_service_case_owner"),
    )
    op.create_index("ix_service_case_order_id", "service_case", ["order_id"])
    op.create_index("ix_service_case_due", "service_case", ["due_us", "id"], postgresql_where=_OPEN, sqlite_where=_OPEN)
    op.create_index(
        "ix_service_case_number",
        "service_case",
        ["number"],
        unique=True,
        postgresql_where=_NUMBERED,
        sqlite_where=_NUMBERED,
    )
    op.create_table(
        "case_line",
        sa.Column("case", sa.BigInteger, sa.ForeignKey("service_case.id"), primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("order_id", sa.String(200), nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("sku", sa.String(200), nullable=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("epc", sa.String(64), nullable=False),
        sa.Column("units", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.CheckConstraint("units > 0", name="ck_case_line_units"),
    )
    op.create_index("ix_case_line_order_id", "case_line", ["order_id"])
    op.create_table(
        "case_unit",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("case", sa.BigInteger, sa.ForeignKey("service_case.id"), nullable=False),
        sa.Column("epc", sa.String(64), nullable=False),
        sa.Column("order_id", sa.String(200), nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("fulfilment", sa.String(200), nullable=False),
        sa.Column("sku", sa.String(200), nullable=False),
        sa.Column("units", sa.Integer, nullable=False),
        sa.Column("finding", sa.String(20), nullable=False),
        sa.Column("bin", sa.String(80), nullable=False),
        sa.Column("lot", sa.String(80), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("disposition", sa.String(20), nullable=False),
        sa.Column("disposed_us", sa.BigInteger, nullable=False),
        sa.Column("disposed_by", sa.Text, nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("credited", sa.Boolean, nullable=False),
        sa.CheckConstraint("units > 0", name="ck_case_unit_units"),
    )
    op.create_index("ix_case_unit_case", "case_unit", ["case"])
    op.create_index("ix_case_unit_epc", "case_unit", ["epc"])
    op.create_table(
        "case_note",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("case", sa.BigInteger, sa.ForeignKey("service_case.id"), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_case_note_case", "case_note", ["case"])
    op.create_table(
        "case_cause",
        sa.Column("case", sa.BigInteger, sa.ForeignKey("service_case.id"), primary_key=True),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("value", sa.String(200), primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_case_cause_what", "case_cause", ["kind", "value"])
    op.create_table(
        "case_action",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("value", sa.String(200), nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("opened_us", sa.BigInteger, nullable=False),
        sa.Column("due_us", sa.BigInteger, nullable=False),
        sa.Column("done_us", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_case_action_what", "case_action", ["kind", "value"])
    op.create_table(
        "case_gate",
        sa.Column("node", sa.String(120), primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "order_money",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), nullable=False),
        sa.Column("account", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("cause", sa.String(200), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("order_id", "kind", "cause"),
        sa.CheckConstraint("amount <> 0", name="ck_order_money_amount"),
    )
    op.create_index("ix_order_money_order_id", "order_money", ["order_id"])
    op.create_index("ix_order_money_account", "order_money", ["account"])
    op.execute(
        "INSERT INTO order_money (order_id, account, kind, amount, currency, cause, by, at_us)"
        " SELECT o.id, o.id, 'payment', o.paid + coalesce(r.amount, 0), o.currency, 'taken', '', o.taken_us"
        " FROM sales_order AS o LEFT JOIN (SELECT order_id, sum(amount) AS amount FROM refund GROUP BY order_id) AS r"
        " ON r.order_id = o.id WHERE o.paid + coalesce(r.amount, 0) <> 0"
    )
    op.execute(
        "INSERT INTO order_money (order_id, account, kind, amount, currency, cause, by, at_us)"
        " SELECT order_id, order_id, 'refund', -amount, currency, 'refund ' || seq, '', at_us FROM refund"
    )
