"""Stock as people see it, the ledger, and where the books disagree.

Public names: LedgerRow, ledger, BinLine, StockRow, stock_rows, SuspectBin, suspects, BookDifference, audit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from edge.orders.articles import Edges
from edge.orders.stock import (
    BinKey,
    MovementKind,
    StockCause,
    StockCondition,
)
from edge.site import dialect, reserving
from edge.site.tables import stock as tables


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A line of the ledger. ``quantity`` 0: a count that agreed."""

    seq: int
    cause: StockCause
    kind: MovementKind
    sku: str
    lot: str
    quantity: int
    source: str | None
    source_condition: str | None
    target: str | None
    target_condition: str | None
    epc: str
    why: str
    by: str
    at_us: int


def ledger(db: sa.Connection, sku: str = "", after: int = 0, limit: int = 500) -> list[LedgerRow]:
    """Movements behind a number, in order; of one SKU or all."""
    table = tables.movements
    query = sa.select(table).where(table.c.seq > after).order_by(table.c.seq).limit(limit)
    return [
        LedgerRow(
            row.seq,
            StockCause(row.cause_kind, row.cause_id, row.n),
            MovementKind(row.kind),
            row.sku,
            row.lot,
            row.quantity,
            row.source,
            row.source_condition,
            row.target,
            row.target_condition,
            row.epc,
            row.why,
            row.by,
            row.at_us,
        )
        for row in db.execute(query.where(table.c.sku == sku) if sku else query)
    ]


@dataclass(frozen=True, slots=True)
class BinLine:
    """A row of the bin book as people see it."""

    bin: str
    lot: str
    condition: StockCondition
    on_hand: int
    allocated: int
    suspect_us: int


@dataclass(frozen=True, slots=True)
class StockRow:
    """A SKU with both its books. ``mass_g``, ``edges_mm``: 0 = not known; then it is in no packing plan."""

    sku: str
    name: str
    sellable: int
    promised: int
    safety: int
    bins: tuple[BinLine, ...]
    mass_g: int = 0
    edges_mm: Edges = (0, 0, 0)
    un: str = ""


def stock_rows(db: sa.Connection, after: str = "", limit: int = 100, sku: str = "", bin_: str = "") -> list[StockRow]:
    """SKUs behind one, in the database's order; or the one SKU alone. ``bin_``: that lie in it, empty = anywhere."""
    table, book = tables.skus.c, tables.promises.c
    size = (table.length_mm, table.width_mm, table.height_mm)
    query = sa.select(
        table.sku, table.name, table.safety, table.mass_g, *size, table.un, book.sellable, book.promised
    ).join(tables.promises, book.sku == table.sku)
    query = query.where(table.sku == sku) if sku else query.where(table.sku > after)
    if bin_:
        lie = sa.select(tables.bin_stock.c.sku).where(tables.bin_stock.c.bin == bin_)
        query = query.where(table.sku.in_(lie))
    rows = db.execute(query.order_by(table.sku).limit(limit)).all()
    lies: dict[str, list[BinLine]] = {}
    its = tables.bin_stock.c
    found = sa.select(tables.bin_stock).where(dialect.among(db, its.sku, (row.sku for row in rows)))
    for row in db.execute(found.order_by(its.bin, its.lot, its.condition)):
        line = BinLine(row.bin, row.lot, StockCondition(row.condition), row.on_hand, row.allocated, row.suspect_us)
        lies.setdefault(row.sku, []).append(line)
    return [
        StockRow(
            row.sku,
            row.name,
            row.sellable,
            row.promised,
            row.safety,
            tuple(lies.get(row.sku, ())),
            row.mass_g,
            (row.length_mm, row.width_mm, row.height_mm),
            row.un,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class SuspectBin:
    """A row of the bin book that is not offered until it was counted."""

    sku: str
    bin: str
    lot: str
    on_hand: int
    since_us: int


def suspects(db: sa.Connection, limit: int = 200) -> list[SuspectBin]:
    """What is to be counted, the longest first."""
    its = tables.bin_stock.c
    query = sa.select(its.sku, its.bin, its.lot, its.on_hand, its.suspect_us).where(its.suspect_us > 0)
    found = db.execute(query.order_by(its.suspect_us, its.bin, its.sku, its.lot).limit(limit))
    return [SuspectBin(*row) for row in found]


@dataclass(frozen=True, slots=True)
class BookDifference:
    """Two books that should agree. ``what``: sellable, promised, allocated or on-hand; ``has``: the book's number."""

    what: str
    row: str
    has: int
    should: int


def audit(db: sa.Connection) -> list[BookDifference]:
    """Where the books disagree: promises with bins and reservations, bins with reservations and ledger."""
    promises = tables.promises.c
    reserved, moved = tables.reservations.c, tables.movements.c
    sellable, promised = Counter[str](), Counter[str]()
    on_hand, allocated = Counter[BinKey](), Counter[BinKey]()
    sellable_bins, promised_to, allocated_to, balance = (
        Counter[str](),
        Counter[str](),
        Counter[BinKey](),
        Counter[BinKey](),
    )
    for sku, one, two in db.execute(sa.select(promises.sku, promises.sellable, promises.promised)):
        sellable[sku], promised[sku] = one, two
    for row in db.execute(sa.select(tables.bin_stock)):
        key = BinKey(row.bin, row.sku, row.lot, StockCondition(row.condition))
        on_hand[key], allocated[key] = row.on_hand, row.allocated
        if key.condition is StockCondition.SELLABLE:
            sellable_bins[row.sku] += row.on_hand
    total = sa.func.sum(reserved.quantity)
    for sku, n in db.execute(sa.select(reserved.sku, total).where(reserving.LIVE).group_by(reserved.sku)):
        promised_to[sku] = int(n)
    place = (reserved.bin, reserved.sku, reserved.lot, reserved.condition)
    for *at, n in db.execute(
        sa.select(*place, total).where(reserving.LIVE, reserved.bin.is_not(None)).group_by(*place)
    ):
        allocated_to[BinKey(at[0], at[1], at[2], StockCondition(at[3]))] = int(n)
    for bin_, condition, sign in (
        (moved.source, moved.source_condition, -1),
        (moved.target, moved.target_condition, 1),
    ):
        side = (bin_, moved.sku, moved.lot, condition)
        query = sa.select(*side, sa.func.sum(moved.quantity)).where(bin_.is_not(None)).group_by(*side)
        for *at, n in db.execute(query):
            balance[BinKey(at[0], at[1], at[2], StockCondition(at[3]))] += sign * int(n)
    return [
        *_differing("sellable", sellable, sellable_bins),
        *_differing("promised", promised, promised_to),
        *_differing("allocated", allocated, allocated_to),
        *_differing("on-hand", on_hand, balance),
    ]


def _differing(
    what: str, has: Mapping[str, int] | Mapping[BinKey, int], should: Mapping[str, int] | Mapping[BinKey, int]
) -> list[BookDifference]:
    one, two = {str(key): n for key, n in has.items()}, {str(key): n for key, n in should.items()}
    return [
        BookDifference(what, key, one.get(key, 0), two.get(key, 0))
        for key in sorted(one.keys() | two.keys())
        if one.get(key, 0) != two.get(key, 0)
    ]
