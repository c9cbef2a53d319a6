"""The site store: orders, the feed that controllers follow, and what the journals told.

Public names: SiteStore, Put, StoreError, OrderConflict.

Tables: ``orders`` and ``order_item`` (which order names which item), ``feed`` and ``feed_ref`` (every order change and
operator's request in the order in which it was taken, and under which names), ``progress`` (how far each journal is
projected), ``mirror`` and ``mirror_ref`` (the journals' records that name something, and under which names).

One process writes. With SQLite it does so on one connection, which also checkpoints; readers, in this process and in
others, open the file read-only. Everything specific to SQLite stands in ``_sqlite``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from edge.core.events import (
    AlarmRequested,
    DeviceChanged,
    LaneRequested,
    LoadRequested,
    OrderChanged,
    OrderShipped,
    PointWriteRequested,
    Requested,
    refs,
)
from edge.core.values.layout import LineLayout
from edge.core.values.order import Order, OrderState
from edge.journal.writer import Record, decode, encode
from edge.views.timeline import TimelineEntry, timeline

SCHEMA = 1
_Long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite numbers rows only in a column called INTEGER
_tables = sa.MetaData()
_schema = sa.Table("schema_version", _tables, sa.Column("version", sa.Integer, primary_key=True))
_orders = sa.Table(
    "orders",
    _tables,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("channel", sa.String(64), nullable=False),
    sa.Column("external", sa.String(200)),  # NULL: the channel gave no number
    sa.Column("tote", sa.String(64), index=True),
    sa.Column("parcel", sa.String(64), index=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.UniqueConstraint("channel", "external"),
)
_items = sa.Table(
    "order_item",
    _tables,
    sa.Column("epc", sa.String(64), primary_key=True),
    sa.Column("order_id", sa.String(200), sa.ForeignKey("orders.id"), primary_key=True, index=True),
)
_feed = sa.Table(
    "feed",
    _tables,
    sa.Column("seq", _Long, primary_key=True, autoincrement=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)
_feed_refs = sa.Table(
    "feed_ref",
    _tables,
    sa.Column("ref", sa.String(200), primary_key=True),
    sa.Column("seq", _Long, sa.ForeignKey("feed.seq"), primary_key=True),
)
_progress = sa.Table(
    "progress",
    _tables,
    sa.Column("node", sa.String(120), primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
_mirror = sa.Table(
    "mirror",
    _tables,
    sa.Column("node", sa.String(120), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("line", sa.String(40), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
_mirror_refs = sa.Table(
    "mirror_ref",
    _tables,
    sa.Column("ref", sa.String(200), primary_key=True),
    sa.Column("node", sa.String(120), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
)
_FEED_KINDS = (
    OrderChanged.__name__,
    LaneRequested.__name__,
    AlarmRequested.__name__,
    PointWriteRequested.__name__,
    LoadRequested.__name__,
)


class StoreError(OSError):
    """The site store cannot be used now; trying again may help. The text names the store and the reason."""


class OrderConflict(ValueError):  # noqa: N818  # the clash is the word of the trade
    """Orders that contradict stored ones; nothing of the batch was stored. ``problems``: a line for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True)
class Put:
    """What became of a batch of orders. ``same``: known already, word for word."""

    new: int
    changed: int
    same: int


class SiteStore:
    """One site's store. May be called from several threads; every call is one transaction.

    ``url``: ``sqlite:////absolute/path``. ``readonly``: never writes, and needs the store to exist.
    All calls raise StoreError.
    """

    def __init__(self, url: str, readonly: bool = False) -> None:
        self._name = url
        with self._errors():
            self._name = sa.make_url(url).render_as_string(hide_password=True)
            self._reader = _engine(url, readonly=True)
            self._writer = None if readonly else _engine(url, readonly=False)
            if self._writer is not None:
                _tables.create_all(self._writer)
            with (self._writer or self._reader).begin() as db:
                version = db.execute(sa.select(_schema.c.version)).scalar()
                if version is None and not readonly:
                    db.execute(_schema.insert().values(version=SCHEMA))
                elif version != SCHEMA:
                    raise StoreError(
                        f"site store {self._name}: schema {version}: this version of Lanewise has {SCHEMA}"
                    )

    def close(self) -> None:
        """Closes every connection."""
        self._reader.dispose()
        if self._writer is not None:
            self._writer.dispose()

    # ---- orders and requests in --------------------------------------------------------------------------------------

    def put_orders(self, orders: Iterable[Order], at_us: int) -> Put:
        """Takes orders; only what is new or changed goes to the feed, so that taking them again changes nothing.

        An order is known by its id, or else by channel and external number; then it keeps its id. A shipped order
        stays shipped; otherwise the last word counts. Raises OrderConflict when id and external number name two
        different orders.
        """
        new = changed = same = 0
        problems: list[str] = []
        with self._write() as db:
            for order in orders:
                try:
                    known, order = _recognise(db, order)
                except OrderConflict as conflict:
                    problems.extend(conflict.problems)
                    continue
                if known == order:
                    same += 1
                    continue
                _store_order(db, known, order)
                _append_order(db, order, at_us)
                if known is None:
                    new += 1
                else:
                    changed += 1
            if problems:
                raise OrderConflict(problems)
        return Put(new, changed, same)

    def request_lane(self, line: str, lane: int, enabled: bool, by: str, at_us: int) -> int:
        """Asks the line's controller to enable or disable a lane; the place in the feed."""
        with self._write() as db:
            return _append(db, LaneRequested(at_us, 0, line, lane, enabled, by))

    def request_alarm(self, given: AlarmRequested) -> int:
        """Asks the alarm's controller for something; the place in the feed. ``given.feed_seq`` is not used."""
        with self._write() as db:
            return _append(db, given)

    def request_load(self, given: LoadRequested) -> int:
        """Asks the load's controller for something; the place in the feed. ``given.feed_seq`` is not used."""
        with self._write() as db:
            return _append(db, given)

    def request_point(self, given: PointWriteRequested) -> int:
        """Asks the PLC's controller to write a point; the place in the feed. ``given.feed_seq`` is not used."""
        with self._write() as db:
            return _append(db, given)

    # ---- the feed out ------------------------------------------------------------------------------------------------

    def feed(self, after: int, limit: int = 500) -> list[OrderChanged | Requested]:
        """Up to ``limit`` order changes and requests behind a place in the feed, in order."""
        query = sa.select(_feed).where(_feed.c.seq > after).order_by(_feed.c.seq).limit(limit)
        with self._read() as db:
            return [_feed_value(row.seq, row.at_us, row.kind, row.body) for row in db.execute(query)]

    # ---- look-up -----------------------------------------------------------------------------------------------------

    def order(self, order_id: str) -> Order | None:
        """An order as it is now, or None."""
        with self._read() as db:
            return _order(db, _orders.c.id == order_id)

    def find(self, identity: str) -> list[Order]:
        """The orders that name a tote, parcel or item, by id."""
        named = sa.select(_items.c.order_id).where(_items.c.epc == identity)
        query = (
            sa.select(_orders.c.body)
            .where(sa.or_(_orders.c.tote == identity, _orders.c.parcel == identity, _orders.c.id.in_(named)))
            .order_by(_orders.c.id)
        )
        with self._read() as db:
            return [_decode_order(body) for body in db.execute(query).scalars()]

    def by_ref(self, ref: str) -> list[Record]:
        """The records that name an identity, order, track or device, from the feed and every projected journal.

        Ordered by time; what `edge.views.timeline` starts from.
        """
        intake = (
            sa.select(_feed.c.seq, _feed.c.at_us, sa.literal("").label("line"), _feed.c.kind, _feed.c.body)
            .join(_feed_refs, _feed_refs.c.seq == _feed.c.seq)
            .where(_feed_refs.c.ref == ref)
        )
        told = (
            sa.select(_mirror.c.seq, _mirror.c.at_us, _mirror.c.line, _mirror.c.kind, _mirror.c.body)
            .join(_mirror_refs, sa.and_(_mirror_refs.c.node == _mirror.c.node, _mirror_refs.c.seq == _mirror.c.seq))
            .where(_mirror_refs.c.ref == ref)
        )
        with self._read() as db:
            records = [Record(*row) for query in (intake, told) for row in db.execute(query)]
        return sorted(records, key=lambda record: (record.at_us, record.seq))

    def timeline(self, key: str, layouts: Iterable[LineLayout] = ()) -> list[TimelineEntry]:
        """Everything known about an order, tote, parcel, item or track; see `edge.views.timeline`."""
        return timeline(key, self.by_ref, layouts)

    # ---- what the journals tell --------------------------------------------------------------------------------------

    def cursor(self, node: str) -> int:
        """The last projected sequence of a journal; 0 when it was never seen."""
        with self._read() as db:
            return db.execute(sa.select(_progress.c.seq).where(_progress.c.node == node)).scalar() or 0

    def project(self, node: str, records: Sequence[Record]) -> int:
        """Takes records of one journal, in order; those taken before change nothing. The new cursor.

        ``node``: name of the journal, another one for every file. Records, their names, the shipped orders and the
        cursor are stored together or not at all. That an order was shipped goes to the feed once, since the
        controllers of other lines need to know; for the one that shipped it, it says nothing new.
        """
        with self._write() as db:
            seen = db.execute(sa.select(_progress.c.seq).where(_progress.c.node == node)).scalar()
            fresh = [record for record in records if record.seq > (seen or 0)]
            if not fresh:
                return seen or 0
            rows: list[dict[str, object]] = []
            names: list[dict[str, object]] = []
            for record in fresh:
                if record.kind in _FEED_KINDS:  # the feed has them already
                    continue
                value = decode(record.kind, record.body)
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
                    _ship(db, value)
            if rows:
                db.execute(_mirror.insert(), rows)
                db.execute(_mirror_refs.insert(), names)
            last = fresh[-1].seq
            if seen is None:
                db.execute(_progress.insert().values(node=node, seq=last))
            else:
                db.execute(_progress.update().where(_progress.c.node == node).values(seq=last))
            return last

    # ---- connections -------------------------------------------------------------------------------------------------

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        if self._writer is None:
            raise StoreError(f"site store {self._name}: opened read-only")
        with self._errors(), self._writer.begin() as db:
            yield db

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
            raise StoreError(f"site store {self._name}: {reason}") from None
        except OSError as error:
            raise StoreError(f"site store {self._name}: {error.strerror or error}") from None


# ---- orders and feed, within a transaction ---------------------------------------------------------------------------


def _order(db: sa.Connection, condition: sa.ColumnElement[bool]) -> Order | None:
    body = db.execute(sa.select(_orders.c.body).where(condition)).scalar()
    return None if body is None else _decode_order(body)


def _decode_order(body: str) -> Order:
    return msgspec.json.decode(body, type=Order)


def _recognise(db: sa.Connection, order: Order) -> tuple[Order | None, Order]:
    """The stored order that this one is, and this one with what the stored one decides."""
    known = _order(db, _orders.c.id == order.id)
    if order.external:
        twin = _order(db, sa.and_(_orders.c.channel == order.channel, _orders.c.external == order.external))
        if twin is not None and known is not None and twin.id != known.id:
            raise OrderConflict([f"order {order.id}: {order.channel} {order.external!r} is order {twin.id} already"])
        known = known or twin
    if known is None:
        return None, order
    state = OrderState.SHIPPED if known.state is OrderState.SHIPPED else order.state
    return known, replace(order, id=known.id, state=state)


def _store_order(db: sa.Connection, known: Order | None, order: Order) -> None:
    row = {
        "id": order.id,
        "channel": order.channel,
        "external": order.external or None,
        "tote": order.tote,
        "parcel": order.parcel,
        "state": str(order.state),
        "body": msgspec.json.encode(order).decode(),
    }
    if known is None:
        db.execute(_orders.insert().values(row))
    else:
        db.execute(_orders.update().where(_orders.c.id == order.id).values(row))
    before = set() if known is None else {epc for line in known.lines for epc in line.epcs}
    after = {epc for line in order.lines for epc in line.epcs}
    if before - after:
        db.execute(_items.delete().where(_items.c.order_id == order.id, _items.c.epc.in_(sorted(before - after))))
    if after - before:
        db.execute(_items.insert(), [{"epc": epc, "order_id": order.id} for epc in sorted(after - before)])


def _ship(db: sa.Connection, shipped: OrderShipped) -> None:
    order = _order(db, _orders.c.id == shipped.order)
    if order is None or order.state is OrderState.SHIPPED:
        return
    after = replace(order, state=OrderState.SHIPPED)
    _store_order(db, order, after)
    _append_order(db, after, shipped.at_us)


def _append_order(db: sa.Connection, order: Order, at_us: int) -> None:
    _append(db, OrderChanged(at_us, 0, order))


def _append(db: sa.Connection, value: OrderChanged | Requested) -> int:
    row = {"at_us": value.at_us, "kind": type(value).__name__, "body": encode(value)}
    key = db.execute(_feed.insert().values(row)).inserted_primary_key
    assert key is not None
    seq: int = key[0]
    names = refs(value)
    if names:
        db.execute(_feed_refs.insert(), [{"ref": name, "seq": seq} for name in names])
    return seq


def _feed_value(seq: int, at_us: int, kind: str, body: str) -> OrderChanged | Requested:
    value = decode(kind, body)
    if not isinstance(value, OrderChanged | Requested):
        raise StoreError(f"feed {seq}: {kind}: allowed are {', '.join(_FEED_KINDS)}")
    return replace(value, feed_seq=seq, at_us=at_us)


# ---- engines ---------------------------------------------------------------------------------------------------------


def _engine(url: str, readonly: bool) -> sa.Engine:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, readonly)
    return sa.create_engine(parsed, pool_pre_ping=True)


def _sqlite(url: sa.URL, readonly: bool) -> sa.Engine:
    """SQLite in WAL mode; the writer has one connection, begins at once, and is done only when the disk is."""
    path = Path(url.database or "").absolute()
    if not readonly:
        path.parent.mkdir(parents=True, exist_ok=True)

    def connect() -> sqlite3.Connection:
        mode = "ro" if readonly else "rwc"
        db = sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA busy_timeout=5000")
        if readonly:
            db.execute("PRAGMA wal_autocheckpoint=0")
        else:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA foreign_keys=ON")
        return db

    engine = sa.create_engine(
        "sqlite://",
        creator=connect,
        poolclass=sa.QueuePool,
        pool_size=4 if readonly else 1,
        max_overflow=0,
        pool_timeout=30,
    )

    @sa.event.listens_for(engine, "begin")
    def begin(db: sa.Connection) -> None:
        db.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")

    return engine
