"""Movements and counts within a transaction, once for each cause, and who loses units by them.

Public names: record, count, times_moved, Recorded, GaveWay, write_ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from edge.orders.reservations import (
    ReservationEvent,
    ReservationState,
    borne,
)
from edge.orders.stock import (
    BinKey,
    BinStock,
    BookChange,
    Movement,
    MovementKind,
    Promise,
    StockCause,
    StockError,
    after,
    counted,
    movement_change,
)
from edge.site import books, dialect, reserving
from edge.site.tables import stock as tables

_LARGEST = 2**31
"""Units of a row; sums of them fit every database and file."""


_LOSING = (MovementKind.MOVE, MovementKind.SCRAP, MovementKind.CORRECTION)
"""What the floor says is so, whatever was promised or allocated there."""


@dataclass(frozen=True, slots=True)
class GaveWay:
    """Units of an order that are not where the book had them. ``held``: as it was, ``now``: what became of them."""

    held: reserving.Held
    event: ReservationEvent
    quantity: int
    now: reserving.Held | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of movements. ``known``: how many had moved before; ``gave_way``: who lost units by them."""

    new: int
    known: int
    gave_way: tuple[GaveWay, ...] = ()


def record(db: sa.Connection, movements: Sequence[Movement], by: str = "") -> Recorded:
    """Books movements whose causes have not moved yet, all or nothing.

    What is moved, scrapped or corrected is so, whatever was promised or allocated: who is last in rank gives way.

    Raises:
        StockError: the books would not bear it, or there is no such article or bin.
    """
    skus = {side.sku for one in movements for side in (one.source, one.target) if side}
    promises = books.lock_skus(db, skus)
    books.check_known(db, skus - promises.keys(), ())
    fresh: dict[StockCause, Movement] = {}
    known = _known(db, [one.cause for one in movements])
    for one in movements:
        if one.quantity >= _LARGEST:
            raise StockError(f"{one.kind}: {one.quantity} units are not within 1..{_LARGEST - 1}")
        if one.cause not in known:
            fresh.setdefault(one.cause, one)
    change = BookChange.summed(movement_change(one) for one in fresh.values())
    gave: list[GaveWay] = []
    if any(one.kind in _LOSING for one in fresh.values()):
        change, gave = _give_way(db, change, promises)
    books.apply(db, change)
    write_ledger(db, fresh.values(), by)
    _move_items(db, [one for one in fresh.values() if one.epc])
    return Recorded(len(fresh), len(movements) - len(fresh), tuple(gave))


def count(
    db: sa.Connection, key: BinKey, seen: int, cause: StockCause, at_us: int, by: str = "", why: str = ""
) -> Recorded:
    """Books what was found in a bin, and suspects that row no more; units that lie in totes count as there.

    Raises:
        StockError: there is no such article or bin, or a number that cannot be counted.
    """
    if not 0 <= seen < _LARGEST:
        raise StockError(f"{key}: {seen} units are not within 0..{_LARGEST - 1}")
    promises = books.lock_skus(db, [key.sku])
    books.check_known(db, {key.sku} - promises.keys(), [key.bin])
    if _known(db, [cause]):
        return Recorded(0, 1)
    stock = books.bin_rows(db, [key.sku]).get(key) or BinStock(key)
    here = sum(
        one.its.quantity
        for one in reserving.held(db, reserving.at_place(key))
        if one.its.state in (ReservationState.STAGED, ReservationState.PUTTING_BACK)
    )
    found = counted(stock, seen, here, cause, at_us)
    gave: list[GaveWay] = []
    if found is None:
        # it stands in the ledger as well, so that it counts once
        _insert_ledger(db, [_ledger_row(cause, MovementKind.COUNT, key, 0, (key, key), ("", why, by), at_us)])
    else:
        found = replace(found, why=why)
        change, gave = _give_way(db, movement_change(found), promises)
        books.apply(db, change)
        write_ledger(db, [found], by)
    table = tables.bin_stock
    row = sa.and_(
        table.c.sku == key.sku,
        table.c.bin == key.bin,
        table.c.lot == key.lot,
        table.c.condition == str(key.condition),
    )
    db.execute(table.update().where(row).values(suspect_us=0))
    return Recorded(1, 0, tuple(gave))


def _give_way(
    db: sa.Connection, change: BookChange, promises: Mapping[str, Promise]
) -> tuple[BookChange, list[GaveWay]]:
    """A loss with those who lose by it; reservations are looked at only where the books would not bear it."""
    bins = books.bin_rows(db, {key.sku for key, _, _ in change.bins})
    try:
        after(promises, bins, change)
    except StockError:
        pass
    else:
        return change, []
    skus = {sku for sku, _, _ in change.promises} | {key.sku for key, _, _ in change.bins}
    live = reserving.held(db, sa.and_(dialect.among(db, tables.reservations.c.sku, skus), reserving.LIVE))
    steps, _ = borne(change, promises, bins, [one.its for one in live])
    gave: list[GaveWay] = []
    for wanted, event, n in steps:
        at = next(place for place, one in enumerate(live) if one.its == wanted)
        one = live.pop(at)
        now, rest, effect = reserving.step(db, one, event, n)
        live += [part for part in (now, rest) if part]
        change += effect
        gave.append(GaveWay(one, event, n, now))
    return change, gave


def times_moved(db: sa.Connection, kind: str, name: str) -> int:
    """How many movements a cause has in the ledger: the number of its next one."""
    table = tables.movements.c
    query = sa.select(sa.func.count()).select_from(tables.movements)
    return db.execute(query.where(table.cause_kind == kind, table.cause_id == name)).scalar_one()


def _known(db: sa.Connection, causes: Sequence[StockCause]) -> set[StockCause]:
    table = tables.movements.c
    query = sa.select(table.cause_kind, table.cause_id, table.n).where(
        dialect.among(db, table.cause_id, (one.id for one in causes)),
        dialect.among(db, table.cause_kind, (one.kind for one in causes)),
    )
    return {StockCause(*row) for row in db.execute(query)}.intersection(causes)


_LEDGER = (
    "cause_kind",
    "cause_id",
    "n",
    "kind",
    "sku",
    "lot",
    "quantity",
    "source",
    "source_condition",
    "target",
    "target_condition",
    "epc",
    "why",
    "by",
    "at_us",
)


def write_ledger(db: sa.Connection, movements: Iterable[Movement], by: str) -> None:
    """Adds movements to the ledger whose causes have not moved; the books are the caller's."""
    rows = []
    for one in movements:
        side = one.source or one.target
        assert side is not None, "a movement has a side"
        sides = (one.source, one.target)
        rows.append(_ledger_row(one.cause, one.kind, side, one.quantity, sides, (one.epc, one.why, by), one.at_us))
    _insert_ledger(db, rows)


def _ledger_row(
    cause: StockCause,
    kind: MovementKind,
    what: BinKey,
    quantity: int,
    sides: tuple[BinKey | None, BinKey | None],
    said: tuple[str, str, str],
    at_us: int,
) -> tuple[object, ...]:
    places = [value for side in sides for value in ((side.bin, str(side.condition)) if side else (None, None))]
    return (cause.kind, cause.id, cause.n, str(kind), what.sku, what.lot, quantity, *places, *said, at_us)


def _insert_ledger(db: sa.Connection, rows: Sequence[tuple[object, ...]]) -> None:
    dialect.bulk_insert(db, tables.movements, _LEDGER, rows)


def _move_items(db: sa.Connection, movements: Sequence[Movement]) -> None:
    """Tagged units are where their last movement brought them."""
    table = tables.items
    last = {one.epc: one for one in movements}
    known = set(db.execute(sa.select(table.c.epc).where(dialect.among(db, table.c.epc, last))).scalars())
    for epc, one in sorted(last.items()):
        at = one.target
        side = one.target or one.source
        assert side is not None, "a movement has a side"
        values = {
            "sku": side.sku,
            "bin": at.bin if at else None,
            "lot": side.lot,
            "condition": str(side.condition),
            "since_us": one.at_us,
        }
        if epc in known:
            db.execute(table.update().where(table.c.epc == epc).values(values))
        else:
            db.execute(table.insert().values(epc=epc, fulfilment="", **values))
