"""What people and channels do with sales orders: each call is one transaction, with its audit and what is told of it.

Public names: SalesDesk, Blockable, Blocked, BlockKind, SaleDetail, SaleStory, UnknownSale, SalesConflict, SaleOutcome,
SaleTaken, SaleFilter, SaleFinding, SalePage, SaleRow, ImportRun, PERSON, COUNTED.

What is allowed, and what it means, is for `edge.orders` to say; a wish that it refuses comes back as a `WishRefused`.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import msgspec
import sqlalchemy as sa

from edge.intake.channels import FilesTaken
from edge.intake.rows import LineSetAside
from edge.orders import amend as wishes
from edge.orders.amend import Amend
from edge.orders.contact import ContactOutcome, ContactTask, settle
from edge.orders.floor import see_back
from edge.orders.money import Amounts, amounts, apportioned
from edge.orders.planning import Planning
from edge.orders.review import ReviewFinding, ReviewRule, ReviewRules, Weight
from edge.orders.sales import Consignee, Draft, OrderStage, SalesOrder
from edge.orders.stages import Fulfilment, FulfilmentState, FulfilmentTurn, Located, Progress, Scope, places, progress
from edge.orders.together import Party, Proposal, merge, plan, proposals, split_off
from edge.orders.work import Changed, WishRefused
from edge.site import blocklist, case_units, dialect, imports, reserving, sales, sales_list, tables, taking, waiting
from edge.site.blocklist import Blocked, BlockKind
from edge.site.imports import ImportRun
from edge.site.outbox import OutboxTold
from edge.site.sales import SaleFinding, SalesConflict, SaleWaiver
from edge.site.sales_list import COUNTED, SaleFilter, SalePage, SaleRow
from edge.site.sales_work import PERSON, SaleWork, held_by
from edge.site.scope import scope_of
from edge.site.standing import keys_of
from edge.site.store import SiteStore
from edge.site.stories import SaleStory, story_of
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
_KEPT_US = 30 * 86_400_000_000
"""So long reports of imports stay: cells that were set aside may be somebody's."""
_THERE = 200
"""So many orders of an address, the newest, may ship with one of them."""
_AGAIN = 500
"""So many orders are judged anew in one turn."""
_RANKS = (SaleOutcome.NEWER, SaleOutcome.CHANGED)


class UnknownSale(LookupError):  # noqa: N818  # what it is
    """There is no sales order with this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleDetail:
    """All that is known of an order now. ``consignee``: None = purged, or not for the one who asks."""

    order: SalesOrder
    taken_us: int
    amounts: Amounts
    progress: Progress
    consignee: Consignee | None
    findings: tuple[SaleFinding, ...]
    open: tuple[SaleFinding, ...]
    waivers: tuple[SaleWaiver, ...]
    places: tuple[Located, ...]
    fulfilments: tuple[Fulfilment, ...]
    merged: tuple[str, ...]
    merges: tuple[Proposal, ...]
    contact: ContactTask | None
    refunded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blockable:
    """Somebody: by a phone, a mail address, or as who gets an order; ``kinds``: what of that, empty = all of it."""

    phone: str = ""
    email: str = ""
    order: str = ""
    kinds: tuple[BlockKind, ...] = ()


class SalesDesk:
    """The sales orders of one store. ``rules``: of review; ``countries``: in which phones without one may be.

    ``planning``: what carriers are chosen by at an instant, None = nobody plans here. ``apart``: channels whose orders
    never ship with others. All calls raise StoreError; those about one order UnknownSale, and with a ``version``
    SalesConflict where the order has another.
    """

    def __init__(
        self,
        store: SiteStore,
        rules: ReviewRules,
        countries: Sequence[str] = (),
        planning: Callable[[int], Planning] | None = None,
        apart: Collection[str] = (),
    ) -> None:
        self._store, self._rules, self._countries, self._planning = store, rules, tuple(countries), planning
        self._apart = frozenset(apart)

    # ---- what comes in -----------------------------------------------------------------------------------------------

    def take(self, drafts: Iterable[Draft], at_us: int, run: str = "") -> list[SaleTaken]:
        """Takes orders and judges them, by portions, each one transaction; what became of each, in their order.

        ``run``: the import that brings them.
        """
        asked = [_apportioned(draft) for draft in drafts]
        found: list[SaleTaken] = []
        for at in range(0, len(asked), taking.AT_ONCE):
            portion = asked[at : at + taking.AT_ONCE]
            keys = self._store.keys
            with self._store.connections.writing() as db:
                work = SaleWork(db, keys, self._rules, at_us, self._planning)
                taken = taking.take_untold(db, keys, portion, at_us, work.first_stages)
                work.told += taking.told_of(taken)
                came = zip(portion, taken, strict=True)
                work.fresh({one.id: _place(draft, run) for draft, one in came if one.outcome is SaleOutcome.NEW})
                for number, (draft, one) in enumerate(zip(portion, taken, strict=True)):
                    if one.outcome in _RANKS:
                        taken[number] = work.again(draft, one)
                work.finish()
            found += taken
        return found

    def take_files(
        self, channel: str, by: str, files: Sequence[str], taken: FilesTaken, now_us: Callable[[], int]
    ) -> ImportRun:
        """Takes what files said, and keeps the report. A file that was taken before changes nothing."""
        run = ImportRun(id=secrets.token_hex(8), channel=channel, by=by, at_us=now_us(), files=tuple(files))
        with self._store.connections.writing() as db:
            imports.forget(db, run.at_us - _KEPT_US)
            imports.begin(db, run)
        results = self.take(taken.drafts, now_us(), run.id)
        found = Counter(str(one.outcome) for one in results)
        left = tuple(
            LineSetAside(file=draft.where, order=draft.order.external or draft.order.id, reason=one.text)
            for draft, one in zip(taken.drafts, results, strict=True)
            if one.text
        )
        run = replace(
            run,
            ended_us=now_us(),
            taken=dict(sorted(found.items())) | ({"same": found["same"] + taken.same} if taken.same else {}),
            skipped=dict(taken.skipped),
            set_aside=(*taken.set_aside, *left),
        )
        with self._store.connections.writing() as db:
            imports.end(db, run)
        return run

    def import_run(self, name: str) -> ImportRun | None:
        """What came of files, with what was set aside; None = there is no such run, or it is forgotten."""
        with self._store.connections.reading() as db:
            return imports.find_run(db, name)

    def import_runs(self, limit: int = 50) -> list[ImportRun]:
        """The newest runs."""
        with self._store.connections.reading() as db:
            return imports.newest(db, limit)

    # ---- looked at ---------------------------------------------------------------------------------------------------

    def page(self, which: SaleFilter, q: str = "", limit: int = 100) -> SalePage:
        """A page of orders. ``q``: what names them, printed, typed or scanned; empty = all."""
        keys = self._store.keys if q else None
        with self._store.connections.reading() as db:
            if q:
                which = replace(which, named=sales_list.named_by(db, keys, q, self._countries))
            return sales_list.page_of(db, which, limit)

    def counts(self) -> dict[str, int]:
        """Orders by stage, of those that somebody works at, each `COUNTED` at most."""
        with self._store.connections.reading() as db:
            return sales_list.counts_of(db)

    def detail(self, name: str) -> SaleDetail:
        """All that is known of an order."""
        with self._store.connections.reading() as db:
            scope = scope_of(db, [name])
            if name not in scope.orders:
                raise UnknownSale(name)
            order = scope.orders[name]
            findings = sales.findings_of(db, [name]).get(name, [])
            waivers = sales.waivers_of(db, [name]).get(name, [])
            known = {(one.code, one.where, one.value) for one in waivers}
            refunds = tables.sales.refunds.c
            refunded = db.execute(sa.select(sa.func.sum(refunds.amount)).where(refunds.order_id == name)).scalar() or 0
            table = tables.sales.orders.c
            return SaleDetail(
                order=order,
                taken_us=db.execute(sa.select(table.taken_us).where(table.id == name)).scalar_one(),
                amounts=amounts(order),
                progress=progress(scope, name),
                consignee=sales.consignee_of(db, name),
                findings=tuple(findings),
                open=tuple(
                    one
                    for one in findings
                    if one.weight == Weight.HOLD and (one.code, one.where, one.value) not in known
                ),
                waivers=tuple(waivers),
                places=tuple(places(scope, name)),
                fulfilments=tuple(one for _, one in sorted(scope.fulfilments.items()) if one.holds(name)),
                merged=tuple(sorted(one.id for one in scope.orders.values() if one.merged_into == name)),
                merges=self._merges(db, order),
                contact=_contact_of(db, name),
                refunded=int(refunded),
            )

    def story(self, name: str) -> list[SaleStory]:
        """What was done to an order, in order; what the floor saw of its fulfilments stands in their timelines."""
        with self._store.connections.reading() as db:
            if found := story_of(db, name):
                return found
        raise UnknownSale(name)

    def fulfilments(self, name: str) -> list[str]:
        """The fulfilments in which something of an order is or was."""
        with self._store.connections.reading() as db:
            return sorted({one.fulfilment for one in sales.linked(db, orders=[name])})

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
            changed = merge(scope, into, other, _parties(db, scope.orders, self._apart))
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
            task = _contact_of(db, name)
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
            _keep_contact(db, task)
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
        known: dict[BlockKind, tuple[str, str]] = {}
        with self._store.connections.writing() as db:
            work = SaleWork(db, keys, self._rules, at_us, self._planning)
            if who.order:
                known |= self._known_of(db, who.order, who.kinds)
            if who.phone:
                read = sales_list.phones_of(who.phone, self._countries)
                of = next((one for one in read if one.phone), read[0])
                known |= {BlockKind.PHONE: (key, who.phone)} if (key := keys.phone(of)) else {}
            if who.email:
                known |= {BlockKind.EMAIL: (key, who.email)} if (key := keys.email(Consignee(email=who.email))) else {}
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

    def _known_of(self, db: sa.Connection, name: str, kinds: Collection[BlockKind]) -> dict[BlockKind, tuple[str, str]]:
        its, person = keys_of(db, {name: None}).get(name), sales.consignee_of(db, name)
        if its is None:
            raise UnknownSale(name)
        its_words = person or Consignee()
        address = " ".join(
            part for part in (its_words.country, its_words.postcode, its_words.city, its_words.street) if part
        )
        every = {
            BlockKind.PHONE: (its.phone, its_words.phone or its_words.phone_given),
            BlockKind.EMAIL: (its.email, its_words.email),
            BlockKind.ADDRESS: (its.address, address),
        }
        return {kind: (key, shown) for kind, (key, shown) in every.items() if key and (not kinds or kind in kinds)}

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
                raise SalesConflict(f"order {name}: its version is {known}, not {version}")
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

    def _merges(self, db: sa.Connection, order: SalesOrder) -> tuple[Proposal, ...]:
        """What may ship with an order that is accepted."""
        if order.stage is not OrderStage.ACCEPTED:
            return ()
        person, table = tables.sales.consignees.c, tables.sales.orders.c
        mine = sa.select(person.address_key).where(person.order_id == order.id)
        there = sa.select(person.order_id).where(person.address_key == mine.scalar_subquery())
        newest = db.execute(there.order_by(person.when_us.desc()).limit(_THERE)).scalars().all()
        query = sa.select(table.id).where(dialect.among(db, table.id, newest), table.stage == str(OrderStage.ACCEPTED))
        names = {order.id, *sorted(db.execute(query).scalars())[:20]}
        if len(names) < 2:
            return ()
        scope = scope_of(db, names)
        found = proposals(scope, _parties(db, scope.orders, self._apart))
        return tuple(one for one in found if order.id in (one.into, one.other))


def _place(draft: Draft, run: str) -> dict[str, str | int | list[str]]:
    """Where an order stood in what came: ``file``, ``row``, as far as there are some, and the ``run`` that read it."""
    file, _, row = draft.where.rpartition(", row ")
    where: dict[str, str | int | list[str]] = {"file": file, "row": int(row)} if file and row.isdecimal() else {}
    return where | ({"run": run} if run else {})


def _apportioned(draft: Draft) -> Draft:
    order = apportioned(draft.order)
    return draft if order is draft.order else replace(draft, order=order)


def _parties(db: sa.Connection, orders: Mapping[str, SalesOrder], apart: Collection[str]) -> dict[str, Party]:
    person = tables.sales.consignees.c
    query = sa.select(person.order_id, person.person_key).where(dialect.among(db, person.order_id, orders))
    return {name: Party(key or "", orders[name].channel not in apart) for name, key in db.execute(query)}


def _new_fulfilment(name: str, scope: Scope) -> str:
    number = 1
    while f"{name}-{number}" in scope.fulfilments:
        number += 1
    return f"{name}-{number}"


def _finding(one: SaleFinding) -> ReviewFinding:
    return ReviewFinding(ReviewRule(one.code), Weight(one.weight), one.where, one.value, one.limit)


def _contact_of(db: sa.Connection, name: str) -> ContactTask | None:
    table = tables.sales.contacts
    row = db.execute(sa.select(table).where(table.c.order_id == name)).first()
    if row is None:
        return None
    return ContactTask(
        order=name,
        findings=tuple(msgspec.json.decode(row.findings, type=list[ReviewFinding])),
        due_us=row.due_us,
        attempts=row.attempts,
        outcome=ContactOutcome(row.outcome) if row.outcome else None,
        by=row.by,
        note=row.note,
    )


def _keep_contact(db: sa.Connection, task: ContactTask) -> None:
    table = tables.sales.contacts
    db.execute(table.delete().where(table.c.order_id == task.order))
    db.execute(
        table.insert().values(
            order_id=task.order,
            findings=msgspec.json.encode(task.findings).decode(),
            due_us=task.due_us,
            attempts=task.attempts,
            outcome=str(task.outcome or ""),
            by=task.by,
            note=task.note,
        )
    )
