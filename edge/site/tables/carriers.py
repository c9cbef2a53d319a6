"""The tables of carriers: what takes nothing for a while, which parcels it moved, which fit nowhere, who was told.

Public names: suspensions, moves, stuck, delays.

Where a parcel is placed stands in `edge.site.tables.picks.members`: one place at one pickup.
"""

from __future__ import annotations

import sqlalchemy as sa

from edge.site.tables.metadata import METADATA, Long

suspensions = sa.Table(
    "suspension",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("carrier", sa.String(80), nullable=False),  # one of the three has a name
    sa.Column("service", sa.String(80), nullable=False),
    sa.Column("lane", sa.String(80), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("asked_us", sa.BigInteger, nullable=False),
    sa.Column("from_us", sa.BigInteger, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),  # 0 = until somebody ends it
    sa.Column("ended_us", sa.BigInteger, nullable=False, index=True),  # 0 = it is not over
    sa.Column("ended_by", sa.Text, nullable=False),
    sa.Column("ended_why", sa.Text, nullable=False),
)
moves = sa.Table(
    "carrier_move",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("at_us", sa.BigInteger, nullable=False, index=True),
    sa.Column("fulfilment", sa.String(200), nullable=False, index=True),
    sa.Column("suspension", sa.BigInteger, nullable=False),  # 0 = its true weight chose
    sa.Column("where", sa.String(20), nullable=False),  # of edge.orders.reroute.Where
    sa.Column("service", sa.String(80), nullable=False),
    sa.Column("pickup", sa.String(200), nullable=False),
    sa.Column("to_service", sa.String(80), nullable=False),
    sa.Column("to_pickup", sa.String(200), nullable=False),
    sa.Column("label", sa.String(20), nullable=False),  # of the parcel it had: void, kept; empty = it had none
)
stuck = sa.Table(  # suspended, to be moved, and nobody takes it
    "carrier_stuck",
    METADATA,
    sa.Column("fulfilment", sa.String(200), primary_key=True),
    sa.Column("suspension", sa.BigInteger, nullable=False),
    sa.Column("since_us", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # JSON: what each pickup has against it
)
delays = sa.Table(  # of which parcels customers were told that the promise is not kept
    "delay_notice",
    METADATA,
    sa.Column("fulfilment", sa.String(200), primary_key=True),
    sa.Column("promised_us", sa.BigInteger, nullable=False),
    sa.Column("expected_us", sa.BigInteger, nullable=False),  # 0 = nobody knows
    sa.Column("cause", sa.String(80), nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
)
