"""What the site does for its cases by itself: told, dated by calendars, expired, overdue, escalated, closed; the gate.

Public names: care_duties, look_after, forget_words, watch_gate.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import sqlalchemy as sa

from edge.core.events import PassageSeen
from edge.core.values.verdicts import Stage
from edge.intake.care import CareRules
from edge.journal.record import Record
from edge.orders.cases import CaseState, CaseTurn, ServiceCase, case_moved
from edge.site import cases, dialect, outbox, return_gate
from edge.site.connections import StoreConnections
from edge.site.dialect import Lock
from edge.site.duties import Duty
from edge.site.outbox import OutboxTold
from edge.site.return_gate import GateSeen
from edge.site.tables import cases as tables
from edge.site.tables import floor
from rfid.epc.identity import gtin_of, identity_of_hex

_AT_ONCE = 500
_ROWS = 20_000
"""Of each journal that the gate looks at in one turn."""
_HOUR_US = 3_600_000_000
_WORDS_US = 180 * 86_400_000_000
"""So long words stay of closed cases of no order, whose person nobody can erase."""
_DONE = (CaseState.RESOLVED, CaseState.CLOSED, CaseState.REFUSED, CaseState.EXPIRED)
"""Nobody is waited for."""


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
    return (Duty("cases", every_us, looked), Duty("case-words", _HOUR_US, forget_words), *gate)


def forget_words(at: StoreConnections, at_us: int) -> str:
    """What people wrote of cases of no order goes half a year after they were closed."""
    its, notes = tables.cases.c, tables.notes
    old = sa.select(its.id).where(its.order_id == "", its.closed_us > 0, its.closed_us < at_us - _WORDS_US)
    with at.writing() as db:
        gone = db.execute(notes.update().where(notes.c.text != "", notes.c.case.in_(old)).values(text="")).rowcount
    return f"words of {gone} notes are forgotten" if gone else ""


def look_after(at: StoreConnections, care: CareRules, at_us: int) -> str:
    """Does what is due of cases; how many of what."""
    with at.reading() as db:
        if not _Care(db, care, at_us).due():
            return ""
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

    def due(self) -> bool:
        """Whether anything is to be done."""
        which = self._which()
        return (
            any(cases.cases_where(self._db, which[one], 1) for one in ("fresh", "late", "new"))
            or any(self._next_us(case) <= self._at_us for case in cases.cases_where(self._db, which["due"], _AT_ONCE))
            or any(self._is_over(case) for case in cases.cases_where(self._db, which["quiet"], _AT_ONCE))
        )

    def look(self) -> None:
        which = self._which()
        for case in cases.cases_where(self._db, which["fresh"], _AT_ONCE):
            self._dated(case)
        for case in cases.cases_where(self._db, which["late"], _AT_ONCE):
            self._save(case_moved(case, CaseTurn.LAPSED, self._at_us), "expired")
        for case in cases.cases_where(self._db, which["new"], _AT_ONCE):
            self._overdue(case)
        for case in cases.cases_where(self._db, which["due"], _AT_ONCE):
            self._overdue(case)
        for case in cases.cases_where(self._db, which["quiet"], _AT_ONCE):
            if self._is_over(case):
                self._save(case_moved(case, CaseTurn.CLOSED, self._at_us), "closed")

    def _which(self) -> dict[str, sa.ColumnElement[bool]]:
        its = tables.cases.c
        awaited = its.state.in_((str(CaseState.AUTHORISED), str(CaseState.WAITING)))
        is_open = its.state.not_in([str(one) for one in _DONE])
        due = sa.and_(is_open, its.closed_us == 0, its.due_us <= self._at_us)
        return {
            "fresh": sa.or_(its.told.is_(False), its.dated.is_(False)),
            "late": sa.and_(awaited, its.goods_by_us > 0, its.goods_by_us <= self._at_us),
            "new": sa.and_(due, its.overdue_us == 0),
            "due": sa.and_(due, its.overdue_us > 0),
            "quiet": sa.and_(its.state == str(CaseState.RESOLVED), its.closed_us == 0),
        }

    def _is_over(self, case: ServiceCase) -> bool:
        return self._care.close_us(case.team, case.resolved_us) <= self._at_us

    def _next_us(self, case: ServiceCase) -> int:
        """When somebody is told again that it is overdue."""
        next_us = case.overdue_us
        for _ in range(case.escalations + 1):
            next_us = self._care.escalate_us(case.team, next_us)
        return next_us

    def _dated(self, case: ServiceCase) -> None:
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

    def _overdue(self, case: ServiceCase) -> None:
        lead = self._care.lead_of(case.team)
        body: dict[str, str | int | list[str]] = {"case": case.id, "owner": case.owner, "lead": lead}
        if not case.overdue_us:
            self._save(replace(case, overdue_us=self._at_us), "overdue", body)
            return
        if self._next_us(case) <= self._at_us:
            self._save(replace(case, escalations=case.escalations + 1), "escalated", body)

    def _save(self, case: ServiceCase, what: str, body: dict[str, str | int | list[str]] | None = None) -> None:
        cases.save_case(self._db, case)
        cases.note_case(self._db, case.id, "", what, self._at_us, body=body)
        told: dict[str, str | int | list[str]] = {"case": case.id, "order": case.order, **(body or {})}
        self.told.append(OutboxTold(f"case.{what}.v1", f"case-{case.id}", told))
        self.done[what] += 1


def watch_gate(at: StoreConnections, care: CareRules, at_us: int) -> int:
    """What passed the portals of the returns lines since the last look has come back; how many units were new."""
    found = 0
    with at.reading() as db:
        looked, passed = _passages(db, care)
    for passage in passed:
        named = {identity for epc in passage.owned if (identity := identity_of_hex(epc)) is not None}
        epcs = tuple(sorted(epc for epc in named if gtin_of(epc)))
        if epcs:
            cause = f"{passage.line}#{passage.passage}@{passage.start_us}"
            seen = return_gate.came(at, care, GateSeen(cause=cause, epcs=epcs, by=passage.line), at_us)
            found += sum(one.unit.at_us == at_us for one in seen)
    if looked:
        with at.writing() as db:
            for node, seq in looked.items():
                _set_cursor(db, node, seq)
    return found


def _passages(db: sa.Connection, care: CareRules) -> tuple[dict[str, int], list[PassageSeen]]:
    """How far each journal was looked at by now, and what passed there."""
    its, at = floor.mirror.c, tables.gate.c
    known = {node: int(seq) for node, seq in db.execute(sa.select(at.node, at.seq))}
    looked: dict[str, int] = {}
    found: list[PassageSeen] = []
    for node, newest in sorted((row.node, row.seq) for row in db.execute(sa.select(floor.progress))):
        after = known.get(node, 0)
        until = min(newest, after + _ROWS)
        if until <= after:
            continue
        looked[node] = until
        query = (
            sa.select(its.seq, its.at_us, its.line, its.kind, its.body)
            .where(its.node == node, its.seq > after, its.seq <= until, its.kind == PassageSeen.__name__)
            .where(its.line.in_(care.care.lines))
            .order_by(its.seq)
        )
        values = [Record(*row).value for row in db.execute(query)]
        found += [one for one in values if isinstance(one, PassageSeen) and one.stage is Stage.FINAL]
    return looked, found


def _set_cursor(db: sa.Connection, node: str, seq: int) -> None:
    table = tables.gate
    if db.execute(table.update().where(table.c.node == node).values(seq=seq)).rowcount == 0:
        db.execute(table.insert().values(node=node, seq=seq))
