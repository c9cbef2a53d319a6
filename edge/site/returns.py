"""Returns, exchanges and repairs asked for, in transactions: authorised, refused, or left to a person by the policy.

Public names: ReturnAsked, AskedLine, ask, labelled.

Each call is one transaction; said again, nothing changes. What is decided is `edge.orders.returns`. Raises CaseError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from edge.intake.care import CareRules
from edge.orders import cases as rules
from edge.orders.cases import (
    CaseError,
    CaseKind,
    CaseTurn,
    ContactChannel,
    CustomerWant,
    ServiceCase,
)
from edge.orders.returns import (
    ReturnLine,
    ReturnReason,
    ReturnVerdict,
    looked_at,
    policy_for,
)
from edge.orders.sales import SalesOrder
from edge.site import case_units, cases, dialect, outbox, sales, sold
from edge.site.case_units import order_of
from edge.site.cases import case_of
from edge.site.connections import StoreConnections
from edge.site.dialect import Lock
from edge.site.outbox import OutboxTold
from edge.site.tables import cases as tables

_KINDS = {
    CustomerWant.REFUND: CaseKind.RETURN,
    CustomerWant.EXCHANGE: CaseKind.EXCHANGE,
    CustomerWant.REPAIR: CaseKind.REPAIR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedLine:
    """Units of a line that shall come back. ``line`` 0: of the line that the EPC left with."""

    line: int = 0
    units: int = 1
    epc: str = ""
    reason: ReturnReason = ReturnReason.CHANGED_MIND
    condition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnAsked:
    """A request. ``order``: empty = the one that the first item left with. ``key``: the same one is asked once;
    ``delivered_us``: when its parcel was, 0 = as is known.

    ``words``: the customer's, may be personal.
    """

    order: str
    lines: tuple[AskedLine, ...]
    key: str
    want: CustomerWant = CustomerWant.REFUND
    channel: ContactChannel = ContactChannel.SITE
    by: str = ""
    words: str = ""
    delivered_us: int = 0
    priority: int = 0


def ask(at: StoreConnections, care: CareRules, asked: ReturnAsked, at_us: int) -> ServiceCase:
    """Opens a return, an exchange or a repair, and authorises, refuses it or leaves it to a person, by the policy."""
    with at.writing() as db:
        dialect.lock(db, Lock.SALES)
        order = order_of(db, asked.order or _order_of(db, asked.lines))
        cause = f"return {order.id} {asked.key}"
        known = db.execute(sa.select(tables.cases.c.id).where(tables.cases.c.cause == cause[:200])).scalar()
        if known is not None:
            return case_of(db, int(known))
        lines = _wanted(db, order, asked.lines)
        case, told = _opened(db, care, order, lines, asked, cause[:200], at_us)
        verdict = _verdict(db, care, order, lines, asked, at_us)
        case = decide(db, care, case, verdict, asked.by, at_us)
        outbox.append(db, told, at_us)
        return case


def _order_of(db: sa.Connection, lines: Sequence[AskedLine]) -> str:
    """The order that the first item left with."""
    epcs = [one.epc for one in lines if one.epc]
    found = sold.sold_units(db, epcs[:1])
    if not found:
        raise CaseError(f"order: missing: {epcs[0] if epcs else 'no item is named'}: nobody knows whose it is")
    return found[epcs[0]].order


def _wanted(db: sa.Connection, order: SalesOrder, asked: Sequence[AskedLine]) -> list[ReturnLine]:
    left, tags = sold.left_of(db, order.id), sold.tags_of(db, order.id)
    lines = {line.number: line for line in order.lines}
    found = []
    for one in asked:
        number = one.line or next((line for line, epcs in tags.items() if one.epc and one.epc in epcs), 0)
        line = lines.get(number)
        if line is None:
            raise CaseError(f"order {order.id}: line {one.line or one.epc}: nothing of it left with this order")
        if one.epc and number in tags and one.epc not in tags[number]:
            raise CaseError(f"order {order.id}: {one.epc} did not leave with line {number}")
        if not 1 <= one.units <= line.quantity:
            raise CaseError(f"order {order.id}: line {number}: {one.units} units: it has {line.quantity}")
        found.append(
            ReturnLine(
                order=order.id,
                line=number,
                sku=line.sku,
                gtin=line.gtin,
                units=one.units,
                reason=one.reason,
                epc=one.epc,
                condition=one.condition,
                left=left.get(number, 0),
            )
        )
        left[number] = left.get(number, 0) - one.units
    if not found:
        raise CaseError(f"order {order.id}: lines: missing: say what comes back")
    return found


def _opened(
    db: sa.Connection,
    care: CareRules,
    order: SalesOrder,
    lines: Sequence[ReturnLine],
    asked: ReturnAsked,
    cause: str,
    at_us: int,
) -> tuple[ServiceCase, list[OutboxTold]]:
    kind, class_ = _KINDS[asked.want], str(lines[0].reason)
    team = care.team_of(kind, class_)
    first_us, due_us = care.due_us(team, kind, class_, asked.priority, at_us)
    number = cases.open_case(
        db,
        kind=kind,
        class_=class_,
        cause=cause,
        order=order.id,
        items=[one.epc for one in lines if one.epc],
        reason=class_,
        at_us=at_us,
        owner=team,
        due_us=due_us,
        want=asked.want,
        channel=asked.channel,
        priority=asked.priority,
        by=asked.by,
    )
    case_units.add_lines(db, number, lines)
    if asked.words:
        cases.note_case(db, number, asked.by, "words", at_us, text=asked.words)
    case = replace(case_of(db, number), team=team, first_due_us=first_us)
    db.execute(tables.cases.update().where(tables.cases.c.id == number).values(told=True))
    body: dict[str, str | int | list[str]] = {"case": number, "kind": str(kind), "class": class_, "order": order.id}
    return cases.save_case(db, case), [OutboxTold("case.opened.v1", f"case-{number}", body)]


def _verdict(
    db: sa.Connection,
    care: CareRules,
    order: SalesOrder,
    lines: Sequence[ReturnLine],
    asked: ReturnAsked,
    at_us: int,
) -> tuple[str, ReturnVerdict]:
    """(policy, what it says)."""
    person = sales.consignee_of(db, order.id)
    country = person.country if person is not None else ""
    policy = policy_for(care.policies, order.channel, country, [one.sku for one in lines])
    name = policy.name if policy else ""
    fulfilments = {one.fulfilment for one in sales.linked(db, orders=[order.id])}
    departed = sold.departed_us(db, fulfilments)
    delivered = asked.delivered_us or sold.delivered_us(db, order.id)
    until = care.window_us(name, delivered, departed) if name else 0
    return name, looked_at(lines, policy, until, at_us, repair=asked.want is CustomerWant.REPAIR)


def decide(
    db: sa.Connection, care: CareRules, case: ServiceCase, found: tuple[str, ReturnVerdict], by: str, at_us: int
) -> ServiceCase:
    """What a policy's word makes of a case that is open."""
    policy, verdict = found
    case = replace(case, policy=policy, freight=str(verdict.pays))
    body: dict[str, str | int | list[str]] = {"policy": policy}
    if verdict.refused:
        cases.note_case(db, case.id, by, "refused", at_us, body=body | {"codes": [*verdict.refused]})
        return cases.save_case(db, rules.case_moved(case, CaseTurn.REFUSED, at_us))
    if verdict.ask:
        cases.note_case(db, case.id, by, "asked", at_us, body=body | {"codes": [*verdict.ask]})
        return cases.save_case(db, rules.case_moved(case, CaseTurn.ASKED, at_us))
    cases.note_case(db, case.id, by, "authorised", at_us, body=body)
    return labelled(db, care, rules.case_moved(case, CaseTurn.AUTHORISED, at_us), by, at_us)


def labelled(db: sa.Connection, care: CareRules, case: ServiceCase, by: str, at_us: int) -> ServiceCase:
    """A case that is authorised gets the number of its return label; goods are awaited from now on.

    Nobody can do anything until they come: it is due when they are.
    """
    number = f"R{case.id:08d}"
    cases.note_case(db, case.id, by, "labelled", at_us, body={"number": number})
    goods_by_us = care.goods_by_us(case.policy, at_us)
    case = replace(case, number=number, goods_by_us=goods_by_us, due_us=goods_by_us)
    return cases.save_case(db, rules.case_moved(case, CaseTurn.LABELLED, at_us))
