"""What the site does for its cases by itself: told, dated by calendars, expired, overdue, escalated, closed; the gate.

Public names: care_duties, look_after, watch_gate.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import sqlalchemy as sa

from edge.core.events import PassageSeen
from edge.core.values.verdicts import Stage
from edge.intake.care import CareRules
from edge.journal.record import Record
from edge.orders.cases import Case, CaseState, CaseTurn, case_moved
from edge.site import cases, dialect, outbox, returns
from edge.site.connections import StoreConnections
from edge.site.dialect import Lock
from edge.site.duties import Duty
from edge.site.outbox import OutboxTold
from edge.site.returns import Seen
from edge.site.tables import cases as tables
from edge.site.tables import floor
from rfid.epc.identity import gtin_of, identity_of_hex

_AT_ONCE = 500
_WORDS_US = 180 * 86_400_000_000
"""So long words stay of closed cases of no order, whose person nobody can erase."""
_DONE = (CaseState.RESOLVED, CaseState.CLOSED)


def care_duties(care: CareRules) -> tuple[Duty, ...]:
    """The duties that a site wants."""

    def looked(at: StoreConnections, at_us: int) -> str:
        return look_after(at, care, at_us)

    def watched(at: StoreConnections, at_us: int) -> str:
        units = watch_gate(at, care, at_us)
        return f"{units} units came back" if units else ""

    every_us = care.care.every_s * 1_000_000
    if not every_us:
        return ()
    gate = (Duty("returns-gate", every_us, watched),) if care.care.lines else ()
    return (Duty("cases", every_us, looked), *gate)


def look_after(at: StoreConnections, care: CareRules, at_us: int) -> str:
    """Does what is due of cases; how many of what."""
    with at.writing() as db:
        dialect.lock(db, Lock.SALES)
        work = _Care(db, care, at_us)
        work.look()
        outbox.append(db, work.told, at_us)
        return ", ".join(f"{n} cases {what}" for what, n in sorted(work.done.items()))


class _Care:
    def __init__(self, db: sa.Connection, care: CareRules, at_us: int) -> None:
        self._db, self._care, self._at_us = db, care, at_us
        self.told: list[OutboxTold] = []
        self.done: Counter[str] = Counter()

    def look(self) -> None:
        its = tables.cases.c
        for case in cases.cases_where(self._db, sa.or_(its.told.is_(False), its.dated.is_(False)), _AT_ONCE):
            self._dated(case)
        awaited = its.state.in_((str(CaseState.AUTHORISED), str(CaseState.WAITING)))
        late = sa.and_(awaited, its.goods_by_us > 0, its.goods_by_us <= self._at_us)
        for case in cases.cases_where(self._db, late, _AT_ONCE):
            self._save(case_moved(case, CaseTurn.LAPSED, self._at_us), "expired")
        is_open = its.state.not_in([str(one) for one in _DONE])
        due = sa.and_(is_open, its.closed_us == 0, its.due_us <= self._at_us)
        for case in cases.cases_where(self._db, due, _AT_ONCE):
            self._overdue(case)
        quiet = sa.and_(its.state == str(CaseState.RESOLVED), its.resolved_us > 0)
        for case in cases.cases_where(self._db, quiet, _AT_ONCE):
            if self._care.close_us(case.team, case.resolved_us) <= self._at_us:
                self._save(case_moved(case, CaseTurn.CLOSED, self._at_us), "closed")
        old = sa.select(its.id).where(its.order_id == "", its.closed_us > 0, its.closed_us < self._at_us - _WORDS_US)
        notes = tables.notes
        self._db.execute(notes.update().where(notes.c.text != "", notes.c.case.in_(old)).values(text=""))

    def _dated(self, case: Case) -> None:
        """What somebody found in a transaction of his own gets its team and calendar, and is told."""
        row = tables.cases
        known = self._db.execute(sa.select(row.c.dated, row.c.told).where(row.c.id == case.id)).one()
        if not case.team:
            team = self._care.team_of(case.kind, case.class_)
            first_us, due_us = self._care.due_us(team, case.kind, case.class_, case.priority, case.opened_us)
            owner = team if case.owner == cases.OWNER else case.owner
            due_us = case.due_us if known.dated else due_us
            case = cases.save_case(
                self._db, replace(case, team=team, owner=owner, first_due_us=first_us, due_us=due_us)
            )
        self._db.execute(row.update().where(row.c.id == case.id).values(dated=True, told=True))
        if not known.told:
            body: dict[str, str | int | list[str]] = {
                "case": case.id, "kind": str(case.kind), "class": case.class_, "order": case.order
            }  # fmt: skip
            self.told.append(OutboxTold("case.opened.v1", f"case-{case.id}", body))

    def _overdue(self, case: Case) -> None:
        lead = self._care.lead_of(case.team)
        body: dict[str, str | int | list[str]] = {"case": case.id, "owner": case.owner, "lead": lead}
        if not case.overdue_us:
            self._save(replace(case, overdue_us=self._at_us), "overdue", body)
            return
        next_us = case.overdue_us
        for _ in range(case.escalations + 1):
            next_us = self._care.escalate_us(case.team, next_us)
        if next_us <= self._at_us:
            self._save(replace(case, escalations=case.escalations + 1), "escalated", body)

    def _save(self, case: Case, what: str, body: dict[str, str | int | list[str]] | None = None) -> None:
        cases.save_case(self._db, case)
        cases.note_case(self._db, case.id, "", what, self._at_us, body=body)
        told: dict[str, str | int | list[str]] = {"case": case.id, "order": case.order, **(body or {})}
        self.told.append(OutboxTold(f"case.{what}.v1", f"case-{case.id}", told))
        self.done[what] += 1


def watch_gate(at: StoreConnections, care: CareRules, at_us: int) -> int:
    """What passed the portals of the returns lines since the last look has come back; how many units were new."""
    found = 0
    with at.reading() as db:
        passed = _passages(db, care)
    for node, seq, passage in passed:
        named = {identity for epc in passage.owned if (identity := identity_of_hex(epc)) is not None}
        epcs = tuple(sorted(epc for epc in named if gtin_of(epc)))
        if epcs:
            cause = f"{passage.line}#{passage.passage}@{passage.start_us}"
            seen = returns.came(at, care, Seen(cause=cause, epcs=epcs, by=passage.line), at_us)
            found += sum(one.unit.at_us == at_us for one in seen)
        with at.writing() as db:
            _set_cursor(db, node, seq)
    return found


def _passages(db: sa.Connection, care: CareRules) -> list[tuple[str, int, PassageSeen]]:
    its, at = floor.mirror.c, tables.gate.c
    nodes = db.execute(sa.select(floor.progress.c.node)).scalars().all()
    found: list[tuple[str, int, PassageSeen]] = []
    for node in sorted(nodes):
        after = db.execute(sa.select(at.seq).where(at.node == node)).scalar() or 0
        query = (
            sa.select(its.seq, its.at_us, its.line, its.kind, its.body)
            .where(its.node == node, its.seq > after, its.kind == PassageSeen.__name__)
            .where(its.line.in_(care.care.lines))
            .order_by(its.seq)
            .limit(_AT_ONCE)
        )
        for row in db.execute(query):
            value = Record(*row).value
            if isinstance(value, PassageSeen) and value.stage is Stage.FINAL:
                found.append((node, row.seq, value))
    return found


def _set_cursor(db: sa.Connection, node: str, seq: int) -> None:
    table = tables.gate
    if db.execute(table.update().where(table.c.node == node).values(seq=seq)).rowcount == 0:
        db.execute(table.insert().values(node=node, seq=seq))
