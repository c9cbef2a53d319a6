"""Orders, wishes and a floor that is late: each unit is in one place with an explanation, and ends once."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from edge.core.values.order import OrderState
from edge.orders.amend import Amend, amend, cancel, hold, pay
from edge.orders.floor import pick, report, see_back, withdraw
from edge.orders.moments import AmendFeed, Refund, Restock
from edge.orders.money import amounts, apportioned
from edge.orders.sales import OrderStage, Payment, PaymentKind, SalesLine, SalesOrder
from edge.orders.stages import (
    FULFILMENT_ARROWS,
    STARTED,
    Fulfilment,
    FulfilmentState,
    FulfilmentTurn,
    OrderTurn,
    Place,
    Scope,
    line_state,
    places,
    turned,
)
from edge.orders.together import Party, merge, plan, proposals, split_off
from edge.orders.work import Changed, WishRefused

Unit = tuple[str, int]
"""Order and line."""
S, T = FulfilmentState, FulfilmentTurn
SHIPPING = (OrderStage.ACCEPTED, OrderStage.MERGED)
LINES = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 500), st.integers(0, 50)), min_size=1, max_size=3)
CHARGES = st.tuples(st.integers(0, 80), st.integers(0, 60))
WAY = (T.RELEASED, T.PICKED, T.VERIFIED, T.PACKED, T.SORTED, T.LOADED)
OFTEN = {*WAY, T.DEPARTED, T.EMPTIED, T.REDUCED, T.STOPPED}
GONE: set[FulfilmentTurn] = set()
"""Turns that moved a fulfilment in any example."""


def ordered(key: str, lines: list[tuple[int, int, int]], kind: PaymentKind, freight: int, discount: int) -> SalesOrder:
    """An order that is paid in full where it must be."""
    made = tuple(
        SalesLine(number=number, sku=f"S{number}", quantity=quantity, price=price, discount=min(less, price * quantity))
        for number, (quantity, price, less) in enumerate(lines, 1)
    )
    total = sum(line.price * line.quantity - line.discount for line in made) + freight - discount
    payment = Payment(kind=kind, currency="TWD", total=total, freight=freight, discount=discount)
    return apportioned(
        SalesOrder(
            id=key,
            channel="shop",
            external=key,
            lines=made,
            payment=replace(payment, paid=0 if kind is PaymentKind.COD else max(0, total)),
        )
    )


class Warehouse(RuleBasedStateMachine):
    """People wish, goods move, and what is said of that comes later.

    ``inside``: what truly is in each tote or parcel; ``left``: what truly departed. ``says``: what the floor has said
    and nobody heard yet.
    """

    def __init__(self) -> None:
        super().__init__()
        self.scope = Scope()
        self.parties: dict[str, Party] = {}
        self.inside: dict[str, Counter[Unit]] = {}
        self.left: Counter[Unit] = Counter()
        self.says: deque[tuple[str, FulfilmentTurn | Unit]] = deque()
        self.aboard: set[str] = set()
        self.feed: dict[str, object] = {}
        self.payments: Counter[str] = Counter()
        self.refunds: Counter[str] = Counter()
        self.written_off: Counter[Unit] = Counter()

    # ---- what happens ----

    def take(self, answer: Changed | WishRefused) -> bool:
        """Whether something was done."""
        if isinstance(answer, WishRefused):
            return False
        before, self.scope = self.scope, answer.onto(self.scope)
        for order in answer.orders:
            assert order.version == before.orders[order.id].version + 1
        for fulfilment in answer.fulfilments:
            was = before.fulfilments.get(fulfilment.id)
            if was is not None and was.state is not fulfilment.state:
                arrows = FULFILMENT_ARROWS.items()
                GONE.update(turn for (start, turn), end in arrows if (start, end) == (was.state, fulfilment.state))
        for effect in answer.effects:
            match effect:
                case Refund(order=whose, amount=amount):
                    assert amount > 0
                    self.refunds[whose] += amount
                case AmendFeed(fulfilment=key):
                    self.feed[key] = content(self.scope.fulfilments[key])
                case Restock(order=whose, line=line, quantity=units, seen=False):
                    self.written_off[whose, line] += units
                case _:
                    pass
        return True

    def draw_of(self, data: st.DataObject, *states: FulfilmentState) -> Fulfilment | None:
        found = [key for key, one in sorted(self.scope.fulfilments.items()) if one.state in states]
        return self.scope.fulfilments[data.draw(st.sampled_from(found))] if found else None

    def draw_order(self, data: st.DataObject) -> SalesOrder:
        return self.scope.orders[data.draw(st.sampled_from(sorted(self.scope.orders)))]

    @initialize(data=st.data())
    def opens(self, data: st.DataObject) -> None:
        for _ in range(2):
            self.comes(data)
            self.is_planned(data, whole=True)
        for held in list(self.scope.fulfilments.values()):
            far = data.draw(st.integers(0, len(WAY) - 1))
            self.inside[held.id] = Counter()
            for turn in WAY[: far + 1]:
                for one in held.portions if turn is T.PICKED else ():
                    self.inside[held.id][one.order, one.line] = one.quantity
                    assert self.take(pick(self.scope, held.id, one.order, one.line, one.quantity))
                assert self.take(report(self.scope, held.id, turn))

    @rule(
        data=st.data(),
        what=st.sampled_from(("comes", "judged", "planned", "planned", "split", "merged", "released", "wave")),
    )
    def office(self, data: st.DataObject, what: str) -> None:
        match what:
            case "comes" if len(self.scope.orders) < 4:
                self.comes(data)
            case "judged":
                for order in list(self.scope.orders.values()):
                    if order.stage in (OrderStage.REVIEW, OrderStage.HELD):
                        now = turned(order, OrderTurn.PASSED if data.draw(st.booleans()) else OrderTurn.STOPPED)
                        self.scope = Scope({**self.scope.orders, order.id: now}, self.scope.fulfilments)
            case "planned":
                self.is_planned(data, whole=data.draw(st.booleans()))
            case "split":
                self.is_split(data)
            case "merged":
                self.is_merged(data)
            case "wave":
                if (held := self.draw_of(data, S.RELEASED)) and not self.says:
                    self.take(withdraw(self.scope, [held.id]))
            case _:
                if held := self.draw_of(data, S.PLANNED):
                    assert self.take(report(self.scope, held.id, T.RELEASED))
                    self.inside.setdefault(held.id, Counter())

    def comes(self, data: st.DataObject) -> None:
        kind = data.draw(st.sampled_from(PaymentKind))
        order = ordered(f"o{len(self.scope.orders)}", data.draw(LINES), kind, *data.draw(CHARGES))
        self.payments[order.id] = order.payment.paid
        self.parties[order.id] = Party(data.draw(st.sampled_from(("k1", "k1", "k2"))))
        self.scope = Scope({**self.scope.orders, order.id: turned(order, OrderTurn.PASSED)}, self.scope.fulfilments)

    def is_planned(self, data: st.DataObject, *, whole: bool) -> None:
        lead = self.draw_order(data)
        group = [
            one for one in self.scope.orders.values() if (one.merged_into or one.id) == (lead.merged_into or lead.id)
        ]
        units = {
            (order.id, line.number): data.draw(st.integers(1, free)) if not whole else free
            for order in group
            if order.stage in SHIPPING
            for line in order.lines
            if (free := self.scope.open(order.id, line.number))
        }
        if units:
            assert self.take(plan(self.scope, f"f{len(self.scope.fulfilments)}", units))

    def is_split(self, data: st.DataObject) -> None:
        if held := self.draw_of(data, S.PLANNED):
            units = {(one.order, one.line): data.draw(st.integers(0, one.quantity)) for one in held.portions}
            new = f"f{len(self.scope.fulfilments)}"
            self.take(split_off(self.scope, held.id, new, {key: more for key, more in units.items() if more}))

    def is_merged(self, data: st.DataObject) -> None:
        for one in proposals(self.scope, self.parties):
            if not one.why_not and data.draw(st.booleans()):
                assert self.take(merge(self.scope, one.into, one.other, self.parties))
        into, other = self.draw_order(data), self.draw_order(data)
        self.take(merge(self.scope, into.id, other.id, self.parties))

    def moves(self, data: st.DataObject) -> None:
        """Goods do what goods do next; whether that is still wanted is heard later."""
        held = self.draw_of(data, *STARTED)
        if held is None or held.id in self.aboard or any(key == held.id for key, _ in self.says):
            return
        there = self.inside[held.id]
        if held.state is S.RELEASED:
            for one in held.portions:
                for _ in range(data.draw(st.integers(0, one.quantity - one.picked))):
                    there[one.order, one.line] += 1
                    self.says.append((held.id, (one.order, one.line)))
            if data.draw(st.booleans()):
                self.says.append((held.id, data.draw(st.sampled_from((T.SHORT, T.PICKED)))))
        elif held.state in (S.VERIFIED, S.PACKED, S.SORTED, S.LOADED, S.CANCELLING):
            if sum(there.values()):
                self.goes_on(data, held)
            return
        if data.draw(st.booleans()):  # the portal compares with what the line was told
            asked = Counter({(one.order, one.line): one.quantity for one in held.portions})
            self.says.append((held.id, T.VERIFIED if there == asked and held.quantity else T.REFUSED))
            if there == asked and held.quantity:
                self.goes_on(data, held)

    def goes_on(self, data: st.DataObject, held: Fulfilment) -> None:
        """A parcel goes as far as it will."""
        first = data.draw(st.integers(0, 3))
        turns = (T.PACKED, T.SORTED, T.LOADED, T.DEPARTED)[first : data.draw(st.integers(first + 1, 4))]
        self.says.extend((held.id, turn) for turn in turns)
        if T.DEPARTED in turns:
            self.aboard.add(held.id)
            self.left += self.inside[held.id]
        elif held.state is S.LOADED:
            self.says.append((held.id, T.UNLOADED))

    @rule(data=st.data())
    def floor(self, data: st.DataObject) -> None:
        self.moves(data)

    @rule(data=st.data())
    def floor_and_ears(self, data: st.DataObject) -> None:
        self.moves(data)
        self.hears(len(self.says), again=True)

    @precondition(lambda self: self.says)
    @rule(count=st.integers(1, 6), again=st.booleans())
    def hears(self, count: int, again: bool) -> None:
        for _ in range(min(count, len(self.says))):
            key, said = self.says.popleft()
            if isinstance(said, FulfilmentTurn):
                assert self.take(report(self.scope, key, said)) or self.scope.fulfilments[key].state is S.CANCELLED
                if again and said is not T.UNLOADED:
                    now = self.scope
                    self.take(report(self.scope, key, said))
                    assert self.scope == now, "what is said twice changes nothing"
            elif not self.take(pick(self.scope, key, *said, 1)):
                self.inside[key][said] -= 1  # the picker is told to put it back

    @precondition(lambda self: any(one.putting_back for one in self.scope.fulfilments.values()))
    @rule(data=st.data(), lost=st.booleans())
    def sees_back(self, data: st.DataObject, lost: bool) -> None:
        for _, held in sorted(self.scope.fulfilments.items()):
            for one in held.portions if held.id not in self.aboard else ():
                if one.putting_back:
                    units = data.draw(st.sampled_from((one.putting_back, 1)))
                    self.inside[held.id][one.order, one.line] -= units
                    by = {"by": "Lin", "reason": "broken"} if lost else {}
                    assert self.take(see_back(self.scope, held.id, one.order, one.line, units, seen=not lost, **by))

    @rule(data=st.data(), what=st.sampled_from(("amend", "amend", "less", "cancel", "hold", "pay")))
    def wishes(self, data: st.DataObject, what: str) -> None:
        order = self.draw_order(data)
        match what:
            case "amend":
                self.take(amend(self.scope, self.drawn_amend(data, order)))
            case "less":
                wanted = {line.number: max(0, line.wanted - data.draw(st.integers(0, 1))) for line in order.lines}
                assert self.take(amend(self.scope, Amend(order=order.id, by="Chen", reason="less", wanted=wanted))) or (
                    order.stage in (OrderStage.CANCELLED, OrderStage.CLOSED)
                )
            case "cancel":
                self.take(cancel(self.scope, order.id, "Chen", "called", refund_at_once=data.draw(st.booleans())))
            case "hold":
                if not self.says:
                    self.take(hold(self.scope, order.id, "Chen", "looks odd"))
            case _:
                amount = data.draw(st.integers(1, 300))
                self.payments[order.id] += amount
                assert self.take(pay(self.scope, order.id, amount))

    def drawn_amend(self, data: st.DataObject, order: SalesOrder) -> Amend:
        number = max(line.number for line in order.lines) + 1
        more = SalesLine(number=number, sku="S9", quantity=data.draw(st.integers(1, 2)), price=30)
        few = number < 6
        return Amend(
            order=order.id,
            by="Chen",
            reason="customer called",
            wanted={line.number: data.draw(st.integers(0, line.wanted + few)) for line in order.lines},
            added=(more,) if few and data.draw(st.booleans()) else (),
            service=data.draw(st.sampled_from((None, "express"))),
            consignee=data.draw(st.booleans()),
            judged=data.draw(st.sampled_from((None, (), (), ("out-of-stock",)))),
        )

    # ---- what holds ----

    @invariant()
    def no_unit_is_twice_or_nowhere(self) -> None:
        for key, order in self.scope.orders.items():
            found: Counter[int] = Counter()
            for one in places(self.scope, key):
                assert one.quantity > 0
                assert (one.state is None) is (one.place in (Place.OPEN, Place.CANCELLED))
                found[one.line] += one.quantity
            for line in order.lines:
                assert 0 <= line.cancelled <= line.quantity
                assert found[line.number] == line.quantity

    @invariant()
    def the_book_is_what_is_there(self) -> None:
        for key, held in self.scope.fulfilments.items():
            for one in held.portions:
                assert one.quantity >= one.picked >= 0 <= one.putting_back
            if held.id in self.inside and not any(said[0] == key for said in self.says):
                booked = Counter({(one.order, one.line): one.picked + one.putting_back for one in held.portions})
                assert booked == self.inside[key], key
        if not self.says:
            shipped = Counter(
                {
                    (key, line.number): self.scope.shipped(key, line.number)
                    for key, order in self.scope.orders.items()
                    for line in order.lines
                }
            )
            assert +shipped == +self.left

    @invariant()
    def the_line_knows(self) -> None:
        for key, held in self.scope.fulfilments.items():
            if held.state in STARTED or key in self.feed:
                assert self.feed[key] == content(held)

    @invariant()
    def a_stage_says_what_is_so(self) -> None:
        for key, order in self.scope.orders.items():
            found = {one.place for one in places(self.scope, key)}
            if order.stage is OrderStage.CANCELLED:
                assert found == {Place.CANCELLED}
            if order.stage is OrderStage.CANCELLING:
                assert Place.PUTTING_BACK in found and found <= {Place.CANCELLED, Place.PUTTING_BACK}
            if order.stage in (OrderStage.REVIEW, OrderStage.HELD):
                assert not found & {Place.WAITING, Place.TAKEN}, "held orders hold nothing"
            assert bool(order.merged_into) is (order.stage is OrderStage.MERGED)
            if order.merged_into:
                assert self.scope.orders[order.merged_into].stage in (OrderStage.ACCEPTED, OrderStage.CLOSED)

    @invariant()
    def no_parcel_is_for_two(self) -> None:
        for held in self.scope.fulfilments.values():
            assert len({self.parties[one.order].consignee for one in held.portions}) == 1

    @invariant()
    def money_adds_up(self) -> None:
        for key, order in self.scope.orders.items():
            found = amounts(order)
            assert self.payments[key] - self.refunds[key] + found.due == found.content
            assert 0 <= self.refunds[key] <= self.payments[key]
            assert found.balance >= 0 and found.cod >= 0
            if order.stage is OrderStage.CANCELLED:
                assert found.content == 0 == order.payment.paid


def content(held: Fulfilment) -> object:
    """What the line must know of it."""
    state = line_state(held.state)
    return state, state is OrderState.CANCELLED or [(one.order, one.line, one.quantity) for one in held.portions]


def test_whoever_wishes_and_whatever_moves_each_unit_is_in_one_place() -> None:
    """Each turn of OFTEN moves something in dozens of the examples, so these do test what they say."""
    GONE.clear()
    run_state_machine_as_test(Warehouse, settings=settings(max_examples=150, stateful_step_count=40))
    assert GONE >= OFTEN
