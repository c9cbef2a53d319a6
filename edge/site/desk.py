"""What people and channels do with sales orders: each call is one transaction, with its audit and what is told of it.

Public names: SalesDesk, Blockable, Blocked, BlockKind, SaleDetail, SaleStory, UnknownSale, SalesConflict, SaleOutcome,
SaleTaken, SaleFilter, SaleFinding, SalePage, SaleRow, ImportRun, PERSON, COUNTED.

What is allowed, and what it means, is for `edge.orders` to say; a wish that it refuses comes back as a `WishRefused`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from edge.orders import amend as wishes
from edge.orders.amend import Amend
from edge.orders.contact import ContactOutcome, ContactTask, settle
from edge.orders.floor import see_back
from edge.orders.review import ReviewFinding, ReviewRule, Weight
from edge.orders.sales import Consignee, Draft, OrderStage, SalesOrder
from edge.orders.stages import FulfilmentState, FulfilmentTurn, Scope
from edge.orders.together import merge, plan, split_off
from edge.orders.work import Changed, WishRefused
from edge.site import blocklist, case_units, reserving, sales, tables, waiting
from edge.site.blocking import Blockable, known_of
from edge.site.blocklist import Blocked, BlockKind
from edge.site.contacts import contact_of, keep_contact
from edge.site.counter import SalesCounter
from edge.site.imports import ImportRun
from edge.site.outbox import OutboxTold
from edge.site.sale_detail import SaleDetail, UnknownSale, parties_of
from edge.site.sales import SaleFinding, SalesConflict, SaleWaiver
from edge.site.sales_list import COUNTED, SaleFilter, SalePage, SaleRow
from edge.site.sales_work import PERSON, SaleWork, held_by
from edge.site.scope import scope_of
from edge.site.stories import SaleStory
from edge.site.taking import SaleOutcome, SaleTaken

__all__ = [
    "COUNTED",
    "PERSON",
    "BlockKind",
    "Blockable",
    "Blocked",
    "ImportRun",
    "SaleDetail",
    "SaleFilter",
    "SaleFinding",
    "SaleOutcome",
    "SalePage",
    "SaleRow",
    "SaleStory",
    "SaleTaken",
    "SalesConflict",
    "SalesDesk",
    "UnknownSale",
]
_AGAIN = 500
"""So many orders are judged anew in one turn."""


class SalesDesk(SalesCounter):
    """What is wished of the sales orders of one store, beside what a `SalesCounter` does.

    All calls raise StoreError; those about one order UnknownSale, and with a ``version`` SalesConflict where the order
    has another.
    """

    # ---- wishes ------------------------------------------------------------------------------------------------------

    def release(
        self, name: str, version: int | None, by: str, reason: str, codes: Sequence[str], at_us: int
    ) -> SalesOrder | WishRefused:
        """Waives what holds an order, all of it or the findings with these codes, and judges it again."""
        with self._wish(name, version, at_us) as (db, work, scope):
            order = scope.orders[name]
            if order.stage is not OrderStage.HELD:
                return WishRefused("stage", {"order": name, "stage": order.stage})
            if not by.strip() or not reason.strip():
                return WishRefused("no-name")
            work.judge([name], beside=False)  # what is gone needs no waiver
            found = sales.findings_of(db, [name]).get(name, [])
            self._waive(db, work, name, [one for one in found if not codes or one.code in codes], by, reason, at_us)
            work.judge([name])
            work.finish()
            return sales.find(db, [name])[name]

    def hold(self, name: str, version: int | None, by: str, reason: str, at_us: int) -> SalesOrder | WishRefused:
        """Somebody wants to look at an order: it stays until somebody releases it."""
        with self._wish(name, version, at_us) as (db, work, scope):
            changed = wishes.hold(scope, name, by, reason)
            if isinstance(changed, Changed):
                work.save(scope, changed, by, reason, "held")
                found = sales.findings_of(db, [name]).get(name, [])
                sales.set_findings(db, {name: [held_by(by, reason), *found]}, at_us)
            return self._end(db, work, name, changed)

    def amend(
        self, wish: Amend, version: int | None, at_us: int, person: Consignee | None = None, draft: Draft | None = None
    ) -> SalesOrder | WishRefused:
        """Does a wish by where the goods are. ``person``: who gets it from now on, of ``draft``."""
        with self._wish(wish.order, version, at_us) as (db, work, scope):
            return self._end(db, work, wish.order, work.amend(scope, wish, person, draft))

    def cancel(
        self, name: str, version: int | None, by: str, reason: str, at_us: int, *, refund_at_once: bool = False
    ) -> SalesOrder | WishRefused:
        """Nothing of an order is wanted any more. It is *cancelling* until what was picked is seen again."""
        with self._wish(name, version, at_us) as (db, work, scope):
            changed = wishes.cancel(scope, name, by, reason, refund_at_once=refund_at_once)
            if isinstance(changed, Changed):
                work.save(scope, changed, by, reason, "cancelled")
                work.judge([name])
            return self._end(db, work, name, changed)

    def pay(self, name: str, version: int | None, by: str, amount: int, at_us: int) -> SalesOrder | WishRefused:
        """Money came in."""
        with self._wish(name, version, at_us) as (db, work, scope):
            changed = wishes.pay(scope, name, amount)
            if isinstance(changed, Changed):
                work.save(scope, changed, by, "", "paid", {"amount": amount})
                work.judge([name])
            return self._end(db, work, name, changed)

    def merge(
        self, into: str, version: int | None, other: str, by: str, reason: str, at_us: int
    ) -> SalesOrder | WishRefused:
        """Another order ships with this one."""
        with self._wish(into, version, at_us, other) as (db, work, scope):
            if not by.strip() or not reason.strip():
                return WishRefused("no-name")
            changed = merge(scope, into, other, parties_of(db, scope.orders, self._apart))
            if isinstance(changed, Changed):
                work.save(scope, changed, by, reason, "merged", {"into": into, "other": other})
                work.note(into, by, reason, "merged", into=into, other=other)
            return self._end(db, work, into, changed)

    def split(
        self,
        name: str,
        version: int | None,
        units: Mapping[int, int],
        by: str,
        reason: str,
        at_us: int,
        fulfilment: str = "",
    ) -> SalesOrder | WishRefused:
        """Units by line become a fulfilment of their own: out of a planned one, or of what is in none yet."""
        with self._wish(name, version, at_us) as (db, work, scope):
            if not by.strip() or not reason.strip():
                return WishRefused("no-name")
            lines = {line.number for line in scope.orders[name].lines}
            if unknown := sorted(units.keys() - lines):
                return WishRefused("unknown-line", {"order": name, "line": unknown[0]})
            if fulfilment and fulfilment not in {one.id for one in scope.of(name)}:
                return WishRefused("not-open", {"order": name, "line": 0, "units": sum(units.values())})
            new = _new_fulfilment(name, scope)
            wanted = {(name, line): count for line, count in units.items()}
            changed = split_off(scope, fulfilment, new, wanted) if fulfilment else plan(scope, new, wanted)
            if isinstance(changed, Changed):
                work.save(scope, changed, by, reason, "split", {"fulfilment": new})
                work.note(name, by, reason, "split", fulfilment=new)
                sales.set_stage(db, [name], scope.orders[name].stage, newer=True)
            return self._end(db, work, name, changed)

    def contact(
        self, name: str, version: int | None, outcome: ContactOutcome | None, by: str, note: str, at_us: int
    ) -> SalesOrder | WishRefused:
        """Somebody asks the customer; None = is to ask. What is confirmed is waived; what is cancelled, cancelled."""
        with self._wish(name, version, at_us) as (db, work, scope):
            task = contact_of(db, name)
            if task is None or not task.open:
                found = sales.findings_of(db, [name]).get(name, [])
                open_ones = tuple(_finding(one) for one in found if one.code != PERSON and one.weight == Weight.HOLD)
                task = ContactTask(order=name, findings=open_ones, due_us=at_us)
            cancelled = False
            if outcome is not None:
                try:
                    settled = settle(task, outcome, by, note, at_us)
                except ValueError:
                    return WishRefused("no-name")
                task, cancelled = settled.task, settled.cancel
                its = [
                    SaleWaiver(
                        code=str(one.code),
                        where=one.where,
                        value=one.value,
                        by=one.by,
                        reason="customer confirmed",
                        at_us=at_us,
                    )
                    for one in settled.waivers
                ]
                sales.waive(db, name, its)
            keep_contact(db, task)
            work.note(name, by, "", "contact", outcome=str(outcome or ""))
            work.told.append(OutboxTold("order.contact.v1", name, {"outcome": str(outcome or "")}))
            if cancelled:
                changed = wishes.cancel(scope, name, by, "customer cancelled")
                if isinstance(changed, WishRefused):
                    return self._end(db, work, name, changed)
                work.save(scope, changed, by, "customer cancelled", "cancelled")
            work.judge([name])
            work.finish()
            return sales.find(db, [name])[name]

    # ---- who is looked at --------------------------------------------------------------------------------------------

    def blocklist(self, after: int = 0, limit: int = 100, *, everything: bool = False) -> list[Blocked]:
        """Entries behind a number, in order; ``everything``: those that were taken off too."""
        with self._store.connections.reading() as db:
            return blocklist.listed(db, after, limit, everything)

    def block(self, who: Blockable, by: str, why: str, at_us: int) -> list[Blocked]:
        """Puts somebody on the list; what is open of his orders is judged again. Empty: nothing of him is known.

        Raises UnknownSale.
        """
        keys = self._store.keys
        with self._store.connections.writing() as db:
            work = SaleWork(db, keys, self._rules, at_us, self._planning)
            known = known_of(db, keys, who, self._countries)
            entries = blocklist.put_on(db, known, why, by, at_us)
            for kind, (key, _) in known.items():
                work.judge(blocklist.orders_with(db, kind, key))
            work.finish()
            return entries

    def unblock(self, seq: int, by: str, why: str, at_us: int) -> Blocked | None:
        """Takes an entry off the list; what was held by it is judged again. None: there is no such entry."""
        with self._store.connections.writing() as db:
            work = SaleWork(db, self._store.keys, self._rules, at_us, self._planning)
            found = blocklist.take_off(db, seq, why, by, at_us)
            if found is None:
                return None
            entry, key = found
            work.judge(blocklist.orders_with(db, entry.kind, key))
            work.finish()
            return entry

    def delivery_refused(
        self, name: str, version: int | None, fulfilment: str, by: str, reason: str, at_us: int
    ) -> SalesOrder | WishRefused:
        """A parcel of an order was refused at the door; said again, nothing changes."""
        with self._wish(name, version, at_us) as (db, work, scope):
            held = scope.fulfilments.get(fulfilment)
            if held is None or not held.holds(name) or held.state is not FulfilmentState.DEPARTED:
                return WishRefused("not-delivered", {"order": name, "fulfilment": fulfilment})
            if blocklist.note_refusal(db, name, fulfilment, at_us):
                work.note(name, by, reason, "delivery-refused", fulfilment=fulfilment)
                case_units.open_refused(db, scope.orders[name], held, by, at_us)
                work.told.append(OutboxTold("order.delivery-refused.v1", name, {"fulfilment": fulfilment}))
                sales.set_stage(db, [name], scope.orders[name].stage, newer=True)
            return self._end(db, work, name, Changed())

    # ---- what the floor says -----------------------------------------------------------------------------------------

    def see_back(
        self,
        name: str,
        fulfilment: str,
        line: int,
        units: int,
        at_us: int,
        *,
        seen: bool = True,
        by: str = "",
        reason: str = "",
    ) -> SalesOrder | WishRefused:
        """Cancelled units are out of tote or parcel: seen, or somebody says why nobody will see them."""
        with self._wish(name, None, at_us) as (db, work, scope):
            if fulfilment not in scope.fulfilments:
                return WishRefused(
                    "not-put-back", {"fulfilment": fulfilment, "line": line, "units": units, "waiting": 0}
                )
            changed = see_back(scope, fulfilment, name, line, units, seen=seen, by=by, reason=reason)
            if isinstance(changed, Changed):
                work.save(
                    scope, changed, by, reason, "put-back", {"fulfilment": fulfilment, "line": line, "quantity": units}
                )
                work.judge([name])
            return self._end(db, work, name, changed)

    def look_again(self, at_us: int) -> int:
        """Judges orders anew that are held for stock, by time of order, and promises it; how many are held no more."""
        order, found = tables.sales.orders.c, tables.sales.findings.c
        short = sa.select(found.order_id).where(found.code == str(ReviewRule.OUT_OF_STOCK))
        held = sa.and_(order.stage == str(OrderStage.HELD), order.id.in_(short))
        with self._store.connections.reading() as db:
            query = sa.select(order.id).where(held).order_by(order.ordered_us, order.id).limit(_AGAIN)
            names = list(db.execute(query).scalars())
        gone = 0
        for name in names:  # one by one, as what one is promised is there for no other
            with self._wish(name, None, at_us) as (db, work, scope):
                if scope.orders[name].stage is OrderStage.HELD:
                    work.judge([name], beside=False)
                    work.told += reserving.told_of(waiting.reserve_those(db, [name]))
                    work.finish()
                    gone += sales.find(db, [name])[name].stage is not OrderStage.HELD
        return gone

    def report(self, fulfilment: str, turn: FulfilmentTurn, at_us: int) -> WishRefused | None:
        """What the floor says of a fulfilment; None = it is believed, or said nothing new."""
        keys = self._store.keys
        with self._store.connections.writing() as db:
            work = SaleWork(db, keys, self._rules, at_us, self._planning)
            changed = work.report(fulfilment, turn)
            work.finish()
            return changed if isinstance(changed, WishRefused) else None

    # ---- within ------------------------------------------------------------------------------------------------------

    @contextmanager
    def _wish(
        self, name: str, version: int | None, at_us: int, *others: str
    ) -> Iterator[tuple[sa.Connection, SaleWork, Scope]]:
        """A transaction about an order."""
        keys = self._store.keys
        with self._store.connections.writing() as db:
            work = SaleWork(db, keys, self._rules, at_us, self._planning)
            scope = scope_of(db, [name, *others])
            for one in (name, *others):
                if one not in scope.orders:
                    raise UnknownSale(one)
            known = scope.orders[name].version
            if version is not None and version != known:
                raise sales.conflict(db, name, known, version)
            yield db, work, scope

    def _end(
        self, db: sa.Connection, work: SaleWork, name: str, changed: Changed | WishRefused
    ) -> SalesOrder | WishRefused:
        if isinstance(changed, WishRefused):
            return changed
        work.finish()
        return sales.find(db, [name])[name]

    def _waive(
        self,
        db: sa.Connection,
        work: SaleWork,
        name: str,
        found: Sequence[SaleFinding],
        by: str,
        reason: str,
        at_us: int,
    ) -> None:
        """Notes waivers by name and reason; who held it is not held any more."""
        waivers = [
            SaleWaiver(code=one.code, where=one.where, value=one.value, by=by, reason=reason, at_us=at_us)
            for one in found
            if one.code != PERSON and one.weight == Weight.HOLD
        ]
        sales.waive(db, name, waivers)
        if any(one.code == PERSON for one in found):
            left = [one for one in sales.findings_of(db, [name]).get(name, []) if one.code != PERSON]
            sales.set_findings(db, {name: left}, at_us)
        work.note(name, by, reason, "released", codes=sorted({one.code for one in found}))


def _new_fulfilment(name: str, scope: Scope) -> str:
    number = 1
    while f"{name}-{number}" in scope.fulfilments:
        number += 1
    return f"{name}-{number}"


def _finding(one: SaleFinding) -> ReviewFinding:
    return ReviewFinding(ReviewRule(one.code), Weight(one.weight), one.where, one.value, one.limit)
