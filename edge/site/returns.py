"""Goods that come back, in transactions: asked for, seen by the gate, inspected, settled with the customer.

Public names: ReturnAsked, AskedLine, Seen, SeenUnit, Settlement, ask, came, inspect, settle.

Each call is one transaction; said again, nothing changes. What is decided is `edge.orders.returns`; stock moves when a
unit was inspected, never by what was wished before. Raises CaseError.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from edge.intake.care import CareRules
from edge.orders import cases as rules
from edge.orders.cases import Case, CaseError, CaseKind, CaseState, CaseTurn, ContactChannel, UnknownCaseError, Want
from edge.orders.money import apportioned, worth
from edge.orders.returns import (
    Disposition,
    Expected,
    RefundWhen,
    ReturnLine,
    ReturnReason,
    ReturnVerdict,
    Settled,
    SoldUnit,
    UnitFinding,
    looked_at,
    policy_for,
    recognised,
    settled,
)
from edge.orders.review import ReviewRule
from edge.orders.sales import Draft, Payment, PaymentKind, SalesLine, SalesOrder
from edge.site import case_units, cases, dialect, ledger, outbox, sales, sold, taking
from edge.site.case_units import CaseUnit
from edge.site.connections import StoreConnections
from edge.site.dialect import Lock
from edge.site.ledger import MoneyKind, MoneyRow
from edge.site.outbox import OutboxTold
from edge.site.personal import Keys
from edge.site.sales import SaleWaiver
from edge.site.sales_work import SaleWork
from edge.site.tables import cases as tables
from edge.site.tables import stock as stock_tables
from edge.site.taking import SaleOutcome
from rfid.epc.identity import gtin_of

_KINDS = {Want.REFUND: CaseKind.RETURN, Want.EXCHANGE: CaseKind.EXCHANGE, Want.REPAIR: CaseKind.REPAIR}
_LIVE = (CaseState.OPEN, CaseState.PERSON, CaseState.AUTHORISED, CaseState.WAITING, CaseState.RECEIVED,
         CaseState.INSPECTED, CaseState.EXPIRED, CaseState.REFUSED)  # fmt: skip
_AWAITED = (CaseState.AUTHORISED, CaseState.WAITING, CaseState.RECEIVED, CaseState.INSPECTED)


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
    want: Want = Want.REFUND
    channel: ContactChannel = ContactChannel.SITE
    by: str = ""
    words: str = ""
    delivered_us: int = 0
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What lies at the returns gate. ``number``: of a return label that was scanned with it, empty = none was.

    ``skus``: units without a tag, by article. ``cause``: what says so, once.
    """

    cause: str
    epcs: tuple[str, ...] = ()
    skus: Mapping[str, int] = field(default_factory=dict)
    number: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class SeenUnit:
    """What a unit was recognised as, and in which case it is."""

    case: int
    unit: CaseUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What a person decides. ``instead``: articles that are sent in exchange, with their price; ``goodwill``: an amount
    that is paid back besides; ``accepted``: units that are taken although they are not what was sold.
    """

    want: Want | None = None
    instead: tuple[SalesLine, ...] = ()
    goodwill: int = 0
    accepted: tuple[int, ...] = ()
    by: str
    reason: str = ""


# ---- asked for -------------------------------------------------------------------------------------------------------


def ask(at: StoreConnections, care: CareRules, asked: ReturnAsked, at_us: int) -> Case:
    """Opens a return, an exchange or a repair, and authorises, refuses it or leaves it to a person, by the policy."""
    with at.writing() as db:
        dialect.lock(db, Lock.SALES)
        order = _order(db, asked.order or _order_of(db, asked.lines))
        cause = f"return {order.id} {asked.key}"
        known = db.execute(sa.select(tables.cases.c.id).where(tables.cases.c.cause == cause[:200])).scalar()
        if known is not None:
            return _case(db, int(known))
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
) -> tuple[Case, list[OutboxTold]]:
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
    case = replace(_case(db, number), team=team, first_due_us=first_us)
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
    return name, looked_at(lines, policy, until, at_us, repair=asked.want is Want.REPAIR)


def decide(
    db: sa.Connection, care: CareRules, case: Case, found: tuple[str, ReturnVerdict], by: str, at_us: int
) -> Case:
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


def labelled(db: sa.Connection, care: CareRules, case: Case, by: str, at_us: int) -> Case:
    """A case that is authorised gets the number of its return label; goods are awaited from now on."""
    number = f"R{case.id:08d}"
    cases.note_case(db, case.id, by, "labelled", at_us, body={"number": number})
    case = replace(case, number=number, goods_by_us=care.goods_by_us(case.policy, at_us))
    return cases.save_case(db, rules.case_moved(case, CaseTurn.LABELLED, at_us))


# ---- seen ------------------------------------------------------------------------------------------------------------


def came(at: StoreConnections, care: CareRules, seen: Seen, at_us: int) -> list[SeenUnit]:
    """What lies at the gate is recognised, and received in the case that awaits it, or in one of its own."""
    with at.writing() as db:
        dialect.lock(db, Lock.SALES)
        gate = _Gate(db, care, seen, at_us)
        found = gate.work()
        outbox.append(db, gate.told, at_us)
        return found


class _Gate:
    """One look at what lies there."""

    def __init__(self, db: sa.Connection, care: CareRules, seen: Seen, at_us: int) -> None:
        self._db, self._care, self._seen, self._at_us = db, care, seen, at_us
        self.told: list[OutboxTold] = []
        self._sold = sold.sold_units(db, seen.epcs)
        self._skus = _skus_of(db, {gtin for epc in seen.epcs if (gtin := gtin_of(epc))})
        self._moved: set[int] = set()

    def work(self) -> list[SeenUnit]:
        seen = self._seen
        named = self._named()
        found: list[SeenUnit] = []
        asked = [(epc, "", 1) for epc in dict.fromkeys(seen.epcs)]
        asked += [("", sku, n) for sku, n in seen.skus.items() if n > 0]
        for epc, sku, count in sorted(asked, key=lambda one: one[0] not in self._sold):  # what is known says whose
            if (before := self._before(epc, named)) is not None:
                found.append(before)
                continue
            gtin = (gtin_of(epc) if epc else "") or ""
            sku = sku or self._skus.get(gtin, "")
            case = named or self._case_for(epc, gtin, sku)
            if case is None:
                case = self._unannounced(epc, sku)
            if not epc and self._known(case.id, sku):
                continue
            for finding, of, n in self._recognised(case, epc, gtin, sku, count):
                left = self._sold.get(epc)
                whose = (*of, left.fulfilment if left is not None else "")
                unit = case_units.receive(
                    self._db, case, (epc, sku, n), finding, whose, self._care.care.bin, seen.by, self._at_us
                )
                found.append(SeenUnit(case.id, unit))
                self._note(case, unit)
        for number in sorted(self._moved):
            _received(self._db, self._care, number, seen.by, self._at_us, self.told)
        return found

    def _named(self) -> Case | None:
        if not self._seen.number:
            return None
        of = tables.cases.c.number == self._seen.number
        if (found := next(iter(cases.cases_where(self._db, of)), None)) is None:
            raise CaseError(f"return {self._seen.number}: there is no such label")
        return found

    def _before(self, epc: str, named: Case | None) -> SeenUnit | None:
        """The same unit, seen already and not gone since."""
        if not epc or epc in self._sold:
            return None
        its = tables.units.c
        query = sa.select(its.case).where(its.epc == epc, its.disposition == "").order_by(its.seq.desc())
        if named is not None:
            gone = its.disposition != str(Disposition.BACK)
            query = sa.select(its.case).where(its.epc == epc, its.case == named.id, gone).order_by(its.seq.desc())
        number = self._db.execute(query).scalar()
        if number is None:
            return None
        mine = [one for one in case_units.units_of(self._db, number) if one.epc == epc]
        return SeenUnit(number, mine[-1])

    def _case_for(self, epc: str, gtin: str, sku: str) -> Case | None:
        """The case that awaits a unit: of the order that it left with, or else the only one that awaits such."""
        its, line = tables.cases.c, tables.lines.c
        mine = self._sold.get(epc)
        if mine is not None:
            of = sa.and_(its.order_id == mine.order, its.state.in_([str(one) for one in _LIVE]))
            about = sa.select(line.case).where(line.order_id == mine.order, line.line == mine.line)
            found = cases.cases_where(self._db, sa.and_(of, its.id.in_(about)))
            found.sort(key=lambda one: (not self._wants(one, gtin, sku), one.state not in _AWAITED))
            if found:
                return found[0]
        alike = sa.or_(sa.and_(line.gtin == gtin, line.gtin != ""), sa.and_(line.sku == sku, line.sku != ""))
        about = sa.select(line.case).where(alike)
        awaited = sa.and_(its.state.in_([str(one) for one in _AWAITED]), its.id.in_(about))
        found = [one for one in cases.cases_where(self._db, awaited, 50) if self._wants(one, gtin, sku)]
        beside = [one for one in found if one.id in self._moved]
        if len(beside or found) == 1:
            return (beside or found)[0]
        if mine is None and len(self._moved) == 1:  # it lies with what is another's
            return _case(self._db, min(self._moved))
        return None

    def _wants(self, case: Case, gtin: str, sku: str) -> bool:
        return any(
            one.came < one.units and ((gtin and one.gtin == gtin) or (sku and one.sku == sku))
            for one in self._expected(case)
        )

    def _unannounced(self, epc: str, sku: str) -> Case:
        """A case of its own for what nobody asked to send back."""
        mine = self._sold.get(epc)
        order = mine.order if mine is not None else ""
        cause = f"gate {self._seen.cause} {order or epc or sku}"[:200]
        reason = str(ReturnReason.NOT_ASKED)
        team = self._care.team_of(CaseKind.RETURN, reason)
        first_us, due_us = self._care.due_us(team, CaseKind.RETURN, reason, 0, self._at_us)
        number = cases.open_case(
            self._db,
            kind=CaseKind.RETURN,
            class_=reason,
            cause=cause,
            order=order,
            reason=reason,
            at_us=self._at_us,
            owner=team,
            due_us=due_us,
            want=Want.REFUND if order else None,
            by=self._seen.by,
        )
        case = replace(_case(self._db, number), team=team, first_due_us=first_us)
        if order:
            of = sales.find(self._db, [order])[order]
            person = sales.consignee_of(self._db, order)
            policy = policy_for(self._care.policies, of.channel, person.country if person else "", [sku])
            case = replace(case, policy=policy.name if policy else "", freight=str(policy.pays) if policy else "")
        self._db.execute(tables.cases.update().where(tables.cases.c.id == number).values(told=True))
        body: dict[str, str | int | list[str]] = {"case": number, "kind": "return", "class": reason, "order": order}
        self.told.append(OutboxTold("case.opened.v1", f"case-{number}", body))
        case = cases.save_case(self._db, case)
        for one in self._sold.values():
            if one.order == order and order:
                self._announce(case, one)
        return case

    def _announce(self, case: Case, unit: SoldUnit) -> None:
        """Units of an order that came by themselves are what its case is about, a line for each line."""
        count = sum((one.order, one.line) == (unit.order, unit.line) for one in self._sold.values())
        if any(one.line == unit.line for one in case_units.lines_of(self._db, [case.id])):
            return
        line = next(one for one in sales.find(self._db, [unit.order])[unit.order].lines if one.number == unit.line)
        its = ReturnLine(
            order=unit.order,
            line=unit.line,
            sku=line.sku,
            gtin=line.gtin,
            units=count,
            reason=ReturnReason.NOT_ASKED,
        )
        case_units.add_lines(self._db, case.id, [its])

    def _expected(self, case: Case) -> list[Expected]:
        return expected_of(self._db, case.id)

    def _recognised(
        self, case: Case, epc: str, gtin: str, sku: str, count: int
    ) -> list[tuple[UnitFinding, tuple[str, int], int]]:
        """What so many units are, with order and line: those without a tag may be right only in part."""
        expected = self._expected(case)
        mine = self._sold.get(epc)
        finding, line = recognised(epc, gtin, sku, mine, expected)
        if finding is UnitFinding.SWAPPED and mine is not None:
            return [(finding, (mine.order, mine.line), count)]
        of = (line.order, line.line) if line is not None else (mine.order, mine.line) if mine else ("", 0)
        if epc or finding is not UnitFinding.RIGHT or line is None:
            return [(finding, of if finding is not UnitFinding.SWAPPED else ("", 0), count)]
        right = min(count, line.units - line.came)
        parts = [(UnitFinding.RIGHT, of, right)]
        return [*parts, (UnitFinding.SURPLUS, of, count - right)] if count > right else parts

    def _known(self, case: int, sku: str) -> bool:
        """Whether untagged units of a cause were received already."""
        return any(
            note.what == "came" and note.body.get("cause") == self._seen.cause and note.body.get("sku") == sku
            for note in cases.notes_of(self._db, [case]).get(case, ())
        )

    def _note(self, case: Case, unit: CaseUnit) -> None:
        body: dict[str, str | int | list[str]] = {
            "cause": self._seen.cause, "finding": str(unit.finding), "epc": unit.epc, "sku": unit.sku,
            "units": unit.units, "unit": unit.seq,
        }  # fmt: skip
        cases.note_case(self._db, case.id, self._seen.by, "came", self._at_us, body=body)
        self._moved.add(case.id)


def expected_of(db: sa.Connection, case: int) -> list[Expected]:
    """What a case still awaits, by its lines. Never more than left the house and is not back."""
    lines = case_units.lines_of(db, [case])
    here = Counter[tuple[str, int]]()
    for order in {one.order for one in lines}:
        here.update({(order, line): n for line, n in sold.came_of(db, order, case).items()})
    tags = {order: sold.tags_of(db, order) for order in {one.order for one in lines}}
    left = {order: sold.left_of(db, order, case) for order in tags}
    found = []
    for one in lines:
        key = (one.order, one.line)
        mine = min(one.units, here[key])
        here[key] -= mine
        units = min(one.units, mine + left[one.order].get(one.line, 0))
        sold_tags = tags[one.order].get(one.line, frozenset())
        found.append(
            Expected(
                order=one.order,
                line=one.line,
                sku=one.sku,
                gtin=one.gtin or next((gtin for epc in sold_tags if (gtin := gtin_of(epc))), ""),
                units=units,
                came=mine,
                epc=one.epc,
                sold=sold_tags,
            )
        )
    return found


def _received(db: sa.Connection, care: CareRules, number: int, by: str, at_us: int, told: list[OutboxTold]) -> None:
    case = _case(db, number)
    if case.state is not CaseState.RECEIVED:
        case = cases.save_case(db, rules.case_moved(case, CaseTurn.CAME, at_us))
    units = case_units.units_of(db, number)
    body: dict[str, str | int | list[str]] = {
        "case": number, "order": case.order, "findings": sorted({str(one.finding) for one in units})
    }  # fmt: skip
    told.append(OutboxTold("case.received.v1", f"case-{number}", body))
    policy = care.policy(case.policy)
    whole = all(one.came >= one.units for one in expected_of(db, number))
    if (
        case.kind is CaseKind.RETURN
        and policy is not None
        and policy.refund is RefundWhen.RECEIVED
        and policy.automatic
        and whole
        and case_units.lines_of(db, [number])[0].reason != ReturnReason.NOT_ASKED
        and all(one.finding is UnitFinding.RIGHT for one in units)
    ):
        _credit(db, care, case, [one for one in units if not one.credited], Settlement(by=by or "policy"), at_us, told)


# ---- inspected -------------------------------------------------------------------------------------------------------


def inspect(
    at: StoreConnections, number: int, seq: int, to: Disposition, code: str, by: str, at_us: int, place: str = ""
) -> Case:
    """A unit of a case was looked at; the case is inspected when each was. Said again, nothing changes."""
    with at.writing() as db:
        dialect.lock(db, Lock.SALES)
        case = _case(db, number)
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
        told = [OutboxTold("case.inspected.v1", f"case-{number}", {"case": number, "disposition": str(to)})]
        outbox.append(db, told, at_us)
        return case


# ---- settled ---------------------------------------------------------------------------------------------------------


def settle(
    at: StoreConnections,
    care: CareRules,
    work: Callable[[sa.Connection, int], SaleWork],
    keys: Keys,
    number: int,
    wish: Settlement,
    at_us: int,
) -> Case:
    """Resolves a case: what came is credited, and paid back, or moved to an order that is sent in exchange.

    ``work``: what becomes of orders in a transaction.
    """
    with at.writing() as db:
        done = work(db, at_us)
        case = _case(db, number)
        if case.state is CaseState.RESOLVED:
            return case
        told: list[OutboxTold] = []
        units = case_units.units_of(db, number)
        if case.kind in (CaseKind.RETURN, CaseKind.EXCHANGE, CaseKind.REPAIR) and not units and not wish.goodwill:
            raise CaseError(f"case {number}: nothing of it came yet")
        _check_settled(care, case, units, wish)
        want = wish.want or case.want
        mine = [] if want is Want.REPAIR else [one for one in units if _counts(one, wish) and not one.credited]
        if wish.accepted:
            mine = _accepted(db, case, units, mine, wish)
        if want is Want.EXCHANGE:
            case = _exchange(db, done, keys, care, case, mine, wish, at_us, told)
        elif mine or wish.goodwill:
            _credit(db, care, case, mine, wish, at_us, told)
        body: dict[str, str | int | list[str]] = {"want": str(want or ""), "reason": wish.reason}
        cases.note_case(db, number, wish.by, "resolved", at_us, body=body)
        case = rules.case_moved(_case(db, number), CaseTurn.RESOLVED, at_us)
        case = cases.save_case(db, replace(case, first_us=case.first_us or at_us))
        resolved: dict[str, str | int | list[str]] = {"case": number, "kind": str(case.kind), "order": case.order}
        done.told += [*told, OutboxTold("case.resolved.v1", f"case-{number}", resolved)]
        done.finish()
        return case


def _counts(unit: CaseUnit, wish: Settlement) -> bool:
    accepted = unit.seq in wish.accepted
    return (unit.finding is UnitFinding.RIGHT or accepted) and unit.disposition is not Disposition.BACK


def _check_settled(care: CareRules, case: Case, units: Sequence[CaseUnit], wish: Settlement) -> None:
    policy = care.policy(case.policy)
    at_once = policy is not None and policy.refund is RefundWhen.RECEIVED and wish.want is not Want.EXCHANGE
    unlooked = [one.seq for one in units if one.disposition is None]
    if unlooked and not (at_once and case.want is not Want.EXCHANGE):
        raise CaseError(f"case {case.id}: unit {unlooked[0]}: nobody inspected it: money follows the disposition")
    if wish.goodwill < 0:
        raise CaseError(f"case {case.id}: goodwill: {wish.goodwill}: allowed is 0 and more")
    if not wish.by.strip():
        raise CaseError(f"case {case.id}: by: missing: say who decides")


def _accepted(
    db: sa.Connection, case: Case, units: Sequence[CaseUnit], mine: list[CaseUnit], wish: Settlement
) -> list[CaseUnit]:
    """Units that are taken for ones that were sold: each for a unit of the case that did not come."""
    expected = expected_of(db, case.id)
    room = {(one.order, one.line): one.units - one.came for one in expected}
    line_of = {one.sku: (one.order, one.line) for one in expected}
    found = [one for one in mine if one.seq not in wish.accepted]
    for one in units:
        if one.seq not in wish.accepted or one.credited:
            continue
        key = line_of.get(one.sku, ("", 0))
        if room.get(key, 0) < one.units:
            raise CaseError(f"case {case.id}: unit {one.seq}: stands for nothing that is still awaited")
        room[key] -= one.units
        its = tables.units
        values = {"finding": str(UnitFinding.RIGHT), "order_id": key[0], "line": key[1]}
        db.execute(its.update().where(its.c.seq == one.seq).values(values))
        body: dict[str, str | int | list[str]] = {"unit": one.seq, "epc": one.epc}
        cases.note_case(db, case.id, wish.by, "accepted", one.at_us, body=body)
        found.append(replace(one, order=key[0], line=key[1], finding=UnitFinding.RIGHT))
    return found


def _credit(
    db: sa.Connection,
    care: CareRules,
    case: Case,
    units: Sequence[CaseUnit],
    wish: Settlement,
    at_us: int,
    told: list[OutboxTold],
) -> Settled:
    """Books what units had cost and what is paid back, on the order of each."""
    first = Settled()
    for name in sorted({one.order for one in units} | ({case.order} if wish.goodwill else set())):
        order = _order(db, name)
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
    db: sa.Connection, care: CareRules, case: Case, order: SalesOrder, units: Sequence[CaseUnit], instead: int = 0
) -> Settled:
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
    case: Case,
    order: SalesOrder,
    its: Settled,
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
    case: Case,
    units: Sequence[CaseUnit],
    wish: Settlement,
    at_us: int,
    told: list[OutboxTold],
) -> Case:
    """A new order for other goods: what was paid for the ones that came is paid for it, the difference is open."""
    if not any(one.order == case.order for one in units) or not wish.instead:
        raise CaseError(f"case {case.id}: instead: say what is sent in exchange for units that came")
    order = _order(db, case.order)
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
    (taken,) = taking.take_untold(db, keys, [draft], at_us, work.first_stages, of=order.id)
    if taken.outcome is not SaleOutcome.NEW:
        raise CaseError(f"case {case.id}: order {new.id}: {taken.text or taken.outcome}")
    work.told += taking.told_of([taken])
    work.fresh({new.id: {"case": case.id}})
    alike = [one for one in sales.findings_of(db, [new.id]).get(new.id, []) if one.code == ReviewRule.DUPLICATE]
    if alike:
        reason = f"in exchange, case {case.id}"
        its_waivers = [
            SaleWaiver(code=one.code, where=one.where, value=one.value, by=wish.by, reason=reason, at_us=at_us)
            for one in alike
        ]
        sales.waive(db, new.id, its_waivers)
        work.judge([new.id])
    _book(db, case, order, its, 0, wish.by, at_us, told)
    _mark(db, units)
    body: dict[str, str | int | list[str]] = {"order": new.id, "due": its.due, "moved": its.moved}
    cases.note_case(db, case.id, wish.by, "exchanged", at_us, body=body)
    return cases.save_case(db, replace(_case(db, case.id), linked=new.id))


# ---- within ----------------------------------------------------------------------------------------------------------


def _case(db: sa.Connection, number: int) -> Case:
    found = cases.find_case(db, number)
    if found is None:
        raise UnknownCaseError(f"case {number}: there is none")
    return found


def _order(db: sa.Connection, name: str) -> SalesOrder:
    found = sales.find(db, [name]).get(name)
    if found is None:
        raise CaseError(f"order {name}: there is none")
    return found


def _skus_of(db: sa.Connection, gtins: set[str]) -> dict[str, str]:
    its = stock_tables.gtins.c
    query = sa.select(its.gtin, its.sku).where(dialect.among(db, its.gtin, gtins), its.units == 1)
    return {str(gtin): str(sku) for gtin, sku in db.execute(query)}
