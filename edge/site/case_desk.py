"""What people do with cases: each call is one transaction, noted at the case, told to the outbox.

Public names: CaseDesk, CaseOpened, CaseDetail, CaseFilter, CaseRow, MoneyRow, and what is asked of returns:
ReturnAsked, AskedLine, GateSeen, SeenUnit, CaseSettlement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import sqlalchemy as sa

from edge.intake.care import CareRules
from edge.orders import cases as rules
from edge.orders.cases import CaseError, CaseKind, CaseState, CaseTurn, CauseKind, ContactChannel, ServiceCase, may
from edge.orders.planning import Planning
from edge.orders.returns import Disposition, WhoPays
from edge.orders.review import ReviewRules
from edge.site import case_shown, cases, dialect, ledger, outbox, return_gate, returns, settling
from edge.site.case_shown import CaseDetail, CaseFilter, CaseRow
from edge.site.cases import case_of
from edge.site.dialect import Lock
from edge.site.ledger import MoneyRow
from edge.site.outbox import OutboxTold
from edge.site.return_gate import GateSeen, SeenUnit
from edge.site.returns import AskedLine, ReturnAsked
from edge.site.sales_work import SaleWork
from edge.site.settling import CaseSettlement
from edge.site.store import SiteStore
from edge.site.tables import cases as tables

__all__ = [
    "AskedLine",
    "CaseDesk",
    "CaseDetail",
    "CaseFilter",
    "CaseOpened",
    "CaseRow",
    "CaseSettlement",
    "GateSeen",
    "MoneyRow",
    "ReturnAsked",
    "SeenUnit",
]
Body = dict[str, str | int | list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOpened:
    """Something that somebody complains about or says. ``key``: the same one is opened once; ``words``: his own."""

    kind: CaseKind
    class_: str
    key: str
    order: str = ""
    parcels: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    channel: ContactChannel = ContactChannel.PHONE
    priority: int = 0
    by: str = ""
    words: str = ""


class CaseDesk:
    """The cases of one store. ``care``: teams and policies; ``review``, ``planning``: as of the sales desk, for
    orders in exchange. All calls raise StoreError and CaseError.
    """

    def __init__(
        self,
        store: SiteStore,
        care: CareRules,
        review: ReviewRules,
        planning: Callable[[int], Planning] | None = None,
    ) -> None:
        self._store, self._care, self._review, self._planning = store, care, review, planning

    # ---- looked at ---------------------------------------------------------------------------------------------------

    def page(self, which: CaseFilter, now_us: int, limit: int = 100) -> list[CaseRow]:
        """Cases: what is overdue first, then what is due next."""
        with self._store.connections.reading() as db:
            return case_shown.rows_of(db, which, now_us, limit)

    def detail(self, number: int) -> CaseDetail:
        """All that is known of a case."""
        with self._store.connections.reading() as db:
            return case_shown.detail_of(db, number)

    def money(self, order: str) -> list[MoneyRow]:
        """The ledger of an order's account."""
        with self._store.connections.reading() as db:
            return ledger.rows_of(db, order)

    # ---- returns -----------------------------------------------------------------------------------------------------

    def ask(self, asked: ReturnAsked, at_us: int) -> ServiceCase:
        """Somebody wants to send something back."""
        return returns.ask(self._store.connections, self._care, asked, at_us)

    def came(self, seen: GateSeen, at_us: int) -> list[SeenUnit]:
        """Something came back."""
        return return_gate.came(self._store.connections, self._care, seen, at_us)

    def inspect(
        self, number: int, unit: int, to: Disposition, code: str, by: str, at_us: int, place: str = ""
    ) -> ServiceCase:
        """A unit was looked at."""
        if not by.strip():
            raise CaseError(f"case {number}: by: missing: say who inspected it")
        return settling.inspect(self._store.connections, number, unit, to, code, by, at_us, place)

    def settle(self, number: int, wish: CaseSettlement, at_us: int) -> ServiceCase:
        """A case is resolved, with the money that follows."""
        keys = self._store.keys

        def work(db: sa.Connection, now_us: int) -> SaleWork:
            return SaleWork(db, keys, self._review, now_us, self._planning)

        return settling.settle(self._store.connections, self._care, work, keys, number, wish, at_us)

    def authorise(self, number: int, by: str, reason: str, at_us: int) -> ServiceCase:
        """A person decides that it may come back; its label has a number from now on."""
        with self._case(number, by, at_us, reason=reason) as (db, case):
            pays = case.freight or str(WhoPays.SELLER)
            case = replace(case, freight=pays, first_us=case.first_us or at_us)
            cases.note_case(db, number, by, "authorised", at_us, text=reason)
            case = rules.case_moved(case, CaseTurn.AUTHORISED, at_us)
            return returns.labelled(db, self._care, case, by, at_us)

    def refuse(self, number: int, by: str, reason: str, at_us: int) -> ServiceCase:
        """It may not come back."""
        with self._case(number, by, at_us, reason=reason) as (db, case):
            cases.note_case(db, number, by, "refused", at_us, text=reason)
            case = replace(case, first_us=case.first_us or at_us)
            return cases.save_case(db, rules.case_moved(case, CaseTurn.REFUSED, at_us))

    # ---- any case ----------------------------------------------------------------------------------------------------

    def open(self, opened: CaseOpened, at_us: int) -> ServiceCase:
        """Somebody complains, or says what he thinks of it."""
        team = self._care.team_of(opened.kind, opened.class_)
        first_us, due_us = self._care.due_us(team, opened.kind, opened.class_, opened.priority, at_us)
        with self._store.connections.writing() as db:
            dialect.lock(db, Lock.SALES)  # it is said twice at once, and told once
            cause = f"{opened.kind} {opened.order} {opened.key}"[:200]
            known = db.execute(sa.select(tables.cases.c.id).where(tables.cases.c.cause == cause)).scalar()
            if known is not None:
                return case_of(db, int(known))
            case_shown.check_order(db, opened.order)
            number = cases.open_case(
                db,
                kind=opened.kind,
                class_=opened.class_,
                cause=cause,
                order=opened.order,
                parcels=opened.parcels,
                items=opened.items,
                reason=opened.class_,
                at_us=at_us,
                owner=team,
                due_us=due_us,
                channel=opened.channel,
                priority=opened.priority,
                by=opened.by,
            )
            if opened.words:
                cases.note_case(db, number, opened.by, "words", at_us, text=opened.words)
            case = replace(case_of(db, number), team=team, first_due_us=first_us)
            case = cases.save_case(db, case)
            db.execute(tables.cases.update().where(tables.cases.c.id == number).values(told=True))
            body: Body = {"case": number, "kind": str(opened.kind), "class": opened.class_, "order": opened.order}
            outbox.append(db, [OutboxTold("case.opened.v1", f"case-{number}", body)], at_us)
            return case

    def take(self, number: int, by: str, owner: str, at_us: int, version: int | None = None) -> ServiceCase:
        """Somebody looks after it from now on; ``owner`` empty: who asks. ``version``: the one that is known, if any is
        meant.
        """
        with self._case(number, by, at_us) as (db, case):
            if version not in (None, case.version):
                raise CaseError(f"case {number}: its version is {case.version}, not {version}")
            cases.note_case(db, number, by, "taken", at_us, body={"owner": owner or by})
            return cases.save_case(db, replace(case, owner=owner or by))

    def answer(self, number: int, by: str, words: str, at_us: int) -> ServiceCase:
        """Somebody answered the customer; the first time counts."""
        with self._case(number, by, at_us, reason=words) as (db, case):
            cases.note_case(db, number, by, "answered", at_us, text=words)
            return cases.save_case(db, replace(case, first_us=case.first_us or at_us))

    def note(self, number: int, by: str, words: str, at_us: int) -> ServiceCase:
        """Somebody writes something down."""
        with self._case(number, by, at_us, reason=words) as (db, case):
            cases.note_case(db, number, by, "note", at_us, text=words)
            return case

    def close(self, number: int, by: str, at_us: int) -> ServiceCase:
        """The customer agrees, or nobody has anything to say any more."""
        with self._case(number, by, at_us) as (db, case):
            if case.state is CaseState.CLOSED:
                if cases.who_did(db, number, "closed") not in ("", by):
                    raise CaseError(f"case {number}: is closed")
                return case
            cases.note_case(db, number, by, "closed", at_us)
            return cases.save_case(db, rules.case_moved(case, CaseTurn.CLOSED, at_us))

    def reopen(self, number: int, by: str, words: str, at_us: int) -> ServiceCase:
        """Somebody is not content; it is due anew."""
        with self._case(number, by, at_us, reason=words) as (db, case):
            if not may(case, CaseTurn.REOPENED):
                raise CaseError(f"case {number}: is {case.state}: it goes on")
            case = rules.case_moved(case, CaseTurn.REOPENED, at_us)
            first_us, due_us = self._care.due_us(case.team, case.kind, case.class_, case.priority, at_us)
            case = replace(case, first_due_us=first_us, due_us=due_us, overdue_us=0, escalations=0)
            cases.note_case(db, number, by, "reopened", at_us, text=words)
            return cases.save_case(db, case)

    # ---- why it happened ---------------------------------------------------------------------------------------------

    def blame(
        self, number: int, kind: CauseKind, value: str, by: str, at_us: int, amount: int = 0, currency: str = ""
    ) -> ServiceCase:
        """Where the cause lies, and what it cost; the last word counts."""
        with self._case(number, by, at_us) as (db, case):
            its = tables.causes
            db.execute(its.delete().where(its.c.case == number, its.c.kind == str(kind), its.c.value == value))
            row = {"amount": amount, "currency": currency, "by": by, "at_us": at_us}
            db.execute(its.insert().values(case=number, kind=str(kind), value=value, **row))
            cases.note_case(db, number, by, "cause", at_us, body={"kind": str(kind), "value": value})
            return case

    def suggested(self, number: int) -> list[tuple[CauseKind, str]]:
        """Where causes may lie, by what is known of a case's goods."""
        with self._store.connections.reading() as db:
            return case_shown.suggested(db, case_of(db, number))

    def pareto(self, kind: CauseKind | None, since_us: int) -> list[case_shown.ParetoRow]:
        """Causes by how many cases they have, and what these cost."""
        with self._store.connections.reading() as db:
            return case_shown.pareto(db, kind, since_us)

    def act(self, kind: CauseKind, value: str, what: str, owner: str, due_us: int, at_us: int) -> case_shown.CaseAction:
        """Something is done against a cause, by somebody, until an instant."""
        if not what.strip() or not owner.strip() or due_us <= at_us:
            raise CaseError("action: what, owner, due: say what is done, by whom, and until when from now")
        with self._store.connections.writing() as db:
            row = {"kind": str(kind), "value": value, "what": what, "owner": owner, "opened_us": at_us}
            insert = tables.actions.insert().values(**row, due_us=due_us, done_us=0)
            seq = int(db.execute(insert.returning(tables.actions.c.seq)).scalar_one())
            made = case_shown.action(db, at_us, seq)
            assert made is not None, "it was put there"
            return made

    def acted(self, seq: int, at_us: int) -> case_shown.CaseAction:
        """It is done: from now on the effect is counted."""
        with self._store.connections.writing() as db:
            its = tables.actions
            db.execute(its.update().where(its.c.seq == seq, its.c.done_us == 0).values(done_us=at_us))
            found = case_shown.action(db, at_us, seq)
            if found is None:
                raise CaseError(f"action {seq}: there is none")
            return found

    def actions(self, now_us: int, after: int = 0, limit: int = 1_000) -> list[case_shown.CaseAction]:
        """What is done against causes, the newest first, with the cases as long before and since; older than one."""
        with self._store.connections.reading() as db:
            return case_shown.actions(db, now_us, after, limit)

    @contextmanager
    def _case(
        self, number: int, by: str, at_us: int, *, reason: str | None = None
    ) -> Iterator[tuple[sa.Connection, ServiceCase]]:
        """A transaction about a case, one after the other; what cannot be says who was there last."""
        if not by.strip() or (reason is not None and not reason.strip()):
            raise CaseError(f"case {number}: by, reason: missing: say who, and why")
        assert at_us > 0, "an instant"
        with self._store.connections.writing() as db:
            dialect.lock(db, Lock.SALES)
            case, last = case_of(db, number), cases.changed_by(db, number)
            try:
                yield db, case
            except CaseError as error:
                raise CaseError(f"{error}{last}") from None
