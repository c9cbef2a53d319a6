"""What of the store goes when: records and outbox by age, the feed behind all that follow it, persons on their day.

Public names: Keep, Kept, keep_up, persons, forget, set_purge_day, told, Person, PORTION, MONTH_US.

Everything goes by portions, each a transaction, so that nobody waits; a run that is broken off goes on with the next.
What a follower needs that begins anew stays: the newest word of each open order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import msgspec
import sqlalchemy as sa

from edge.core.events import ItemReleased, OrderChanged
from edge.core.iso_time import iso
from edge.core.values.order import OrderState
from edge.journal.record import decode
from edge.orders.sales import Consignee, OrderStage
from edge.orders.sscc import REUSE_US
from edge.site import asked, blocklist, cases, dialect, sales, tables, tracking_shown
from edge.site import orders as orders_of
from edge.site.connections import StoreConnections
from edge.site.dialect import Lock
from edge.site.folding import WAVES, fold_movements, take_out_waves
from edge.site.personal import Keys
from edge.site.standing import keys_of

PORTION = 1_000
_DAY_US = 86_400_000_000
MONTH_US = 30 * _DAY_US
_FEED_US = 7 * _DAY_US
_RELEASED = ItemReleased.__name__
_Step = Callable[[sa.Connection], int]
_OVER = (OrderStage.CLOSED, OrderStage.CANCELLED, OrderStage.MERGED)


@dataclass(frozen=True, slots=True)
class Keep:
    """How long. ``months``: records of journals, the outbox, movements, ended waves and by which causes items were
    released, in months of 30 days, 0 = for ever. ``followers``: the controllers that follow the feed; it is trimmed
    only where the site knows of each how far it is, none = never. ``webhooks``: what these were not told yet stays.
    ``raw_days``: what carriers sent is kept so long as it came, 0 = for ever. ``published``: up to which number all who
    publish the outbox have it, None = nobody does; what is behind that stays.
    """

    months: int = 0
    followers: tuple[str, ...] = ()
    webhooks: tuple[str, ...] = ()
    raw_days: int = 0
    published: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What went: records, rows of outbox and feed, persons, parcels; movements into balances, and waves;
    parcels that are followed no more, and words of carriers as they came.
    """

    records: int = 0
    told: int = 0
    feed: int = 0
    persons: int = 0
    parcels: int = 0
    moved: int = 0
    waves: int = 0
    tracked: int = 0
    raw: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """One order of somebody, with what is known of him. ``consignee`` None: purged.

    ``blocked``: entries of the blocklist that are of him, also those that were taken off. ``refused``: parcels at the
    door. ``words``: what was written of its cases.
    """

    order: str
    stage: OrderStage
    consignee: Consignee | None
    noted: tuple[str, ...]
    note: str
    blocked: tuple[blocklist.Blocked, ...] = ()
    refused: int = 0
    words: tuple[str, ...] = ()


def keep_up(at: StoreConnections, keep: Keep, now_us: int) -> Kept:
    """Takes out what is due. Where another process is at it, nothing. Raises StoreError."""
    records = told = feed = people = parcels = moved = waves = tracked = raw = 0
    with at.reading() as db:
        nodes = db.execute(sa.select(tables.progress.c.node)).scalars().all()
    if keep.months:
        before_us = now_us - keep.months * MONTH_US
        for node in nodes:
            records += sum(_portions(at, partial(_trim_mirror, node, before_us)))
        told = sum(_portions(at, partial(_trim_outbox, keep, before_us)))
        parcels = sum(_portions(at, partial(_trim_parcels, min(before_us, now_us - REUSE_US))))
        moved = sum(_portions(at, partial(fold_movements, PORTION, before_us)))
        waves = sum(_portions(at, partial(take_out_waves, before_us), WAVES))
        tracked = sum(_portions(at, partial(tracking_shown.trim_tracking, PORTION, before_us)))
    if keep.raw_days:
        raw = sum(_portions(at, partial(tracking_shown.trim_raw, PORTION, now_us - keep.raw_days * _DAY_US)))
    causes_us = now_us - keep.months * MONTH_US if keep.months else 0
    sum(_portions(at, partial(asked.forget_asked, PORTION, now_us - _DAY_US)))
    feed = _trim_feed(at, keep.followers, now_us - _FEED_US, causes_us)
    people = sum(_portions(at, partial(_purge, iso(now_us)[:10], now_us)))
    return Kept(records, told, feed, people, parcels, moved, waves, tracked, raw)


def _portions(at: StoreConnections, step: _Step, full: int | None = None) -> Iterator[int]:
    """A portion for each turn, until one is not full; ``full``: what else than `PORTION` is."""
    while True:
        with at.writing() as db:
            if dialect.held_elsewhere(db, Lock.DUTY):
                return
            count = step(db)
        yield count
        if count < (full or PORTION):
            return


def _trim_mirror(node: str, before_us: int, db: sa.Connection) -> int:
    """The oldest records of one journal."""
    mirror, names = tables.mirror.c, tables.mirror_refs.c
    oldest = sa.select(mirror.seq, mirror.at_us).where(mirror.node == node).order_by(mirror.seq).limit(PORTION)
    due = _prefix(db.execute(oldest), before_us)
    if due:
        db.execute(tables.mirror_refs.delete().where(names.node == node, names.seq <= due[-1]))
        db.execute(tables.mirror.delete().where(mirror.node == node, mirror.seq <= due[-1]))
    return len(due)


def _trim_outbox(keep: Keep, before_us: int, db: sa.Connection) -> int:
    columns, their = tables.sales.outbox.c, tables.webhooks.webhooks.c
    query = sa.select(columns.seq, columns.at_us).order_by(columns.seq).limit(PORTION)
    told = db.execute(sa.select(sa.func.min(their.after)).where(their.name.in_(keep.webhooks))).scalar()
    for upto in (told, keep.published):
        if upto is not None:
            query = query.where(columns.seq <= upto)
    due = _prefix(db.execute(query), before_us)
    if due:
        db.execute(tables.sales.outbox.delete().where(columns.seq <= due[-1]))
    return len(due)


def _trim_parcels(before_us: int, db: sa.Connection) -> int:
    """Those whose numbers may be given again, but not of orders that are open."""
    its = tables.parcels.parcels
    still = sa.select(tables.orders.c.id).where(
        tables.orders.c.id == its.c.fulfilment, tables.orders.c.state == str(OrderState.OPEN)
    )
    due = sa.select(its.c.seq).where(its.c.used_us < before_us, ~still.exists()).order_by(its.c.seq).limit(PORTION)
    return db.execute(its.delete().where(its.c.seq.in_(due))).rowcount


def _prefix(rows: Iterable[Sequence[int]], before_us: int) -> list[int]:
    found: list[int] = []
    for seq, at_us in rows:
        if at_us >= before_us:
            break
        found.append(seq)
    return found


# ---- the feed --------------------------------------------------------------------------------------------------------


def _trim_feed(at: StoreConnections, followers: Sequence[str], before_us: int, causes_us: int) -> int:
    """Requests that are done, words of orders that are not the newest, and orders that are over.

    ``causes_us``: released items from before it, since none is released twice by a cause.
    """
    with at.reading() as db:
        slowest = _slowest(db, followers)
        newest = db.execute(sa.select(sa.func.max(tables.feed.c.seq))).scalar() or 0
    seq, count = 0, 0
    columns = tables.feed.c
    while True:
        with at.writing() as db:
            if dialect.held_elsewhere(db, Lock.DUTY):
                return count
            query = sa.select(columns.seq, columns.at_us, columns.kind, columns.body).where(
                columns.seq > seq, columns.seq <= min(slowest, newest - 1), columns.at_us < before_us
            )
            rows = db.execute(query.order_by(columns.seq).limit(PORTION)).all()
            due = _unneeded(db, [row for row in rows if row.kind != _RELEASED or row.at_us < causes_us])
            if due:
                gone = sa.bindparam("gone", type_=sa.BigInteger)
                refs = tables.feed_refs
                db.execute(refs.delete().where(refs.c.seq == gone), [{"gone": one} for one in due])
                db.execute(tables.feed.delete().where(columns.seq == gone), [{"gone": one} for one in due])
        count += len(due)
        if len(rows) < PORTION:
            return count
        seq = rows[-1].seq


def _slowest(db: sa.Connection, followers: Sequence[str]) -> int:
    """Up to where each follower is; 0 = of one of them nothing is known.

    A journal is called by its controller, `@`, and which file it is; what one of its files followed, a controller did.
    """
    table = tables.progress.c
    places: dict[str, int] = {}
    for node, seq in db.execute(sa.select(table.node, table.feed_seq)):
        controller = node.partition("@")[0]
        places[controller] = max(places.get(controller, 0), seq)
    return min((places.get(name, 0) for name in followers), default=0)


def _unneeded(db: sa.Connection, rows: Sequence[Any]) -> list[int]:
    told = {row.seq: decode(row.kind, row.body) for row in rows if row.kind == OrderChanged.__name__}
    orders = {seq: value.order for seq, value in told.items() if isinstance(value, OrderChanged)}
    among = dialect.among(db, tables.orders.c.id, (order.id for order in orders.values()))
    stored = {order.id: order for order in orders_of.orders_where(db, among)}
    return [
        row.seq
        for row in rows
        if row.seq not in orders
        or stored.get(orders[row.seq].id) != orders[row.seq]
        or orders[row.seq].state is not OrderState.OPEN
    ]


# ---- persons ---------------------------------------------------------------------------------------------------------


def set_purge_day(db: sa.Connection, names: Iterable[str], day: str) -> None:
    """On which day (ISO 8601, UTC) the persons of some orders go."""
    people = tables.sales.consignees
    db.execute(people.update().where(dialect.among(db, people.c.order_id, names)).values(purge_day=day))


def persons(db: sa.Connection, keys: Keys, known: Consignee) -> list[Person]:
    """All that is stored of whoever has this phone, or this e-mail address; by order."""
    people = tables.sales.consignees.c
    given = ((people.phone_key, keys.phone(known)), (people.email_key, keys.email(known)))
    asked = [column == key for column, key in given if key is not None]
    if not asked:
        return []
    names = db.execute(sa.select(people.order_id).where(sa.or_(*asked)).order_by(people.order_id)).scalars().all()
    orders, noted = sales.find(db, names), sales.noted_of(db, names)
    known_by = keys_of(db, orders)
    refused = blocklist.refused_of(db, known_by)
    return [
        Person(
            name,
            orders[name].stage,
            sales.consignee_of(db, name),
            tuple(one.value for one in noted.get(name, ())),
            orders[name].note,
            tuple(blocklist.entries_of(db, (its.phone, its.email, its.address))) if (its := known_by.get(name)) else (),
            refused.get(name, 0),
            cases.words_of(db, name),
        )
        for name in names
    ]


def forget(db: sa.Connection, names: Iterable[str], by: str, reason: str, at_us: int) -> list[str]:
    """Erases the persons of some orders; those orders that are not over yet stay as they are, and are told."""
    wanted = list(names)
    orders = tables.sales.orders.c
    query = sa.select(orders.id, orders.stage).where(dialect.among(db, orders.id, wanted))
    stages = {row.id: row.stage for row in db.execute(query)}
    over = [name for name, stage in stages.items() if stage in _OVER]
    _erase(db, over, at_us)
    changes = [sales.SaleChange(order=name, at_us=at_us, by=by, reason=reason, what="person-erased") for name in over]
    sales.note_change(db, changes)
    return sorted(stages.keys() - set(over))


def _purge(day: str, at_us: int, db: sa.Connection) -> int:
    people = tables.sales.consignees.c
    due = sa.select(people.order_id).where(people.purge_day <= day, people.purged_us == 0).limit(PORTION)
    names = db.execute(due).scalars().all()
    _erase(db, names, at_us)
    return len(names)


def _erase(db: sa.Connection, names: Sequence[str], at_us: int) -> None:
    """Keys stay: by them orders of the same person are known, and nobody can turn them back."""
    its = tables.sales
    people = its.consignees
    blank: dict[str, object] = {field.name: "" for field in fields(Consignee) if field.name != "masked"}
    db.execute(
        people.update()
        .where(dialect.among(db, people.c.order_id, names))
        .values({**blank, "purged_us": at_us, "purge_day": None})
    )
    db.execute(its.orders.update().where(dialect.among(db, its.orders.c.id, names)).values(note=""))
    for table in (its.noted, its.contacts):
        db.execute(table.delete().where(dialect.among(db, table.c.order_id, names)))
    for table in (its.findings, its.waivers):
        db.execute(table.update().where(dialect.among(db, table.c.order_id, names)).values(value=""))
    blocklist.erase(db, names)
    tracking_shown.erase_words(db, names)
    cases.erase_words(db, names)
    if names:
        asked.forget_answers(db)


def told(people: Sequence[Person]) -> str:
    """Persons as JSON, for whoever asks for what is stored of him."""
    return msgspec.json.encode(people).decode()
