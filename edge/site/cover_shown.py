"""How long the stock of each article lasts, and what is to be told of it: too little, too much, wanted by nobody.

Public names: Demand, demand, DemandKept, CoverAsked, CoverRow, cover_rows.

What is wanted and used is added up over all articles at once: open orders have no index by article, and the ledger
one by kind and time. So it is kept for a while where that takes long; the books are read as they are now.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from edge.orders.cover import DAY_US, CoverFinding, CoverLimits, Turnover, days_known, days_of_cover, judged
from edge.orders.reservations import ReservationState
from edge.orders.sales import OrderStage
from edge.orders.stock import MovementKind
from edge.site import dialect
from edge.site.folding import BALANCE
from edge.site.tables import sales as sales_tables
from edge.site.tables import stock as tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections

_PORTION = 500
_MANY = 10_000
"""Of more open orders a page does not wait until they are added up."""
_SHORT_S = 0.1
_PART = 20
_LATE_S = 60.0
_ASKED_S = 600.0
_OPEN = (str(OrderStage.ACCEPTED), str(OrderStage.MERGED))


@dataclass(frozen=True, slots=True)
class Demand:
    """By SKU, of those that have any. ``waiting``: units that accepted orders want and none has; ``used``: units that
    were shipped or packed away within the last ``days``.
    """

    waiting: Mapping[str, int]
    used: Mapping[str, int]
    days: int


def demand(db: sa.Connection, days: int, at_us: int) -> Demand:
    """Of all articles: one walk over the lines of open orders, one over the movements of these days."""
    order, line, has = sales_tables.orders.c, sales_tables.lines.c, tables.reservations.c
    given = (
        sa.select(sa.func.coalesce(sa.func.sum(has.quantity), 0))
        .where(
            has.order_id == line.order_id,
            has.line == line.number,
            has.state != str(ReservationState.PUTTING_BACK),
        )
        .scalar_subquery()
    )
    wanted = line.quantity - line.cancelled
    waits = (
        sa.select(line.sku, sa.func.sum(wanted - given))
        .join(sales_tables.orders, order.id == line.order_id)
        .where(order.stage.in_(_OPEN), wanted > given)
        .group_by(line.sku)
    )
    moved = tables.movements.c
    went = (
        sa.select(moved.sku, sa.func.sum(moved.quantity))
        .where(moved.kind == str(MovementKind.SHIP), moved.at_us > at_us - days * DAY_US, moved.at_us <= at_us)
        .group_by(moved.sku)
    )
    return Demand(
        {sku: int(units) for sku, units in db.execute(waits)},
        {sku: int(units) for sku, units in db.execute(went)},
        days,
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    demand: Demand
    until_s: float
    late_s: float


class DemandKept:
    """The demand of a moment ago. May be used from several threads.

    It is added up anew for whoever asks, unless that takes long; then no more than a twentieth of the time goes into
    it, and meanwhile others get what was added up before. A page never waits for it where open orders are many.
    """

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._turn = threading.Lock()
        self._kept: _Kept | None = None
        self._asked_s = -_ASKED_S

    def of(self, db: sa.Connection, days: int, at_us: int) -> Demand:
        """As `demand`, from a moment ago; waits for it where nothing is known."""
        known = self._known(days)
        if known is not None and known.until_s > self._clock_s():
            return known.demand
        if not self._turn.acquire(blocking=known is None):
            assert known is not None, "whoever knows nothing waits"
            return known.demand
        try:
            known = self._known(days)  # somebody else may have been at it
            if known is not None and known.until_s > self._clock_s():
                return known.demand
            begun_s = self._clock_s()
            found = demand(db, days, at_us)
            now_s = self._clock_s()
            took_s = now_s - begun_s
            until_s = now_s + (_PART * took_s if took_s > _SHORT_S else 0.0)
            self._kept = _Kept(found, until_s, until_s + took_s + _LATE_S)
            return found
        finally:
            self._turn.release()

    def soon(self, db: sa.Connection, days: int, at_us: int) -> Demand | None:
        """The same without a wait; None where open orders are many and it is not added up: `refresh` does then."""
        if not _many(db):
            return self.of(db, days, at_us)
        self._asked_s = self._clock_s()
        known = self._known(days)
        return known.demand if known is not None and known.late_s > self._asked_s else None

    def refresh(self, at: StoreConnections, days: int, at_us: int) -> None:
        """Adds up what somebody asked for of late without a wait. Raises StoreError."""
        now_s, known = self._clock_s(), self._known(days)
        if now_s < self._asked_s + _ASKED_S and (known is None or known.until_s <= now_s):
            with at.reading() as db:
                self.of(db, days, at_us)

    def _known(self, days: int) -> _Kept | None:
        kept = self._kept
        return kept if kept is not None and kept.demand.days == days else None


def _many(db: sa.Connection) -> bool:
    order = sales_tables.orders.c
    some = sa.select(order.id).where(order.stage.in_(_OPEN)).limit(_MANY + 1).subquery()
    return (db.execute(sa.select(sa.func.count()).select_from(some)).scalar() or 0) > _MANY


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverAsked:
    """Which articles. ``after``: behind this SKU; ``finding``: only of these, None = any; ``bin``: that lie in it."""

    after: str = ""
    limit: int = 100
    finding: CoverFinding | None = None
    bin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverRow:
    """How long an article lasts. ``waiting``: units that accepted orders want and none has. ``used``: units that were
    shipped or packed away within the last ``days``. ``last_us``: when the last one went, or the first one came; 0 =
    none ever came. ``cover_days``: whole days that what is free and wanted by no order lasts; None = without end.
    """

    sku: str
    name: str
    sellable: int
    promised: int
    safety: int
    waiting: int
    used: int
    days: int
    last_us: int
    cover_days: int | None
    findings: tuple[CoverFinding, ...]


def cover_rows(db: sa.Connection, wanted: Demand, limits: CoverLimits, at_us: int, which: CoverAsked) -> list[CoverRow]:
    """Articles, by SKU in the database's order. With a finding those that have it, for which all may be looked at, by
    portions.
    """
    found: list[CoverRow] = []
    after, portion = which.after, which.limit if which.finding is None else _PORTION
    while len(found) < which.limit:
        rows = _books(db, after, portion, which.bin)
        lives = _lives(db, [row.sku for row in rows], at_us - wanted.days * DAY_US)
        for row in rows:
            one = _row(row, lives.get(row.sku, (0, 0)), wanted, limits, at_us)
            if which.finding is None or which.finding in one.findings:
                found.append(one)
        if len(rows) < portion:
            break
        after = rows[-1].sku
    return found[: which.limit]


def _row(
    row: sa.Row[str, str, int, int, int],
    life: tuple[int, int],
    wanted: Demand,
    limits: CoverLimits,
    at_us: int,
) -> CoverRow:
    sku, name, safety, sellable, promised = row
    first_us, last_us = life
    its = Turnover(
        sku=sku,
        sellable=sellable,
        promised=promised,
        waiting=wanted.waiting.get(sku, 0),
        used=wanted.used.get(sku, 0),
        days=days_known(first_us, at_us, wanted.days),
        last_us=last_us,
    )
    return CoverRow(
        sku=sku,
        name=name,
        sellable=sellable,
        promised=promised,
        safety=safety,
        waiting=its.waiting,
        used=its.used,
        days=its.days,
        last_us=last_us,
        cover_days=days_of_cover(its),
        findings=judged(its, limits, at_us),
    )


def _books(db: sa.Connection, after: str, limit: int, bin_: str) -> list[sa.Row[str, str, int, int, int]]:
    its, book = tables.skus.c, tables.promises.c
    query = (
        sa.select(its.sku, its.name, its.safety, book.sellable, book.promised)
        .join(tables.promises, book.sku == its.sku)
        .where(its.sku > after)
    )
    if bin_:
        query = query.where(its.sku.in_(sa.select(tables.bin_stock.c.sku).where(tables.bin_stock.c.bin == bin_)))
    return list(db.execute(query.order_by(its.sku).limit(limit)).all())


def _lives(db: sa.Connection, skus: Collection[str], since_us: int) -> dict[str, tuple[int, int]]:
    """When each first came, exactly if that was after a time, and when the last one went; 0 = it never came.

    Two looks into the index for each say it of all that came early and went, since movements are in order of time but
    for balances. What is left is read whole: what is new, and what never went as far as the ledger goes back.
    """
    book, moved = tables.promises.c, tables.movements.c
    mine = sa.select(moved.at_us).where(moved.sku == book.sku).limit(1)
    first = mine.order_by(moved.seq).scalar_subquery()
    went = mine.where(moved.kind == str(MovementKind.SHIP)).order_by(moved.seq.desc()).scalar_subquery()
    ends = sa.select(book.sku, first, went).where(dialect.among(db, book.sku, skus))
    known = {sku: (came_us, went_us) for sku, came_us, went_us in db.execute(ends) if came_us is not None}
    open_ = [sku for sku, (came_us, went_us) in known.items() if went_us is None or came_us > since_us]
    found = {sku: (came_us, went_us or 0) for sku, (came_us, went_us) in known.items()}
    found.update(_read_whole(db, open_))
    return found


def _read_whole(db: sa.Connection, skus: Collection[str]) -> Iterator[tuple[str, tuple[int, int]]]:
    """A balance has the time of the last of its movements, which may have gone out."""
    if not skus:
        return
    moved = tables.movements.c
    went = sa.or_(moved.kind == str(MovementKind.SHIP), moved.cause_kind == BALANCE)
    query = (
        sa.select(moved.sku, sa.func.min(moved.at_us), sa.func.max(sa.case((went, moved.at_us))))
        .where(dialect.among(db, moved.sku, skus))
        .group_by(moved.sku)
    )
    for sku, first_us, last_us in db.execute(query):
        yield sku, (int(first_us), int(first_us if last_us is None else last_us))
