"""The feed within a transaction: every order change and request, in the order in which it was taken.

Public names: append, values_after, FEED_KINDS.
"""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from edge.core.events import AlarmRequested, LaneRequested, LoadRequested, OrderChanged, PointWriteRequested, Requested
from edge.core.names import refs
from edge.journal.record import JournalError, decode, encode
from edge.site import tables
from edge.site.engine import StoreError

FEED_KINDS = (
    OrderChanged.__name__,
    LaneRequested.__name__,
    AlarmRequested.__name__,
    PointWriteRequested.__name__,
    LoadRequested.__name__,
)


def values_after(db: sa.Connection, seq: int, limit: int) -> list[OrderChanged | Requested]:
    """Up to ``limit`` values behind a place in the feed, in order."""
    query = sa.select(tables.feed).where(tables.feed.c.seq > seq).order_by(tables.feed.c.seq).limit(limit)
    return [_value(row.seq, row.at_us, row.kind, row.body) for row in db.execute(query)]


def append(db: sa.Connection, value: OrderChanged | Requested) -> int:
    """Adds a value; its place in the feed."""
    row = {"at_us": value.at_us, "kind": type(value).__name__, "body": encode(value)}
    key = db.execute(tables.feed.insert().values(row)).inserted_primary_key
    assert key is not None
    seq: int = key[0]
    names = refs(value)
    if names:
        db.execute(tables.feed_refs.insert(), [{"ref": name, "seq": seq} for name in names])
    return seq


def _value(seq: int, at_us: int, kind: str, body: str) -> OrderChanged | Requested:
    try:
        value = decode(kind, body)
    except JournalError as error:
        raise StoreError(f"feed {seq}: {error}") from None
    if not isinstance(value, OrderChanged | Requested):
        raise StoreError(f"feed {seq}: {kind}: allowed are {', '.join(FEED_KINDS)}")
    return replace(value, feed_seq=seq, at_us=at_us)
