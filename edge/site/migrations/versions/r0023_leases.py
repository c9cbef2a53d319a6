"""Which of several controllers commands the same lines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0020"


def upgrade() -> None:
    """Adds the table, unless a controller made it, whose leases were to be in a database of their own."""
    if sa.inspect(op.get_bind()).has_table("lease"):
        return
    op.create_table(
        "lease",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("beat", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.String(80), nullable=False),
        sa.Column("last", sa.String(80), nullable=False),
        sa.Column("waits", sa.String(80), nullable=False),
        sa.Column("waits_beat", sa.BigInteger, nullable=False),
        sa.Column("asked", sa.Integer, nullable=False),
        sa.Column("told_by", sa.String(80), nullable=False),
        sa.Column("told_us", sa.BigInteger, nullable=False),
        sa.Column("told", sa.Text, nullable=False),
    )
