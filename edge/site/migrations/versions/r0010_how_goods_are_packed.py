"""How large articles are and how they may stand, what they are worth and weigh, and what dangerous ones are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Adds columns and a table; of what is there nothing is known."""
    for name in ("length_mm", "width_mm", "height_mm", "nest_mm", "wrap_mm", "inner_ml", "inner_g"):
        op.add_column("sku", sa.Column(name, sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column("sku", sa.Column("on_top_g", sa.Integer))
    op.add_column("sku", sa.Column("value", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.add_column("sku", sa.Column("sealed", sa.Boolean, nullable=False, server_default=sa.true()))
    op.add_column("sku", sa.Column("brittle", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("sku", sa.Column("stance", sa.String(20), nullable=False, server_default=sa.text("'any'")))
    op.add_column("sku", sa.Column("un", sa.String(4), nullable=False, server_default=sa.text("''")))
    op.add_column("sku", sa.Column("packing_group", sa.String(3), nullable=False, server_default=sa.text("''")))
    op.create_table(
        "unit_weight",
        sa.Column("sku", sa.String(200), sa.ForeignKey("sku.sku"), primary_key=True),
        sa.Column("parcels", sa.Integer, nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("sum_mg", sa.BigInteger, nullable=False),
        sa.Column("squares", sa.BigInteger, nullable=False),
    )
