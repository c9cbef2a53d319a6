"""Picking: a round is one picker's, fewer or more has a reason, a tote has one holder, what was picked is somewhere."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.orders.allocation import Offer
from edge.orders.pick_list import Material, materials, pick_list
from edge.orders.picking import (
    TASK_STEPS,
    BinPlace,
    PickError,
    PickLine,
    PickTask,
    ShortReason,
    TaskEvent,
    TaskState,
    ToteHeldError,
    Totes,
    claimed,
    picked,
    put_backs,
    walk,
    withdrawn,
)
from edge.orders.release import released
from edge.orders.reservations import Reservation
from edge.orders.stock import BinKey, BinStock, Books, Promise, StockCause
from edge.orders.waves import Member, PickMode, Wave, WaveLimits

ORDERS, PICKERS, CRATES = ("O1", "O2", "O3"), ("ann", "bo"), ("T1", "T2")
REASONS = st.none() | st.sampled_from(ShortReason)


def line(n: int, order: str, quantity: int = 2, name: str = "1-1", sku: str = "A") -> PickLine:
    return PickLine(n=n, fulfilment=order, at=BinKey(name, sku), quantity=quantity)


def task(name: str, *lines: PickLine, urgent: bool = False, by: int = 0) -> PickTask:
    return PickTask(id=name, wave="W", mode=PickMode.CLUSTER, lines=lines, urgent=urgent, release_by_us=by)


class Floor(RuleBasedStateMachine):
    """Two pickers, waves that are cancelled in between, totes that go round."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks = {
            one.id: one
            for one in (
                task("a", line(1, "O1"), line(2, "O2", 1), by=2),
                task("b", line(1, "O3"), by=1),
                task("c", line(1, "O1", 3), urgent=True, by=9),
            )
        }
        self.totes = Totes({})

    @rule(picker=st.sampled_from(PICKERS))
    def claims(self, picker: str) -> None:
        mine = [one for one in self.tasks.values() if one.picker == picker and one.state in _AT_WORK]
        one = claimed(self.tasks.values(), picker)
        if mine:
            assert one == mine[0]
        elif one:
            assert self.tasks[one.id].state is TaskState.OPEN, "H51: never another one's"
            assert one.id == min((t for t in self.tasks.values() if t.state is TaskState.OPEN), key=_precedence).id
            self.tasks[one.id] = one
        else:
            assert all(other.state is not TaskState.OPEN for other in self.tasks.values())

    @rule(
        name=st.sampled_from("abc"),
        n=st.integers(1, 2),
        units=st.integers(0, 4),
        picker=st.sampled_from(PICKERS),
        stale=st.booleans(),
        reason=REASONS,
        over=st.sampled_from(("", "broken set")),
    )
    def picks(
        self, name: str, n: int, units: int, picker: str, stale: bool, reason: ShortReason | None, over: str
    ) -> None:
        one = self.tasks[name]
        try:
            now = picked(one, n, units, picker, one.version - stale, reason, over)
        except PickError:
            return
        assert one.picker == picker and not stale and one.state in _AT_WORK
        done = next(line for line in now.lines if line.n == n)
        assert done.picked <= done.quantity or done.over, "P1"
        assert done.picked >= done.quantity or done.reason, "P3"
        assert (now.state is TaskState.DONE) is all(line.ended for line in now.lines)
        self.tasks[name] = now

    @rule(name=st.sampled_from("abc"), orders=st.sets(st.sampled_from(ORDERS), min_size=1))
    def wave_is_cancelled(self, name: str, orders: set[str]) -> None:
        one = self.tasks[name]
        now, fell = withdrawn(one, orders)
        begun = {line.fulfilment for line in one.lines if line.picked}
        for line_ in fell:  # H48: what nobody began goes, a tote with something in it stays
            assert line_.fulfilment in orders - begun and not line_.ended
        assert Counter(line.picked for line in now.lines) == Counter(line.picked for line in one.lines)
        self.tasks[name] = now

    @rule(tote=st.sampled_from(CRATES), order=st.sampled_from(ORDERS))
    def takes_a_tote(self, tote: str, order: str) -> None:
        holder = self.totes.holders.get(tote)
        if holder in (None, order):
            self.totes = self.totes.bound(tote, order)
        else:
            with pytest.raises(ToteHeldError, match=f"{tote}: {holder} has it"):  # H40
                self.totes.bound(tote, order)
        assert self.totes.holders[tote] == holder or holder is None, "P2"

    @rule(tote=st.sampled_from(CRATES))
    def empties_a_tote(self, tote: str) -> None:
        self.totes = self.totes.verified_empty(tote)
        assert tote not in self.totes.holders

    @invariant()
    def a_picker_has_one_round(self) -> None:
        at_work = [one.picker for one in self.tasks.values() if one.state in _AT_WORK]
        assert len(set(at_work)) == len(at_work) and all(at_work)

    @invariant()
    def nothing_ended_goes_on(self) -> None:
        for one in self.tasks.values():
            if one.state is TaskState.WITHDRAWN:
                assert not any(line.picked for line in one.lines)
            assert one.state is not TaskState.PICKING or not all(line.ended for line in one.lines)


_AT_WORK = (TaskState.ASSIGNED, TaskState.PICKING)


def _precedence(one: PickTask) -> tuple[bool, int, str]:
    return (not one.urgent, one.release_by_us, one.id)


TestFloor = Floor.TestCase
TestFloor.settings = settings(max_examples=120, stateful_step_count=30)


@given(
    st.lists(st.dictionaries(st.sampled_from("AB"), st.integers(1, 3), min_size=1), min_size=1, max_size=6),
    st.dictionaries(
        st.builds(BinKey, st.sampled_from(("1-1", "1-2", "2-1")), st.sampled_from("AB")), st.integers(0, 6)
    ),
    st.sampled_from(("", "1-1")),
)
def test_a_wave_is_released_all_in_one_and_nobody_goes_half(
    wants: list[dict[str, int]], stock: dict[BinKey, int], suspect: str
) -> None:
    soft = {
        f"F{n}": [Reservation(order=f"O{n}", line=k, sku=sku, quantity=want[sku]) for k, sku in enumerate(want)]
        for n, want in enumerate(wants)
    }
    promised = Counter(sku for want in wants for sku in Counter(want).elements())
    books = Books(
        {sku: Promise(sku, 99, promised[sku]) for sku in "AB"}, {key: BinStock(key, n) for key, n in stock.items()}
    )
    offers = [Offer(key=key, free=n, suspect=key.bin == suspect) for key, n in stock.items()]
    members = tuple(
        Member(fulfilment=f"F{n}", service="S", release_by_us=1, lines=tuple(want.items()))
        for n, want in enumerate(wants)
    )
    wave = Wave(id="W", service="S", release_by_us=1, urgent=False, members=members)
    places = {"1-1": BinPlace(1, 1), "1-2": BinPlace(1, 2), "2-1": BinPlace(2, 1)}
    limits = WaveLimits(batch=2, cluster=2)
    result = released(wave, soft, offers, {}, {}, places, limits, 0)
    assert result == released(wave, soft, offers[::-1], {}, {}, places, limits, 0), "W3"
    assert books.take(StockCause("wave", "W"), result.change), "W2, W4: within the stock, and one change"
    goes = [one.fulfilment for one in result.members]
    assert sorted([*goes, *(one.fulfilment for one in result.lacking)]) == sorted(soft)
    assert sorted(result.soft, key=repr) == sorted((one for name in goes for one in soft[name]), key=repr)
    picked_ = Counter[tuple[str, str]]()
    for task_ in result.tasks:
        assert [line.at.bin for line in task_.lines] == sorted(
            (line.at.bin for line in task_.lines),
            key=walk({line.at.bin: places[line.at.bin] for line in task_.lines}).index,
        )
        for line_ in task_.lines:
            assert line_.at.bin != suspect, "H17"
            picked_[line_.fulfilment, line_.at.sku] += line_.quantity
    assert picked_ == Counter({(name, one.sku): one.quantity for name in goes for one in soft[name]})
    assert sum(one.quantity for one in result.hard) == picked_.total()
    for lack in result.lacking:
        earlier = goes[: sum(name < lack.fulfilment for name in goes)]
        offered = sum(n for key, n in stock.items() if key.sku == lack.sku and key.bin != suspect)
        taken = sum(picked_[name, lack.sku] for name in earlier)
        wanted = sum(one.quantity for one in soft[lack.fulfilment] if one.sku == lack.sku)
        assert lack.missing == wanted - (offered - taken) > 0, "and nobody stays behind who need not"


def test_only_a_round_without_anything_picked_is_withdrawn() -> None:
    assert {state for (state, event) in TASK_STEPS if event is TaskEvent.WITHDRAWN} == {
        TaskState.OPEN,
        TaskState.ASSIGNED,
    }
    mine = claimed([task("a", line(1, "O1"), line(2, "O2"))], "ann")
    assert mine is not None
    begun = picked(mine, 1, 2, "ann", mine.version)
    then, fell = withdrawn(begun, ["O1", "O2"])
    assert [one.fulfilment for one in fell] == ["O2"] and then.state is TaskState.DONE
    mine = claimed([task("a", line(1, "O1"), line(2, "O1"), line(3, "O2"))], "ann")
    assert mine is not None
    begun = picked(mine, 1, 2, "ann", mine.version)
    then, fell = withdrawn(begun, ["O1"])  # H48: a tote that something lies in is finished, or emptied
    assert then == begun and not fell


@given(st.dictionaries(st.text("abc123", min_size=1), st.builds(BinPlace, st.integers(1, 4), st.integers(1, 9))))
def test_the_way_goes_up_one_aisle_and_down_the_next(bins: dict[str, BinPlace]) -> None:
    way = [bins[name] for name in walk(bins)]
    assert sorted(walk(bins)) == sorted(bins)
    assert [place.aisle for place in way] == sorted(place.aisle for place in way)
    for rank, aisle in enumerate(sorted({place.aisle for place in way})):
        along = [place.place for place in way if place.aisle == aisle]
        assert along == sorted(along, reverse=bool(rank % 2))


@given(st.lists(st.tuples(st.sampled_from(ORDERS), st.sampled_from("AB"), st.integers(0, 3)), max_size=8), st.data())
def test_what_is_not_wanted_any_more_is_put_back_to_the_unit(
    rows: list[tuple[str, str, int]], data: st.DataObject
) -> None:
    lines = [replace(line(n, order, 3, f"b{n}", sku), picked=got) for n, (order, sku, got) in enumerate(rows)]
    wanted = data.draw(st.dictionaries(st.tuples(st.sampled_from(ORDERS), st.sampled_from("AB")), st.integers(0, 4)))
    back, lay = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for one in put_backs(lines, wanted, {"O1": "T1"}):
        assert one.quantity > 0 and one.tote == ("T1" if one.fulfilment == "O1" else "")
        back[one.fulfilment, one.to.sku] += one.quantity
    for one_line in lines:
        lay[one_line.fulfilment, one_line.at.sku] += one_line.picked
    assert all(back[key] == max(0, lay[key] - wanted.get(key, 0)) for key in {*lay, *back})  # H1


def test_a_pick_list_is_a_row_for_each_bin_in_the_order_of_the_way() -> None:
    lines = [
        line(1, "O1", 2, "2-9"),
        line(2, "O2", 1, "2-9"),
        line(3, "O1", 4, "1-5", "B"),
        line(4, "O3", 1, "2-2", "C"),
    ]
    places = {"1-5": BinPlace(1, 5), "2-9": BinPlace(2, 9), "2-2": BinPlace(2, 2)}
    made = pick_list(
        task("a", *lines[:3], replace(lines[3], withdrawn=True)), places, {"O1": "T1"}, {"A": "茶"}, {"B": ("fragile",)}
    )
    assert [(row.bin, row.sku, row.quantity, row.totes) for row in made.rows] == [
        ("1-5", "B", 4, (("T1", 4),)),
        ("2-9", "A", 3, (("T1", 2), ("O2", 1))),
    ]
    assert (
        made.rows[0].marks == ("fragile",)
        and made.rows[1].name == "茶"
        and made.units == 7
        and made.totes == ("T1", "O2")
    )
    assert materials([[("BOX", 1), ("TAPE", 2)], [("BOX", 1)]], {"BOX": 1, "TAPE": 9}) == (
        Material("BOX", 2, 1),
        Material("TAPE", 2, 0),
    )
