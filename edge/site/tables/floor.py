"""The tables that today's lines know: fulfilments, their feed, and the mirror of the journals.

Public names: SCHEMA, SCHEMA_RELEASES, SCHEMAS and the tables.

``orders``, ``order_item`` (which order names which item) and ``order_code`` (and which other code), ``feed`` and
``feed_ref`` (every order change and operator's request in the order in which it was taken, and under which names),
``feed_epoch`` (each time that somebody began to write the feed), ``progress`` (how far each journal is projected),
``mirror`` and ``mirror_ref`` (the journals' records that name something, and under which names).
"""

from __future__ import annotations

import sqlalchemy as sa

from edge.site.tables.metadata import METADATA, Long

SCHEMA = 1
SCHEMA_RELEASES = 2
"""With the first item that is released: a line of 0.1.0, which would end at it, refuses the store and goes on."""
SCHEMAS = (SCHEMA, SCHEMA_RELEASES)
"""One more when a follower of before must not pass over what a body of the feed or an order says, or cannot read it.

Whoever only reads looks at nothing else, so that lines and site may be upgraded one after the other.
"""
schema_version = sa.Table("schema_version", METADATA, sa.Column("version", sa.Integer, primary_key=True))
orders = sa.Table(
    "orders",
    METADATA,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("channel", sa.String(64), nullable=False),
    sa.Column("external", sa.String(200)),  # NULL: the channel gave no number
    sa.Column("tote", sa.String(64), index=True),
    sa.Column("parcel", sa.String(64), index=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.UniqueConstraint("channel", "external"),
)
order_items = sa.Table(
    "order_item",
    METADATA,
    sa.Column("epc", sa.String(64), primary_key=True),
    sa.Column("order_id", sa.String(200), sa.ForeignKey("orders.id"), primary_key=True, index=True),
)
order_codes = sa.Table(
    "order_code",
    METADATA,
    sa.Column("code", sa.String(200), primary_key=True),
    sa.Column("order_id", sa.String(200), sa.ForeignKey("orders.id"), primary_key=True, index=True),
)
feed = sa.Table(
    "feed",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)
feed_refs = sa.Table(
    "feed_ref",
    METADATA,
    sa.Column("ref", sa.String(200), primary_key=True),
    sa.Column("seq", Long, sa.ForeignKey("feed.seq"), primary_key=True),
    sa.Index("ix_feed_ref_seq", "seq"),  # rows that are trimmed take their names with them
)
feed_epochs = sa.Table(
    "feed_epoch",
    METADATA,
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("mark", sa.String(32), nullable=False),
    sa.Column("after", sa.BigInteger, nullable=False),  # the last number of the epochs before
    sa.Column("place", sa.String(120), nullable=False, server_default=sa.text("''")),  # see `edge.site.dialect.place`
)
progress = sa.Table(
    "progress",
    METADATA,
    sa.Column("node", sa.String(120), primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("feed_seq", sa.BigInteger, nullable=False, server_default="0"),  # how far it followed the feed
)
mirror = sa.Table(
    "mirror",
    METADATA,
    sa.Column("node", sa.String(120), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("line", sa.String(40), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
mirror_refs = sa.Table(
    "mirror_ref",
    METADATA,
    sa.Column("ref", sa.String(200), primary_key=True),
    sa.Column("node", sa.String(120), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Index("ix_mirror_ref_seq", "node", "seq"),
)
