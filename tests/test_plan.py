"""The plan: as cheap as a foreign solver's, within every limit, the same each time; waves, forecasts, reroutes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import permutations

import highspy
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.orders.articles import Goods
from edge.orders.assign import assigned
from edge.orders.eligibility import ClassSteps, ParcelPlan, RefusalCode, ServiceRefusal, Terms, classes_of, quoted
from edge.orders.forecast import Ahead, LateReason, Rates, forecast, newly_late
from edge.orders.plan import Lead, p90, planned, release_by
from edge.orders.reroute import HeldPlace, Where, rechosen, rerouted
from edge.orders.services import (
    Performance,
    Pickup,
    Rate,
    Service,
    Suspension,
    Weights,
    chargeable_g,
    shrunk_ppm,
)
from edge.orders.waves import Member, PickMode, WaveLimits, WaveState, pick_jobs, replanned, wave_state, waves
from edge.views.plan_sentences import tell_left
from edge.views.words.table import say

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


def solved(costs: list[dict[int, int]], units: list[int], room: list[int]) -> tuple[int, int]:
    """(units that are taken, cost) by HiGHS, a linear program of the same classes with whole vertices."""
    dear = 1 + (len(room) + 1) * max((cost for row in costs for cost in row.values()), default=0)
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.setOptionValue("threads", 1)
    ways = [(one, at, cost) for one, row in enumerate(costs) for at, cost in (*row.items(), (len(room), dear))]
    for _, _, cost in ways:
        model.addVar(0, highspy.kHighsInf)
        model.changeColCost(model.getNumCol() - 1, cost)
    for one, n in enumerate(units):
        index = [k for k, way in enumerate(ways) if way[0] == one]
        model.addRow(n, n, len(index), np.array(index, dtype=np.int32), np.ones(len(index)))
    for at, n in enumerate(room):
        index = [k for k, way in enumerate(ways) if way[1] == at]
        model.addRow(-highspy.kHighsInf, n, len(index), np.array(index, dtype=np.int32), np.ones(len(index)))
    model.run()
    assert model.getModelStatus() == highspy.HighsModelStatus.kOptimal
    flow = [round(value) for value in model.getSolution().col_value]
    taken = [(n, cost) for n, (_, at, cost) in zip(flow, ways, strict=True) if at != len(room)]
    return sum(n for n, _ in taken), sum(n * cost for n, cost in taken)


@given(st.data())
def test_an_assignment_costs_what_highs_finds(data: st.DataObject) -> None:
    pickups = data.draw(st.integers(1, 5))
    room = data.draw(st.lists(st.integers(0, 12), min_size=pickups, max_size=pickups))
    row = st.dictionaries(st.integers(0, pickups - 1), st.integers(0, 30))
    costs = data.draw(st.lists(row, min_size=1, max_size=8))
    units = data.draw(st.lists(st.integers(0, 9), min_size=len(costs), max_size=len(costs)))
    result = assigned(costs, units, room)
    assert result == assigned([dict(reversed(row.items())) for row in costs], units, room), "W3"
    load = Counter[int]()
    for row_, flow, left, n in zip(costs, result.flows, result.left, units, strict=True):
        assert sum(flow.values()) + left == n and set(flow) <= set(row_)
        load.update(flow)
    assert all(load[at] <= n for at, n in enumerate(room)), "W2"
    assert (sum(load.values()), result.cost) == solved(costs, units, room)


def service(name: str, price: int, **more: object) -> Service:
    rates = tuple(Rate(zone, ((1_000, price), (5_000, 2 * price)), ((Goods.LIQUID, 7),)) for zone in "XY")
    return replace(Service(id=name, carrier=name, code="std", rates=rates), **more)  # type: ignore[arg-type]


def pickup(of: str, parcels: int = 100, at: int = 10, days: int = 1, **more: object) -> Pickup:
    arrives = tuple((zone, at * HOUR_US + days * DAY_US) for zone in "XY")
    return replace(Pickup(service=of, cutoff_us=at * HOUR_US, arrives=arrives, parcels=parcels), **more)  # type: ignore[arg-type]


def terms(pickups: list[Pickup], now: int = 0, lead: int = 1, **more: object) -> Terms:
    by = {one.id: one.cutoff_us - lead * HOUR_US for one in pickups}
    return replace(Terms(now_us=now * HOUR_US, release_by_us=by), **more)  # type: ignore[arg-type]


def parcel(order: str, **more: object) -> ParcelPlan:
    return replace(ParcelPlan(order=order, zone="X", mass_g=800), **more)  # type: ignore[arg-type]


def test_every_refusal_has_its_reason_with_value_and_limit() -> None:
    services = {
        one.id: one
        for one in (
            service("cheap", 50, longest_mm=600),
            service("cod", 80, takes=Goods.COD | Goods.LIQUID, cod_limit=20_000),
            service("slow", 20),
            service("gone", 10),
            service("far", 10, rates=(Rate("Z", ((9_000, 1),)),)),
        )
    }
    pickups = [pickup("cheap"), pickup("cod"), pickup("slow", days=4), pickup("gone", at=1), pickup("far")]
    shut = Suspension(reason="typhoon", from_us=0, until_us=9 * HOUR_US, service="cheap")

    def reasons(one: ParcelPlan, **more: object) -> dict[str, RefusalCode]:
        (key,) = classes_of([one], ClassSteps.of(services.values()))
        judged = quoted(key, pickups, services, terms(pickups, now=1, **more))
        assert len(judged.quotes) + len(judged.refusals) == len(pickups)
        return {refusal.pickup.split("@")[0]: refusal.code for refusal in judged.refusals}

    always = {"gone": RefusalCode.CUT_OFF, "far": RefusalCode.NO_ZONE}  # H27: now + lead is after the cut-off
    code = RefusalCode
    assert reasons(parcel("1")) == always
    assert reasons(parcel("1", promised_us=3 * DAY_US)) == always | {"slow": code.TOO_LATE}
    assert reasons(parcel("1", promised_us=3 * DAY_US), weights=Weights(late_day=5)) == always
    last_us = pickups[0].cutoff_us  # a channel's time to ship by is of the pickup, and not of the door
    assert reasons(parcel("1", ship_by_us=last_us)) == always
    here = dict.fromkeys(("cheap", "cod", "slow"), code.LEAVES_LATE)
    assert reasons(parcel("1", ship_by_us=last_us - 1)) == always | here
    assert reasons(parcel("1", ship_by_us=last_us - 1), weights=Weights(late_day=5)) == always
    assert reasons(parcel("1", mass_g=5_001)) == always | dict.fromkeys(("cheap", "cod", "slow"), code.TOO_HEAVY)
    assert reasons(parcel("1", longest_mm=601)) == always | {"cheap": code.TOO_LONG}
    cod = parcel("1", goods=int(Goods.COD | Goods.LIQUID), cod_due=20_000)
    assert reasons(cod) == always | {"cheap": code.GOODS, "slow": code.GOODS}
    assert reasons(replace(cod, cod_due=20_001))["cod"] is code.COD
    assert reasons(parcel("1", wish="cod"))["slow"] is code.NOT_WISHED
    assert reasons(parcel("1"), suspensions=(shut,)) == always | {"cheap": code.SUSPENDED}
    plan = planned([parcel("1", mass_g=9_999)], pickups, services, terms(pickups, now=1))
    assert not plan.planned and {refusal.code for refusal in plan.left[0].refusals} >= {code.TOO_HEAVY, code.CUT_OFF}


def test_trouble_costs_and_few_parcels_prove_little() -> None:
    assert shrunk_ppm(0, 0, 30_000, 200) == 30_000
    assert shrunk_ppm(1, 1, 30_000, 200) == 34_826  # one parcel, one late: hardly worse
    assert abs(shrunk_ppm(500, 10_000, 30_000, 200) - 50_000) < 500
    rotten = service("rotten", 50, measured=Performance(10_000, 500, 400))
    services = {one.id: one for one in (rotten, service("sound", 52, measured=Performance(10_000, 50, 10)))}
    pickups = [pickup(name) for name in services]
    for weights, best in ((Weights(), "rotten"), (Weights(late=100, damaged=100), "sound")):
        (done,) = planned(
            [parcel("1", promised_us=9 * DAY_US)], pickups, services, terms(pickups, weights=weights)
        ).planned
        assert done.service == best
        assert all(one.cost == one.rate + one.surcharge + one.lateness + one.damage for one in done.best)


parcels_ = st.lists(
    st.builds(
        ParcelPlan,
        order=st.uuids(version=4).map(str),
        zone=st.sampled_from("XY"),
        mass_g=st.integers(1, 6_000),
        promised_us=st.sampled_from((0, DAY_US, 2 * DAY_US, 9 * DAY_US)),
        ship_by_us=st.sampled_from((0, 0, 8 * HOUR_US, 2 * DAY_US)),
        priority=st.integers(0, 2),
        urgent=st.booleans(),
        ordered_us=st.integers(0, 5),
    ),
    max_size=25,
    unique_by=lambda one: one.order,
)


@given(
    parcels_,
    st.lists(st.tuples(st.integers(0, 8), st.none() | st.integers(0, 9_000)), min_size=4, max_size=4),
    st.randoms(),
)
def test_a_plan_keeps_every_limit_and_is_the_same_in_any_order(
    parcels: list[ParcelPlan], rooms: list[tuple[int, int | None]], chance: st.DrawFn
) -> None:
    services = {one.id: one for one in (service("cheap", 10), service("dear", 30))}
    pickups = [
        pickup(of, parcels=n, grams=grams, at=at)
        for (of, at), (n, grams) in zip([("cheap", 9), ("cheap", 18), ("dear", 9), ("dear", 18)], rooms, strict=True)
    ]
    by = terms(pickups)
    plan = planned(parcels, pickups, services, by)
    shuffled = list(parcels)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert plan == planned(shuffled, pickups[::-1], services, by), "W3"
    assert sorted(one.parcel.order for one in (*plan.planned, *plan.left)) == sorted(one.order for one in parcels)
    for way in pickups:
        aboard = [one.parcel for one in plan.planned if one.pickup == way.id]
        assert len(aboard) <= way.parcels, "W2"
        assert way.grams is None or sum(one.mass_g for one in aboard) <= way.grams, "W2"
    assert plan.cost == sum(one.quote.cost for one in plan.planned)
    assert all(one.quote.pickup == one.pickup and one.best == one.best[:3] for one in plan.planned)
    members = [
        Member(
            fulfilment=one.parcel.order,
            service=one.service,
            release_by_us=one.release_by_us,
            lines=(("A", 1),),
            urgent=one.parcel.urgent,
        )
        for one in plan.planned
    ]
    made = waves(members, WaveLimits(totes=3))
    assert made == waves(members[::-1], WaveLimits(totes=3)), "W3"
    assert sorted(one.fulfilment for wave in made for one in wave.members) == sorted(
        one.fulfilment for one in members
    )  # W1
    assert all(len(wave.members) <= 3 for wave in made), "W2"
    assert len({wave.id for wave in made}) == len(made)
    for name in services:
        turns = [wave.urgent for wave in made if wave.service == name]
        assert turns == sorted(turns, reverse=True), "W5"


def test_an_urgent_order_takes_the_early_pickup_from_a_cheaper_one() -> None:
    services = {"s": service("s", 10)}
    pickups = [pickup("s", parcels=1, at=9), pickup("s", parcels=9, at=18)]
    plan = planned(
        [parcel("slow", priority=9), parcel("fast", urgent=True), parcel("next")], pickups, services, terms(pickups)
    )
    assert {one.parcel.order: one.cutoff_us // HOUR_US for one in plan.planned} == {"fast": 9, "slow": 18, "next": 18}


@given(
    st.lists(st.tuples(st.integers(0, 90), st.integers(1, 20)), min_size=1, max_size=4, unique_by=lambda lead: lead[0])
)
def test_the_latest_release_reaches_the_cut_off_and_one_later_does_not(rows: list[tuple[int, int]]) -> None:
    leads = [Lead(*row) for row in sorted(rows)]

    def reaches(release: int) -> bool:
        lead = next((lead for lead in reversed(leads) if lead.from_us <= release), leads[0])
        return release + lead.lead_us + 3 <= 100

    assert release_by(100, leads, 3) == max(at for at in range(-200, 101) if reaches(at))


def test_p90_is_of_the_measured_and_of_the_rule_where_there_are_few() -> None:
    assert p90(range(1, 101), 7) == 90 and p90([1] * 19, 7) == 7 and p90([5], 7, least=1) == 5


def member(name: str, *skus: str, by: int = 5, **more: object) -> Member:
    lines = tuple((sku, 1) for sku in skus)
    return replace(Member(fulfilment=name, service="s", release_by_us=by, lines=lines), **more)  # type: ignore[arg-type]


def test_drafts_are_replaced_and_what_is_released_stays() -> None:
    limits = WaveLimits(totes=2)
    first = waves([member(name, "A") for name in "abcd"], limits)
    assert [[one.fulfilment for one in wave.members] for wave in first] == [["a", "b"], ["c", "d"]]
    released, drafts = first[:1], first[1:]
    again = replanned(drafts, released, [member(name, "A") for name in "abcd"], limits)
    assert again.kept == drafts and not again.replaced and not again.new
    more = [*(member(name, "A") for name in "abcd"), member("e", "A"), member("f", "A", urgent=True)]
    then = replanned(drafts, released, more, limits)
    assert then.kept == drafts and [[one.fulfilment for one in wave.members] for wave in then.new] == [["f"], ["e"]]
    assert then.new[0].urgent and not {wave.id for wave in then.new} & {wave.id for wave in first}
    ahead = replanned(drafts, released, [member("c", "A"), member("d", "A"), member("e", "A", priority=1)], limits)
    assert not ahead.kept and ahead.replaced == (drafts[0].id,)
    assert [one.fulfilment for wave in ahead.new for one in wave.members] == ["e", "c", "d"]


def test_equal_orders_are_a_batch_small_ones_a_cluster_and_large_ones_alone() -> None:
    limits = WaveLimits(cluster=2, cluster_lines=2, batch=3)
    members = [*(member(f"a{n}", "A") for n in range(3)), member("b", "B"), member("bc", "B", "C"), member("x", *"DEF")]
    jobs = pick_jobs([*members, member("y", "Y", urgent=True)], limits)
    assert [(job.mode, [one.fulfilment for one in job.members]) for job in jobs] == [
        (PickMode.CLUSTER, ["y", "b"]),
        (PickMode.BATCH, ["a0", "a1", "a2"]),
        (PickMode.ORDER, ["bc"]),
        (PickMode.ORDER, ["x"]),
    ]
    assert wave_state(False, [True]) is WaveState.DRAFT and wave_state(True, [True, False]) is WaveState.RELEASED
    assert wave_state(True, [True, True]) is wave_state(True, []) is WaveState.DONE  # H48: derived


def test_who_will_be_late_is_said_before_with_what_keeps_it_and_once() -> None:
    rates = Rates(pick_line_us=10, tote_us=5)
    ahead = Ahead(fulfilment="", cutoff_us=70, lines=1)
    queue = [
        replace(ahead, fulfilment="fine"),
        replace(ahead, fulfilment="lacks", missing=2),
        replace(ahead, fulfilment="shut", lane_off_us=80),
        replace(ahead, fulfilment="soon on", lane_off_us=60),
        replace(ahead, fulfilment="never", cutoff_us=14),
        replace(ahead, fulfilment="gone", released=False, release_by_us=-1, cutoff_us=20),
        replace(ahead, fulfilment="behind", lines=3, cutoff_us=60),
    ]
    late = forecast(queue, rates, 0)
    assert {one.fulfilment: one.reason for one in late} == {
        "lacks": LateReason.STOCK,
        "shut": LateReason.LANE,
        "never": LateReason.CUT_OFF,
        "gone": LateReason.CUT_OFF,
        "behind": LateReason.PICK,
    }
    queue_of_totes = [replace(ahead, fulfilment=f"t{n}", lines=0, cutoff_us=20) for n in range(6)]
    assert [(one.fulfilment, one.reason, one.finish_us) for one in forecast(queue_of_totes, rates, 0)] == [
        (f"t{n}", LateReason.LINE, 5 + 5 * n) for n in (4, 5)
    ]
    told = [(one.fulfilment, one.cutoff_us) for one in late]
    assert newly_late(late, told[1:]) == late[:1] and newly_late(late, told) == ()
    again = tuple(replace(one, reason=LateReason.LINE) for one in late)
    assert newly_late(again, told) == () and newly_late([replace(late[0], cutoff_us=99)], told)


def test_a_suspended_carrier_gives_up_what_can_still_be_turned_and_no_place_is_overbooked() -> None:
    services = {one.id: one for one in (service("shut", 10, lane="3"), service("other", 30), service("small", 20))}
    room = [pickup("other", parcels=2), pickup("small", parcels=1), pickup("shut", parcels=90)]
    shut = Suspension(reason="strike", from_us=0, lane="3")
    held = [
        HeldPlace(parcel(name, priority=9 - n), "shut", "shut@1", where)
        for n, (name, where) in enumerate(zip("abcdefg", (*Where, Where.MOVING), strict=True))
    ]
    result = rerouted(held, room, services, terms(room, suspensions=(shut,)))
    assert {one.parcel.order for one in result.stays} == {"e", "f"}  # H30: in the lane, aboard
    assert Counter(one.service for one in result.moved) == {"other": 2, "small": 1}
    assert {one.held.parcel.order for one in result.moved} == {"a", "b", "c"}
    assert {one.held.parcel.order for one in result.stuck} == {"d", "g"}  # an alarm, not overbooked
    back = rerouted([replace(one, service="other") for one in held], room, services, terms(room))
    assert not back.moved and not back.stays and not back.stuck  # H31: nobody comes back by itself


def test_the_true_weight_chooses_again_before_the_label_and_never_after() -> None:
    bulky = service("bulky", 10, volume_per_g=5_000, weight_unit_g=500)
    assert chargeable_g(bulky, 1_001, 5_000_000) == 1_500 and chargeable_g(bulky, 800, 9_000_001) == 2_000
    services = {one.id: one for one in (bulky, service("flat", 15))}
    pickups = [pickup(name) for name in services]
    (light, heavy) = classes_of([parcel("1"), parcel("2", mass_g=1_500)], ClassSteps.of(services.values()))
    assert rechosen(pickups[1].id, False, quoted(light, pickups, services, terms(pickups))) == pickups[0].id  # H32
    assert rechosen(pickups[1].id, True, quoted(light, pickups, services, terms(pickups))) == pickups[1].id
    assert rechosen(pickups[0].id, False, quoted(heavy, pickups, services, terms(pickups))) == pickups[0].id


def test_classes_know_no_order_of_parcels() -> None:
    steps = ClassSteps.of([service("s", 1)])
    some = [parcel("1"), parcel("2", zone="Y"), parcel("3", mass_g=4_000)]
    assert len({tuple(classes_of(turn, steps)) for turn in permutations(some)}) == 1


def test_an_order_that_nobody_carries_says_why_also_where_there_is_no_service() -> None:
    full = ServiceRefusal("post/1", RefusalCode.FULL)
    assert say(tell_left("A-1", (full,))) == "A-1: nobody carries it: post/1: full"
    assert "[service.NAME] of SITE.toml" in say(tell_left("A-1", ()))
