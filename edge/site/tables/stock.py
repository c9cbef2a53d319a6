"""The tables of stock: what is kept, where it lies, what moved, and which order has what of it.

Public names: skus, unit_weights, gtins, lots, bins, promises, bin_stock, movements, reservations, items.

``sku`` and ``sku_gtin`` hold an `edge.orders.articles.Article`; ``sku_stock`` is the promise book and ``bin_stock`` the
bin book of `edge.orders.stock`, ``movement`` their ledger. ``reservation`` is what orders have; a row that was released
is gone, one that was consumed stays. Whoever changes a book holds the rows of ``sku_stock`` it concerns.
"""

from __future__ import annotations

import sqlalchemy as sa

from edge.site.tables.metadata import METADATA, Long

skus = sa.Table(
    "sku",
    METADATA,
    sa.Column("sku", sa.String(200), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("mass_g", sa.Integer, nullable=False),
    sa.Column("volume_mm3", sa.BigInteger, nullable=False),
    sa.Column("longest_mm", sa.Integer, nullable=False),
    sa.Column("goods", sa.Integer, nullable=False),  # of `edge.orders.articles.Goods`
    sa.Column("min_life_us", sa.BigInteger, nullable=False),
    sa.Column("single_lot", sa.Boolean, nullable=False),
    sa.Column("material", sa.Boolean, nullable=False),
    sa.Column("safety", sa.Integer, nullable=False),  # units that shall always be there
    sa.Column("length_mm", sa.Integer, nullable=False, server_default=sa.text("0")),  # 0 = not known
    sa.Column("width_mm", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("height_mm", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("stance", sa.String(20), nullable=False, server_default=sa.text("'any'")),
    sa.Column("on_top_g", sa.Integer),  # NULL = anything may stand on it
    sa.Column("nest_mm", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("wrap_mm", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("sealed", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("value", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.Column("un", sa.String(4), nullable=False, server_default=sa.text("''")),  # empty = not dangerous
    sa.Column("packing_group", sa.String(3), nullable=False, server_default=sa.text("''")),
    sa.Column("inner_ml", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("inner_g", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("brittle", sa.Boolean, nullable=False, server_default=sa.false()),
)
unit_weights = sa.Table(
    "unit_weight",
    METADATA,
    sa.Column("sku", sa.String(200), sa.ForeignKey("sku.sku"), primary_key=True),
    sa.Column("parcels", sa.Integer, nullable=False),
    sa.Column("units", sa.BigInteger, nullable=False),
    sa.Column("sum_mg", sa.BigInteger, nullable=False),
    sa.Column("squares", sa.BigInteger, nullable=False),  # of `edge.orders.weighing.UnitWeight`
)
gtins = sa.Table(
    "sku_gtin",
    METADATA,
    sa.Column("gtin", sa.String(14), primary_key=True),
    sa.Column("sku", sa.String(200), sa.ForeignKey("sku.sku"), nullable=False, index=True),
    sa.Column("units", sa.Integer, nullable=False),  # 1 = the item itself
    sa.CheckConstraint("units > 0", name="ck_sku_gtin_units"),
)
lots = sa.Table(
    "lot",
    METADATA,
    sa.Column("sku", sa.String(200), sa.ForeignKey("sku.sku"), primary_key=True),
    sa.Column("lot", sa.String(80), primary_key=True),
    sa.Column("expires_us", sa.BigInteger, nullable=False),  # 0 = never
    sa.Column("supplier", sa.String(80), nullable=False, server_default=sa.text("''")),  # empty = not known
    sa.Column("blocked_us", sa.BigInteger, nullable=False, server_default=sa.text("0")),  # since when; 0 = it is not
    sa.Column("blocked_by", sa.Text, nullable=False, server_default=sa.text("''")),
    sa.Column("blocked_why", sa.Text, nullable=False, server_default=sa.text("''")),
)
bins = sa.Table(
    "bin",
    METADATA,
    sa.Column("bin", sa.String(80), primary_key=True),
    sa.Column("aisle", sa.Integer, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
)
promises = sa.Table(
    "sku_stock",
    METADATA,
    sa.Column("sku", sa.String(200), sa.ForeignKey("sku.sku"), primary_key=True),
    sa.Column("sellable", sa.BigInteger, nullable=False),
    sa.Column("promised", sa.BigInteger, nullable=False),
    sa.CheckConstraint("0 <= promised AND promised <= sellable", name="ck_sku_stock"),
)
bin_stock = sa.Table(
    "bin_stock",
    METADATA,
    sa.Column("sku", sa.String(200), sa.ForeignKey("sku.sku"), primary_key=True),
    sa.Column("bin", sa.String(80), sa.ForeignKey("bin.bin"), primary_key=True, index=True),
    sa.Column("lot", sa.String(80), primary_key=True),  # empty = none
    sa.Column("condition", sa.String(20), primary_key=True),
    sa.Column("on_hand", sa.BigInteger, nullable=False),
    sa.Column("allocated", sa.BigInteger, nullable=False),
    sa.Column("suspect_us", sa.BigInteger, nullable=False, server_default="0"),  # since when; 0 = it is not
    sa.CheckConstraint("0 <= allocated AND allocated <= on_hand", name="ck_bin_stock"),
)
movements = sa.Table(
    "movement",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("cause_kind", sa.String(40), nullable=False),
    sa.Column("cause_id", sa.String(200), nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("sku", sa.String(200), nullable=False),
    sa.Column("lot", sa.String(80), nullable=False),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("source", sa.String(80)),  # bin; NULL = from outside
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
    sa.Index("ix_movement_at", "kind", "at_us"),
)
_LIVE = "state <> 'consumed'"
reservations = sa.Table(
    "reservation",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("order_id", sa.String(200), nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("sku", sa.String(200), sa.ForeignKey("sku.sku"), nullable=False),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("bin", sa.String(80)),  # NULL = allocated nowhere
    sa.Column("lot", sa.String(80)),
    sa.Column("condition", sa.String(20)),
    sa.Column("until_us", sa.BigInteger, nullable=False),
    sa.Column("rank", sa.BigInteger, nullable=False),
    sa.Column("fulfilment", sa.String(200), nullable=False),  # empty: of no released one
    sa.CheckConstraint("quantity > 0", name="ck_reservation_quantity"),
    sa.Index("ix_reservation_order", "order_id", "line"),
    sa.Index("ix_reservation_fulfilment", "fulfilment"),
    sa.Index("ix_reservation_sku", "sku", "state", postgresql_where=sa.text(_LIVE), sqlite_where=sa.text(_LIVE)),
)
items = sa.Table(
    "item",
    METADATA,
    sa.Column("epc", sa.String(64), primary_key=True),
    sa.Column("sku", sa.String(200), sa.ForeignKey("sku.sku"), nullable=False),
    sa.Column("bin", sa.String(80)),  # NULL = in none
    sa.Column("lot", sa.String(80)),
    sa.Column("condition", sa.String(20)),
    sa.Column("fulfilment", sa.String(200), nullable=False),  # that has it, empty = none
    sa.Column("since_us", sa.BigInteger, nullable=False),
    sa.Index("ix_item_fulfilment", "fulfilment"),
)
