"""The site store: orders, the feed that controllers follow, and what the journals told.

Public names: SiteStore, Put, StoreError, StoreHeld, OrderConflict.

One process writes, and each time that one begins to, the feed has a new epoch (`edge.core.values.feed`). With SQLite
it writes on one connection, which also checkpoints; readers, in this process and in others, open the file read-only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from edge.core.events import DeviceChanged, OrderChanged, OrderShipped, Requested
from edge.core.names import refs
from edge.core.values.feed import FeedPlace, FeedPortion
from edge.core.values.layout import LineLayout
from edge.core.values.order import Order
from edge.core.values.wishes import Wish
from edge.journal.disk import no_room
from edge.journal.record import Record
from edge.site import feed, tables
from edge.site import orders as orders_of
from edge.site.engine import StoreError, StoreHeld, engine, file_identity, held, sqlite_file
from edge.site.orders import OrderConflict, Put
from edge.views.timeline import TimelineEntry, timeline

__all__ = ["OrderConflict", "Put", "SiteStore", "StoreError", "StoreHeld"]


class SiteStore:
    """One site's store. May be called from several threads; every call is one transaction.

    ``url``: ``sqlite:////absolute/path``. ``readonly``: never writes, and needs the store to exist.
    All calls raise StoreError; where another process writes the same SQLite file, the constructor raises StoreHeld.
    """

    def __init__(self, url: str, readonly: bool = False) -> None:
        self._name = url
        self._path: Path | None = None
        self._held = ExitStack()
        with ExitStack() as undone, self._errors():
            self._name = sa.make_url(url).render_as_string(hide_password=True)
            self._path = sqlite_file(url)
            if self._path is not None and not readonly:
                told = f"site store {self._name}: another process writes it; stop that one or give `store` another path"
                self._held.enter_context(held(self._path, told))
                undone.enter_context(self._held)
            self._reader = engine(url, readonly=True)
            self._writer = None if readonly else engine(url, readonly=False)
            undone.callback(self.close)
            with (self._writer or self._reader).begin() as db:
                trouble = tables.take(db, readonly)
                if not trouble and not readonly:
                    orders_of.know_codes(db)
                    feed.begin_epoch(db)
                self._file = self._path and file_identity(self._path)
            if trouble:
                raise StoreError(f"site store {self._name}: {trouble}")
            undone.pop_all()

    def close(self) -> None:
        """Closes every connection."""
        self._reader.dispose()
        if self._writer is not None:
            self._writer.dispose()
        self._held.close()

    @property
    def replaced(self) -> bool:
        """Whether another file stands in its place, or none; nothing can be written then."""
        return self._path is not None and file_identity(self._path) != self._file

    # ---- orders and requests in --------------------------------------------------------------------------------------

    def put_orders(self, orders: Iterable[Order], at_us: int) -> Put:
        """Takes orders; only what is new or changed goes to the feed, so that taking them again changes nothing.

        An order is known by its id, or else by channel and external number; then it keeps its id. A shipped order
        stays shipped; otherwise the last word counts. Raises OrderConflict when id and external number name two
        different orders, when an order is another channel's, and when two open orders would have one tote, parcel or
        code; what one order of a batch gives up another may have.
        """
        with self._write() as db:
            return orders_of.put(db, orders, at_us)

    def request(self, wish: Wish, at_us: int) -> int:
        """Asks the controller whose line, alarm, PLC or dock door it is; the wish's place in the feed."""
        with self._write() as db:
            return feed.append(db, wish, at_us)

    # ---- the feed out ------------------------------------------------------------------------------------------------

    def feed(self, after: int, limit: int = 500) -> list[OrderChanged | Requested]:
        """Up to ``limit`` order changes and requests behind a place in the feed, in order."""
        with self._read() as db:
            return feed.values_after(db, after, limit)

    def follow(self, place: FeedPlace, limit: int) -> FeedPortion:
        """Up to ``limit`` values behind a follower's place, or that this is not the feed that it followed."""
        with self._read() as db:
            return feed.portion_at(db, place, limit)

    # ---- look-up -----------------------------------------------------------------------------------------------------

    def order(self, order_id: str) -> Order | None:
        """An order as it is now, or None."""
        with self._read() as db:
            return orders_of.order_where(db, tables.orders.c.id == order_id)

    def find(self, identity: str) -> list[Order]:
        """The orders that name a tote, parcel or item, by id."""
        named = sa.select(tables.order_items.c.order_id).where(tables.order_items.c.epc == identity)
        naming = sa.or_(
            tables.orders.c.tote == identity, tables.orders.c.parcel == identity, tables.orders.c.id.in_(named)
        )
        with self._read() as db:
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
        with self._read() as db:
            records = feed.records_of(db, ref) + [Record(*row) for row in db.execute(told)]
        return sorted(records, key=lambda record: (record.at_us, record.seq))

    def timeline(self, key: str, layouts: Iterable[LineLayout] = ()) -> list[TimelineEntry]:
        """Everything known about an order, tote, parcel, item or track; see `edge.views.timeline`."""
        return timeline(key, self.by_ref, layouts)

    # ---- what the journals tell --------------------------------------------------------------------------------------

    def cursor(self, node: str) -> int:
        """The last projected sequence of a journal; 0 when it was never seen."""
        with self._read() as db:
            return db.execute(sa.select(tables.progress.c.seq).where(tables.progress.c.node == node)).scalar() or 0

    def project(self, node: str, records: Sequence[Record], after: int = 0) -> int:
        """Takes records of one journal, in order; those taken before change nothing. The new cursor.

        ``after``: the cursor as the caller knows it; StoreError when it is not so far, since the store was replaced.

        ``node``: name of the journal, another one for every file. Records, their names, the shipped orders and the
        cursor are stored together or not at all. That an order was shipped goes to the feed once, since the
        controllers of other lines need to know; for the one that shipped it, it says nothing new.
        """
        with self._write() as db:
            seen = db.execute(sa.select(tables.progress.c.seq).where(tables.progress.c.node == node)).scalar()
            if (seen or 0) < after:
                raise StoreError(f"site store {self._name}: replaced: it has {seen or 0} of {node}, {after} were taken")
            fresh = [record for record in records if record.seq > (seen or 0)]
            if not fresh:
                return seen or 0
            rows: list[dict[str, object]] = []
            names: list[dict[str, object]] = []
            for record in fresh:
                if record.kind in feed.FEED_KINDS:  # the feed has them already
                    continue
                value = record.value
                found = (value.device,) if isinstance(value, DeviceChanged) else refs(value)
                if found:
                    rows.append(
                        {
                            "node": node,
                            "seq": record.seq,
                            "at_us": record.at_us,
                            "line": record.line,
                            "kind": record.kind,
                            "body": record.body,
                        }
                    )
                    names.extend({"node": node, "seq": record.seq, "ref": name} for name in found)
                if isinstance(value, OrderShipped):
                    orders_of.ship(db, value)
            if rows:
                db.execute(tables.mirror.insert(), rows)
                db.execute(tables.mirror_refs.insert(), names)
            last = fresh[-1].seq
            if seen is None:
                db.execute(tables.progress.insert().values(node=node, seq=last))
            else:
                db.execute(tables.progress.update().where(tables.progress.c.node == node).values(seq=last))
            return last

    # ---- connections -------------------------------------------------------------------------------------------------

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        if self._writer is None:
            raise StoreError(f"site store {self._name}: opened read-only")
        self._check_place()
        with self._errors(), self._writer.begin() as db:
            yield db
        self._check_place()  # what was written just now may be gone with it

    def _check_place(self) -> None:
        if self.replaced:
            raise StoreError(f"site store {self._name}: gone, or another file stands in its place")

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        with self._errors(), self._reader.connect() as db:
            yield db

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except SQLAlchemyError as error:
            reason = getattr(error, "orig", None) or error
            raise StoreError(f"site store {self._name}: {self._no_room(reason) or reason}") from None
        except OSError as error:
            reason = self._no_room(error) or error.strerror or error
            raise StoreError(f"site store {self._name}: {reason}") from None

    def _no_room(self, error: BaseException) -> str:
        return no_room(error, self._path) if self._path is not None else ""
