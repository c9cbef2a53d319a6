"""The tables of parcels: which SSCC is whose, and how far a range of them is given out.

Public names: parcels, ranges.
"""

from __future__ import annotations

import sqlalchemy as sa

from edge.site.tables.metadata import METADATA, Long

_LIVE = "voided_us = 0 AND fulfilment <> ''"
parcels = sa.Table(
    "parcel",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("sscc", sa.String(18), nullable=False, unique=True),
    sa.Column("fulfilment", sa.String(200), nullable=False, index=True),  # empty = it lies at a station
    sa.Column("station", sa.String(80), nullable=False),
    sa.Column("drawn_us", sa.BigInteger, nullable=False),
    sa.Column("labelled_us", sa.BigInteger, nullable=False),  # 0 = not yet
    sa.Column("prints", sa.Integer, nullable=False),
    sa.Column("voided_us", sa.BigInteger, nullable=False),  # 0 = it is not
    sa.Column("used_us", sa.BigInteger, nullable=False),  # last drawn, printed, shipped or voided
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),  # why it was voided
    sa.Column("cod", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Index("ix_parcel_labelled", "labelled_us"),
    sa.Index(  # a fulfilment has one parcel
        "ix_parcel_live", "fulfilment", unique=True, postgresql_where=sa.text(_LIVE), sqlite_where=sa.text(_LIVE)
    ),
)
ranges = sa.Table(
    "sscc_range",
    METADATA,
    sa.Column("key", sa.String(80), primary_key=True),
    sa.Column("given", sa.BigInteger, nullable=False),  # so many numbers
)
