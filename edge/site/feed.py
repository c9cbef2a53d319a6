"""The feed within a transaction: every order change and request, in the order in which it was taken.

Public names: append, alarm_awaited, release, values_after, portion_at, begin_writing, begin_epoch, records_of,
FEED_KINDS, CAUSE_LENGTH.

A row's body is its value as the journal has it, but with ``feed_seq`` 0: the row's own ``seq`` is its number.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import sqlalchemy as sa

from edge.core.events import AlarmRequested, ItemReleased, OrderChanged, Requested
from edge.core.names import refs
from edge.core.values.feed import EPOCHS_KEPT, FeedPlace, FeedPortion
from edge.core.values.inputs import FeedEpoch
from edge.core.values.order import Order
from edge.core.values.wishes import Wish, requested
from edge.journal.record import JournalError, Record, decode, encode, kept
from edge.site import dialect, tables
from edge.site.dialect import Lock
from edge.site.engine import StoreError

CAUSE_LENGTH = 200
FEED_KINDS: tuple[str, ...] = tuple(kind.__name__ for kind in (OrderChanged, *get_args(Requested)))


def append(db: sa.Connection, told: Sequence[tuple[Order | Wish | ItemReleased, int]]) -> Sequence[int]:
    """Adds orders as they are now, wishes and released items, each with its time; their places in the feed.

    Only the outbox may come behind it in a transaction.
    """
    if not told:
        return ()
    values = [_told(one, at_us) for one, at_us in told]
    rows = [(value.at_us, type(value).__name__, kept(value).body) for value in values]
    named = [refs(value) for value in values]
    dialect.lock(db, Lock.FEED)  # others wait from here on
    if _elsewhere(db):
        begin_epoch(db)
    numbers = dialect.append(db, tables.feed, Lock.FEED, ("at_us", "kind", "body"), rows)
    pairs = [(name, seq) for seq, names in zip(numbers, named, strict=True) for name in names]
    dialect.bulk_insert(db, tables.feed_refs, ("ref", "seq"), pairs)
    return numbers


def alarm_awaited(db: sa.Connection, alarm: str, since_us: int) -> AlarmRequested | None:
    """What was asked of an alarm last since an instant, and no journal that the site knows has yet; held until the
    transaction ends. Only `append` and the outbox may come behind it.
    """
    dialect.lock(db, Lock.FEED)
    its, ref, kind = tables.feed, tables.feed_refs.c, AlarmRequested.__name__
    query = (
        sa.select(its)
        .join(tables.feed_refs, ref.seq == its.c.seq)
        .where(ref.ref == alarm, its.c.kind == kind, its.c.at_us >= since_us)
        .order_by(its.c.seq.desc())
        .limit(1)
    )
    row = db.execute(query).first()
    if row is None:
        return None
    mirror, name = tables.mirror, tables.mirror_refs.c
    told = (
        sa.select(mirror.c.kind, mirror.c.body)
        .join(tables.mirror_refs, sa.and_(name.node == mirror.c.node, name.seq == mirror.c.seq))
        .where(name.ref == alarm, mirror.c.kind == kind, mirror.c.at_us >= since_us)
    )
    journaled = (decode(one.kind, one.body) for one in db.execute(told))
    if any(isinstance(one, AlarmRequested) and one.feed_seq == row.seq for one in journaled):
        return None
    value = _value(row.seq, row.at_us, row.kind, row.body)
    return value if isinstance(value, AlarmRequested) else None


def release(db: sa.Connection, epc: str, cause: str, at_us: int) -> int | None:
    """Tells that an item came back and is stock again; its place in the feed, None = it was told by this cause before.

    Who writes nothing but the feed calls it last, `append` says why.
    """
    dialect.lock(db, Lock.FEED)
    its, causes = tables.feed_refs.alias(), tables.feed_refs.alias()
    known = (
        sa.select(tables.feed.c.seq)
        .join(its, sa.and_(its.c.seq == tables.feed.c.seq, its.c.ref == epc))
        .join(causes, sa.and_(causes.c.seq == tables.feed.c.seq, causes.c.ref == cause))
        .where(tables.feed.c.kind == ItemReleased.__name__)
    )
    if db.execute(known).first() is not None:
        return None
    versions = tables.schema_version
    db.execute(
        versions.update().where(versions.c.version < tables.SCHEMA_RELEASES).values(version=tables.SCHEMA_RELEASES)
    )
    return append(db, [(ItemReleased(at_us, 0, epc, cause), at_us)])[0]


def _told(one: Order | Wish | ItemReleased, at_us: int) -> OrderChanged | Requested:
    match one:
        case Order():
            return OrderChanged(at_us, 0, one)
        case ItemReleased():
            return replace(one, at_us=at_us)
        case _:
            return requested(one, at_us, 0)


def values_after(db: sa.Connection, seq: int, limit: int) -> list[OrderChanged | Requested]:
    """Up to ``limit`` values behind a place in the feed, in order."""
    return _values(db, tables.feed.c.seq > seq, limit)


def begin_writing(db: sa.Connection) -> None:
    """What whoever begins to write says: with SQLite an epoch, with PostgreSQL only when it is another copy."""
    if not dialect.is_postgresql(db) or _elsewhere(db):
        begin_epoch(db)


def begin_epoch(db: sa.Connection, behind: int = 0) -> int:
    """Begins an epoch, a later one than ``behind``, with a mark of its own; its number.

    Whoever followed what another copy of this store told since the newest epoch began sees that it is not so here.
    """
    dialect.lock(db, Lock.FEED)
    epoch: int = max(db.execute(sa.select(sa.func.max(tables.feed_epochs.c.epoch))).scalar() or 0, behind) + 1
    row = {"epoch": epoch, "mark": secrets.token_hex(8), "after": _newest(db)}
    if here := dialect.place(db):
        row["place"] = here
    db.execute(tables.feed_epochs.insert().values(row))
    return epoch


def _elsewhere(db: sa.Connection) -> bool:
    """Whether the newest epoch began in another copy of this store: it was restored, or another server took over."""
    if not (here := dialect.place(db)):
        return False
    epochs = tables.feed_epochs.c
    return db.execute(sa.select(epochs.place).order_by(epochs.epoch.desc()).limit(1)).scalar() != here


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
    columns = tables.feed_epochs.c
    rows = db.execute(sa.select(columns.epoch, columns.mark, columns.after).order_by(columns.epoch))
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
