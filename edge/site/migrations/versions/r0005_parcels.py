"""Parcels and their SSCCs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
_LIVE = sa.text("voided_us = 0 AND fulfilment <> ''")


def upgrade() -> None:
    """Adds tables."""
    long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "parcel",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("sscc", sa.String(18), nullable=False, unique=True),
        sa.Column("fulfilment", sa.String(200), nullable=False, index=True),
        sa.Column("station", sa.String(80), nullable=False),
        sa.Column("drawn_us", sa.BigInteger, nullable=False),
        sa.Column("labelled_us", sa.BigInteger, nullable=False),
        sa.Column("prints", sa.Integer, nullable=False),
        sa.Column("voided_us", sa.BigInteger, nullable=False),
        sa.Column("used_us", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("cod", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
    )
    op.create_index("ix_parcel_live", "parcel", ["fulfilment"], unique=True, postgresql_where=_LIVE, sqlite_where=_LIVE)
    op.create_table(
        "sscc_range",
        sa.Column("key", sa.String(80), primary_key=True),
        sa.Column("given", sa.BigInteger, nullable=False),
    )
