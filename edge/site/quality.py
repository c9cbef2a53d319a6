"""Quality in transactions: what was looked at and found good or refused, and what became of that.

Public names: QualityError, CheckRow, CheckSaid, check, settle, checks_of, open_refusals, due_of, rates_of.

A refusal is told to the lines in the transaction that stores it: until it is settled the fulfilment gets no label, the
sorter sets its parcel aside, and the dock door calls it back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from edge.core.values.order import Order, OrderState
from edge.orders.floor import unfit
from edge.orders.quality import (
    FAULTS,
    Aspect,
    DefectRate,
    DueCheck,
    Fault,
    LotSeen,
    QualityRules,
    Settlement,
    due,
    rates,
)
from edge.orders.reservations import ReservationEvent, ReservationState
from edge.orders.review import ReviewRules
from edge.orders.stock import BinKey, BookChange, Movement, MovementKind, StockCause, StockCondition
from edge.orders.work import WishRefused
from edge.site import allocating, books, dialect, lots, orders, reserving, rounds, stocktaking
from edge.site import tables as floor
from edge.site.outbox import OutboxTold
from edge.site.sales_work import SaleWork
from edge.site.scope import scope_of
from edge.site.tables import picks as pick_tables
from edge.site.tables import stations as tables
from edge.site.tables import stock as stock_tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections

_TAKEN = (ReservationState.STAGED, ReservationState.HARD)


class QualityError(ValueError):
    """What cannot be said of a fulfilment, or done about it; names it and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """One aspect that was looked at. ``sku``, ``epc``: empty = of all of it, of no one item. ``settled_us`` 0 = it is
    open, where it did not pass.
    """

    seq: int
    fulfilment: str
    sku: str
    lot: str
    supplier: str
    epc: str
    aspect: Aspect
    passed: bool
    fault: str
    units: int
    station: str
    by: str
    note: str
    at_us: int
    settlement: str
    settled_us: int
    settled_by: str
    reason: str

    @property
    def open(self) -> bool:
        """Whether it keeps the fulfilment here."""
        return not self.passed and not self.settled_us


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSaid:
    """What somebody saw. ``fault``: None = all of ``aspects`` are good; else the one is not, in so many ``units``."""

    fulfilment: str
    aspects: tuple[Aspect, ...]
    station: str
    by: str
    sku: str = ""
    lot: str = ""
    epc: str = ""
    fault: Fault | None = None
    units: int = 1
    note: str = ""


def check(at: StoreConnections, said: CheckSaid, at_us: int) -> list[CheckRow]:
    """Stores what was seen; a refusal stops the fulfilment. Raises QualityError."""
    with at.writing() as db:
        work = SaleWork(db, None, ReviewRules(), at_us)
        order = _known(db, said.fulfilment)
        if order.state is OrderState.CANCELLED:
            raise QualityError(f"order {order.id}: is cancelled")
        if said.sku and said.sku not in {name for line in order.lines for name in (line.sku, line.gtin)}:
            raise QualityError(f"order {order.id}: {said.sku} is not in it")
        if said.fault is not None and (len(said.aspects) != 1 or said.fault not in FAULTS[said.aspects[0]]):
            raise QualityError(f"order {order.id}: {said.fault} is no fault of {', '.join(said.aspects)}")
        if said.fault is not None and not said.sku:
            raise QualityError(f"order {order.id}: say which article is refused")
        lot, supplier = said.lot, ""
        known = [one for one in _lots_in(db, order.id) if one.sku == said.sku and said.lot in ("", one.lot)]
        if known:
            lot, supplier = known[0].lot, known[0].supplier
        seqs = []
        for aspect in said.aspects:
            values = {
                "fulfilment": order.id, "sku": said.sku, "lot": lot, "supplier": supplier, "epc": said.epc,
                "aspect": str(aspect), "passed": int(said.fault is None), "fault": str(said.fault or ""),
                "units": said.units, "station": said.station, "by": said.by, "note": said.note, "at_us": at_us,
                "settlement": "", "settled_us": 0, "settled_by": "", "reason": "",
            }  # fmt: skip
            table = tables.checks
            seqs.append(db.execute(table.insert().values(values).returning(table.c.seq)).scalar_one())
        if said.fault is not None:
            work.changes[order.id] = lambda now: replace(now, refused=True)
            body: dict[str, str | int | list[str]] = {
                "sku": said.sku, "lot": lot, "aspect": str(said.aspects[0]), "fault": str(said.fault),
                "units": said.units, "epc": said.epc, "station": said.station,
            }  # fmt: skip
            work.told.append(OutboxTold("quality.refused.v1", order.id, body))
        work.finish()
        return _rows(db, tables.checks.c.seq.in_(seqs))


def settle(
    at: StoreConnections, seq: int, what: Settlement, by: str, reason: str, at_us: int, bin_: str = ""
) -> CheckRow:
    """What becomes of what was refused. The fulfilment goes on with the last one. Said again, nothing changes.

    ``bin_``: where refused units are put; empty = they are booked where they came from. Raises QualityError, also where
    somebody else settled it.
    """
    with at.writing() as db:
        work = SaleWork(db, None, ReviewRules(), at_us)
        row = next(iter(_rows(db, tables.checks.c.seq == seq)), None)
        if row is None or row.passed:
            raise QualityError(f"refusal {seq}: there is none")
        if row.settled_us:
            if (row.settled_by, row.settlement) != (by, str(what)):
                raise QualityError(f"refusal {seq}: {row.settled_by} settled it meanwhile: {row.settlement}")
            return row
        order = _known(db, row.fulfilment)
        if what is not Settlement.REWORK:
            if order.state is not OrderState.OPEN:
                how = "rework it, or cancel what is refused at its order"
                raise QualityError(f"refusal {seq}: order {order.id} is {order.state}: {how}")
            _take_out(db, work, row, what, by, at_us, bin_)
        table = tables.checks
        settled = {"settlement": str(what), "settled_us": at_us, "settled_by": by, "reason": reason}
        db.execute(table.update().where(table.c.seq == seq).values(settled))
        still = bool(_rows(db, sa.and_(table.c.fulfilment == order.id, _OPEN)))
        work.changes[order.id] = _going_on(row if what is not Settlement.REWORK else None, still)
        work.told.append(OutboxTold("quality.settled.v1", order.id, {"settlement": str(what), "sku": row.sku}))
        work.finish()
        return _rows(db, table.c.seq == seq)[0]


_OPEN = sa.and_(tables.checks.c.passed == 0, tables.checks.c.settled_us == 0)


def checks_of(db: sa.Connection, fulfilment: str) -> list[CheckRow]:
    """All that was looked at of a fulfilment, in order."""
    return _rows(db, tables.checks.c.fulfilment == fulfilment)


def open_refusals(db: sa.Connection, after: int = 0, limit: int = 100) -> list[CheckRow]:
    """Refusals that nobody has settled, behind a number, the oldest first."""
    return _rows(db, sa.and_(_OPEN, tables.checks.c.seq > after), limit)


def due_of(db: sa.Connection, fulfilment: str, rules: QualityRules) -> tuple[DueCheck, ...]:
    """What is still to be looked at of a fulfilment before it gets its label."""
    done = {(one.sku, one.aspect) for one in checks_of(db, fulfilment)}
    return due(fulfilment, _lots_in(db, fulfilment), rules, done)


def rates_of(db: sa.Connection, since_us: int) -> tuple[DefectRate, ...]:
    """How often something was wrong since an instant, by lot and by supplier."""
    its = tables.checks.c
    refused = sa.func.sum(sa.case((its.passed == 0, 1), else_=0))
    query = (
        sa.select(its.supplier, its.sku, its.lot, sa.func.count(), refused)
        .where(its.at_us >= since_us, its.sku != "")
        .group_by(its.supplier, its.sku, its.lot)
    )
    return rates({(supplier, sku, lot): (n, int(bad)) for supplier, sku, lot, n, bad in db.execute(query)})


def _lots_in(db: sa.Connection, fulfilment: str) -> list[LotSeen]:
    """The articles of a fulfilment by lot, as its reservations have them; without any as its lines do."""
    table, its = stock_tables.reservations.c, tables.checks.c
    states = [str(one) for one in _TAKEN]
    rows = db.execute(
        sa.select(table.sku, table.lot).where(table.fulfilment == fulfilment, table.state.in_(states)).distinct()
    ).all()
    found = {(row.sku, row.lot or "") for row in rows}
    if not found and (order := orders.order_where(db, floor.orders.c.id == fulfilment)) is not None:
        found = {(line.sku or line.gtin, "") for line in order.lines if line.quantity}
    skus = {sku for sku, _ in found}
    known = {(one.sku, one.lot): one for one in lots.lots_where(db, skus)}
    query = (
        sa.select(its.sku, its.lot, sa.func.count(its.fulfilment.distinct()))
        .where(dialect.among(db, its.sku, skus), its.lot != "", its.fulfilment != fulfilment)
        .group_by(its.sku, its.lot)
    )
    looked = {(sku, lot): n for sku, lot, n in db.execute(query)}
    return [
        LotSeen(
            sku=sku,
            lot=lot,
            supplier=row.supplier if (row := known.get((sku, lot)) or known.get((sku, ""))) else "",
            checked=looked.get((sku, lot), 0),
            blocked=bool(row and row.blocked_us),
        )
        for sku, lot in sorted(found)
    ]


def _take_out(
    db: sa.Connection, work: SaleWork, row: CheckRow, what: Settlement, by: str, at_us: int, bin_: str
) -> None:
    """Refused units leave the fulfilment and the books follow: set aside, written off, or not there at all."""
    name = row.fulfilment
    scope = scope_of(db, fulfilments=[name])
    if name not in scope.fulfilments:
        return  # another system's: it reads the outbox, and amends the order
    table = stock_tables.reservations.c
    books.lock_skus(db, [row.sku])
    here = [
        one
        for one in reserving.held(db, sa.and_(table.fulfilment == name, table.sku == row.sku))
        if one.its.state in _TAKEN and row.lot in ("", one.its.at.lot if one.its.at else "")
    ]
    picked = {(one.order, one.line): one.picked for one in scope.fulfilments[name].portions}
    units: Counter[tuple[str, int]] = Counter()
    away: list[tuple[BinKey, int]] = []
    effects: list[BookChange] = []
    soft: list[reserving.Held] = []
    fewer: Counter[tuple[str, BinKey]] = Counter()
    left = row.units
    for one in here:
        line = one.its.order, one.its.line
        n = min(left, one.its.quantity, picked.get(line, 0) - units[line])
        if n <= 0 or one.its.at is None:
            continue
        left -= n
        units[line] += n
        away.append((one.its.at, n))
        held: reserving.Held | None = one
        if one.its.state is ReservationState.HARD:  # nobody told that it was picked
            held, _, effect = reserving.step(db, one, ReservationEvent.PICKED, n)
            effects.append(effect)
            fewer[name, one.its.at] += n
        assert held is not None, "it is in a tote"
        now, _, effect = reserving.step(db, held, ReservationEvent.SHORT, n)
        effects.append(effect)
        soft += [now] if now is not None else []
    if left:
        raise QualityError(f"refusal {row.seq}: {row.units - left} of {row.units} {row.sku} are in {name}")
    again = what is not Settlement.SHORT
    changed = unfit(scope, name, units, again=again)
    if isinstance(changed, WishRefused):
        raise QualityError(f"refusal {row.seq}: order {name} is {scope.fulfilments[name].state}")
    books.apply(db, BookChange.summed(effects))
    rounds.fewer_lines(db, fewer, at_us)
    body: dict[str, str | int | list[str]] = {"fulfilment": name, "sku": row.sku, "units": row.units}
    work.save(scope, changed, by, "", f"quality-{what}", body)
    if scope.fulfilments[name].state != changed.onto(scope).fulfilments[name].state:
        work.void |= {name} if _labelled(db, name) else set()
    if not again:
        reserving.set_soft(db, soft)
    if row.aspect is Aspect.QUANTITY:  # it is not there: whoever counts its bin finds out more
        for place, _ in away:
            books.suspect(db, place, at_us)
    else:
        work.told += _set_aside(db, row, what, away, by, at_us, bin_)
    if again:
        _pick_again(db, work, name, row, at_us)


def _set_aside(
    db: sa.Connection,
    row: CheckRow,
    what: Settlement,
    away: Sequence[tuple[BinKey, int]],
    by: str,
    at_us: int,
    bin_: str,
) -> list[OutboxTold]:
    scrapped = what is Settlement.SCRAP
    moved = [
        Movement(
            cause=StockCause("quality", str(row.seq), n),
            kind=MovementKind.SCRAP if scrapped else MovementKind.MOVE,
            quantity=units,
            at_us=at_us,
            source=place,
            target=None if scrapped else replace(place, bin=bin_ or place.bin, condition=StockCondition.DAMAGED),
            epc=row.epc if units == 1 else "",
            why=row.fault,
        )
        for n, (place, units) in enumerate(away)
    ]
    items = stock_tables.items
    if row.epc:
        db.execute(items.update().where(items.c.epc == row.epc).values(fulfilment="", since_us=at_us))
    return stocktaking.moved_within(db, moved, by, at_us)


def _pick_again(db: sa.Connection, work: SaleWork, name: str, row: CheckRow, at_us: int) -> None:
    """Another round for what was taken out; what nobody offers waits for stock, and is said."""
    its = pick_tables.members.c
    if db.execute(sa.select(its.wave).where(its.fulfilment == name)).first() is None:
        return
    found = allocating.rounds_again(db, [name], at_us)
    if found < row.units:
        rounds.end_members(db, {name: "short"}, at_us)
        work.told.append(OutboxTold("order.short.v1", name, {"sku": row.sku, "units": row.units - found}))


def _labelled(db: sa.Connection, name: str) -> bool:
    its = floor.parcels.parcels.c
    query = sa.select(its.seq).where(its.fulfilment == name, its.voided_us == 0)
    return db.execute(query).first() is not None


def _going_on(gone: CheckRow | None, still: bool) -> Callable[[Order], Order]:
    """What the lines know then: an item that was taken out is nobody's."""

    def change(order: Order) -> Order:
        lines = list(order.lines)
        for at, line in enumerate(lines):
            if gone is not None and gone.epc in line.epcs:
                lines[at] = replace(line, epcs=tuple(one for one in line.epcs if one != gone.epc))
        return replace(order, lines=tuple(lines), refused=still)

    return change


def _known(db: sa.Connection, name: str) -> Order:
    order = orders.order_where(db, floor.orders.c.id == name)
    if order is None:
        raise QualityError(f"order {name}: there is none")
    return order


def _rows(db: sa.Connection, which: sa.ColumnElement[bool], limit: int = 1_000) -> list[CheckRow]:
    query = sa.select(tables.checks).where(which).order_by(tables.checks.c.seq).limit(limit)
    return [
        CheckRow(**(row._asdict() | {"aspect": Aspect(row.aspect), "passed": bool(row.passed)}))
        for row in db.execute(query)
    ]
