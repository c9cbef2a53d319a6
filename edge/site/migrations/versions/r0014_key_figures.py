"""Key figures: steps of orders, what the lines counted, the days; and indices by which a day is found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Adds tables, and indices by time."""
    long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "flow_step",
        sa.Column("subject", sa.String(200), primary_key=True),
        sa.Column("step", sa.String(20), primary_key=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("place", sa.String(120), nullable=False),
        sa.Column("code", sa.String(60), nullable=False),
    )
    op.create_table(
        "flow_fact",
        sa.Column("source", sa.String(120), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("place", sa.String(120), nullable=False),
        sa.Column("code", sa.String(60), nullable=False),
    )
    op.create_table(
        "flow_cursor",
        sa.Column("source", sa.String(120), primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "kpi_day",
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("kpi", sa.String(40), primary_key=True),
        sa.Column("dimension", sa.String(20), primary_key=True),
        sa.Column("member", sa.String(200), primary_key=True),
        sa.Column("numerator", sa.BigInteger, nullable=False),
        sa.Column("denominator", sa.BigInteger, nullable=False),
        sa.Column("p50", sa.BigInteger),
        sa.Column("p90", sa.BigInteger),
        sa.Column("at_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "site_number",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("device", sa.String(200), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    for name, table, columns in (
        ("ix_flow_step_at", "flow_step", ["step", "at_us"]),
        ("ix_flow_fact_at", "flow_fact", ["kind", "at_us"]),
        ("ix_flow_fact_subject", "flow_fact", ["subject", "kind"]),
        ("ix_kpi_day_kpi", "kpi_day", ["kpi", "dimension", "member", "day"]),
        ("ix_pick_line_at", "pick_line", ["at_us"]),
        ("ix_movement_at", "movement", ["kind", "at_us"]),
        ("ix_parcel_labelled", "parcel", ["labelled_us"]),
        ("ix_wave_member_cutoff", "wave_member", ["cutoff_us"]),
        ("ix_wave_member_delivered", "wave_member", ["delivered_us"]),
        ("ix_late_notice_cutoff", "late_notice", ["cutoff_us"]),
    ):
        op.create_index(name, table, columns)
