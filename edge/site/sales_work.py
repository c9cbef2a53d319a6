"""What becomes of sales orders in one transaction: judged, wished, reported; applied, written down and told.

Public names: SaleWork, PERSON, held_by.

The decisions are those of `edge.orders`; here they get their facts, and what they give is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import sqlalchemy as sa

from edge.core.values.order import Order, OrderState
from edge.orders import amend as wishes
from edge.orders.again import Again, taken_again
from edge.orders.amend import Amend
from edge.orders.cases import CaseKind
from edge.orders.floor import report
from edge.orders.moments import (
    AmendFeed,
    AskCarrier,
    Effect,
    Missing,
    PlanAgain,
    Refund,
    Relabel,
    RemoveFromLoad,
    Reserve,
    TakeOut,
    Tell,
)
from edge.orders.money import apportioned
from edge.orders.planning import Planning
from edge.orders.review import Judgement, ReviewFinding, ReviewRule, ReviewRules, Waiver, Weight, judge
from edge.orders.sales import Consignee, Draft, OrderStage, SalesOrder
from edge.orders.stages import STARTED, Fulfilment, FulfilmentState, FulfilmentTurn, Scope, moved
from edge.orders.stock import BinKey
from edge.orders.work import Changed, WishRefused
from edge.site import cases, dialect, ledger, orders, outbox, sales, tables
from edge.site.choosing import in_force
from edge.site.dialect import Lock
from edge.site.effects import EffectsDone, settle, undraft
from edge.site.ledger import MoneyKind, MoneyRow
from edge.site.line_orders import articles_of, as_line_knows
from edge.site.outbox import OutboxTold
from edge.site.personal import Keys
from edge.site.sales import SaleChange, SaleFinding
from edge.site.sales_facts import facts_of, facts_of_new
from edge.site.scope import save_fulfilments, scope_of
from edge.site.standing import completed, keys_of
from edge.site.tables.parcels import parcels as labels
from edge.site.taking import FreshSale, SaleTaken

PERSON = "person"
"""The code of a finding that is no rule's: somebody holds the order, and only somebody releases it."""
_OTHERS = (Missing, TakeOut, RemoveFromLoad, PlanAgain, Relabel, AskCarrier)
"""Effects that somebody must do something about; the outbox says so."""
_JUDGED = (OrderStage.REVIEW, OrderStage.HELD, OrderStage.ACCEPTED)


class SaleWork:
    """One transaction's, which has taken `Lock.SALES`; `finish` is the last of it.

    ``keys``: None where what is ordered stays as it is. ``planning``: what carriers are chosen by at an instant, None =
    nobody plans here.
    ``seen_at``: as `edge.site.effects.settle` says. ``void``: fulfilments whose label is void; ``changes``: what else
    the lines are to know of fulfilments, by their ids; ``fresh_orders``: that they do not know yet.
    """

    def __init__(
        self,
        db: sa.Connection,
        keys: Keys | None,
        rules: ReviewRules,
        at_us: int,
        planning: Callable[[int], Planning] | None = None,
    ) -> None:
        self._db, self._known_keys, self._rules, self._at_us, self._planning = db, keys, rules, at_us, planning
        self.told: list[OutboxTold] = []
        self.void: set[str] = set()
        self.fresh_orders: list[Order] = []
        self.changes: dict[str, Callable[[Order], Order]] = {}
        self.seen_at: BinKey | None = None
        self._redrafted: set[str] = set()
        self._effects: list[Effect] = []
        self._amended: dict[str, Fulfilment] = {}
        self._first: dict[str, Judgement] = {}
        self._later: set[str] = set()
        dialect.lock(db, Lock.SALES)

    @property
    def _keys(self) -> Keys:
        assert self._known_keys is not None, "whoever changes what is ordered has them"
        return self._known_keys

    @cached_property
    def _by(self) -> Planning | None:
        return None if self._planning is None else in_force(self._db, self._planning(self._at_us))

    # ---- what comes in -----------------------------------------------------------------------------------------------

    def first_stages(self, news: Sequence[FreshSale]) -> dict[str, OrderStage]:
        """Where orders begin that are about to be stored."""
        gathered = facts_of_new(self._db, news, self._rules)
        orders_of = {one.draft.order.id: one.draft.order for one in news}
        known_by = {one.draft.order.id: one.known_by for one in news}
        facts = completed(self._db, gathered.facts, orders_of, known_by, self._by)
        found: dict[str, OrderStage] = {}
        for one in news:
            order = one.draft.order
            if order.stage in _JUDGED:
                self._first[order.id] = its = judge(order, facts[order.id], self._rules)
                found[order.id] = its.stage
        self._later |= gathered.later
        return found

    def fresh(self, came: Mapping[str, Mapping[str, str | int | list[str]]]) -> None:
        """Orders that were taken just now, by id, with where they stood: what was found is noted, and who shares
        something with them is judged again.
        """
        findings: dict[str, list[SaleFinding]] = {}
        noted: list[SaleChange] = []
        for name, stood in came.items():
            if (its := self._first.get(name)) is None:
                continue
            if its.findings:
                findings[name] = [_stored(one) for one in its.findings]
            noted.append(self._moved(name, its, its.stage, "came", stood))
        sales.note_change(self._db, noted)
        sales.add_findings(self._db, findings, self._at_us)
        if later := self._later - came.keys():
            self.judge(later, beside=False)

    def again(self, draft: Draft, known: SaleTaken) -> SaleTaken:
        """An order that is known otherwise: amended by where its goods are, or left and noted once."""
        scope = scope_of(self._db, [known.id])
        stored = scope.orders[known.id]
        draft = replace(draft, order=apportioned(draft.order))
        content, _ = self._keys.content(draft)
        person = sales.consignee_of(self._db, known.id)
        other = person is not None and person != draft.consignee
        found = taken_again(scope, known.id, draft, digest_known="", consignee=other)
        if found.again is Again.NEWER and found.wish is not None:
            newest = replace(stored, revision=draft.order.revision)
            scope = Scope({**scope.orders, known.id: newest}, scope.fulfilments)
            done = self.amend(scope, found.wish, draft.consignee if other else None, draft, content)
            if isinstance(done, Changed):
                return replace(known, version=self._version(known.id))
            what, code = "again-refused", done.code
        else:
            what, code = "again-unclear", ""
        mark = content[:16]
        if not any(
            one.what == what and one.body.get("content") == mark for one in sales.changes_of(self._db, known.id)
        ):
            body: dict[str, str | int | list[str]] = {"content": mark, "code": code}
            self._note(known.id, draft.order.channel, "", what, body)
            self.told.append(OutboxTold(f"order.{what}.v1", known.id, {"code": code}))
        return replace(known, text=what if not code else f"{what}: {code}")

    # ---- what is wished ----------------------------------------------------------------------------------------------

    def amend(
        self, scope: Scope, wish: Amend, person: Consignee | None, draft: Draft | None = None, content: str = ""
    ) -> Changed | WishRefused:
        """Does a wish, judged before where goods are on their way. ``person``: who gets it from now on."""
        changed = wishes.amend(scope, wish)
        if isinstance(changed, WishRefused) and changed.code == "judge-first":
            changed = wishes.amend(scope, replace(wish, judged=()))
            if not isinstance(changed, WishRefused):
                wished = changed.onto(scope).orders[wish.order]
                codes = tuple(sorted({str(one.code) for one in self._look(wished, person).open}))
                changed = wishes.amend(scope, replace(wish, judged=codes))
        if isinstance(changed, WishRefused):
            return changed
        if not changed.orders and (person is not None or content):
            changed = replace(changed, orders=(scope.orders[wish.order],))
        body: dict[str, str | int | list[str]] = {
            "lines": [f"{number}: {units}" for number, units in wish.wanted.items()]
        }
        stood_beside = facts_of(self._db, {wish.order: scope.orders[wish.order]}, self._rules).later
        self.save(scope, changed, wish.by, wish.reason, "amended", body, (wish.order, person, content))
        if draft is not None and person is not None:
            sales.set_noted(self._db, wish.order, draft.noted)
        self.judge([wish.order])
        self.judge(stood_beside, beside=False)  # of another address or other goods they are no neighbours any more
        return changed

    def save(
        self,
        scope: Scope,
        changed: Changed,
        by: str,
        reason: str,
        what: str,
        body: Mapping[str, str | int | list[str]] | None = None,
        given: tuple[str, Consignee | None, str] = ("", None, ""),
    ) -> None:
        """Stores what a decision gave, and who wished it. ``given``: an order's new consignee and key of content."""
        for order in changed.orders:
            before = scope.orders[order.id]
            person, content = given[1:] if order.id == given[0] else (None, "")
            if _planned_otherwise(before, order, person):
                self._redrafted |= {order.id, order.merged_into, before.merged_into}
            if person is None and order.lines != before.lines:  # what is compared of it has changed
                person = sales.consignee_of(self._db, order.id)
            sales.replace_order(self._db, order, before.version, self._known_keys, person, content)
            self._book(before, order, by, what)
            self._note(order.id, by, reason, what, dict(body or {}))
        changed = replace(changed, fulfilments=tuple(_all_picked(one) for one in changed.fulfilments))
        save_fulfilments(self._db, changed.fulfilments)
        now = changed.onto(scope)
        self._effects += changed.effects
        for effect in changed.effects:
            if isinstance(effect, AmendFeed):
                self._amended[effect.fulfilment] = now.fulfilments[effect.fulfilment]
            elif isinstance(effect, Tell):
                self.told.append(OutboxTold(f"{effect.event}.v1", effect.order))
            elif isinstance(effect, Refund):
                row = {"amount": effect.amount, "currency": effect.currency, "at_us": self._at_us}
                self._db.execute(tables.sales.refunds.insert().values(order_id=effect.order, **row))
                told: dict[str, str | int | list[str]] = {"amount": effect.amount, "currency": effect.currency}
                self.told.append(OutboxTold("order.refund.v1", effect.order, told))
            elif isinstance(effect, _OTHERS):
                if isinstance(effect, AskCarrier) and not effect.redirect:
                    self._intercepted(effect.fulfilment, by)
                self.told.append(_told(effect))

    def _intercepted(self, fulfilment: str, by: str) -> None:
        """What left all the same comes back, if its carrier can bring it: somebody looks after that."""
        link = sales.linked(self._db, fulfilments=[fulfilment])
        cases.open_case(
            self._db,
            kind=CaseKind.EXCEPTION,
            class_="intercept",
            cause=f"intercept {fulfilment}",
            order=link[0].order if link else "",
            reason="intercept",
            at_us=self._at_us,
            by=by,
        )

    def _book(self, before: SalesOrder, now: SalesOrder, by: str, what: str) -> None:
        """What came in or went out stands in the ledger."""
        if more := now.payment.paid - before.payment.paid:
            kind = MoneyKind.PAYMENT if more > 0 else MoneyKind.REFUND
            cause, currency = f"{what} {before.version + 1}", now.payment.currency
            row = MoneyRow(
                order=now.id, kind=kind, amount=more, currency=currency, cause=cause, by=by, at_us=self._at_us
            )
            ledger.book(self._db, [row])

    def report(self, fulfilment: str, turn: FulfilmentTurn) -> Changed | WishRefused:
        """What the floor says of a fulfilment."""
        scope = scope_of(self._db, fulfilments=[fulfilment])
        if fulfilment not in scope.fulfilments:
            return Changed()
        changed = report(scope, fulfilment, turn)
        if isinstance(changed, Changed) and changed != Changed():
            self.save(scope, changed, "", "", f"floor-{turn}", {"fulfilment": fulfilment})
        return changed

    # ---- judged ------------------------------------------------------------------------------------------------------

    def judge(self, names: Iterable[str], *, beside: bool = True) -> None:
        """Looks at orders by all rules, and again at what was ordered after them and shares something with them."""
        found = sales.find(self._db, names)
        if not found:
            return
        gathered = facts_of(self._db, found, self._rules)
        facts = completed(self._db, gathered.facts, found, keys_of(self._db, found), self._by)
        waivers = sales.waivers_of(self._db, found)
        known = sales.findings_of(self._db, found)
        findings: dict[str, list[SaleFinding]] = {}
        moved: dict[OrderStage, list[str]] = {}
        stopped: list[str] = []
        noted: list[SaleChange] = []
        for name, order in found.items():
            if order.stage not in _JUDGED:
                continue
            its = judge(order, facts[name], self._rules, [_waiver(one) for one in waivers.get(name, ())])
            held = [one for one in known.get(name, ()) if one.code == PERSON]
            findings[name] = [*held, *map(_stored, its.findings)]
            stage = OrderStage.HELD if held and order.stage is not OrderStage.ACCEPTED else its.stage
            if stage is not order.stage:
                moved.setdefault(stage, []).append(name)
                noted.append(self._moved(name, its, stage, "judged", {}))
            elif its.open and order.stage is OrderStage.ACCEPTED:
                stopped.append(name)
        sales.note_change(self._db, noted)
        sales.set_findings(self._db, findings, self._at_us)
        for stage, its_names in moved.items():
            sales.set_stage(self._db, its_names, stage, newer=True)
        for name in stopped:
            self._stop(name, findings[name])
        if beside and gathered.later:
            self.judge(gathered.later, beside=False)

    def _moved(
        self,
        name: str,
        its: Judgement,
        stage: OrderStage,
        what: str,
        more: Mapping[str, str | int | list[str]],
    ) -> SaleChange:
        """An order is in another stage by what was found; what is to be written down of it."""
        codes = sorted({str(one.code) for one in its.open})
        self.told.append(OutboxTold(f"order.{stage}.v1", name, {"codes": [*codes]}))
        if stage is OrderStage.ACCEPTED:
            self._effects.append(Reserve(name))
        body: dict[str, str | int | list[str]] = {"stage": str(stage), "codes": [*codes], **more}
        return SaleChange(order=name, at_us=self._at_us, by="", reason="", what=what, body=body)

    def _stop(self, name: str, found: Sequence[SaleFinding]) -> None:
        """An order that was accepted is found wanting: held, where nothing of it is on its way."""
        scope = scope_of(self._db, [name])
        if any(one.state in STARTED for one in scope.of(name)):
            return
        changed = wishes.hold(scope, name, "review", ", ".join(sorted({one.code for one in found})))
        if isinstance(changed, Changed):
            self.save(scope, changed, "review", "", "judged")

    def _look(self, order: SalesOrder, person: Consignee | None) -> Judgement:
        """What would hold an order as it is wished."""
        people = {} if person is None else {order.id: person}
        gathered = facts_of(self._db, {order.id: order}, self._rules, people)
        stored = keys_of(self._db, {order.id: order})
        known_by = stored if person is None else {order.id: self._keys.all_of(person, order.lines)}
        facts = completed(self._db, gathered.facts, {order.id: order}, known_by, self._by)[order.id]
        waivers = sales.waivers_of(self._db, [order.id]).get(order.id, [])
        return judge(order, facts, self._rules, [_waiver(one) for one in waivers])

    # ---- the end -----------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Has the rest of the store follow, tells the lines, then the outbox."""
        done = EffectsDone()
        if self._effects:
            done = settle(self._db, self._effects, lambda: self._by, self._at_us, self.seen_at)
        undraft(self._db, self._redrafted - {""})
        self._amended |= done.waiting
        done.void |= self.void
        fresh = {one.id for one in self.fresh_orders}
        names = {*self._amended, *done.routes, *done.void, *self.changes} - fresh
        if names or fresh:
            dialect.lock(self._db, Lock.ORDERS)  # a tote may just be bound
            lines = articles_of(self._db, self._amended.values())
            for order in orders.orders_where(self._db, dialect.among(self._db, tables.orders.c.id, names)):
                self._tell_line(order, done, lines)
            orders.put(self._db, self.fresh_orders, self._at_us)
        outbox.append(self._db, self.told, self._at_us)

    def _tell_line(self, order: Order, done: EffectsDone, lines: Mapping[tuple[str, int], str]) -> None:
        """A parcel that was sorted and is to be labelled again is cancelled first, and then open without its label."""
        now = as_line_knows(order, self._amended[order.id], lines) if order.id in self._amended else order
        if order.id in self.changes:
            now = self.changes[order.id](now)
        void = order.id in done.void and order.labels
        if order.id in done.void:
            now = replace(now, parcel=None, codes=(), items=())
            label = labels.c.fulfilment == order.id
            void_now = {"voided_us": self._at_us, "used_us": self._at_us, "reason": "another label"}
            self._db.execute(labels.update().where(label, labels.c.voided_us == 0).values(void_now))
        if (route := done.routes.get(order.id)) is not None:
            now = replace(now, carrier=route.carrier, service=route.service)
        both = [replace(order, state=OrderState.CANCELLED), now] if _again(order, now) else [now]
        for one in both:
            orders.put(self._db, [one], self._at_us)
        if route is not None:
            body: dict[str, str | int | list[str]] = {"carrier": route.carrier, "service": route.service}
            if route.refusals:
                body["refusals"] = list(route.refusals)
            self.told.append(OutboxTold("fulfilment.rerouted.v1", order.id, body))
        if void:
            self.told.append(OutboxTold("fulfilment.label-void.v1", order.id, {"labels": list(order.labels)}))

    def _note(self, order: str, by: str, reason: str, what: str, body: dict[str, str | int | list[str]]) -> None:
        change = SaleChange(order=order, at_us=self._at_us, by=by, reason=reason, what=what, body=body)
        sales.note_change(self._db, [change])

    def note(self, order: str, by: str, reason: str, what: str, **body: str | int | list[str]) -> None:
        """Adds to the audit."""
        self._note(order, by, reason, what, body)

    def _version(self, name: str) -> int:
        return sales.find(self._db, [name])[name].version


def _all_picked(one: Fulfilment) -> Fulfilment:
    """Picked, where nothing is left to pick of it: the rest was taken away."""
    if (
        one.state is FulfilmentState.RELEASED
        and one.quantity
        and all(its.picked == its.quantity for its in one.portions)
    ):
        return moved(one, FulfilmentTurn.PICKED)
    return one


def _again(before: Order, now: Order) -> bool:
    return before.state is OrderState.SHIPPED and now.state is OrderState.OPEN


def _planned_otherwise(before: SalesOrder, now: SalesOrder, person: Consignee | None) -> bool:
    """Whether a draft that was made of an order is not its draft any more."""
    if person is not None:
        return True
    return any(
        getattr(before, name) != getattr(now, name)
        for name in ("lines", "service", "stage", "merged_into", "payment", "promised", "priority", "urgent")
    )


def _told(effect: Missing | TakeOut | RemoveFromLoad | PlanAgain | Relabel | AskCarrier) -> OutboxTold:
    kind = "".join(f"-{char.lower()}" if char.isupper() else char for char in type(effect).__name__).lstrip("-")
    body: dict[str, str | int | list[str]] = {}
    if isinstance(effect, Missing | TakeOut):
        body = {"order": effect.order, "line": effect.line, "quantity": effect.quantity}
    return OutboxTold(f"fulfilment.{kind}.v1", effect.fulfilment, body)


def _waiver(one: sales.SaleWaiver) -> Waiver:
    code = ReviewRule(one.code)
    return Waiver(code=code, where=one.where, value=one.value, by=one.by, reason=one.reason, at_us=one.at_us)


def _stored(one: ReviewFinding) -> SaleFinding:
    return SaleFinding(str(one.code), str(one.weight), one.where, one.value, one.limit)


def held_by(by: str, reason: str) -> SaleFinding:
    """The finding that somebody holds an order."""
    return SaleFinding(PERSON, str(Weight.HOLD), by, reason)
