"""Reservations within a transaction: promised by rank, taken from later orders, stepped, lapsed.

Public names: Held, held, at_place, step, step_units, take_off, set_soft, insert_reservations, delete_soft, LIVE, Want,
Reserved, reserve, uncovered, told_of, lapse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from edge.orders.reservations import (
    Displacement,
    Reservation,
    ReservationEvent,
    ReservationState,
    displaced,
    stepped,
)
from edge.orders.stages import FulfilmentState
from edge.orders.stock import (
    BinKey,
    BookChange,
    StockCondition,
)
from edge.site import books, dialect
from edge.site.outbox import OutboxTold
from edge.site.tables import sales as sales_tables
from edge.site.tables import stock as tables

LIVE = tables.reservations.c.state != str(ReservationState.CONSUMED)


_RESERVATION = (
    "order_id",
    "line",
    "sku",
    "quantity",
    "state",
    "bin",
    "lot",
    "condition",
    "until_us",
    "rank",
    "fulfilment",
)


@dataclass(frozen=True, slots=True)
class Held:
    """A reservation with its row. ``fulfilment``: that ships it, once released; empty = none yet."""

    seq: int
    its: Reservation
    fulfilment: str = ""


def held(db: sa.Connection, which: sa.ColumnElement[bool]) -> list[Held]:
    """The reservations of which something holds, in the order of their rows."""
    return [_held(row) for row in db.execute(sa.select(tables.reservations).where(which).order_by("seq"))]


def _held(row: sa.Row[tuple[object, ...]]) -> Held:
    said = row._mapping  # noqa: SLF001  # SQLAlchemy's public name
    at = None
    if said["bin"] is not None:
        at = BinKey(said["bin"], said["sku"], said["lot"], StockCondition(said["condition"]))
    return Held(
        said["seq"],
        Reservation(
            order=said["order_id"],
            line=said["line"],
            sku=said["sku"],
            quantity=said["quantity"],
            state=ReservationState(said["state"]),
            at=at,
            until_us=said["until_us"],
            rank=said["rank"],
        ),
        said["fulfilment"],
    )


def _row(one: Reservation, fulfilment: str) -> tuple[object, ...]:
    at = (one.at.bin, one.at.lot, str(one.at.condition)) if one.at else (None, None, None)
    return (one.order, one.line, one.sku, one.quantity, str(one.state), *at, one.until_us, one.rank, fulfilment)


def at_place(key: BinKey) -> sa.ColumnElement[bool]:
    """Reservations that are live at a row of the bin book."""
    table = tables.reservations.c
    return sa.and_(
        table.sku == key.sku,
        table.bin == key.bin,
        table.lot == key.lot,
        table.condition == str(key.condition),
        LIVE,
    )


def insert_reservations(db: sa.Connection, rows: Iterable[tuple[Reservation, str]]) -> None:
    """Adds reservations, each with its fulfilment."""
    dialect.bulk_insert(db, tables.reservations, _RESERVATION, (_row(one, name) for one, name in rows))


def delete_soft(db: sa.Connection, names: Iterable[str]) -> None:
    """Takes all that orders have softly away, many at once; the books are the caller's."""
    table = tables.reservations.c
    soft = sa.and_(table.state == str(ReservationState.SOFT), table.fulfilment == "")
    db.execute(tables.reservations.delete().where(dialect.among(db, table.order_id, names), soft))


def step(
    db: sa.Connection, one: Held, event: ReservationEvent, quantity: int | None = None, to: BinKey | None = None
) -> tuple[Held | None, Held | None, BookChange]:
    """What becomes of units of a reservation, what of its rest, and what the books are still to be changed by.

    Raises:
        StockError: see `edge.orders.reservations.stepped`.
    """
    table = tables.reservations
    now, rest, change = stepped(one.its, event, quantity, to)
    gone = now.state is ReservationState.RELEASED
    which = table.c.seq == one.seq
    left = None if rest is None else Held(one.seq, rest, one.fulfilment)
    if rest is not None:
        db.execute(table.update().where(which).values(quantity=rest.quantity))
    elif gone:
        db.execute(table.delete().where(which))
    if gone:
        return None, left, change
    values = dict(zip(_RESERVATION, _row(now, one.fulfilment), strict=True))
    if rest is None:
        db.execute(table.update().where(which).values(values))
        return Held(one.seq, now, one.fulfilment), None, change
    seq = db.execute(table.insert().values(values).returning(table.c.seq)).scalar_one()
    return Held(seq, now, one.fulfilment), left, change


def take_off(db: sa.Connection, one: Held, units: int) -> None:
    """So many units of what left the books are no reservation's any more: they came back."""
    table = tables.reservations
    which = table.c.seq == one.seq
    if units < one.its.quantity:
        db.execute(table.update().where(which).values(quantity=one.its.quantity - units))
    else:
        db.execute(table.delete().where(which))


def set_soft(db: sa.Connection, rows: Iterable[Held]) -> None:
    """Soft reservations that are no fulfilment's any more, so that they are planned again."""
    which = tables.reservations.update().where(tables.reservations.c.seq == sa.bindparam("which"))
    if asked := [{"which": one.seq} for one in rows]:
        db.execute(which.values(fulfilment=""), asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """What an order shall have. ``lines``: (number, SKU, units that are to be shipped); ``rank`` as `Reservation` says.

    ``urgent``: takes what is promised to orders of a higher rank, if it must.
    """

    order: str
    lines: tuple[tuple[int, str, int], ...]
    rank: int = 0
    until_us: int = 0
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Reserved:
    """What became of a want: all of it is the order's, or nothing was added. ``missing``: (SKU, units)."""

    order: str
    complete: bool
    added: int = 0
    missing: tuple[tuple[str, int], ...] = ()
    displaced: tuple[Displacement, ...] = ()


def reserve(db: sa.Connection, wants: Sequence[Want]) -> list[Reserved]:
    """Promises orders what they still lack of what they want, by rank; each all or nothing. Asked again, nothing more.

    The results are in the order of the wants.
    """
    table = tables.reservations.c
    free = {
        sku: row.free for sku, row in books.lock_skus(db, {sku for want in wants for _, sku, _ in want.lines}).items()
    }
    query = (
        sa.select(table.order_id, table.line, sa.func.sum(table.quantity))
        .where(
            dialect.among(db, table.order_id, (want.order for want in wants)),
            table.state != str(ReservationState.PUTTING_BACK),
        )
        .group_by(table.order_id, table.line)
    )
    has = {(order, line): int(units) for order, line, units in db.execute(query)}
    found: dict[int, Reserved] = {}
    added: list[Reservation] = []
    change = BookChange()
    for place, want in sorted(enumerate(wants), key=lambda one: (one[1].rank, one[1].order)):
        lacking = [
            Reservation(order=want.order, line=number, sku=sku, quantity=n, until_us=want.until_us, rank=want.rank)
            for number, sku, units in want.lines
            if (n := units - has.get((want.order, number), 0)) > 0
        ]
        needed = Counter[str]()
        for one in lacking:
            needed[one.sku] += one.quantity
        missing = {sku: n - free.get(sku, 0) for sku, n in needed.items() if n > free.get(sku, 0)}
        rows: tuple[Displacement, ...] = ()
        if missing and want.urgent:
            effect, rows = _displace(db, want, needed, free, missing)
            change += effect
        if missing:
            found[place] = Reserved(want.order, False, missing=tuple(sorted(missing.items())))
            continue
        for sku, n in needed.items():
            free[sku] -= n
        for one in lacking:
            has[one.order, one.line] = has.get((one.order, one.line), 0) + one.quantity
        added += lacking
        found[place] = Reserved(want.order, True, needed.total(), (), rows)
    books.apply(db, change + BookChange.made((one.sku, 0, one.quantity) for one in added))
    insert_reservations(db, _owned(db, added))
    return [found[place] for place in range(len(wants))]


def uncovered(db: sa.Connection, which: sa.ColumnElement[bool]) -> Counter[tuple[str, str, int]]:
    """Units of fulfilments, by order and line, that stock has nothing for: a loss took it; ``which`` of the links."""
    link, has = sales_tables.fulfilments.c, tables.reservations.c
    known = sa.select(sa.func.coalesce(sa.func.sum(has.quantity), 0)).where(
        has.fulfilment == link.fulfilment_id,
        has.order_id == link.sales_id,
        has.line == link.number,
        has.state != str(ReservationState.PUTTING_BACK),
    )
    begun = sa.exists().where(
        sales_tables.fulfilment_states.c.fulfilment_id == link.fulfilment_id,
        sales_tables.fulfilment_states.c.state.not_in((str(FulfilmentState.PLANNED), str(FulfilmentState.CANCELLED))),
    )
    lacks = link.quantity - known.scalar_subquery()
    query = sa.select(link.fulfilment_id, link.sales_id, link.number, lacks).where(which, begun, lacks > 0)
    return Counter({(name, order, number): int(n) for name, order, number, n in db.execute(query)})


def _owned(db: sa.Connection, added: Sequence[Reservation]) -> list[tuple[Reservation, str]]:
    """Each with the released fulfilment that lost as many units, if there is one: they are picked for that."""
    link = sales_tables.fulfilments.c
    lacks = uncovered(db, dialect.among(db, link.sales_id, (one.order for one in added))) if added else Counter()
    lost: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for (name, order, line), n in sorted(lacks.items()):
        lost.setdefault((order, line), []).append((name, n))
    rows: list[tuple[Reservation, str]] = []
    for one in added:
        left = one.quantity
        for name, n in lost.get((one.order, one.line), ()):
            if units := min(left, n):
                rows.append((replace(one, quantity=units), name))
                left -= units
        if left:
            rows.append((replace(one, quantity=left), ""))
    return rows


def _displace(
    db: sa.Connection, want: Want, needed: Mapping[str, int], free: dict[str, int], missing: dict[str, int]
) -> tuple[BookChange, tuple[Displacement, ...]]:
    """Takes soft stock of later orders if all that is missing can be had so; then nothing is missing any more."""
    table = tables.reservations.c
    soft = held(
        db,
        sa.and_(
            dialect.among(db, table.sku, missing),
            table.state == str(ReservationState.SOFT),
            table.fulfilment == "",
            table.rank > want.rank,
            table.order_id != want.order,
        ),
    )
    shown: list[Displacement] = []
    losing: list[tuple[Held, int]] = []
    for sku in sorted(missing):
        urgent = Reservation(order=want.order, line=0, sku=sku, quantity=needed[sku], rank=want.rank)
        losers, rows, lacks = displaced(urgent, free.get(sku, 0), [one.its for one in soft])
        if lacks:
            missing[sku] = lacks
            return BookChange(), ()
        shown += rows
        left = list(soft)
        for loser, n in losers:
            at = next(place for place, one in enumerate(left) if one.its == loser)
            losing.append((left.pop(at), n))
    change = BookChange()
    for one, n in losing:
        _, _, effect = step(db, one, ReservationEvent.DISPLACED, n)
        change += effect
        free[one.its.sku] += n
    missing.clear()
    return change, tuple(shown)


def told_of(results: Iterable[Reserved]) -> list[OutboxTold]:
    """What the outbox says of reservations."""
    return [
        OutboxTold(
            "order.displaced.v1", one.order, {"by": one.urgent, "line": one.line, "sku": one.sku, "units": one.quantity}
        )
        for result in results
        for one in result.displaced
    ]


def lapse(db: sa.Connection, which: sa.ColumnElement[bool], event: ReservationEvent) -> int:
    """Frees soft reservations of which something holds, as for orders not paid in time; how many units."""
    soft = sa.and_(which, tables.reservations.c.state == str(ReservationState.SOFT))
    books.lock_skus(db, db.execute(sa.select(tables.reservations.c.sku).where(soft).distinct()).scalars())
    rows = held(db, soft)
    books.apply(db, BookChange.summed(stepped(one.its, event)[2] for one in rows))
    db.execute(tables.reservations.delete().where(soft))
    return sum(one.its.quantity for one in rows)


def step_units(
    db: sa.Connection, fulfilment: str, key: BinKey, state: ReservationState, event: ReservationEvent, units: int
) -> Counter[tuple[str, int]]:
    """Takes a step with so many units that a fulfilment has in a bin; how many there were, by order and line."""
    found: Counter[tuple[str, int]] = Counter()
    if units <= 0:
        return found
    table = tables.reservations.c
    rows = held(
        db,
        sa.and_(
            table.fulfilment == fulfilment,
            table.state == str(state),
            table.bin == key.bin,
            table.sku == key.sku,
            table.lot == key.lot,
            table.condition == str(key.condition),
        ),
    )
    effects: list[BookChange] = []
    for one in rows:
        n = min(units - found.total(), one.its.quantity)
        if n <= 0:
            break
        effects.append(step(db, one, event, n)[2])
        found[one.its.order, one.its.line] += n
    books.apply(db, BookChange.summed(effects))
    return found
