"""What came back is inspected and settled with the customer, in transactions.

Public names: CaseSettlement, inspect, settle, credit.

Each call is one transaction; said again, nothing changes. Stock moves when a unit was inspected, never by what was
wished before; money follows that, unless the policy says otherwise. Raises CaseError.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from edge.intake.care import CareRules
from edge.orders import cases as rules
from edge.orders.cases import (
    CaseError,
    CaseKind,
    CaseState,
    CaseTurn,
    CustomerWant,
    ServiceCase,
)
from edge.orders.money import apportioned, worth
from edge.orders.returns import (
    CaseSettled,
    Disposition,
    RefundWhen,
    UnitFinding,
    settled,
)
from edge.orders.sales import Draft, Payment, PaymentKind, SalesLine, SalesOrder
from edge.site import case_units, cases, dialect, ledger, outbox, sales, taking
from edge.site.awaited import expected_of
from edge.site.case_units import CaseUnit, order_of
from edge.site.cases import case_of
from edge.site.connections import StoreConnections
from edge.site.dialect import Lock
from edge.site.ledger import MoneyKind, MoneyRow
from edge.site.outbox import OutboxTold
from edge.site.personal import Keys
from edge.site.sales_work import SaleWork
from edge.site.tables import cases as tables
from edge.site.taking import SaleOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSettlement:
    """What a person decides. ``instead``: articles that are sent in exchange, with their price; ``goodwill``: an amount
    that is paid back besides; ``accepted``: units that are taken although they are not what was sold.
    """

    want: CustomerWant | None = None
    instead: tuple[SalesLine, ...] = ()
    goodwill: int = 0
    accepted: tuple[int, ...] = ()
    by: str
    reason: str = ""


def inspect(
    at: StoreConnections, number: int, seq: int, to: Disposition, code: str, by: str, at_us: int, place: str = ""
) -> ServiceCase:
    """A unit of a case was looked at; the case is inspected when each was. Said again, nothing changes."""
    with at.writing() as db:
        dialect.lock(db, Lock.SALES)
        case = case_of(db, number)
        unit = next((one for one in case_units.units_of(db, number) if one.seq == seq), None)
        if unit is None:
            raise CaseError(f"case {number}: unit {seq}: nothing of that number came")
        if unit.disposition is to:
            return case
        body: dict[str, str | int | list[str]] = {
            "unit": seq, "disposition": str(to), "code": code, "epc": unit.epc, "sku": unit.sku, "units": unit.units
        }  # fmt: skip
        cases.note_case(db, number, by, "inspected", at_us, body=body)
        left = [one for one in case_units.units_of(db, number) if one.disposition is None and one.seq != seq]
        if not left and case.state is CaseState.RECEIVED:
            case = cases.save_case(db, rules.case_moved(case, CaseTurn.INSPECTED, at_us))
        case_units.dispose(db, unit, to, code, by, at_us, place)
        about: dict[str, str | int | list[str]] = {
            "case": number, "disposition": str(to), "order": unit.order, "epcs": [unit.epc] if unit.epc else [],
        }  # fmt: skip
        told = [OutboxTold("case.inspected.v1", f"case-{number}", about)]
        outbox.append(db, told, at_us)
        return case


def settle(
    at: StoreConnections,
    care: CareRules,
    work: Callable[[sa.Connection, int], SaleWork],
    keys: Keys,
    number: int,
    wish: CaseSettlement,
    at_us: int,
) -> ServiceCase:
    """Resolves a case: what came is credited, and paid back, or moved to an order that is sent in exchange.

    ``work``: what becomes of orders in a transaction.
    """
    with at.writing() as db:
        done = work(db, at_us)
        case = case_of(db, number)
        if case.state is CaseState.RESOLVED:
            _same(db, number, wish.by)
            return case
        told: list[OutboxTold] = []
        units = case_units.units_of(db, number)
        if case.kind in (CaseKind.RETURN, CaseKind.EXCHANGE, CaseKind.REPAIR) and not units and not wish.goodwill:
            raise CaseError(f"case {number}: nothing of it came yet")
        _check_settled(care, case, units, wish)
        want = wish.want or case.want
        mine = [] if want is CustomerWant.REPAIR else [one for one in units if _counts(one, wish) and not one.credited]
        if wish.accepted:
            mine = _accepted(db, case, units, mine, wish)
        if want is CustomerWant.EXCHANGE:
            case = _exchange(db, done, keys, care, case, mine, wish, at_us, told)
        elif mine or wish.goodwill:
            credit(db, care, case, mine, wish, at_us, told)
        body: dict[str, str | int | list[str]] = {"want": str(want or ""), "reason": wish.reason}
        cases.note_case(db, number, wish.by, "resolved", at_us, body=body)
        case = rules.case_moved(case_of(db, number), CaseTurn.RESOLVED, at_us)
        case = cases.save_case(db, replace(case, first_us=case.first_us or at_us))
        resolved: dict[str, str | int | list[str]] = {"case": number, "kind": str(case.kind), "order": case.order}
        done.told += [*told, OutboxTold("case.resolved.v1", f"case-{number}", resolved)]
        done.finish()
        return case


def _same(db: sa.Connection, number: int, by: str) -> None:
    """Raises CaseError where somebody else resolved it meanwhile."""
    who = cases.who_did(db, number, "resolved")
    if who not in ("", by):
        raise CaseError(f"case {number}: {who} resolved it meanwhile")


def _counts(unit: CaseUnit, wish: CaseSettlement) -> bool:
    accepted = unit.seq in wish.accepted
    return (unit.finding is UnitFinding.RIGHT or accepted) and unit.disposition is not Disposition.BACK


def _check_settled(care: CareRules, case: ServiceCase, units: Sequence[CaseUnit], wish: CaseSettlement) -> None:
    policy = care.policy(case.policy)
    at_once = policy is not None and policy.refund is RefundWhen.RECEIVED and wish.want is not CustomerWant.EXCHANGE
    unlooked = [one.seq for one in units if one.disposition is None]
    if unlooked and not (at_once and case.want is not CustomerWant.EXCHANGE):
        raise CaseError(f"case {case.id}: unit {unlooked[0]}: nobody inspected it: money follows the disposition")
    if wish.goodwill < 0:
        raise CaseError(f"case {case.id}: goodwill: {wish.goodwill}: allowed is 0 and more")
    if not wish.by.strip():
        raise CaseError(f"case {case.id}: by: missing: say who decides")


def _accepted(
    db: sa.Connection, case: ServiceCase, units: Sequence[CaseUnit], mine: list[CaseUnit], wish: CaseSettlement
) -> list[CaseUnit]:
    """Units that are taken for ones that were sold: each for a unit of the case that did not come."""
    expected = expected_of(db, case.id)
    room = {(one.order, one.line): one.units - one.came for one in expected}
    lines_of: dict[str, list[tuple[str, int]]] = {}
    for line in expected:
        lines_of.setdefault(line.sku, []).append((line.order, line.line))
    found = [one for one in mine if one.seq not in wish.accepted]
    for one in units:
        if one.seq not in wish.accepted or one.credited:
            continue
        key = next((line for line in lines_of.get(one.sku, ()) if room[line] >= one.units), None)
        if key is None:
            raise CaseError(f"case {case.id}: unit {one.seq}: stands for nothing that is still awaited")
        room[key] -= one.units
        its = tables.units
        values = {"finding": str(UnitFinding.RIGHT), "order_id": key[0], "line": key[1]}
        db.execute(its.update().where(its.c.seq == one.seq).values(values))
        body: dict[str, str | int | list[str]] = {"unit": one.seq, "epc": one.epc}
        cases.note_case(db, case.id, wish.by, "accepted", one.at_us, body=body)
        found.append(replace(one, order=key[0], line=key[1], finding=UnitFinding.RIGHT))
    return found


def credit(
    db: sa.Connection,
    care: CareRules,
    case: ServiceCase,
    units: Sequence[CaseUnit],
    wish: CaseSettlement,
    at_us: int,
    told: list[OutboxTold],
) -> CaseSettled:
    """Books what units had cost and what is paid back, on the order of each."""
    first = CaseSettled()
    for name in sorted({one.order for one in units} | ({case.order} if wish.goodwill else set())):
        order = order_of(db, name)
        its = _settled_of(db, care, case, order, [one for one in units if one.order == name])
        goodwill = wish.goodwill if name == case.order else 0
        if goodwill > order.payment.paid - its.refund:
            raise CaseError(
                f"case {case.id}: goodwill: {goodwill}: at most {order.payment.paid - its.refund} is still paid"
            )
        _book(db, case, order, its, goodwill, wish.by, at_us, told)
        first = its
    _mark(db, units)
    return first


def _settled_of(
    db: sa.Connection,
    care: CareRules,
    case: ServiceCase,
    order: SalesOrder,
    units: Sequence[CaseUnit],
    instead: int = 0,
) -> CaseSettled:
    back = Counter[int]()
    for one in units:
        back[one.line] += one.units
    its = tables.units.c
    query = sa.select(its.line, sa.func.sum(its.units)).where(its.order_id == order.id, its.credited)
    before = {int(line): int(n) for line, n in db.execute(query.group_by(its.line))}
    policy = care.policy(case.policy)
    charged = policy.freight if policy is not None and case.freight == "customer" else 0
    booked = tables.money.c
    cause = f"case {case.id}"
    known = sa.select(booked.seq).where(booked.cause.startswith(cause + " "), booked.kind == str(MoneyKind.FREIGHT))
    if charged and db.execute(known).first() is not None:
        charged = 0  # one way back is paid once
    return settled(order, back, before, charged, instead)


def _book(
    db: sa.Connection,
    case: ServiceCase,
    order: SalesOrder,
    its: CaseSettled,
    goodwill: int,
    by: str,
    at_us: int,
    told: list[OutboxTold],
) -> None:
    cause, currency = f"case {case.id} {order.version}", order.payment.currency

    def row(kind: MoneyKind, amount: int, more: str = "") -> MoneyRow:
        return MoneyRow(
            order=order.id, kind=kind, amount=amount, currency=currency, cause=cause + more, by=by, at_us=at_us
        )

    rows = [
        row(MoneyKind.CREDIT, its.credit),
        row(MoneyKind.FREIGHT, -its.freight),
        row(MoneyKind.CREDIT, goodwill, " goodwill"),
        row(MoneyKind.MOVED, -its.moved),
        row(MoneyKind.REFUND, -(its.refund + goodwill)),
    ]
    ledger.settle_with(db, rows)
    body: dict[str, str | int | list[str]] = {
        "credit": its.credit + goodwill, "freight": its.freight, "refund": its.refund + goodwill, "moved": its.moved,
        "currency": currency,
    }  # fmt: skip
    cases.note_case(db, case.id, by, "money", at_us, body=body)
    if refund := its.refund + goodwill:
        paid: dict[str, str | int | list[str]] = {"amount": refund, "currency": currency}
        told.append(OutboxTold("order.refund.v1", order.id, paid))


def _mark(db: sa.Connection, units: Sequence[CaseUnit]) -> None:
    its = tables.units
    db.execute(its.update().where(its.c.seq.in_([one.seq for one in units])).values(credited=True))


def _exchange(
    db: sa.Connection,
    work: SaleWork,
    keys: Keys,
    care: CareRules,
    case: ServiceCase,
    units: Sequence[CaseUnit],
    wish: CaseSettlement,
    at_us: int,
    told: list[OutboxTold],
) -> ServiceCase:
    """A new order for other goods: what was paid for the ones that came is paid for it, the difference is open."""
    if not any(one.order == case.order for one in units) or not wish.instead:
        raise CaseError(f"case {case.id}: instead: say what is sent in exchange for units that came")
    order = order_of(db, case.order)
    person = sales.consignee_of(db, order.id)
    if person is None:
        raise CaseError(f"case {case.id}: who gets order {order.id} was erased")
    lines = tuple(replace(line, number=n) for n, line in enumerate(wish.instead, 1))
    total = sum(worth(line) for line in lines)
    units = [one for one in units if one.order == order.id]
    its = _settled_of(db, care, case, order, units, total)
    new = SalesOrder(
        id=f"{order.id[:180]}-x{case.id}",
        channel=order.channel,
        external=f"{order.external[:180]}-x{case.id}" if order.external else "",
        lines=lines,
        payment=Payment(kind=PaymentKind.PREPAID, currency=order.payment.currency, total=total, paid=its.moved),
        ordered_us=at_us,
        service=order.service,
    )
    draft = Draft(order=apportioned(new), consignee=person)
    case = cases.save_case(db, replace(case_of(db, case.id), linked=new.id))  # it is judged as one in exchange
    (taken,) = taking.take_untold(db, keys, [draft], at_us, work.first_stages, of=order.id)
    if taken.outcome is not SaleOutcome.NEW:
        raise CaseError(f"case {case.id}: order {new.id}: {taken.text or taken.outcome}")
    work.told += taking.told_of([taken])
    work.fresh({new.id: {"case": case.id}})
    _book(db, case, order, its, 0, wish.by, at_us, told)
    _mark(db, units)
    body: dict[str, str | int | list[str]] = {"order": new.id, "due": its.due, "moved": its.moved}
    cases.note_case(db, case.id, wish.by, "exchanged", at_us, body=body)
    return case
