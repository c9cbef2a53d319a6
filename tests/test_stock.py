"""The laws of stock: nothing promised or allocated twice, every book the sum of its ledger, each cause once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.orders.allocation import BinChoice, Offer, Refused, Take, chosen
from edge.orders.articles import Article, GtinError, gtin14, is_own_number, units_by_gtin
from edge.orders.corrections import Mismatch, TaggedItem, seen_leaving
from edge.orders.cover import DAY_US, CoverFinding, CoverLimits, Turnover, days_of_cover, judged
from edge.orders.reservations import (
    STEPS,
    Reservation,
    ReservationEvent,
    ReservationState,
    borne,
    departed,
    displaced,
    reserved,
    stepped,
)
from edge.orders.sscc import SsccRange
from edge.orders.stock import (
    BinKey,
    BinStock,
    BookChange,
    Books,
    Movement,
    MovementKind,
    Promise,
    StockCause,
    StockCondition,
    StockError,
    counted,
    movement_change,
)

SKUS, BINS, LOTS = ("A", "B"), ("1-1", "1-2", "2-1"), ("L1", "L2")
LIVE = (ReservationState.SOFT, ReservationState.HARD, ReservationState.STAGED, ReservationState.PUTTING_BACK)
PLACED = LIVE[1:]
keys = st.builds(BinKey, st.sampled_from(BINS), st.sampled_from(SKUS), st.sampled_from(LOTS))
few = st.integers(1, 4)
any_one = st.integers(0, 1_000)


_RULES_OF_THEIR_OWN = (ReservationEvent.ALLOCATED, ReservationEvent.DISPLACED, ReservationEvent.UNSTOCKED)


class Warehouse(RuleBasedStateMachine):
    """Whatever happens in any order, also twice: the books are asked before each step and are never wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.books = Books()
        self.ledger: list[Movement] = []
        self.live: list[Reservation] = []
        self.suspects: set[str] = set()
        self.count = 0
        for sku, name in product(SKUS, BINS[:2]):
            self.comes_or_goes(BinKey(name, sku, LOTS[0]), 8, MovementKind.RECEIPT)

    def cause(self) -> StockCause:
        self.count += 1
        return StockCause("test", str(self.count))

    def book(self, change: BookChange, *movements: Movement) -> None:
        cause = movements[0].cause if movements else self.cause()
        assert self.books.take(cause, change)
        before = self.books.promises | {}, self.books.bins | {}
        assert not self.books.take(cause, change), "S5: a cause moves once"
        assert before == (self.books.promises, self.books.bins)
        self.ledger.extend(movements)

    def step(self, one: Reservation, event: ReservationEvent, n: int | None = None, to: BinKey | None = None) -> None:
        now, rest, change = stepped(one, event, n, to)
        self.book(change)
        self.swap(one, now, rest)

    def swap(self, one: Reservation, *then: Reservation | None) -> None:
        self.live.remove(one)
        self.live.extend(new for new in then if new and new.state in LIVE)

    def one_of(self, which: int, *states: ReservationState) -> Reservation | None:
        some = [one for one in self.live if one.state in states]
        return some[which % len(some)] if some else None

    def row(self, key: BinKey) -> BinStock:
        return self.books.bins.get(key) or BinStock(key)

    @rule(key=keys, n=few, kind=st.sampled_from([MovementKind.RECEIPT, MovementKind.RETURN_IN, MovementKind.SCRAP]))
    def comes_or_goes(self, key: BinKey, n: int, kind: MovementKind) -> None:
        back = replace(key, condition=StockCondition.INSPECTION)
        source, target = {"receipt": (None, key), "return-in": (None, back), "scrap": (key, None)}[kind.value]
        self.move(kind, n, source, target)

    @rule(key=keys, n=few, to=st.sampled_from(BINS), restock=st.booleans())
    def moves_within(self, key: BinKey, n: int, to: str, restock: bool) -> None:
        if restock:
            back = replace(key, condition=StockCondition.INSPECTION)
            self.move(MovementKind.RESTOCK, n, back, key)
        else:
            self.move(MovementKind.MOVE, n, key, replace(key, bin=to))

    def move(self, kind: MovementKind, n: int, source: BinKey | None, target: BinKey | None) -> None:
        made = Movement(cause=self.cause(), kind=kind, quantity=n, at_us=0, source=source, target=target)
        books = Books(dict(self.books.promises), dict(self.books.bins))
        try:
            books.take(made.cause, movement_change(made))
        except StockError:
            assert (books.promises, books.bins) == (self.books.promises, self.books.bins), "all of it or nothing"
            return
        self.book(movement_change(made), made)

    @rule(wants=st.dictionaries(st.sampled_from(SKUS), few, min_size=1), urgent=st.integers(0, 4).map(lambda n: n == 4))
    def is_ordered(self, wants: dict[str, int], urgent: bool) -> None:
        self.count += 1
        rank = -self.count if urgent else self.count
        lines, change = reserved(
            Reservation(order=f"O{self.count}", line=n, sku=sku, quantity=wants[sku], rank=rank)
            for n, sku in enumerate(wants)
        )
        free = {sku: self.books.promises.get(sku, Promise(sku)).free for sku in wants}
        if urgent:
            losers: list[tuple[Reservation, int]] = []
            missing = 0
            for line in lines:
                lose, shown, short = displaced(line, free[line.sku], self.live)
                assert sum(row.quantity for row in shown) == sum(n for _, n in lose)
                assert all(one.state is ReservationState.SOFT and one.rank > rank for one, _ in lose)
                losers += lose
                missing += short
            if not missing:
                for one, n in losers:
                    self.step(one, ReservationEvent.DISPLACED, n)
        may = all(self.books.promises.get(sku, Promise(sku)).free >= n for sku, n in wants.items())
        assert [row[0] for row in change.promises] == sorted(wants), "H5: rows in the order of SKUs"
        if may:
            self.book(change)
            self.live.extend(lines)
        else:
            with pytest.raises(StockError):
                self.books.take(self.cause(), change)  # H4: one guarded change, all lines or none

    @rule(picks=st.booleans())
    def are_allocated(self, picks: bool) -> None:
        for one in [one for one in self.live if one.state is ReservationState.SOFT]:
            offers = [
                Offer(key=key, free=row.free, suspect=key.bin in self.suspects)
                for key, row in self.books.bins.items()
                if key.sku == one.sku
            ]
            for take in chosen(offers, one.quantity, 0, 0).takes:
                assert take.key.bin not in self.suspects and take.key.condition is StockCondition.SELLABLE
                self.step(one, ReservationEvent.ALLOCATED, take.quantity, take.key)
                one = replace(one, quantity=one.quantity - take.quantity)
        for one in [one for one in self.live if picks and one.state is ReservationState.HARD]:
            self.step(one, ReservationEvent.PICKED)

    @rule(which=any_one, n=few)
    def goes_on(self, which: int, n: int) -> None:
        ways = [
            (one, event)
            for one in self.live
            for (state, event), step in STEPS.items()
            if state is one.state and not step.moves and event not in _RULES_OF_THEIR_OWN
        ]
        if not ways:
            return
        one, event = ways[which % len(ways)]
        if event is ReservationEvent.DEPARTED:
            self.leaves(one)
            return
        if STEPS[one.state, event].suspect and one.at:
            self.suspects.add(one.at.bin)
        self.step(one, event, min(n, one.quantity))

    @rule(key=keys, more=st.integers(-4, 2))
    def is_counted(self, key: BinKey, more: int) -> None:
        staged = sum(one.quantity for one in self.live if one.at == key and one.state in PLACED[1:])
        seen = max(0, self.row(key).on_hand - staged + more)
        if found := counted(self.row(key), seen, staged, self.cause(), 0):
            steps, change = borne(movement_change(found), self.books.promises, self.books.bins, self.live)
            self.book(change, found)
            for one, event, n in steps:
                now, rest, _ = stepped(one, event, n)
                self.swap(one, now, rest)
        assert self.row(key).on_hand == seen + staged
        self.suspects.discard(key.bin)

    @rule(which=any_one, real=keys, inspected=st.booleans(), allowed=st.booleans())
    def another_item_leaves(self, which: int, real: BinKey, inspected: bool, allowed: bool) -> None:
        if (one := self.one_of(which, ReservationState.STAGED)) is None:
            return
        real = replace(real, sku=one.sku)
        at = replace(real, condition=StockCondition.INSPECTION) if inspected else real
        if not self.row(at).on_hand and inspected:
            return
        if one.quantity > 1:  # one unit of a row of its own
            self.swap(one, replace(one, quantity=1), replace(one, quantity=one.quantity - 1))
            one = replace(one, quantity=1)
        others = [other for other in self.live if other is not one]
        result = seen_leaving(
            TaggedItem(epc="E", sku=one.sku, at=at), one, self.row(real), others, self.cause(), 0, allowed
        )
        if at == one.at:
            assert result is None
        elif result and result.finding is Mismatch.LOT_REFUSED:
            assert not allowed and not result.steps
        else:
            assert result and result.steps  # H16: the ledger ships the real lot
            changes = [movement_change(movement) for movement in result.movements]
            for two, event, to in result.steps:
                now, rest, change = stepped(two, event, 1, to)
                self.swap(two, now, rest)
                changes.append(change)
            self.book(BookChange.summed(changes), *result.movements)
            moved = next(two for two in self.live if two.order == one.order and two.at == real)
            self.leaves(moved)

    def leaves(self, one: Reservation) -> None:
        gone, movement, change = departed(one, self.cause(), 0)
        self.book(change, movement)
        self.swap(one, gone)

    @invariant()
    def books_are_sums(self) -> None:
        sellable, on_hand = Counter[str](), Counter[BinKey]()
        for key, row in self.books.bins.items():
            if key.condition is StockCondition.SELLABLE:
                sellable[key.sku] += row.on_hand
            placed = sum(one.quantity for one in self.live if one.at == key and one.state in PLACED)
            assert row.allocated == placed, "S3"
        for movement in self.ledger:
            for side, sign in ((movement.source, -1), (movement.target, 1)):
                if side:
                    on_hand[side] += sign * movement.quantity
        assert all(on_hand[key] == row.on_hand for key, row in self.books.bins.items()), "S4"
        for sku, promise in self.books.promises.items():
            assert promise.sellable == sellable[sku], "S2"
            assert promise.promised == sum(one.quantity for one in self.live if one.sku == sku), "S3"


TestWarehouse = Warehouse.TestCase
TestWarehouse.settings = settings(max_examples=100, stateful_step_count=50)


def test_first_expired_first_out_among_what_may_leave() -> None:
    day = DAY_US

    def offer(name: str, lot: str, free: int, expires: int, **more: object) -> Offer:
        return replace(Offer(key=BinKey(name, "A", lot), free=free, expires_us=expires * day), **more)  # type: ignore[arg-type]

    today = 10
    offers = [
        offer("b1", "gone", 5, today),  # H15: expires today
        offer("b2", "short", 5, today + 4),  # would not live five days after its delivery in two
        offer("b3", "staged", 0, today + 9),  # all of it in totes
        offer("b4", "early", 9, today + 9, path=1),
        offer("b5", "early", 2, today + 9, path=7),  # emptied by a line of 8: goes first
        offer("b6", "early", 3, today + 9, path=0, suspect=True),  # H17
        offer("b7", "late", 9, today + 30, path=0),
        offer("b8", "never", 9, 0, path=0),
        replace(offer("b9", "early", 9, today + 9), key=BinKey("b9", "A", "early", StockCondition.INSPECTION)),
    ]
    choice = chosen(offers, 13, today * day, (today + 2) * day, 5 * day)
    assert [(take.key.bin, take.quantity) for take in choice.takes] == [("b4", 9), ("b5", 2), ("b7", 2)]
    fewer = chosen(offers, 8, today * day, (today + 2) * day, 5 * day)
    assert [(take.key.bin, take.quantity) for take in fewer.takes] == [("b5", 2), ("b4", 6)]
    assert {key.bin: why for key, why in choice.refused} == {
        "b1": Refused.EXPIRED,
        "b2": Refused.TOO_SHORT,
        "b6": Refused.SUSPECT,
        "b9": Refused.NOT_SELLABLE,
    }
    one_lot = chosen(offers, 10, today * day, (today + 2) * day, 5 * day, single_lot=True)
    assert one_lot.takes == (Take(BinKey("b4", "A", "early"), 9), Take(BinKey("b5", "A", "early"), 1))
    none = chosen(offers, 12, today * day, (today + 2) * day, 5 * day, single_lot=True)
    assert (
        isinstance(none, BinChoice)
        and none.missing == 12
        and (BinKey("b4", "A", "early"), Refused.MIXED) in none.refused
    )


@given(st.lists(st.tuples(keys, st.integers(0, 5), st.integers(0, 3)), unique_by=lambda row: row[0]), st.integers(1, 9))
def test_a_choice_takes_what_there_is_and_the_order_of_offers_is_nothing(
    rows: list[tuple[BinKey, int, int]], n: int
) -> None:
    offers = [Offer(key=key, free=free, expires_us=expires) for key, free, expires in rows]
    choice = chosen(offers, n, 1, 0)
    assert choice == chosen(offers[::-1], n, 1, 0)
    usable = {offer.key: offer.free for offer in offers if offer.expires_us != 1}
    assert sum(take.quantity for take in choice.takes) == min(n, sum(usable.values())) == n - choice.missing
    assert all(0 < take.quantity <= usable[take.key] for take in choice.takes)


def test_an_item_of_another_open_parcel_is_refused_and_a_line_without_its_kind_is_no_movement() -> None:
    at = BinKey("1-1", "A")
    under = Reservation(order="O1", line=1, sku="A", quantity=1, state=ReservationState.STAGED, at=at)
    cause = StockCause("portal", "p1")
    item = TaggedItem(epc="E1", sku="A", at=BinKey("1-2", "A"), order="O2")
    refused = seen_leaving(item, under, None, (), cause, 0)
    assert refused and refused.finding is Mismatch.OTHER_ORDER and not refused.steps and not refused.movements  # S6
    listed = seen_leaving(replace(item, order=""), under, None, (), cause, 0)
    assert listed and listed.finding is Mismatch.NOT_ON_HAND and listed.movements[0].epc == "E1"  # S6: or it is listed
    for kind, source, target in [
        (MovementKind.RECEIPT, at, at),
        (MovementKind.SHIP, at, at),
        (MovementKind.RETURN_IN, None, at),
        (MovementKind.RESTOCK, at, at),
        (MovementKind.COUNT, at, at),
        (MovementKind.CORRECTION, None, None),
        (MovementKind.MOVE, at, BinKey("1-1", "B")),
    ]:
        with pytest.raises(StockError):
            Movement(cause=cause, kind=kind, quantity=1, at_us=0, source=source, target=target)


def test_an_urgent_order_takes_soft_stock_of_the_last_and_a_loss_is_borne_by_the_last() -> None:
    at = BinKey("1-1", "A")
    first = Reservation(order="first", line=1, sku="A", quantity=3, rank=1)
    middle, last = replace(first, order="middle", rank=5), replace(first, order="last", rank=9, quantity=2)
    hard = replace(first, order="hard", rank=99, state=ReservationState.HARD, at=at)
    urgent = Reservation(order="urgent", line=1, sku="A", quantity=6, rank=1)
    losers, rows, missing = displaced(urgent, 2, [first, middle, last, hard, replace(last, sku="B")])
    assert losers == ((last, 2), (middle, 2)) and missing == 0
    assert [(row.urgent, row.order, row.quantity) for row in rows] == [("urgent", "last", 2), ("urgent", "middle", 2)]
    assert displaced(replace(urgent, quantity=9), 0, [first, hard])[2] == 9  # neither earlier ones nor bins
    promises, bins = {"A": Promise("A", 11, 11)}, {at: BinStock(at, 11, 3)}
    scrapped = Movement(cause=StockCause("fire", "1"), kind=MovementKind.SCRAP, quantity=9, at_us=0, source=at)
    steps, change = borne(movement_change(scrapped), promises, bins, [first, middle, last, hard])
    assert [(one.order, event, n) for one, event, n in steps] == [
        ("hard", ReservationEvent.WITHDRAWN, 1),
        ("hard", ReservationEvent.UNSTOCKED, 1),
        ("last", ReservationEvent.UNSTOCKED, 2),
        ("middle", ReservationEvent.UNSTOCKED, 3),
        ("first", ReservationEvent.UNSTOCKED, 3),
    ]
    books = Books(promises, bins)
    assert books.take(scrapped.cause, change) and books.bins[at] == BinStock(at, 2, 2)


def test_a_gtin_is_fourteen_digits_and_a_case_is_not_its_item() -> None:
    assert gtin14("4006381333931") == "04006381333931" and gtin14("96385074") == "00000096385074"
    assert gtin14("4006381333030") == "04006381333030" and SsccRange("4006381").number(0)[-2:] == "00"  # H13: sum 60
    for wrong in ("4006381333932", "400638133393", "４006381333931", ""):
        with pytest.raises(GtinError):
            gtin14(wrong)
    case = "1400638133393" + str(-sum(int(c) * (3, 1)[k % 2] for k, c in enumerate("1400638133393")) % 10)
    pen = Article(sku="PEN", gtins=(("4006381333931", 1), (case, 12)))
    known = units_by_gtin([pen, Article(sku="HAM", gtins=(("2000000000008", 1),))], channel="shop")
    assert known["", case] == ("PEN", 12) and known["", "04006381333931"] == ("PEN", 1)
    assert is_own_number("02000000000008") and ("shop", "02000000000008") in known  # H14: a number of this shop only
    for articles in (
        [pen, Article(sku="INK", gtins=(("4006381333931", 1),))],
        [Article(sku="X", gtins=(("90000000000008", 1),))],
    ):
        with pytest.raises(GtinError):
            units_by_gtin(articles)


def test_cover_says_what_lacks_what_lies_and_what_nobody_wants() -> None:
    row = Turnover(sku="A", sellable=30, promised=10, waiting=0, used=60, days=30, last_us=0)
    assert days_of_cover(row) == 10 and judged(row, CoverLimits(), 0) == ()
    assert judged(replace(row, waiting=21), CoverLimits(), 0) == (CoverFinding.SHORTAGE, CoverFinding.LOW)
    assert judged(replace(row, sellable=3000), CoverLimits(), 0) == (CoverFinding.OVERSTOCK,)
    still = replace(row, used=0)
    assert days_of_cover(still) is None and judged(still, CoverLimits(), 90 * DAY_US) == (CoverFinding.SLOW,)
