"""The hard cases of orders, by their numbers, and laws of money and review."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from edge.core.values.order import OrderState
from edge.orders.again import Again, digest, taken_again
from edge.orders.amend import Amend, amend, cancel, lapse, pay
from edge.orders.contact import ContactOutcome, ContactTask, due, settle
from edge.orders.floor import pick, report, see_back, withdraw
from edge.orders.likeness import Likeness, Similar, blocking_keys, compare, numbers_of
from edge.orders.moments import (
    AmendFeed,
    AskCarrier,
    Effect,
    FreeReservation,
    Missing,
    Refund,
    Relabel,
    RemoveFromLoad,
    Reserve,
    Restock,
    TakeOut,
    WithdrawPick,
)
from edge.orders.money import (
    MoneyError,
    amounts,
    apportioned,
    at_the_door,
    digits_of,
    exchange,
    minor,
    parts,
    shown,
    split,
    worth,
)
from edge.orders.review import JUDGES, Facts, Judgement, ReviewRule, ReviewRules, SkuFact, Waiver, Weight, judge
from edge.orders.sales import Consignee, Draft, Noted, OrderStage, Payment, PaymentKind, SalesLine, SalesOrder
from edge.orders.stages import (
    Fulfilment,
    FulfilmentState,
    FulfilmentTurn,
    Place,
    Portion,
    Progress,
    Scope,
    line_state,
    places,
    progress,
    told,
)
from edge.orders.together import Party, Proposal, merge, plan, proposals
from edge.orders.work import Changed, WishRefused
from edge.views.order_words import of_finding, of_refusal
from edge.views.words.table import LANGUAGES, say

S, T = FulfilmentState, FulfilmentTurn
WAY = (T.RELEASED, T.PICKED, T.VERIFIED, T.PACKED, T.SORTED, T.LOADED, T.DEPARTED)


def order(
    key: str = "a",
    units: tuple[int, ...] = (1, 2),
    price: int = 100,
    kind: PaymentKind = PaymentKind.PREPAID,
    paid: int = -1,
) -> SalesOrder:
    lines = tuple(SalesLine(number=n, sku=f"S{n}", quantity=units, price=price) for n, units in enumerate(units, 1))
    total = sum(line.price * line.quantity for line in lines)
    payment = Payment(kind=kind, currency="TWD", total=total, paid=total if paid < 0 else paid)
    return SalesOrder(id=key, channel="shop", external=key, lines=lines, payment=payment, stage=OrderStage.ACCEPTED)


def done(answer: Changed | WishRefused) -> Changed:
    assert isinstance(answer, Changed), answer
    return answer


def refused(answer: Changed | WishRefused) -> str:
    """Its code; in both languages it is a sentence."""
    assert isinstance(answer, WishRefused), answer
    assert all(say(of_refusal(answer), language) for language in LANGUAGES)
    return answer.code


def at(state: FulfilmentState, *orders: SalesOrder) -> Scope:
    """All of the orders in the fulfilment ``f``, which has come so far."""
    scope = Scope({one.id: one for one in orders})
    units = {(one.id, line.number): line.wanted for one in orders for line in one.lines}
    scope = done(plan(scope, "f", units)).onto(scope)
    for turn in WAY if state is not S.PLANNED else ():
        if turn is T.PICKED:
            for (key, line), quantity in units.items():
                scope = done(pick(scope, "f", key, line, quantity)).onto(scope)
        scope = done(report(scope, "f", turn)).onto(scope)
        if scope.fulfilments["f"].state is state:
            break
    assert scope.fulfilments["f"].state is state
    return scope


def test_h1_one_of_three_is_cancelled_after_the_pick() -> None:
    scope = at(S.PICKED, order(units=(1, 2)))
    less = done(amend(scope, Amend(order="a", by="Lin", reason="called", wanted={2: 1})))
    assert {TakeOut("f", "a", 2, 1, unpack=False), AmendFeed("f")} <= set(less.effects)
    assert not any(isinstance(one, Refund | FreeReservation) for one in less.effects), "not before it is seen"
    scope = less.onto(scope)
    assert [(one.place, one.line, one.quantity) for one in places(scope, "a")] == [
        (Place.TAKEN, 1, 1),
        (Place.TAKEN, 2, 1),
        (Place.PUTTING_BACK, 2, 1),
    ]
    assert scope.orders["a"].stage is OrderStage.ACCEPTED and amounts(scope.orders["a"]).due == -100
    seen = done(see_back(scope, "f", "a", 2, 1))
    assert {Restock("f", "a", 2, 1, seen=True), Refund("a", 100, "TWD")} <= set(seen.effects)
    assert amounts(seen.onto(scope).orders["a"]).due == 0
    assert refused(see_back(seen.onto(scope), "f", "a", 2, 1)) == "not-put-back"


@pytest.mark.parametrize("state", [S.PACKED, S.SORTED, S.LOADED])
def test_h1_what_is_packed_is_unpacked_and_the_rest_goes_on(state: FulfilmentState) -> None:
    scope = at(state, order(units=(1, 2)))
    less = done(amend(scope, Amend(order="a", by="Lin", reason="called", wanted={2: 1}, refund_at_once=True)))
    assert {TakeOut("f", "a", 2, 1, unpack=True), Refund("a", 100, "TWD")} <= set(less.effects)
    assert (RemoveFromLoad("f") in less.effects) is (state is S.LOADED)
    scope = less.onto(scope)
    assert scope.fulfilments["f"].state is S.CANCELLING and scope.orders["a"].stage is OrderStage.ACCEPTED
    word = done(see_back(scope, "f", "a", 2, 1, seen=False, by="Lin", reason="broken"))
    assert Restock("f", "a", 2, 1, seen=False) in word.effects
    assert not any(isinstance(one, Refund) for one in word.effects), "once"
    assert word.fulfilments[0].state is S.PICKED and word.fulfilments[0].quantity == 2, "to be verified anew"


@pytest.mark.parametrize("end", ["quality lane", "carrier lane", "aboard"])
def test_h2_three_ends_of_a_cancellation_while_it_is_sorted(end: str) -> None:
    scope = at(S.PACKED, order())
    scope = done(cancel(scope, "a", "Lin", "called")).onto(scope)
    assert scope.orders["a"].stage is OrderStage.CANCELLING and scope.fulfilments["f"].state is S.CANCELLING
    assert line_state(S.CANCELLING) is OrderState.CANCELLED, "the gate is the last net"
    if end != "quality lane":
        scope = done(report(scope, "f", T.SORTED)).onto(scope)
        assert scope.fulfilments["f"].state is S.CANCELLING, "a lane is no sighting of the goods"
    if end == "aboard":
        left = done(report(scope, "f", T.DEPARTED))
        scope = left.onto(scope)
        assert AskCarrier("f") in left.effects
        assert scope.orders["a"].stage is OrderStage.ACCEPTED and progress(scope, "a") is Progress.SHIPPED
        assert scope.orders["a"].payment.paid == 300
        return
    for line in scope.orders["a"].lines:
        assert refused(see_back(scope, "f", "a", line.number, line.quantity, seen=False)) == "no-name"
        scope = done(see_back(scope, "f", "a", line.number, line.quantity)).onto(scope)
    assert scope.orders["a"].stage is OrderStage.CANCELLED and scope.fulfilments["f"].state is S.CANCELLED
    assert scope.orders["a"].payment.paid == 0


def test_h3_merged_is_only_what_nobody_has_begun() -> None:
    first, second = order("a"), replace(order("b"), ordered_us=5)
    parties = {"a": Party("k"), "b": Party("k")}
    scope = Scope({"a": first, "b": second})
    assert proposals(scope, parties) == [Proposal("a", "b")]
    joined = done(
        merge(at(S.PLANNED, first).__class__({**scope.orders}, at(S.PLANNED, first).fulfilments), "a", "b", parties)
    )
    assert joined.orders[-1].merged_into == "a" and joined.fulfilments[0].state is S.CANCELLED, "planned anew"
    begun = Scope(scope.orders, at(S.RELEASED, first).fulfilments)
    assert proposals(begun, parties) == [Proposal("a", "b", "merge-begun")], "ship together, two parcels"
    assert refused(merge(begun, "a", "b", parties)) == "merge-begun"
    for why, changed, who in (
        ("merge-consignee", second, {**parties, "b": Party("other")}),
        ("merge-consignee", second, {"a": Party(""), "b": Party("")}),
        ("merge-service", replace(second, service="express"), parties),
        ("merge-unpaid", replace(second, payment=replace(second.payment, paid=1)), parties),
        ("merge-channel", second, {**parties, "b": Party("k", merges=False)}),
        ("merge-stage", replace(second, stage=OrderStage.HELD), parties),
    ):
        assert refused(merge(Scope({"a": first, "b": changed}), "a", "b", who)) == why
    apart = Scope({"a": first, "b": second})
    assert refused(plan(apart, "f", {("a", 1): 1, ("b", 1): 1})) == "not-merged"


def test_h3_who_it_was_merged_into_goes_and_it_ships_by_itself() -> None:
    scope = Scope({"a": order("a"), "b": order("b")})
    scope = done(merge(scope, "a", "b", {"a": Party("k"), "b": Party("k")})).onto(scope)
    scope = done(plan(scope, "f", {("a", 1): 1, ("b", 1): 1})).onto(scope)
    scope = done(report(scope, "f", T.RELEASED)).onto(scope)
    other = Amend(order="a", by="Lin", reason="moved", consignee=True, judged=())
    assert refused(amend(scope, other)) == "together"
    scope = done(cancel(scope, "a", "Lin", "called")).onto(scope)
    assert scope.orders["b"].stage is OrderStage.ACCEPTED and not scope.orders["b"].merged_into
    assert scope.fulfilments["f"].quantity == 1 and scope.fulfilments["f"].state is S.RELEASED


def test_h7_an_order_is_shipped_when_all_of_it_is() -> None:
    scope = Scope({"a": order(units=(2,))})
    for key in ("f", "g"):
        scope = done(plan(scope, key, {("a", 1): 1})).onto(scope)
    for turn in (T.RELEASED, T.VERIFIED, T.DEPARTED):
        scope = done(report(scope, "f", turn)).onto(scope)
    assert progress(scope, "a") is Progress.PARTLY
    assert told(scope, "a", takes_parts=True) == ("f",) and told(scope, "a", takes_parts=False) == ()
    scope = done(cancel(scope, "a", "Lin", "called")).onto(scope)
    assert progress(scope, "a") is Progress.SHIPPED and told(scope, "a", takes_parts=False) == ("f",)
    assert scope.orders["a"].stage is OrderStage.ACCEPTED, "a part of it is shipped, so it is not cancelled"


def test_h8_what_comes_again_is_judged_by_content_and_version() -> None:
    known = replace(order(), revision=5)
    first = Draft(order=known)
    fewer = replace(known.lines[1], quantity=1)
    payment = replace(known.payment, total=200, paid=200)

    def again(scope: Scope, revision: int) -> Again:
        draft = Draft(order=replace(known, revision=revision, lines=(known.lines[0], fewer), payment=payment))
        found = taken_again(scope, "a", draft, digest_known=digest(first), consignee=False)
        if found.again is Again.NEWER:
            assert found.wish is not None and dict(found.wish.wanted) == {2: 1} and not found.wish.added
            now = done(amend(scope, found.wish)).onto(scope)
            assert amounts(now.orders["a"]).content == 200 and amounts(now.orders["a"]).due == 0
            assert now.orders["a"].stage is OrderStage.ACCEPTED, "less needs no new look"
        return found.again

    planned, picked = at(S.PLANNED, known), at(S.PICKED, known)
    same = taken_again(picked, "a", replace(first, where="row 9"), digest_known=digest(first), consignee=False)
    assert same.again is Again.SAME
    assert [again(picked, revision) for revision in (6, 4, 0, 5)] == [
        Again.NEWER,
        Again.OLDER,
        Again.UNCLEAR,
        Again.UNCLEAR,
    ]
    assert again(planned, 0) is Again.NEWER


def test_h20_an_exchange_costs_the_difference_and_touches_nothing_paid() -> None:
    line = apportioned(order(units=(3,), price=333)).lines[0]
    new = SalesLine(number=2, sku="S9", quantity=1, price=500)
    assert exchange(line, 0, 1, [new]) == 167
    assert exchange(line, 0, 3, [new]) == 500 - 999


def test_h21_the_door_collects_what_is_due_of_what_is_there() -> None:
    scope = at(S.RELEASED, order(kind=PaymentKind.COD, paid=0))
    assert amounts(scope.orders["a"]).cod == 300
    scope = done(amend(scope, Amend(order="a", by="Lin", reason="called", wanted={2: 1}))).onto(scope)
    assert amounts(scope.orders["a"]).cod == 200
    assert at_the_door(scope.orders["a"], 100, 100, 0) == 100
    assert at_the_door(scope.orders["a"], 100, 0, 99) == 101, "the last parcel asks for the rest"
    scope = done(cancel(scope, "a", "Lin", "called")).onto(scope)
    assert amounts(scope.orders["a"]).cod == 0 and scope.orders["a"].stage is OrderStage.CANCELLED


def test_h33_to_h36_numbers_are_exact_text_is_near_and_names_never_decide() -> None:
    assert numbers_of("\u53f0\u5317\u5e02\u4fe1\u7fa9\u8def\u4e8c\u6bb59\u865f\u5341\u4e09\u6a13") == ("2", "9", "13")
    assert numbers_of("\u4e8c\u5341\u4e09\u5df707\u865f") == ("23", "7"), "not the words of a name: \u4e09\u91cd"
    assert numbers_of("\u4e09\u91cd\u5340") == ()
    here = "106\u53f0\u5317\u5e02\u5927\u5b89\u5340\u4fe1\u7fa9\u8def4\u6bb51\u865f{}\u6a13"
    third, thirteenth = (Likeness(order=n, goods="g", address=here.format(n)) for n in ("3", "13"))
    found = compare(third, thirteenth, fuzz.ratio)
    assert found.score >= 95 and not found.duplicate(90)
    once_more = replace(third, order="x", address=third.address + "A")
    assert compare(third, once_more, fuzz.ratio).duplicate(90)
    assert blocking_keys(third) & blocking_keys(once_more) and not blocking_keys(Likeness(order="y"))


def test_h35_a_masked_phone_warns_and_an_ambiguous_district_holds() -> None:
    noted = (
        Noted("phone-masked", "phone", "138****8000"),
        Noted("address-ambiguous", "district", "\u671d\u967d\u5340"),
    )
    found = judged(noted=noted)
    assert [(one.code, one.weight) for one in found.findings] == [
        (ReviewRule.PHONE_MASKED, Weight.WARN),
        (ReviewRule.ADDRESS_CONTRADICTION, Weight.HOLD),
    ]
    assert found.stage is OrderStage.HELD
    assert judged(noted=noted[:1]).stage is OrderStage.ACCEPTED


def test_h43_the_total_is_the_lines_or_people_look() -> None:
    doubled = replace(order(), payment=replace(order().payment, total=600, paid=600))
    assert [one.code for one in judged(doubled).findings] == [ReviewRule.AMOUNT_MISMATCH]
    assert not judged(doubled, rules=ReviewRules(amount_tolerance=300)).findings


@given(
    st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=9), st.integers(1, 40), st.data()
)
def test_h44_nothing_is_lost_in_splitting(amount: int, weights: list[int], quantity: int, data: st.DataObject) -> None:
    found = split(amount, weights)
    assert sum(found) == amount
    whole = sum(weights)
    for part, weight in zip(found, weights, strict=True) if whole else ():
        assert abs(part * whole - amount * weight) < whole
    line = SalesLine(number=1, sku="S", quantity=quantity, price=7, share=amount)
    cuts = sorted((0, *data.draw(st.lists(st.integers(0, quantity), max_size=3)), quantity))
    assert sum(parts(line, start, end - start) for start, end in pairwise(cuts)) == worth(line)
    assert len({parts(line, unit, 1) for unit in range(quantity)}) <= 2


@given(st.integers(-(10**12), 10**12), st.integers(0, 4))
def test_what_is_shown_is_read_again(amount: int, digits: int) -> None:
    assert minor(shown(amount, digits), digits) == amount


def test_amounts_are_of_their_currency() -> None:
    assert (digits_of("JPY"), digits_of("TWD"), digits_of("TWD", {"TWD": 0}), digits_of("KWD")) == (0, 2, 0, 3)
    assert minor("12.50", 1) == 125 and minor("-3", 2) == -300
    for text in ("12.345", "1,200", "", "NaN", "1e3", "\u4e00"):
        with pytest.raises(MoneyError, match="allowed is an amount with at most 2 digits"):
            minor(text, 2)


def test_h47_stock_is_not_kept_for_ever_for_what_is_not_paid() -> None:
    deposit = replace(order(kind=PaymentKind.DEPOSIT, paid=90), stage=OrderStage.REVIEW)
    held = judged(deposit)
    assert [(one.code, one.value, one.limit) for one in held.open] == [(ReviewRule.BALANCE_DUE, "2.10 TWD", "0.90 TWD")]
    assert [one.code for one in judged(order(kind=PaymentKind.DEPOSIT, paid=0)).open] == [ReviewRule.UNPAID]
    scope = Scope({"a": held.order})
    assert set(done(lapse(scope, "a")).effects) >= {FreeReservation("a", 1, 1), FreeReservation("a", 2, 2)}
    late = done(pay(scope, "a", 210)).onto(scope)
    assert late.orders["a"].stage is OrderStage.REVIEW and not judged(late.orders["a"]).open
    gone = done(cancel(scope, "a", "Lin", "not paid"))
    assert Refund("a", 90, "TWD") in gone.effects
    after = done(pay(gone.onto(scope), "a", 210))
    assert Refund("a", 210, "TWD") in after.effects and not after.orders


def test_h48_a_cancelled_wave_takes_back_what_nobody_began() -> None:
    scope = at(S.RELEASED, order("a"))
    both = Scope({**scope.orders, "b": order("b")}, scope.fulfilments)
    both = done(plan(both, "g", {("b", 1): 1})).onto(both)
    both = done(report(both, "g", T.RELEASED)).onto(both)
    both = done(pick(both, "g", "b", 1, 1)).onto(both)
    taken = done(withdraw(both, ["f", "g"]))
    assert [(one.id, one.state) for one in taken.fulfilments] == [("f", S.PLANNED)]
    assert WithdrawPick("f", "a", 2, 2) in taken.effects and AmendFeed("f") in taken.effects
    assert refused(pick(taken.onto(both), "f", "a", 1, 1)) == "not-asked"


def test_what_cannot_be_found_is_open_again() -> None:
    scope = at(S.RELEASED, order())
    scope = done(pick(scope, "f", "a", 2, 1)).onto(scope)
    short = done(report(scope, "f", T.SHORT))
    assert {Missing("f", "a", 1, 1), Missing("f", "a", 2, 1)} <= set(short.effects)
    assert short.onto(scope).open("a", 2) == 1


def test_another_address_means_what_the_table_says() -> None:
    for state, expected in ((S.PACKED, {Relabel("f")}), (S.LOADED, {Relabel("f"), RemoveFromLoad("f")})):
        scope = at(state, order())
        wish = Amend(order="a", by="Lin", reason="moved", consignee=True)
        assert refused(amend(scope, wish)) == "judge-first"
        assert refused(amend(scope, replace(wish, judged=("no-service",)))) == "findings"
        moved = done(amend(scope, replace(wish, judged=())))
        assert expected | {Reserve("a")} <= set(moved.effects) and moved.fulfilments[0].state is S.VERIFIED
    scope = at(S.DEPARTED, order())
    redirected = done(amend(scope, Amend(order="a", by="Lin", reason="moved", consignee=True)))
    assert AskCarrier("f", redirect=True) in redirected.effects and not redirected.fulfilments


# ---- review ----

KNOWN = Consignee(name="Wang", phone="+886912345678", phone_given="0912345678", country="TW", postcode="106")
SKUS = {f"S{n}": SkuFact(usual=5) for n in range(1, 4)}


def judged(
    one: SalesOrder | None = None, rules: ReviewRules | None = None, waivers: tuple[Waiver, ...] = (), **facts: object
) -> Judgement:
    made = Facts(**{"consignee": KNOWN, "skus": SKUS, **facts})  # type: ignore[arg-type]
    looked = replace(one or order(), stage=OrderStage.REVIEW)
    return judge(looked, made, rules or ReviewRules(), waivers)


EACH: dict[ReviewRule, tuple[SalesOrder, ReviewRules, dict[str, object]]] = {
    ReviewRule.UNKNOWN_SKU: (order(), ReviewRules(), {"skus": {"S1": SkuFact()}}),
    ReviewRule.DISCONTINUED: (order(), ReviewRules(), {"skus": {**SKUS, "S2": SkuFact(discontinued=True)}}),
    ReviewRule.QUANTITY_UNUSUAL: (order(units=(8, 16)), ReviewRules(), {}),
    ReviewRule.NAME_MISSING: (order(), ReviewRules(), {"consignee": replace(KNOWN, name=" ")}),
    ReviewRule.PHONE_IMPLAUSIBLE: (order(), ReviewRules(), {"consignee": replace(KNOWN, phone_given="")}),
    ReviewRule.PHONE_MASKED: (order(), ReviewRules(), {"noted": [Noted("phone-virtual", "phone", "17012345678-1234")]}),
    ReviewRule.ADDRESS_INCOMPLETE: (order(), ReviewRules(), {"noted": [Noted("address-incomplete", "street")]}),
    ReviewRule.ADDRESS_CONTRADICTION: (
        order(),
        ReviewRules(),
        {"noted": [Noted("address-contradiction", "city", "800")]},
    ),
    ReviewRule.UNDELIVERABLE_ZONE: (order(), ReviewRules(), {"deliverable": False}),
    ReviewRule.NO_SERVICE: (replace(order(), service="express"), ReviewRules(), {"services": ["standard"]}),
    ReviewRule.UNPAID: (order(paid=0), ReviewRules(), {}),
    ReviewRule.BALANCE_DUE: (order(kind=PaymentKind.DEPOSIT, paid=1), ReviewRules(), {}),
    ReviewRule.AMOUNT_MISMATCH: (
        replace(order(), payment=replace(order().payment, total=299, paid=299)),
        ReviewRules(),
        {},
    ),
    ReviewRule.OVERPAID: (replace(order(), payment=replace(order().payment, paid=301)), ReviewRules(), {}),
    ReviewRule.COD_LIMIT: (order(kind=PaymentKind.COD, paid=0), ReviewRules(cod_max={"TWD": 300}), {"cod_limit": 299}),
    ReviewRule.OUT_OF_STOCK: (order(), ReviewRules(), {"stock": {"S1": 1, "S2": 1}}),
    ReviewRule.DUPLICATE: (order(), ReviewRules(), {"similar": [Similar("x", True, True, True, 0)]}),
    ReviewRule.VELOCITY: (order(), ReviewRules(), {"recent": {"phone": 6}}),
    ReviewRule.BLOCKLIST: (order(kind=PaymentKind.COD, paid=0), ReviewRules(), {"refused": 2}),
    ReviewRule.TEST_ORDER: (replace(order(), external="TEST-1"), ReviewRules(test_marks=("test",)), {}),
    ReviewRule.FOREIGN_CURRENCY: (order(), ReviewRules(currencies=("EUR",)), {}),
    ReviewRule.RESTRICTED_GOODS: (order(), ReviewRules(), {"skus": {**SKUS, "S1": SkuFact(restricted="18 years")}}),
    ReviewRule.PROMISE_IMPOSSIBLE: (replace(order(), promised="2026-12-01"), ReviewRules(), {"earliest": "2026-12-02"}),
}
"""An order that one rule finds something about, and no other does."""


@pytest.mark.parametrize("rule", ReviewRule)
def test_each_rule_finds_its_own_and_says_it_and_can_be_waived(rule: ReviewRule) -> None:
    one, rules, facts = EACH[rule]
    found = judged(one, rules, **facts)
    assert [finding.code for finding in found.findings] == [rule]
    for language in LANGUAGES:
        said = say(of_finding(found.findings[0]), language)
        assert "{" not in said and (not found.findings[0].value or found.findings[0].value in said)
    finding = found.findings[0]
    waiver = Waiver(code=rule, where=finding.where, value=finding.value, by="Lin", reason="asked")
    assert judged(one, rules, (waiver,), **facts).stage is OrderStage.ACCEPTED
    other = judged(one, rules, (replace(waiver, value="another"),), **facts)
    assert other.stage is (OrderStage.ACCEPTED if finding.weight is Weight.WARN else OrderStage.HELD)
    assert judged(one, replace(rules, off=frozenset({rule})), **facts).stage is OrderStage.ACCEPTED
    assert judged(one, replace(rules, weights={rule: Weight.WARN}), **facts).stage is OrderStage.ACCEPTED


def test_every_rule_has_its_judge_and_what_is_usual_is_none() -> None:
    assert list(JUDGES) == list(ReviewRule) == list(EACH)
    assert judged().findings == ()
    with pytest.raises(ValueError, match="a name and a reason"):
        Waiver(code=ReviewRule.UNPAID, where="", value="", by=" ", reason="x")


def test_what_a_customer_says_becomes_waivers_or_a_wish() -> None:
    task = ContactTask(order="a", findings=judged(order(paid=0)).open, due_us=100)
    later = settle(task, ContactOutcome.NO_ANSWER, "Lin", "", 100).task
    again = settle(later, ContactOutcome.REACHED, "Lin", "", 200).task
    assert again.due_us - 200 == 2 * (later.due_us - 100) and due([again, later, task], 100) == [task]
    confirmed = settle(again, ContactOutcome.CONFIRMED, "Lin", "pays tomorrow", 300)
    assert judged(order(paid=0), None, confirmed.waivers).stage is OrderStage.ACCEPTED
    assert settle(again, ContactOutcome.CHANGED, "Lin", "another street", 300).amend
    assert settle(again, ContactOutcome.CANCELLED, "Lin", "never ordered", 300).cancel
    assert not settle(again, ContactOutcome.WRONG_NUMBER, "Lin", "", 300).task.open
    for outcome, by, note in ((ContactOutcome.CONFIRMED, "Lin", ""), (ContactOutcome.NO_ANSWER, "", "")):
        with pytest.raises(ValueError, match="a name and what was said"):
            settle(again, outcome, by, note, 300)
    with pytest.raises(ValueError, match="ended already"):
        settle(confirmed.task, ContactOutcome.NO_ANSWER, "Lin", "", 400)


def test_o8_nothing_of_a_consignee_is_in_what_leaves_the_store() -> None:
    """Orders, fulfilments and effects have no field for it; findings have, for those who may see them."""
    secret = {one.name for one in fields(Consignee)}
    for kind in (*get_args(Effect), Portion, Fulfilment, SalesOrder):
        assert not {one.name for one in fields(kind)} & secret, kind
