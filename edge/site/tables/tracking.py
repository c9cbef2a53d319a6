"""The tables of tracking: what was told of parcels, where they are, with what they left, and who was written to.

Public names: events, hooks, tracks, states, shipments, departures, troubles, feedback, mails.

``parcel_event`` is an `edge.orders.tracking.ParcelWord` with what it was made of; ``parcel_state`` an
`edge.orders.tracking.Tracked` of them, which can be made anew at any time. A parcel's ``track`` begins when the line
sorts it. What carriers sent may name people: it goes with them, see `edge.site.keeping`.
"""

from __future__ import annotations

import sqlalchemy as sa

from edge.site.tables.metadata import METADATA, Long

_NOBODYS = "sscc = ''"
events = sa.Table(
    "parcel_event",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("sscc", sa.String(80), nullable=False),  # empty = nobody knows whose number it is
    sa.Column("number", sa.String(80), nullable=False),  # the carrier's own, empty = it named the SSCC
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("code", sa.String(20), nullable=False),
    sa.Column("given", sa.String(200), nullable=False),  # the code in the source's words
    sa.Column("place", sa.String(200), nullable=False),
    sa.Column("source", sa.String(80), nullable=False),
    sa.Column("source_id", sa.String(120), nullable=False),  # or a hash of its content
    sa.Column("corrects", sa.String(120), nullable=False),
    sa.Column("zone", sa.String(40), nullable=False),  # in which the time was read, empty = it said it itself
    sa.Column("raw", sa.Text, nullable=False),
    sa.Column("taken_us", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("source", "source_id"),
    sa.Index("ix_parcel_event_sscc", "sscc", "at_us"),
    sa.Index("ix_parcel_event_number", "number", postgresql_where=sa.text(_NOBODYS), sqlite_where=sa.text(_NOBODYS)),
)
hooks = sa.Table(  # each message of a carrier as it came
    "carrier_hook",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("source", sa.String(80), nullable=False),
    sa.Column("hook_id", sa.String(120), nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("events", sa.Integer, nullable=False),
    sa.Column("trouble", sa.Text, nullable=False),  # why nothing could be made of it, empty = it could
    sa.UniqueConstraint("source", "hook_id"),
)
tracks = sa.Table(
    "parcel_track",
    METADATA,
    sa.Column("sscc", sa.String(80), primary_key=True),
    sa.Column("fulfilment", sa.String(200), nullable=False, index=True),
    sa.Column("sales_id", sa.String(200), nullable=False, index=True),  # empty = no sales order's
    sa.Column("carrier", sa.String(80), nullable=False),
    sa.Column("service", sa.String(80), nullable=False),
    sa.Column("number", sa.String(80), nullable=False, index=True),  # the carrier's own, empty = not known
    sa.Column("shipment", sa.String(200), nullable=False, index=True),  # empty = it has not left
    sa.Column("piece", sa.Integer, nullable=False),
    sa.Column("promised", sa.String(10), nullable=False),  # day at the consignee's, empty = none
    sa.Column("promised_us", sa.BigInteger, nullable=False),  # its end, 0 = not looked up
    sa.Column("token", sa.String(40), nullable=False, unique=True),
    sa.Column("made_us", sa.BigInteger, nullable=False, index=True),
    sa.Index("ix_parcel_track_promised", "promised_us"),
)
_LOOKED = "look_us > 0"
states = sa.Table(
    "parcel_state",
    METADATA,
    sa.Column("sscc", sa.String(80), primary_key=True),
    sa.Column("state", sa.String(20), nullable=False, index=True),
    sa.Column("since_us", sa.BigInteger, nullable=False),
    sa.Column("flags", sa.String(80), nullable=False),  # with blanks between
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("departed_us", sa.BigInteger, nullable=False),
    sa.Column("scanned_us", sa.BigInteger, nullable=False),
    sa.Column("moved_us", sa.BigInteger, nullable=False),
    sa.Column("delivered_us", sa.BigInteger, nullable=False),
    sa.Column("place", sa.String(200), nullable=False),
    sa.Column("look_us", sa.BigInteger, nullable=False),  # when it may be in trouble, 0 = never
    sa.Index("ix_parcel_state_delivered", "delivered_us"),
    sa.Index("ix_parcel_state_look", "look_us", postgresql_where=sa.text(_LOOKED), sqlite_where=sa.text(_LOOKED)),
)
shipments = sa.Table(  # parcels of one consignee and service that left with one load
    "shipment",
    METADATA,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("load", sa.String(80), nullable=False, index=True),
    sa.Column("carrier", sa.String(80), nullable=False),
    sa.Column("service", sa.String(80), nullable=False),
    sa.Column("pieces", sa.Integer, nullable=False),
    sa.Column("departed_us", sa.BigInteger, nullable=False),
)
departures = sa.Table(
    "departure",
    METADATA,
    sa.Column("load", sa.String(80), primary_key=True),
    sa.Column("dock", sa.String(80), nullable=False),
    sa.Column("carrier", sa.String(80), nullable=False),
    sa.Column("trailer", sa.Text, nullable=False),
    sa.Column("departed_us", sa.BigInteger, nullable=False, index=True),
    sa.Column("pieces", sa.Integer, nullable=False),
    sa.Column("mass_g", sa.BigInteger, nullable=False),
    sa.Column(
        "limited_g", sa.BigInteger, nullable=False
    ),  # gross, of parcels with dangerous goods in limited quantities
    sa.Column("filed_us", sa.BigInteger, nullable=False),  # its manifest lies in the carrier's folder, 0 = not yet
)
troubles = sa.Table(
    "parcel_trouble",
    METADATA,
    sa.Column("sscc", sa.String(80), primary_key=True),
    sa.Column("kind", sa.String(20), primary_key=True),
    sa.Column("at_us", sa.BigInteger, nullable=False, index=True),
    sa.Column("case_id", sa.BigInteger, nullable=False),  # 0 = none was opened
)
feedback = sa.Table(
    "parcel_feedback",
    METADATA,
    sa.Column("sscc", sa.String(80), primary_key=True),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("reasons", sa.String(200), nullable=False),  # with blanks between
    sa.Column("said", sa.Text, nullable=False),  # may be personal, goes with the consignee
    sa.Column("at_us", sa.BigInteger, nullable=False, index=True),
)
mails = sa.Table(  # to whom is looked up when it is sent
    "mail",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("cause", sa.String(200), nullable=False, unique=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("sscc", sa.String(80), nullable=False, index=True),
    sa.Column("sales_id", sa.String(200), nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),  # waiting, sending, sent, none, refused
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("next_us", sa.BigInteger, nullable=False, index=True),
    sa.Column("sent_us", sa.BigInteger, nullable=False),
    sa.Column("trouble", sa.Text, nullable=False),
)
