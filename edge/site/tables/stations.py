"""The tables of quality and packing stations: what was looked at, what was packed, and what lies in which parcel.

Public names: checks, packs, pack_items.
"""

from __future__ import annotations

import sqlalchemy as sa

from edge.site.tables.metadata import METADATA, Long

_OPEN = "passed = 0 AND settled_us = 0"
checks = sa.Table(
    "quality_check",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("fulfilment", sa.String(200), nullable=False, index=True),
    sa.Column("sku", sa.String(200), nullable=False),  # empty = all of it
    sa.Column("lot", sa.String(80), nullable=False),
    sa.Column("supplier", sa.String(80), nullable=False),
    sa.Column("epc", sa.String(64), nullable=False),
    sa.Column("aspect", sa.String(20), nullable=False),
    sa.Column("passed", sa.Integer, nullable=False),  # 0 = refused
    sa.Column("fault", sa.String(20), nullable=False),
    sa.Column("units", sa.Integer, nullable=False),
    sa.Column("station", sa.String(80), nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("settlement", sa.String(20), nullable=False),
    sa.Column("settled_us", sa.BigInteger, nullable=False),  # 0 = not yet, or nothing is to be settled
    sa.Column("settled_by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),  # of the settlement
    sa.Index("ix_quality_check_lot", "sku", "lot"),
    sa.Index("ix_quality_check_at", "at_us"),
    sa.Index("ix_quality_check_open", "seq", postgresql_where=sa.text(_OPEN), sqlite_where=sa.text(_OPEN)),
)
packs = sa.Table(
    "pack",
    METADATA,
    sa.Column("sscc", sa.String(18), primary_key=True),
    sa.Column("fulfilment", sa.String(200), nullable=False, index=True),
    sa.Column("station", sa.String(80), nullable=False),
    sa.Column("carton", sa.String(200), nullable=False),
    sa.Column("weighed_g", sa.Integer, nullable=False),  # 0 = nobody weighed it
    sa.Column("expected_g", sa.Integer, nullable=False),
    sa.Column("tolerance_g", sa.Integer, nullable=False),
    sa.Column("result", sa.String(20), nullable=False),  # of the scale, empty = none
    sa.Column("blind", sa.Integer, nullable=False),  # articles of which it would not see one missing
    sa.Column("overruled", sa.Text, nullable=False),  # why a weight counts that is not right
    sa.Column("unverified", sa.Text, nullable=False),  # why it is packed though no portal verified it
    sa.Column("differs", sa.Text, nullable=False),  # why other items are in it than the portal saw
    sa.Column("body", sa.Text, nullable=False),  # JSON: differences, after-checks, materials
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Index("ix_pack_at", "at_us"),
)
pack_items = sa.Table(
    "parcel_item",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("sscc", sa.String(18), nullable=False, index=True),
    sa.Column("article", sa.String(200), nullable=False),  # SKU, or GTIN where there is none
    sa.Column("lot", sa.String(80), nullable=False),
    sa.Column("epc", sa.String(64), nullable=False, index=True),  # empty = so many units without a tag
    sa.Column("units", sa.Integer, nullable=False),
)
