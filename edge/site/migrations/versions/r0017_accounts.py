"""People who sign in, their sessions, and keys of machines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0015"


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "account",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("password", sa.String(200), nullable=False),
        sa.Column("must_change", sa.Boolean, nullable=False),
        sa.Column("badge", sa.String(64), nullable=True, unique=True),
        sa.Column("subject", sa.String(400), nullable=True, unique=True),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("seen_us", sa.BigInteger, nullable=False),
        sa.Column("fails", sa.Integer, nullable=False),
        sa.Column("locked_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "account_session",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("account", sa.String(40), sa.ForeignKey("account.name"), nullable=False),
        sa.Column("way", sa.String(20), nullable=False),
        sa.Column("origin", sa.String(80), nullable=False),
        sa.Column("began_us", sa.BigInteger, nullable=False),
        sa.Column("seen_us", sa.BigInteger, nullable=False),
        sa.Column("idle_us", sa.BigInteger, nullable=False),
        sa.Column("ends_us", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_account_session_account", "account_session", ["account"])
    op.create_table(
        "account_key",
        sa.Column("id", sa.String(20), primary_key=True),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("made_by", sa.String(80), nullable=False),
        sa.Column("ends_us", sa.BigInteger, nullable=False),
        sa.Column("used_us", sa.BigInteger, nullable=False),
    )
