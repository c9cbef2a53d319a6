"""The feed within a transaction: every order change and request, in the order in which it was taken.

Public names: append, values_after, records_of, FEED_KINDS.

A row's body is its value as the journal has it, but with ``feed_seq`` 0: the row's own ``seq`` is its number.
"""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import sqlalchemy as sa

from edge.core.events import OrderChanged, Requested
from edge.core.names import refs
from edge.core.values.order import Order
from edge.core.values.wishes import Wish, requested
from edge.journal.record import JournalError, Record, decode, encode
from edge.site import tables
from edge.site.engine import StoreError

FEED_KINDS: tuple[str, ...] = tuple(kind.__name__ for kind in (OrderChanged, *get_args(Requested)))


def append(db: sa.Connection, told: Order | Wish, at_us: int) -> int:
    """Adds an order as it is now, or a wish; its place in the feed."""
    value = OrderChanged(at_us, 0, told) if isinstance(told, Order) else requested(told, at_us, 0)
    row = {"at_us": at_us, "kind": type(value).__name__, "body": encode(value)}
    key = db.execute(tables.feed.insert().values(row)).inserted_primary_key
    assert key is not None
    seq: int = key[0]
    names = refs(value)
    if names:
        db.execute(tables.feed_refs.insert(), [{"ref": name, "seq": seq} for name in names])
    return seq


def values_after(db: sa.Connection, seq: int, limit: int) -> list[OrderChanged | Requested]:
    """Up to ``limit`` values behind a place in the feed, in order."""
    query = sa.select(tables.feed).where(tables.feed.c.seq > seq).order_by(tables.feed.c.seq).limit(limit)
    return [_value(row.seq, row.at_us, row.kind, row.body) for row in db.execute(query)]


def records_of(db: sa.Connection, ref: str) -> list[Record]:
    """What the feed has under a name, in order, as a journal would have it."""
    query = (
        sa.select(tables.feed)
        .join(tables.feed_refs, tables.feed_refs.c.seq == tables.feed.c.seq)
        .where(tables.feed_refs.c.ref == ref)
        .order_by(tables.feed.c.seq)
    )
    return [
        Record(row.seq, row.at_us, "", row.kind, encode(_value(row.seq, row.at_us, row.kind, row.body)))
        for row in db.execute(query)
    ]


def _value(seq: int, at_us: int, kind: str, body: str) -> OrderChanged | Requested:
    try:
        value = decode(kind, body)
    except JournalError as error:
        raise StoreError(f"feed {seq}: {error}") from None
    if not isinstance(value, OrderChanged | Requested):
        raise StoreError(f"feed {seq}: {kind}: allowed are {', '.join(FEED_KINDS)}")
    return replace(value, feed_seq=seq, at_us=at_us)
