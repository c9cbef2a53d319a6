"""The feed within a transaction: every order change and request, in the order in which it was taken.

Public names: append, values_after, portion_at, begin_epoch, records_of, FEED_KINDS.

A row's body is its value as the journal has it, but with ``feed_seq`` 0: the row's own ``seq`` is its number.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import sqlalchemy as sa

from edge.core.events import OrderChanged, Requested
from edge.core.names import refs
from edge.core.values.feed import EPOCHS_KEPT, FeedPlace, FeedPortion
from edge.core.values.inputs import FeedEpoch
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
    return _values(db, tables.feed.c.seq > seq, limit)


def begin_epoch(db: sa.Connection, behind: int = 0) -> int:
    """Begins an epoch, a later one than ``behind``, with a mark of its own; its number.

    Whoever followed what another copy of this store told since the newest epoch began sees that it is not so here.
    """
    epoch: int = max(db.execute(sa.select(sa.func.max(tables.feed_epochs.c.epoch))).scalar() or 0, behind) + 1
    row = {"epoch": epoch, "mark": secrets.token_hex(8), "after": _newest(db)}
    db.execute(tables.feed_epochs.insert().values(row))
    return epoch


def portion_at(db: sa.Connection, place: FeedPlace, limit: int) -> FeedPortion:
    """Up to ``limit`` values behind a place, or that the place is none of this feed."""
    newest = _newest(db)
    epochs = _epochs(db)
    end = _shared(place, epochs, newest)
    anew = place.seq > end
    known = max(min(place.known, end), end if anew else 0)
    columns = tables.feed.c
    fresh = sa.and_(columns.seq > place.seq, sa.or_(columns.kind == OrderChanged.__name__, columns.seq > known))
    return FeedPortion(
        values=() if anew else tuple(_values(db, fresh, limit)),
        store=epochs[0].mark if epochs else "",
        epochs=epochs[-EPOCHS_KEPT:],
        newest=newest,
        anew=anew,
        known=known,
    )


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


def _epochs(db: sa.Connection) -> tuple[FeedEpoch, ...]:
    if not sa.inspect(db).has_table(tables.feed_epochs.name):
        return ()
    rows = db.execute(sa.select(tables.feed_epochs).order_by(tables.feed_epochs.c.epoch))
    return tuple(FeedEpoch(row.epoch, row.mark, row.after) for row in rows)


def _shared(place: FeedPlace, epochs: Sequence[FeedEpoch], newest: int) -> int:
    """The last number that stands in this feed as it stood in the one of the place."""
    if not place.epochs:  # all that there is to compare is the number
        return newest if place.seq <= newest else 0
    theirs = {one.mark: end for one, end in zip(place.epochs, _ends(place.epochs, newest), strict=True)}
    for one, end in reversed([*zip(epochs, _ends(epochs, newest), strict=True)]):
        if one.mark in theirs:
            return min(end, theirs[one.mark])
    return 0


def _ends(epochs: Sequence[FeedEpoch], newest: int) -> list[int]:
    """The last number of each."""
    return [*(one.after for one in epochs[1:]), newest]


def _newest(db: sa.Connection) -> int:
    return db.execute(sa.select(sa.func.max(tables.feed.c.seq))).scalar() or 0


def _values(db: sa.Connection, which: sa.ColumnElement[bool], limit: int) -> list[OrderChanged | Requested]:
    query = sa.select(tables.feed).where(which).order_by(tables.feed.c.seq).limit(limit)
    return [_value(row.seq, row.at_us, row.kind, row.body) for row in db.execute(query)]


def _value(seq: int, at_us: int, kind: str, body: str) -> OrderChanged | Requested:
    try:
        value = decode(kind, body)
    except JournalError as error:
        raise StoreError(f"feed {seq}: {error}") from None
    if not isinstance(value, OrderChanged | Requested):
        raise StoreError(f"feed {seq}: {kind}: allowed are {', '.join(FEED_KINDS)}")
    return replace(value, feed_seq=seq, at_us=at_us)
