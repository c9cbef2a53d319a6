"""The site store: orders, the feed that controllers follow, and what the journals told.

Public names: SiteStore, Put, SaleTaken, SaleOutcome, Keep, Kept, Person, StoreError, StoreHeld, Wires, OrderConflict,
WishTakenError.

With SQLite one process writes, and each time that one begins to, the feed has a new epoch (`edge.core.values.feed`);
readers, in this process and in others, open the file read-only. With PostgreSQL any number of processes write, and an
epoch begins when the database is another copy than before. `edge.site.connections` says whose turn it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import sqlalchemy as sa

from edge.core.events import DeviceChanged, FeedFollowed, OrderChanged, OrderShipped, Requested
from edge.core.names import refs
from edge.core.values.alarm import AlarmAction
from edge.core.values.feed import FeedPlace, FeedPortion
from edge.core.values.layout import LineLayout
from edge.core.values.order import Order
from edge.core.values.wishes import AlarmWish, Wish
from edge.journal.record import Record, Value
from edge.orders.review import ReviewRules
from edge.orders.sales import Consignee, Draft, SalesOrder
from edge.orders.stages import FulfilmentTurn
from edge.orders.tracking import TrackRules
from edge.site import departures, dialect, feed, leaving, outbox, sales, schema, set_aside, tables, taking
from edge.site import orders as orders_of
from edge.site.audit import Deed, note
from edge.site.cloud_events import records_behind
from edge.site.connections import StoreConnections, Wires
from edge.site.dialect import Lock
from edge.site.engine import StoreError, StoreHeld
from edge.site.flow_facts import forget as forget_flow
from edge.site.flow_numbers import flow_now, numbers_after
from edge.site.keeping import MONTH_US, Keep, Kept, Person, forget, keep_up, persons
from edge.site.line_orders import floor_turns
from edge.site.orders import OrderConflict, Put
from edge.site.outbox import OutboxRow
from edge.site.personal import Keys, check_mark, read_keys
from edge.site.sales_work import SaleWork
from edge.site.taking import SaleOutcome, SaleTaken
from edge.site.tracking import RULES
from edge.views.timeline import TimelineEntry, timeline
from rfid.epc.identity import gtin_of

__all__ = [
    "Keep",
    "Kept",
    "OrderConflict",
    "Person",
    "Put",
    "SaleOutcome",
    "SaleTaken",
    "SiteStore",
    "StoreError",
    "StoreHeld",
    "Wires",
    "WishTakenError",
]
_AWAITED_US = 86_400_000_000
"""What nobody answered for a day is asked anew by anybody."""


class WishTakenError(Exception):
    """Somebody else asked for the same, and was not answered yet. ``by``: who."""

    def __init__(self, text: str, by: str) -> None:
        super().__init__(f"{text}: {by} asked for that, and its controller has not answered yet")
        self.by = by


class SiteStore:
    """One site's store. May be called from several threads; every call is one transaction.

    ``url``: ``sqlite:////absolute/path`` or ``postgresql://user@host/database``. ``readonly``: never writes, and
    needs the store to exist. ``secret_file``: see `edge.site.personal`; None = beside a store in SQLite.
    ``tracking``: when parcels that left are looked at. ``wires``: see StoreConnections.
    All calls raise StoreError; where another process writes the same SQLite file, the constructor raises StoreHeld.
    """

    def __init__(
        self,
        url: str,
        readonly: bool = False,
        secret_file: Path | None = None,
        tracking: TrackRules = RULES,
        wires: Wires | None = None,
    ) -> None:
        self._secret_file = secret_file
        self._tracking = tracking
        self._keys: Keys | None = None
        self._looked: tuple[object, FeedPortion] = None, FeedPortion(())
        self._at = StoreConnections(url, readonly, wires=wires)
        with ExitStack() as undone:
            undone.callback(self.close)
            with self._at.first() as db:
                trouble = schema.read_trouble(db) if readonly else schema.take(db)
                if not trouble and not readonly:
                    feed.begin_writing(db)
                self._at.opened()
            if trouble:
                raise StoreError(f"site store {self._at.name}: {trouble}")
            undone.pop_all()

    def close(self) -> None:
        """Closes every connection."""
        self._at.close()

    @property
    def replaced(self) -> bool:
        """Whether another file stands in its place, or none; nothing can be written then."""
        return self._at.replaced

    @property
    def keys(self) -> Keys:
        """The site's, for persons; its secret is made with the first use. Raises StoreError."""
        if self._keys is None:
            with self._at.errors():
                keys = read_keys(self._secret_file, self._at.path)
            with self._at.writing() as db:
                check_mark(db, keys)
            self._keys = keys
        return self._keys

    @property
    def connections(self) -> StoreConnections:
        """For the other files of this room, whose transactions stand beside these."""
        return self._at

    # ---- orders and requests in --------------------------------------------------------------------------------------

    def put_orders(self, orders: Iterable[Order], at_us: int) -> Put:
        """Takes orders; only what is new or changed goes to the feed, so that taking them again changes nothing.

        An order is known by its id, or else by channel and external number; then it keeps its id. A shipped order
        stays shipped; otherwise the last word counts. Raises OrderConflict when id and external number name two
        different orders, when an order is another channel's, and when two open orders would have one tote, parcel or
        code; what one order of a batch gives up another may have.

        A batch that contradicts nothing is stored in portions, so that nobody else waits for all of it: where the disk
        or the process fails in the middle, the first ones are there, and taking all again takes the rest.
        """
        asked = list(orders)
        portions = [asked[at : at + orders_of.AT_ONCE] for at in range(0, len(asked), orders_of.AT_ONCE)]
        if len(portions) < 2:
            with self._at.batch(Lock.BATCH), self._at.writing() as db:
                return orders_of.put(db, asked, at_us, foreign=True)
        put = Put(0, 0, 0)
        with self._at.batch(Lock.BATCH):
            with self._at.reading() as db:
                orders_of.check(db, asked)
            for portion in portions:
                with self._at.writing() as db:
                    put += orders_of.put(db, portion, at_us, checked=True, foreign=True)
        return put

    def take_sales(self, drafts: Iterable[Draft], at_us: int) -> list[SaleTaken]:
        """Takes sales orders; what became of each, in their order. Taking them again changes nothing.

        They are independent of one another and go in by portions: where the disk or the process fails in the middle,
        the first ones are there.
        """
        asked, found, keys = list(drafts), list[SaleTaken](), self.keys
        for at in range(0, len(asked), taking.AT_ONCE):
            with self._at.writing() as db:
                found += taking.take(db, keys, asked[at : at + taking.AT_ONCE], at_us)
        return found

    def request(self, wish: Wish, at_us: int) -> int:
        """Asks the controller whose line, alarm, PLC or dock door it is; the wish's place in the feed.

        Raises WishTakenError where somebody else asked the same of an alarm and was not answered yet.
        """
        with self._at.writing() as db:
            if isinstance(wish, AlarmWish) and wish.action is not AlarmAction.TAKE_CONFIG:  # the file may be another
                other = feed.alarm_awaited(db, wish.alarm, at_us - _AWAITED_US)
                if other is not None and other.action is wish.action and other.by != wish.by:
                    raise WishTakenError(f"alarm {wish.alarm}: {wish.action}", other.by)
            return feed.append(db, [(wish, at_us)])[0]

    def release_item(self, epc: str, cause: str, at_us: int) -> int | None:
        """Tells the lines that an item came back and is stock again; its place in the feed, None = told before.

        ``epc``: the item's identity, ``(01)...(21)...``. ``cause``: what says so, as a return's or a movement's number;
        the same one releases an item once. Raises ValueError for what is no item, and without a cause.
        """
        if gtin_of(epc) is None or not 0 < len(cause) <= feed.CAUSE_LENGTH:
            raise ValueError(
                f"{epc!r} by {cause!r}: an item's identity and 1 to {feed.CAUSE_LENGTH} characters are needed"
            )
        with self._at.writing() as db:
            return feed.release(db, epc, cause, at_us)

    # ---- sales orders ------------------------------------------------------------------------------------------------

    def sales_order(self, order_id: str) -> SalesOrder | None:
        """A sales order as it is now, or None."""
        with self._at.reading() as db:
            return sales.find(db, [order_id]).get(order_id)

    def consignee(self, order_id: str) -> Consignee | None:
        """Who gets a sales order; None = there is none, or the person is purged."""
        with self._at.reading() as db:
            return sales.consignee_of(db, order_id)

    def numbers(self, after: int, limit: int = 500) -> list[Record]:
        """Up to ``limit`` of what was noted of the order flow, behind a number, in order."""
        with self._at.reading() as db:
            return numbers_after(db, after, limit)

    def flow_now(self) -> tuple[int, dict[str, float]]:
        """When it was noted last how many orders are where, and that; 0 = never."""
        with self._at.reading() as db:
            return flow_now(db)

    def outbox(self, after: int, limit: int = 500) -> list[OutboxRow]:
        """Up to ``limit`` of what others may know, behind a number, in order."""
        with self._at.reading() as db:
            return outbox.rows_behind(db, after, limit)

    def note(self, done: Sequence[Deed]) -> None:
        """Notes in the audit who did what."""
        with self._at.writing() as db:
            note(db, done)

    def told(self, site: str, after: int, limit: int = 500) -> list[Record]:
        """The same as records of a journal, each a CloudEvent, for those who publish them."""
        with self._at.reading() as db:
            return records_behind(db, site, after, limit)

    @property
    def mark(self) -> str:
        """A name that no other store has; empty = nothing was written yet."""
        its = tables.feed_epochs.c
        with self._at.reading() as db:
            return db.execute(sa.select(its.mark).order_by(its.epoch).limit(1)).scalar() or ""

    # ---- what goes -----------------------------------------------------------------------------------------------

    def keep_up(self, keep: Keep, now_us: int) -> Kept:
        """Takes out what is due by age and day; nothing where another process is at it."""
        if keep.months:
            forget_flow(self._at, now_us - keep.months * MONTH_US)
        return keep_up(self._at, keep, now_us)

    def persons(self, known: Consignee) -> list[Person]:
        """All that is stored of whoever has this phone, or this e-mail address."""
        keys = self.keys
        with self._at.reading() as db:
            return persons(db, keys, known)

    def forget(self, orders: Iterable[str], by: str, reason: str, at_us: int) -> list[str]:
        """Erases the persons of some orders; the orders that are not over yet, which stay as they are."""
        with self._at.writing() as db:
            return forget(db, orders, by, reason, at_us)

    # ---- the feed out ------------------------------------------------------------------------------------------------

    def feed(self, after: int, limit: int = 500) -> list[OrderChanged | Requested]:
        """Up to ``limit`` order changes and requests behind a place in the feed, in order."""
        with self._at.reading() as db:
            return feed.values_after(db, after, limit)

    def follow(self, place: FeedPlace, limit: int) -> FeedPortion:
        """Up to ``limit`` values behind a follower's place, or that this is not the feed that it followed."""
        with self._at.reading() as db:
            look = place, limit, dialect.moment(db)
            before, nothing = self._looked
            if look == before and look[2] is not None:
                return nothing
            portion = feed.portion_at(db, place, limit)
        if not portion.values and not portion.anew:
            self._looked = look, portion
        return portion

    # ---- look-up -----------------------------------------------------------------------------------------------------

    def order(self, order_id: str) -> Order | None:
        """An order as it is now, or None."""
        with self._at.reading() as db:
            return orders_of.order_where(db, tables.orders.c.id == order_id)

    def find(self, identity: str) -> list[Order]:
        """The orders that name a tote, parcel or item, by id."""
        named = sa.select(tables.order_items.c.order_id).where(tables.order_items.c.epc == identity)
        naming = sa.or_(
            tables.orders.c.tote == identity, tables.orders.c.parcel == identity, tables.orders.c.id.in_(named)
        )
        with self._at.reading() as db:
            return orders_of.orders_where(db, naming)

    def by_ref(self, ref: str) -> list[Record]:
        """The records that name an identity, order, track or device, from the feed and every projected journal.

        Ordered by time; what `edge.views.timeline` starts from.
        """
        told = (
            sa.select(
                tables.mirror.c.seq,
                tables.mirror.c.at_us,
                tables.mirror.c.line,
                tables.mirror.c.kind,
                tables.mirror.c.body,
            )
            .join(
                tables.mirror_refs,
                sa.and_(
                    tables.mirror_refs.c.node == tables.mirror.c.node, tables.mirror_refs.c.seq == tables.mirror.c.seq
                ),
            )
            .where(tables.mirror_refs.c.ref == ref)
        )
        with self._at.reading() as db:
            records = feed.records_of(db, ref) + [Record(*row) for row in db.execute(told)]
        return sorted(records, key=lambda record: (record.at_us, record.seq))

    def timeline(self, key: str, layouts: Iterable[LineLayout] = ()) -> list[TimelineEntry]:
        """Everything known about an order, tote, parcel, item or track; see `edge.views.timeline`."""
        return timeline(key, self.by_ref, layouts)

    # ---- what the journals tell --------------------------------------------------------------------------------------

    def cursor(self, node: str) -> int:
        """The last projected sequence of a journal; 0 when it was never seen."""
        with self._at.reading() as db:
            return db.execute(sa.select(tables.progress.c.seq).where(tables.progress.c.node == node)).scalar() or 0

    def project(self, node: str, records: Sequence[Record], after: int = 0, layouts: Iterable[LineLayout] = ()) -> int:
        """Takes records of one journal, in order; those taken before change nothing. The new cursor.

        ``after``: the cursor as the caller knows it; StoreError when it is not so far, since the store was replaced.

        ``layouts``: the controller's lines before the first record; a start among the records says others.

        ``node``: name of the journal, another one for every file. Records, their names, the shipped orders and the
        cursor are stored together or not at all. That an order was shipped goes to the feed once, since the
        controllers of other lines need to know; for the one that shipped it, it says nothing new. What was shipped
        leaves the books of stock with the same transaction, and what came into a quality or reject lane is told.
        """
        turns = floor_turns(records)
        keys = self.keys if turns and self._sells(turns) else None  # whose secret may be made now, so not within
        with self._at.writing() as db:
            seen = db.execute(sa.select(tables.progress.c.seq).where(tables.progress.c.node == node)).scalar()
            if (seen or 0) < after:
                raise StoreError(
                    f"site store {self._at.name}: replaced: it has {seen or 0} of {node}, {after} were taken"
                )
            fresh = [record for record in records if record.seq > (seen or 0)]
            if not fresh:
                return seen or 0
            rows: list[tuple[object, ...]] = []
            names: list[tuple[object, ...]] = []
            shipped: list[OrderShipped] = []
            values: list[Value] = []
            for record in fresh:
                if record.kind in feed.FEED_KINDS:  # the feed has them already
                    continue
                value = record.value
                found = (value.device,) if isinstance(value, DeviceChanged) else refs(value)
                if found:
                    rows.append((node, record.seq, record.at_us, record.line, record.kind, record.body))
                    names.extend((name, node, record.seq) for name in found)
                if isinstance(value, OrderShipped):
                    shipped.append(value)
                values.append(value)
            dialect.bulk_insert(db, tables.mirror, ("node", "seq", "at_us", "line", "kind", "body"), rows)
            dialect.bulk_insert(db, tables.mirror_refs, ("ref", "node", "seq"), names)
            last = fresh[-1].seq
            now: dict[str, int] = {"seq": last} | _followed(fresh)
            if seen is None:
                db.execute(tables.progress.insert().values(node=node, **now))
            else:
                db.execute(tables.progress.update().where(tables.progress.c.node == node).values(now))
            work = None if keys is None else SaleWork(db, keys, ReviewRules(), fresh[-1].at_us)
            told = leaving.ended_by(db, values)
            aside = set_aside.follow(db, node, fresh, layouts)
            if work is None:
                orders_of.ship(db, shipped)
                told += departures.follow(db, values, self._tracking)
                outbox.append(db, [*told, *aside], fresh[-1].at_us)
                return last
            for name, turn in floor_turns(fresh):
                work.report(name, turn)
            orders_of.ship(db, shipped)
            work.told += told
            work.told += departures.follow(db, values, self._tracking)
            work.told += aside
            work.finish()
            return last

    def _sells(self, turns: Iterable[tuple[str, FulfilmentTurn]]) -> bool:
        """Whether any of it is a sales order's."""
        with self._at.reading() as db:
            return bool(sales.linked(db, fulfilments={name for name, _ in turns}))


def _followed(records: Sequence[Record]) -> dict[str, int]:
    """How far the controller of a journal is in the feed, where its records tell."""
    for record in reversed(records):
        if record.kind in feed.FEED_KINDS or record.kind == FeedFollowed.__name__:
            value = record.value
            if isinstance(value, OrderChanged | Requested):
                return {"feed_seq": value.feed_seq}
            if isinstance(value, FeedFollowed) and value.anew:
                return {"feed_seq": 0}
    return {}
