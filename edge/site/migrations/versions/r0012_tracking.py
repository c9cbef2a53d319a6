"""What is told of parcels on their way, with what they left, and who is written to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
_NOBODYS = "sscc = ''"
_LOOKED = "look_us > 0"


def upgrade() -> None:
    """Adds tables."""
    long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "parcel_event",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("sscc", sa.String(80), nullable=False),
        sa.Column("number", sa.String(80), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("given", sa.String(200), nullable=False),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("source", sa.String(80), nullable=False),
        sa.Column("source_id", sa.String(120), nullable=False),
        sa.Column("corrects", sa.String(120), nullable=False),
        sa.Column("zone", sa.String(40), nullable=False),
        sa.Column("raw", sa.Text, nullable=False),
        sa.Column("taken_us", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("source", "source_id"),
    )
    op.create_index("ix_parcel_event_sscc", "parcel_event", ["sscc", "at_us"])
    op.create_index(
        "ix_parcel_event_number",
        "parcel_event",
        ["number"],
        postgresql_where=sa.text(_NOBODYS),
        sqlite_where=sa.text(_NOBODYS),
    )
    op.create_table(
        "carrier_hook",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("source", sa.String(80), nullable=False),
        sa.Column("hook_id", sa.String(120), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False, index=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("trouble", sa.Text, nullable=False),
        sa.UniqueConstraint("source", "hook_id"),
    )
    op.create_table(
        "parcel_track",
        sa.Column("sscc", sa.String(80), primary_key=True),
        sa.Column("fulfilment", sa.String(200), nullable=False, index=True),
        sa.Column("sales_id", sa.String(200), nullable=False, index=True),
        sa.Column("carrier", sa.String(80), nullable=False),
        sa.Column("service", sa.String(80), nullable=False),
        sa.Column("number", sa.String(80), nullable=False, index=True),
        sa.Column("shipment", sa.String(200), nullable=False, index=True),
        sa.Column("piece", sa.Integer, nullable=False),
        sa.Column("promised", sa.String(10), nullable=False),
        sa.Column("promised_us", sa.BigInteger, nullable=False),
        sa.Column("token", sa.String(40), nullable=False, unique=True),
        sa.Column("made_us", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "parcel_state",
        sa.Column("sscc", sa.String(80), primary_key=True),
        sa.Column("state", sa.String(20), nullable=False, index=True),
        sa.Column("since_us", sa.BigInteger, nullable=False),
        sa.Column("flags", sa.String(80), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("departed_us", sa.BigInteger, nullable=False),
        sa.Column("scanned_us", sa.BigInteger, nullable=False),
        sa.Column("moved_us", sa.BigInteger, nullable=False),
        sa.Column("delivered_us", sa.BigInteger, nullable=False),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("look_us", sa.BigInteger, nullable=False),
    )
    op.create_index(
        "ix_parcel_state_look",
        "parcel_state",
        ["look_us"],
        postgresql_where=sa.text(_LOOKED),
        sqlite_where=sa.text(_LOOKED),
    )
    op.create_table(
        "shipment",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("load", sa.String(80), nullable=False, index=True),
        sa.Column("carrier", sa.String(80), nullable=False),
        sa.Column("service", sa.String(80), nullable=False),
        sa.Column("pieces", sa.Integer, nullable=False),
        sa.Column("departed_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "departure",
        sa.Column("load", sa.String(80), primary_key=True),
        sa.Column("dock", sa.String(80), nullable=False),
        sa.Column("carrier", sa.String(80), nullable=False),
        sa.Column("trailer", sa.Text, nullable=False),
        sa.Column("departed_us", sa.BigInteger, nullable=False, index=True),
        sa.Column("pieces", sa.Integer, nullable=False),
        sa.Column("mass_g", sa.BigInteger, nullable=False),
        sa.Column("limited_g", sa.BigInteger, nullable=False),
        sa.Column("filed_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "parcel_trouble",
        sa.Column("sscc", sa.String(80), primary_key=True),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("at_us", sa.BigInteger, nullable=False, index=True),
        sa.Column("case_id", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "parcel_feedback",
        sa.Column("sscc", sa.String(80), primary_key=True),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("reasons", sa.String(200), nullable=False),
        sa.Column("said", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "mail",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("cause", sa.String(200), nullable=False, unique=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("sscc", sa.String(80), nullable=False, index=True),
        sa.Column("sales_id", sa.String(200), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_us", sa.BigInteger, nullable=False, index=True),
        sa.Column("sent_us", sa.BigInteger, nullable=False),
        sa.Column("trouble", sa.Text, nullable=False),
    )
