"""Stock in two books with its ledger, reservations, waves and picking."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
_LIVE = sa.text("state <> 'consumed'")
_OPEN = sa.text("state IN ('open', 'assigned', 'picking')")
_HAND = sa.text("state IN ('assigned', 'picking')")


def upgrade() -> None:
    """Adds tables."""
    long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "sku",
        sa.Column("sku", sa.String(200), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("mass_g", sa.Integer, nullable=False),
        sa.Column("volume_mm3", sa.BigInteger, nullable=False),
        sa.Column("longest_mm", sa.Integer, nullable=False),
        sa.Column("goods", sa.Integer, nullable=False),
        sa.Column("min_life_us", sa.BigInteger, nullable=False),
        sa.Column("single_lot", sa.Boolean, nullable=False),
        sa.Column("material", sa.Boolean, nullable=False),
        sa.Column("safety", sa.Integer, nullable=False),
    )
    op.create_table(
        "sku_gtin",
        sa.Column("gtin", sa.String(14), primary_key=True),
        sa.Column("sku", sa.String(200), sa.ForeignKey("sku.sku"), nullable=False, index=True),
        sa.Column("units", sa.Integer, nullable=False),
        sa.CheckConstraint("units > 0", name="ck_sku_gtin_units"),
    )
    op.create_table(
        "lot",
        sa.Column("sku", sa.String(200), sa.ForeignKey("sku.sku"), primary_key=True),
        sa.Column("lot", sa.String(80), primary_key=True),
        sa.Column("expires_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "bin",
        sa.Column("bin", sa.String(80), primary_key=True),
        sa.Column("aisle", sa.Integer, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
    )
    op.create_table(
        "sku_stock",
        sa.Column("sku", sa.String(200), sa.ForeignKey("sku.sku"), primary_key=True),
        sa.Column("sellable", sa.BigInteger, nullable=False),
        sa.Column("promised", sa.BigInteger, nullable=False),
        sa.CheckConstraint("0 <= promised AND promised <= sellable", name="ck_sku_stock"),
    )
    op.create_table(
        "bin_stock",
        sa.Column("sku", sa.String(200), sa.ForeignKey("sku.sku"), primary_key=True),
        sa.Column("bin", sa.String(80), sa.ForeignKey("bin.bin"), primary_key=True, index=True),
        sa.Column("lot", sa.String(80), primary_key=True),
        sa.Column("condition", sa.String(20), primary_key=True),
        sa.Column("on_hand", sa.BigInteger, nullable=False),
        sa.Column("allocated", sa.BigInteger, nullable=False),
        sa.Column("suspect_us", sa.BigInteger, nullable=False, server_default="0"),
        sa.CheckConstraint("0 <= allocated AND allocated <= on_hand", name="ck_bin_stock"),
    )
    op.create_table(
        "movement",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("cause_kind", sa.String(40), nullable=False),
        sa.Column("cause_id", sa.String(200), nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("sku", sa.String(200), nullable=False),
        sa.Column("lot", sa.String(80), nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("source", sa.String(80)),
        sa.Column("source_condition", sa.String(20)),
        sa.Column("target", sa.String(80)),
        sa.Column("target_condition", sa.String(20)),
        sa.Column("epc", sa.String(64), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("cause_kind", "cause_id", "n"),
        sa.CheckConstraint("quantity > 0 OR (quantity = 0 AND kind = 'count')", name="ck_movement_quantity"),
        sa.Index("ix_movement_sku", "sku", "seq"),
    )
    op.create_table(
        "reservation",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("order_id", sa.String(200), nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("sku", sa.String(200), sa.ForeignKey("sku.sku"), nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("bin", sa.String(80)),
        sa.Column("lot", sa.String(80)),
        sa.Column("condition", sa.String(20)),
        sa.Column("until_us", sa.BigInteger, nullable=False),
        sa.Column("rank", sa.BigInteger, nullable=False),
        sa.Column("fulfilment", sa.String(200), nullable=False),
        sa.CheckConstraint("quantity > 0", name="ck_reservation_quantity"),
        sa.Index("ix_reservation_order", "order_id", "line"),
        sa.Index("ix_reservation_fulfilment", "fulfilment"),
        sa.Index("ix_reservation_sku", "sku", "state", postgresql_where=_LIVE, sqlite_where=_LIVE),
    )
    op.create_table(
        "item",
        sa.Column("epc", sa.String(64), primary_key=True),
        sa.Column("sku", sa.String(200), sa.ForeignKey("sku.sku"), nullable=False),
        sa.Column("bin", sa.String(80)),
        sa.Column("lot", sa.String(80)),
        sa.Column("condition", sa.String(20)),
        sa.Column("fulfilment", sa.String(200), nullable=False),
        sa.Column("since_us", sa.BigInteger, nullable=False),
        sa.Index("ix_item_fulfilment", "fulfilment"),
    )
    op.create_table(
        "wave",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("service", sa.String(80), nullable=False),
        sa.Column("release_by_us", sa.BigInteger, nullable=False),
        sa.Column("urgent", sa.Boolean, nullable=False),
        sa.Column("planned_us", sa.BigInteger, nullable=False),
        sa.Column("released_us", sa.BigInteger, nullable=False, index=True),
        sa.Column("by", sa.Text, nullable=False),
    )
    op.create_table(
        "wave_member",
        sa.Column("fulfilment", sa.String(200), primary_key=True),
        sa.Column("wave", sa.String(200), sa.ForeignKey("wave.id"), nullable=False, index=True),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("sales_id", sa.String(200), nullable=False, index=True),
        sa.Column("carrier", sa.String(80), nullable=False),
        sa.Column("code", sa.String(80), nullable=False),
        sa.Column("lane", sa.String(80), nullable=False),
        sa.Column("pickup", sa.String(200), nullable=False),
        sa.Column("cutoff_us", sa.BigInteger, nullable=False),
        sa.Column("delivered_us", sa.BigInteger, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("ordered_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("ended", sa.String(20), nullable=False),
        sa.Column("ended_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "pick_task",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("wave", sa.String(200), sa.ForeignKey("wave.id"), nullable=False, index=True),
        sa.Column("mode", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("picker", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("urgent", sa.Boolean, nullable=False),
        sa.Column("release_by_us", sa.BigInteger, nullable=False),
        sa.Index("ix_pick_task_picker", "picker", unique=True, postgresql_where=_HAND, sqlite_where=_HAND),
        sa.Index(
            "ix_pick_task_open",
            "state",
            "release_by_us",
            "id",
            postgresql_where=_OPEN,
            sqlite_where=_OPEN,
        ),
    )
    op.create_table(
        "pick_line",
        sa.Column("task", sa.String(200), sa.ForeignKey("pick_task.id"), primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("fulfilment", sa.String(200), nullable=False, index=True),
        sa.Column("bin", sa.String(80), nullable=False),
        sa.Column("sku", sa.String(200), nullable=False),
        sa.Column("lot", sa.String(80), nullable=False),
        sa.Column("condition", sa.String(20), nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("picked", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("over", sa.Text, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "put_back",
        sa.Column("seq", long, primary_key=True, autoincrement=True),
        sa.Column("fulfilment", sa.String(200), nullable=False, index=True),
        sa.Column("tote", sa.String(64), nullable=False),
        sa.Column("bin", sa.String(80), nullable=False),
        sa.Column("sku", sa.String(200), nullable=False),
        sa.Column("lot", sa.String(80), nullable=False),
        sa.Column("condition", sa.String(20), nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("since_us", sa.BigInteger, nullable=False),
        sa.Column("done_us", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.CheckConstraint("quantity > 0", name="ck_put_back_quantity"),
    )
    op.create_table(
        "tote_hold",
        sa.Column("tote", sa.String(64), primary_key=True),
        sa.Column("fulfilment", sa.String(200), nullable=False, unique=True),
        sa.Column("since_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "late_notice",
        sa.Column("fulfilment", sa.String(200), primary_key=True),
        sa.Column("cutoff_us", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
    )
