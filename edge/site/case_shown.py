"""Cases as people look at them, within a transaction: lists, one case whole, causes by weight, what is done about them.

Public names: CaseFilter, CaseRow, CaseDetail, ParetoRow, CaseAction, rows_of, detail_of, check_order,
suggested, pareto, action, actions.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from edge.orders.cases import OVER, CaseError, CaseKind, CaseState, CaseTurn, CauseKind, ServiceCase, may
from edge.orders.returns import AwaitedUnits
from edge.site import case_units, cases, dialect, ledger, sales
from edge.site.awaited import expected_of
from edge.site.case_units import CaseLine, CaseUnit
from edge.site.cases import CaseNote, case_of
from edge.site.ledger import MoneyRow
from edge.site.tables import cases as tables
from edge.site.tables import floor, picks, stations

_DAY_US = 86_400_000_000
_DONE = (CaseState.RESOLVED, CaseState.CLOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """``everything``: closed ones too. ``after``: behind so many rows."""

    state: CaseState | None = None
    kind: CaseKind | None = None
    owner: str = ""
    order: str = ""
    overdue: bool = False
    everything: bool = False
    after: int = 0


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case in a list."""

    case: ServiceCase
    overdue: bool
    answer_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDetail:
    """All that is known of a case. ``may``: what can be done with it; ``fewer``: what did not come yet."""

    case: ServiceCase
    lines: tuple[CaseLine, ...]
    units: tuple[CaseUnit, ...]
    fewer: tuple[AwaitedUnits, ...]
    notes: tuple[CaseNote, ...]
    causes: tuple[ParetoRow, ...]
    money: tuple[MoneyRow, ...]
    may: tuple[CaseTurn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParetoRow:
    """A cause. ``amount``: what its cases cost, by currency; ``share``: of all cases with a cause, in per mille."""

    kind: CauseKind
    value: str
    cases: int
    amount: int
    currency: str
    share: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAction:
    """What is done against a cause. ``before``, ``since``: cases with it in the days before it was done, and since, as
    many days; ``days``: so many, 0 = it is not done yet.
    """

    seq: int
    kind: CauseKind
    value: str
    what: str
    owner: str
    opened_us: int
    due_us: int
    done_us: int
    days: int
    before: int
    since: int


def rows_of(db: sa.Connection, which: CaseFilter, now_us: int, limit: int) -> list[CaseRow]:
    """What is overdue first, then what is due next."""
    its = tables.cases.c
    wanted: list[sa.ColumnElement[bool]] = []
    if which.state is not None:
        wanted.append(its.state == str(which.state))
    elif not which.everything:
        wanted.append(its.state.not_in([str(one) for one in _DONE]))
    if which.kind is not None:
        wanted.append(its.kind == str(which.kind))
    if which.owner:
        wanted.append(sa.or_(its.owner == which.owner, its.team == which.owner))
    if which.order:
        wanted.append(its.order_id == which.order)
    if which.overdue:
        wanted.append(its.due_us < now_us)
        wanted.append(its.state.not_in([str(one) for one in _DONE]))
    query = sa.select(its.id).where(*wanted)
    over = sa.case((its.state.in_([str(one) for one in _DONE]), 1), else_=0)
    numbers = list(db.execute(query.order_by(over, its.due_us, its.id).offset(which.after).limit(limit)).scalars())
    found = {one.id: one for one in cases.cases_where(db, its.id.in_(numbers))}
    return [
        CaseRow(
            one,
            one.state not in OVER and one.due_us < now_us,
            one.state not in OVER and not one.first_us and 0 < one.first_due_us < now_us,
        )
        for one in (found[number] for number in numbers)
    ]


def check_order(db: sa.Connection, order: str) -> None:
    """Raises CaseError where an order is named that there is not."""
    if order and order not in sales.find(db, [order]):
        raise CaseError(f"order {order}: there is none")


def detail_of(db: sa.Connection, number: int) -> CaseDetail:
    """All that is known of a case. Raises CaseError."""
    case = case_of(db, number)
    its = tables.causes
    causes = db.execute(sa.select(its).where(its.c.case == number).order_by(its.c.kind, its.c.value))
    return CaseDetail(
        case=case,
        lines=tuple(case_units.lines_of(db, [number])),
        units=tuple(case_units.units_of(db, number)),
        fewer=tuple(one for one in expected_of(db, number) if one.came < one.units),
        notes=tuple(cases.notes_of(db, [number]).get(number, [])),
        causes=tuple(
            ParetoRow(kind=CauseKind(row.kind), value=row.value, cases=1, amount=row.amount, currency=row.currency)
            for row in causes
        ),
        money=tuple(ledger.rows_of(db, case.order)) if case.order else (),
        may=tuple(turn for turn in CaseTurn if may(case, turn)),
    )


def suggested(db: sa.Connection, case: ServiceCase) -> list[tuple[CauseKind, str]]:
    """Who picked it, what it is, who carried it: what the books say of a case's goods."""
    found: dict[tuple[CauseKind, str], None] = {}
    skus = {one.sku for one in case_units.lines_of(db, [case.id])}
    found.update({(CauseKind.SKU, sku): None for sku in sorted(skus)})
    parcels = {one.fulfilment for one in sales.linked(db, orders=[case.order])} if case.order else set()
    known = floor.orders.c
    labels = [f"(00){one.removeprefix('(00)')}" for one in case.parcels]
    ours = sa.select(known.id).where(dialect.among(db, known.parcel, labels))
    parcels = set(db.execute(ours).scalars()) or parcels
    line, task = picks.lines.c, picks.tasks.c
    picked = sa.select(task.picker, line.sku).join(picks.tasks, task.id == line.task).distinct()
    for picker, sku in db.execute(picked.where(dialect.among(db, line.fulfilment, parcels), line.picked > 0)):
        if picker and (not skus or sku in skus):
            found[CauseKind.PICKER, picker] = None
    pack = stations.packs.c
    packed = sa.select(pack.by).where(dialect.among(db, pack.fulfilment, parcels)).distinct()
    for packer in db.execute(packed).scalars():
        if packer:
            found[CauseKind.PACKER, packer] = None
    its = picks.members.c
    for carrier in db.execute(sa.select(its.carrier).where(dialect.among(db, its.fulfilment, parcels))).scalars():
        if carrier:
            found[CauseKind.CARRIER, carrier] = None
    return list(found)


def pareto(db: sa.Connection, kind: CauseKind | None, since_us: int) -> list[ParetoRow]:
    """Causes of cases that were opened since an instant, the most frequent first."""
    its, case = tables.causes.c, tables.cases.c
    query = (
        sa.select(its.kind, its.value, its.currency, sa.func.count(), sa.func.sum(its.amount))
        .join(tables.cases, case.id == its.case)
        .where(case.opened_us >= since_us)
        .group_by(its.kind, its.value, its.currency)
    )
    if kind is not None:
        query = query.where(its.kind == str(kind))
    rows = [
        ParetoRow(kind=CauseKind(one), value=value, cases=int(n), amount=int(amount), currency=currency)
        for one, value, currency, n, amount in db.execute(query)
    ]
    every = sum(one.cases for one in rows)
    rows.sort(key=lambda one: (-one.cases, -one.amount, one.kind, one.value, one.currency))
    return [
        ParetoRow(
            kind=one.kind,
            value=one.value,
            cases=one.cases,
            amount=one.amount,
            currency=one.currency,
            share=one.cases * 1000 // every,
        )
        for one in rows
    ]


def action(db: sa.Connection, now_us: int, seq: int) -> CaseAction | None:
    """What is done against a cause, by its number; None = there is none."""
    return next(iter(_actions(db, now_us, tables.actions.c.seq == seq, 1)), None)


def actions(db: sa.Connection, now_us: int, after: int = 0, limit: int = 1_000) -> list[CaseAction]:
    """What is done against causes, the newest first, or those older than one."""
    return _actions(db, now_us, tables.actions.c.seq < after if after else sa.true(), limit)


def _actions(db: sa.Connection, now_us: int, which: sa.ColumnElement[bool], limit: int) -> list[CaseAction]:
    its, cause, case = tables.actions, tables.causes.c, tables.cases.c

    def count(row: sa.Row[tuple[object, ...]], begin: int, end: int) -> int:
        query = (
            sa.select(sa.func.count())
            .select_from(tables.causes)
            .join(tables.cases, case.id == cause.case)
            .where(cause.kind == row.kind, cause.value == row.value, case.opened_us >= begin, case.opened_us < end)
        )
        return int(db.execute(query).scalar_one())

    found = []
    for row in db.execute(sa.select(its).where(which).order_by(its.c.seq.desc()).limit(limit)):
        since = max(0, now_us - row.done_us) if row.done_us else 0
        found.append(
            CaseAction(
                seq=row.seq,
                kind=CauseKind(row.kind),
                value=row.value,
                what=row.what,
                owner=row.owner,
                opened_us=row.opened_us,
                due_us=row.due_us,
                done_us=row.done_us,
                days=since // _DAY_US,
                before=count(row, row.done_us - since, row.done_us) if row.done_us else 0,
                since=count(row, row.done_us, now_us + 1) if row.done_us else 0,
            )
        )
    return found
