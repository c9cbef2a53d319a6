"""What cases are about and what came of it, within a transaction: lines, units, and stock that comes and goes by them.

Public names: CaseLine, CaseUnit, order_of, add_lines, open_refused, lines_of, units_of, receive, dispose,
DispositionError.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from edge.orders.cases import CaseError, CaseKind, CaseTurn, CustomerWant, ServiceCase, case_moved
from edge.orders.picking import BinPlace
from edge.orders.returns import Disposition, ReturnLine, ReturnReason, UnitFinding
from edge.orders.sales import SalesOrder
from edge.orders.stages import Fulfilment
from edge.orders.stock import BinKey, Movement, MovementKind, StockCause, StockCondition
from edge.site import cases, catalogue, dialect, feed, moving, sales
from edge.site.tables import cases as tables
from edge.site.tables import stock as stock_tables


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """What a case is about. ``epc``: empty = any unit of the line."""

    n: int
    order: str
    line: int
    sku: str
    gtin: str
    epc: str
    units: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseUnit:
    """What came. ``line``: 0 = of none; ``bin``: where it lies, empty = stock knows nothing of it."""

    seq: int
    case: int
    epc: str
    order: str
    line: int
    sku: str
    units: int
    finding: UnitFinding
    bin: str
    lot: str
    at_us: int
    by: str
    disposition: Disposition | None
    disposed_us: int
    disposed_by: str
    code: str
    credited: bool


def order_of(db: sa.Connection, name: str) -> SalesOrder:
    """A sales order that there must be. Raises CaseError."""
    found = sales.find(db, [name]).get(name)
    if found is None:
        raise CaseError(f"order {name}: there is none")
    return found


def add_lines(db: sa.Connection, case: int, lines: Iterable[ReturnLine]) -> None:
    """What a case is about, behind what it is about already."""
    first = len(lines_of(db, [case])) + 1
    columns = ("case", "n", "order_id", "line", "sku", "gtin", "epc", "units", "reason")
    rows = [
        (case, n, one.order, one.line, one.sku, one.gtin, one.epc, one.units, str(one.reason))
        for n, one in enumerate(lines, first)
    ]
    dialect.bulk_insert(db, tables.lines, columns, rows)


def open_refused(db: sa.Connection, order: SalesOrder, held: Fulfilment, by: str, at_us: int) -> int:
    """A parcel was refused at the door: its goods come back without a label, and its case awaits them."""
    number = cases.open_case(
        db,
        kind=CaseKind.RETURN,
        class_=str(ReturnReason.REFUSED),
        cause=f"refused {held.id}",
        order=order.id,
        reason=str(ReturnReason.REFUSED),
        at_us=at_us,
        want=CustomerWant.REFUND,
        by=by,
    )
    if lines_of(db, [number]):
        return number
    lines = {line.number: line for line in order.lines}
    back = [
        ReturnLine(
            order=order.id,
            line=one.line,
            sku=lines[one.line].sku,
            gtin=lines[one.line].gtin,
            units=one.quantity,
            reason=ReturnReason.REFUSED,
        )
        for one in held.portions
        if one.order == order.id and one.quantity
    ]
    add_lines(db, number, back)
    case = cases.find_case(db, number)
    assert case is not None, "it was opened just now"
    for turn in (CaseTurn.AUTHORISED, CaseTurn.LABELLED):
        case = case_moved(case, turn, at_us)
    cases.save_case(db, case)
    return number


def lines_of(db: sa.Connection, cases: Iterable[int]) -> list[CaseLine]:
    """What cases are about."""
    its = tables.lines
    query = sa.select(its).where(its.c.case.in_(sorted(set(cases)))).order_by(its.c.case, its.c.n)
    return [
        CaseLine(
            n=row.n,
            order=row.order_id,
            line=row.line,
            sku=row.sku,
            gtin=row.gtin,
            epc=row.epc,
            units=row.units,
            reason=row.reason,
        )
        for row in db.execute(query)
    ]


def units_of(db: sa.Connection, case: int) -> list[CaseUnit]:
    """What came of a case, in order."""
    its = tables.units
    return [_unit(row) for row in db.execute(sa.select(its).where(its.c.case == case).order_by(its.c.seq))]


def _unit(row: sa.Row[tuple[object, ...]]) -> CaseUnit:
    said = row._mapping  # noqa: SLF001  # SQLAlchemy's public name
    same = {
        name: said[name]
        for name in ("seq", "case", "epc", "line", "sku", "units", "bin", "lot", "at_us", "by", "disposed_us",
                     "disposed_by", "code", "credited")
    }  # fmt: skip
    return CaseUnit(
        order=said["order_id"],
        finding=UnitFinding(said["finding"]),
        disposition=Disposition(said["disposition"]) if said["disposition"] else None,
        **same,
    )


def receive(
    db: sa.Connection,
    case: ServiceCase,
    what: tuple[str, str, int],
    finding: UnitFinding,
    of: tuple[str, int, str],
    place: str,
    by: str,
    at_us: int,
) -> CaseUnit:
    """Units came: into the bin of returns, to be inspected. ``what``: EPC, SKU, units; ``of``: order, line and
    fulfilment.

    What stock has in a bin by its tag is not taken in a second time, nor an article that it does not know.
    """
    epc, sku, count = what
    lies = db.execute(
        sa.select(stock_tables.items.c.bin, stock_tables.items.c.lot).where(stock_tables.items.c.epc == epc)
    ).first()
    kept = sku in catalogue.skus_of(db, [sku]) and not (epc and lies is not None and lies.bin)
    lot = (lies.lot or "") if lies is not None and epc else ""
    values = {
        "case": case.id,
        "epc": epc,
        "order_id": of[0],
        "line": of[1],
        "fulfilment": of[2],
        "sku": sku,
        "units": count,
        "finding": str(finding),
        "bin": place if kept else "",
        "lot": lot,
        "at_us": at_us,
        "by": by,
        "disposition": "",
        "disposed_us": 0,
        "disposed_by": "",
        "code": "",
        "credited": False,
    }
    seq = int(db.execute(tables.units.insert().values(values).returning(tables.units.c.seq)).scalar_one())
    if kept:
        if place not in catalogue.places_of(db, [place]):
            catalogue.put_bins(db, {place: BinPlace(0, 0)})
        cause = StockCause("return", f"{case.id}/{seq}")
        to = BinKey(place, sku, lot, StockCondition.INSPECTION)
        came = Movement(
            cause=cause, kind=MovementKind.RETURN_IN, quantity=count, at_us=at_us, target=to, epc=epc, why=str(finding)
        )
        moving.record(db, [came], by)
    return next(one for one in units_of(db, case.id) if one.seq == seq)


class DispositionError(CaseError):
    """What cannot become of a unit; says why."""


def dispose(
    db: sa.Connection, unit: CaseUnit, to: Disposition, code: str, by: str, at_us: int, place: str = ""
) -> int | None:
    """A unit was inspected; its place in the feed where the lines are told that it is stock again.

    ``place``: the bin it goes to, empty = it stays. What was to be refurbished may become something else later.
    Raises DispositionError, StockError. Only the outbox may come behind it in a transaction.
    """
    here = f"case {unit.case}: unit {unit.seq}"
    if unit.disposition is not None and unit.disposition is not Disposition.REFURBISH:
        raise DispositionError(f"{here}: is {unit.disposition} already: {unit.disposed_by} said so")
    if to is Disposition.BACK and unit.credited:
        raise DispositionError(f"{here}: was paid back already: it does not go to the customer again")
    if to is Disposition.RESTOCK and unit.finding is UnitFinding.UNKNOWN:
        raise DispositionError(f"{here}: nobody knows whose it is: it is not sold; scrap it or send it back")
    if place and place not in catalogue.places_of(db, [place]):
        raise DispositionError(f"{here}: bin {place}: there is none")
    before = StockCondition.DAMAGED if unit.disposition else StockCondition.INSPECTION
    times = 1 + (unit.disposition is not None)
    source = BinKey(unit.bin, unit.sku, unit.lot, before)
    if unit.bin:
        _move(db, unit, source, to, place or unit.bin, times, code, by, at_us)
    its = tables.units
    values = {"disposition": str(to), "disposed_us": at_us, "disposed_by": by, "code": code}
    if to is Disposition.RESTOCK and unit.bin and place:
        values["bin"] = place
    db.execute(its.update().where(its.c.seq == unit.seq).values(values))
    if to is Disposition.RESTOCK and unit.epc:
        return feed.release(db, unit.epc, f"return {unit.case}/{unit.seq}", at_us)
    return None


_KINDS = {
    Disposition.RESTOCK: MovementKind.RESTOCK,
    Disposition.REFURBISH: MovementKind.MOVE,
    Disposition.SCRAP: MovementKind.SCRAP,
    Disposition.SUPPLIER: MovementKind.RETURN_OUT,
    Disposition.BACK: MovementKind.RETURN_OUT,
}


def _move(
    db: sa.Connection,
    unit: CaseUnit,
    source: BinKey,
    to: Disposition,
    place: str,
    times: int,
    code: str,
    by: str,
    at_us: int,
) -> None:
    target: BinKey | None = None
    if to is Disposition.RESTOCK:
        target = BinKey(place, unit.sku, unit.lot)
    elif to is Disposition.REFURBISH:
        target = BinKey(unit.bin, unit.sku, unit.lot, StockCondition.DAMAGED)
        if target == source:
            return
    movement = Movement(
        cause=StockCause("return", f"{unit.case}/{unit.seq}", times),
        kind=_KINDS[to],
        quantity=unit.units,
        at_us=at_us,
        source=source,
        target=target,
        epc=unit.epc,
        why=code or str(to),
    )
    moving.record(db, [movement], by)
