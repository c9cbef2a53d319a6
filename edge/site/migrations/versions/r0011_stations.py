"""What quality looked at, what was packed, and whose lots are whose."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
_OPEN = sa.text("passed = 0 AND settled_us = 0")


def upgrade() -> None:
    """Adds tables, and columns of lots."""
    long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    text, number = sa.text("''"), sa.text("0")
    for name, kind, default in (
        ("supplier", sa.String(80), text),
        ("blocked_us", sa.BigInteger(), number),
        ("blocked_by", sa.Text(), text),
        ("blocked_why", sa.Text(), text),
    ):
        op.add_column("lot", sa.Column(name, kind, nullable=False, server_default=default))
    op.create_table(
        "quality_check",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("fulfilment", sa.String(200), nullable=False, index=True),
        sa.Column("sku", sa.String(200), nullable=False),
        sa.Column("lot", sa.String(80), nullable=False),
        sa.Column("supplier", sa.String(80), nullable=False),
        sa.Column("epc", sa.String(64), nullable=False),
        sa.Column("aspect", sa.String(20), nullable=False),
        sa.Column("passed", sa.Integer, nullable=False),
        sa.Column("fault", sa.String(20), nullable=False),
        sa.Column("units", sa.Integer, nullable=False),
        sa.Column("station", sa.String(80), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("settlement", sa.String(20), nullable=False),
        sa.Column("settled_us", sa.BigInteger, nullable=False),
        sa.Column("settled_by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("ix_quality_check_lot", "quality_check", ["sku", "lot"])
    op.create_index("ix_quality_check_open", "quality_check", ["seq"], postgresql_where=_OPEN, sqlite_where=_OPEN)
    op.create_table(
        "pack",
        sa.Column("sscc", sa.String(18), primary_key=True),
        sa.Column("fulfilment", sa.String(200), nullable=False, index=True),
        sa.Column("station", sa.String(80), nullable=False),
        sa.Column("carton", sa.String(200), nullable=False),
        sa.Column("weighed_g", sa.Integer, nullable=False),
        sa.Column("expected_g", sa.Integer, nullable=False),
        sa.Column("tolerance_g", sa.Integer, nullable=False),
        sa.Column("result", sa.String(20), nullable=False),
        sa.Column("blind", sa.Integer, nullable=False),
        sa.Column("overruled", sa.Text, nullable=False),
        sa.Column("unverified", sa.Text, nullable=False),
        sa.Column("differs", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "parcel_item",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("sscc", sa.String(18), nullable=False, index=True),
        sa.Column("article", sa.String(200), nullable=False),
        sa.Column("lot", sa.String(80), nullable=False),
        sa.Column("epc", sa.String(64), nullable=False, index=True),
        sa.Column("units", sa.Integer, nullable=False),
    )
