"""What each parcel costs, why no other carrier has it, suspensions, what they moved, and who was told of a delay."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Adds tables and columns; what the members of waves cost stood in their bodies, with what trouble would cost."""
    long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("wave_member", sa.Column("service", sa.String(80), nullable=False, server_default=sa.text("''")))
    for name in ("due_us", "promised_us", "mass_g", "freight"):
        op.add_column("wave_member", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
    for name in ("pickup", "ended_us"):
        op.create_index(f"ix_wave_member_{name}", "wave_member", [name])
    op.execute("UPDATE wave_member SET service = (SELECT w.service FROM wave AS w WHERE w.id = wave_member.wave)")
    op.create_table(
        "suspension",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("carrier", sa.String(80), nullable=False),
        sa.Column("service", sa.String(80), nullable=False),
        sa.Column("lane", sa.String(80), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("asked_us", sa.BigInteger, nullable=False),
        sa.Column("from_us", sa.BigInteger, nullable=False),
        sa.Column("until_us", sa.BigInteger, nullable=False),
        sa.Column("ended_us", sa.BigInteger, nullable=False, index=True),
        sa.Column("ended_by", sa.Text, nullable=False),
        sa.Column("ended_why", sa.Text, nullable=False),
    )
    op.create_table(
        "carrier_move",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("at_us", sa.BigInteger, nullable=False, index=True),
        sa.Column("fulfilment", sa.String(200), nullable=False, index=True),
        sa.Column("suspension", sa.BigInteger, nullable=False),
        sa.Column("where", sa.String(20), nullable=False),
        sa.Column("service", sa.String(80), nullable=False),
        sa.Column("pickup", sa.String(200), nullable=False),
        sa.Column("to_service", sa.String(80), nullable=False),
        sa.Column("to_pickup", sa.String(200), nullable=False),
        sa.Column("label", sa.String(20), nullable=False),
    )
    op.create_table(
        "carrier_stuck",
        sa.Column("fulfilment", sa.String(200), primary_key=True),
        sa.Column("suspension", sa.BigInteger, nullable=False),
        sa.Column("since_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "delay_notice",
        sa.Column("fulfilment", sa.String(200), primary_key=True),
        sa.Column("promised_us", sa.BigInteger, nullable=False),
        sa.Column("expected_us", sa.BigInteger, nullable=False),
        sa.Column("cause", sa.String(80), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
    )
