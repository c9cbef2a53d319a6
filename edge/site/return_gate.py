"""The returns gate in transactions: what lies there is recognised, and received in the case that awaits it.

Public names: GateSeen, SeenUnit, came.

Each call is one transaction; said again, nothing changes. What is decided is `edge.orders.returns`. Raises CaseError.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

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
from edge.orders.returns import (
    AwaitedUnits,
    Disposition,
    RefundWhen,
    ReturnLine,
    ReturnReason,
    SoldUnit,
    UnitFinding,
    policy_for,
    recognised,
)
from edge.site import case_units, cases, dialect, outbox, sales, sold
from edge.site.awaited import expected_of
from edge.site.case_units import CaseUnit
from edge.site.cases import case_of
from edge.site.connections import StoreConnections
from edge.site.dialect import Lock
from edge.site.outbox import OutboxTold
from edge.site.settling import CaseSettlement, credit
from edge.site.tables import cases as tables
from edge.site.tables import stock as stock_tables
from rfid.epc.identity import gtin_of

_LIVE = (CaseState.OPEN, CaseState.PERSON, CaseState.AUTHORISED, CaseState.WAITING, CaseState.RECEIVED,
         CaseState.INSPECTED, CaseState.EXPIRED, CaseState.REFUSED)  # fmt: skip
_AWAITED = (CaseState.AUTHORISED, CaseState.WAITING, CaseState.RECEIVED, CaseState.INSPECTED)

_AGAIN_US = 86_400_000_000
"""Within a day somebody says again that units without a tag came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSeen:
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


def came(at: StoreConnections, care: CareRules, seen: GateSeen, at_us: int) -> list[SeenUnit]:
    """What lies at the gate is recognised, and received in the case that awaits it, or in one of its own."""
    with at.writing() as db:
        dialect.lock(db, Lock.SALES)
        gate = _Gate(db, care, seen, at_us)
        found = gate.work()
        outbox.append(db, gate.told, at_us)
        return found


class _Gate:
    """One look at what lies there."""

    def __init__(self, db: sa.Connection, care: CareRules, seen: GateSeen, at_us: int) -> None:
        self._db, self._care, self._seen, self._at_us = db, care, seen, at_us
        self.told: list[OutboxTold] = []
        self._sold = sold.sold_units(db, seen.epcs)
        self._skus = _skus_of(db, {gtin for epc in seen.epcs if (gtin := gtin_of(epc))})
        self._moved: dict[int, list[str]] = {}

    def work(self) -> list[SeenUnit]:
        seen = self._seen
        named = self._named()
        found: list[SeenUnit] = []
        asked = [(epc, "", 1) for epc in dict.fromkeys(seen.epcs)]
        asked += [("", sku, n) for sku, n in seen.skus.items() if n > 0]
        for epc, sku, count in sorted(asked, key=lambda one: one[0] not in self._sold):  # what is known says whose
            if told := self._told_before(epc, sku):
                found += told
                continue
            if (before := self._before(epc, named)) is not None:
                found.append(before)
                continue
            gtin = (gtin_of(epc) if epc else "") or ""
            sku = sku or self._skus.get(gtin, "")
            case = named or self._case_for(epc, gtin, sku)
            if case is None:
                case = self._unannounced(epc, sku)
            for finding, of, n in self._recognised(case, epc, gtin, sku, count):
                left = self._sold.get(epc)
                whose = (*of, left.fulfilment if left is not None else "")
                unit = case_units.receive(
                    self._db, case, (epc, sku, n), finding, whose, self._care.care.bin, seen.by, self._at_us
                )
                found.append(SeenUnit(case.id, unit))
                self._note(case, unit)
        for number in sorted(self._moved):
            _received(self._db, self._care, number, self._moved[number], seen.by, self._at_us, self.told)
        return found

    def _named(self) -> ServiceCase | None:
        if not self._seen.number:
            return None
        of = tables.cases.c.number == self._seen.number
        if (found := next(iter(cases.cases_where(self._db, of)), None)) is None:
            raise CaseError(f"return {self._seen.number}: there is no such label")
        return found

    def _told_before(self, epc: str, sku: str) -> list[SeenUnit]:
        """What came of the same by this very cause, whatever became of it since: somebody did not hear our answer."""
        its = tables.units.c
        lately = sa.and_(its.epc == "", its.sku == sku, its.at_us > self._at_us - _AGAIN_US)
        query = sa.select(its.case).where(its.epc == epc if epc else lately).distinct()
        found: list[SeenUnit] = []
        for number, notes in cases.notes_of(self._db, self._db.execute(query).scalars()).items():
            mine = [one.body for one in notes if one.what == "came" and one.body.get("cause") == self._seen.cause]
            seqs = {one["unit"] for one in mine if one.get("epc") == epc and (epc or one.get("sku") == sku)}
            found += [SeenUnit(number, one) for one in case_units.units_of(self._db, number) if one.seq in seqs]
        return found

    def _before(self, epc: str, named: ServiceCase | None) -> SeenUnit | None:
        """The same unit, seen already and not gone since."""
        if not epc or epc in self._sold:
            return None
        its = tables.units.c
        query = sa.select(its.case, its.disposition).where(its.epc == epc).order_by(its.seq.desc()).limit(1)
        gone = {Disposition.BACK, Disposition.RESTOCK}  # what is stock again may have been sold where no tag is read
        if named is not None:
            query, gone = query.where(its.case == named.id), {Disposition.BACK}
        last = self._db.execute(query).first()
        number = None if last is None or last.disposition in gone else last.case
        if number is None:
            return None
        mine = [one for one in case_units.units_of(self._db, number) if one.epc == epc]
        return SeenUnit(number, mine[-1])

    def _case_for(self, epc: str, gtin: str, sku: str) -> ServiceCase | None:
        """The case that awaits a unit: of the order that it left with; only where nobody knows that, the one case that
        awaits such. None = it gets one of its own: what is known to be somebody's is no other customer's.
        """
        its, line = tables.cases.c, tables.lines.c
        mine = self._sold.get(epc)
        if mine is not None:
            of = sa.and_(its.order_id == mine.order, its.state.in_([str(one) for one in _LIVE]))
            about = sa.select(line.case).where(line.order_id == mine.order, line.line == mine.line)
            found = cases.cases_where(self._db, sa.and_(of, its.id.in_(about)))
            found.sort(key=lambda one: (not self._wants(one, gtin, sku), one.state not in _AWAITED))
            return found[0] if found else None
        alike = sa.or_(sa.and_(line.gtin == gtin, line.gtin != ""), sa.and_(line.sku == sku, line.sku != ""))
        about = sa.select(line.case).where(alike)
        awaited = sa.and_(its.state.in_([str(one) for one in _AWAITED]), its.id.in_(about))
        found = [one for one in cases.cases_where(self._db, awaited, 50) if self._wants(one, gtin, sku)]
        beside = [one for one in found if one.id in self._moved]
        if len(beside or found) == 1:
            return (beside or found)[0]
        if len(self._moved) == 1:  # it lies with what is another's
            return case_of(self._db, min(self._moved))
        return None

    def _wants(self, case: ServiceCase, gtin: str, sku: str) -> bool:
        return any(
            one.came < one.units and ((gtin and one.gtin == gtin) or (sku and one.sku == sku))
            for one in self._expected(case)
        )

    def _unannounced(self, epc: str, sku: str) -> ServiceCase:
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
            want=CustomerWant.REFUND if order else None,
            by=self._seen.by,
        )
        case = replace(case_of(self._db, number), team=team, first_due_us=first_us)
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

    def _announce(self, case: ServiceCase, unit: SoldUnit) -> None:
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

    def _expected(self, case: ServiceCase) -> list[AwaitedUnits]:
        return expected_of(self._db, case.id)

    def _recognised(
        self, case: ServiceCase, epc: str, gtin: str, sku: str, count: int
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

    def _note(self, case: ServiceCase, unit: CaseUnit) -> None:
        body: dict[str, str | int | list[str]] = {
            "cause": self._seen.cause, "finding": str(unit.finding), "epc": unit.epc, "sku": unit.sku,
            "units": unit.units, "unit": unit.seq,
        }  # fmt: skip
        cases.note_case(self._db, case.id, self._seen.by, "came", self._at_us, body=body)
        self._moved.setdefault(case.id, []).extend([unit.epc] if unit.epc else [])


def _received(
    db: sa.Connection, care: CareRules, number: int, epcs: list[str], by: str, at_us: int, told: list[OutboxTold]
) -> None:
    case = case_of(db, number)
    if case.state is not CaseState.RECEIVED:
        _, due_us = care.due_us(case.team, case.kind, case.class_, case.priority, at_us)
        case = replace(case, due_us=due_us, overdue_us=0, escalations=0)  # now it is somebody's to inspect
        case = cases.save_case(db, rules.case_moved(case, CaseTurn.CAME, at_us))
    units = case_units.units_of(db, number)
    body: dict[str, str | int | list[str]] = {
        "case": number, "order": case.order, "findings": sorted({str(one.finding) for one in units}), "epcs": epcs,
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
        credit(
            db, care, case, [one for one in units if not one.credited], CaseSettlement(by=by or "policy"), at_us, told
        )


def _skus_of(db: sa.Connection, gtins: set[str]) -> dict[str, str]:
    its = stock_tables.gtins.c
    query = sa.select(its.gtin, its.sku).where(dialect.among(db, its.gtin, gtins), its.units == 1)
    return {str(gtin): str(sku) for gtin, sku in db.execute(query)}
