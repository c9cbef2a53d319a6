"""A portal among metal and echoes, without tuning; and what may decide for a tag that two passages claim."""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import sin
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pure_site import example

from edge.commands.portal_replay import RecordedPassage, Recording, judge
from edge.config.lines import LineConfig
from edge.config.sim import RoomKind
from edge.core.book import OrderBook
from edge.core.events import PassageSeen, Stage
from edge.core.line.verify import DOUBTED, check, wants
from edge.core.portal.offsets import OffsetLearner
from edge.core.portal.passage import PortalWatch
from edge.core.portal.places import doubtful
from edge.core.values.layout import Job, LineLayout, Portal
from edge.core.values.order import Order, OrderLine
from edge.core.values.state import BookState, PortalState
from edge.sim.conveyor import Conveyor
from edge.sim.floor import InventoryRound
from plc.words import EventType
from rfid.driver import UNMEASURED_DBM, TagRead
from rfid.epc.identity import grai96, gtin_of, identify, sgtin96

CARTONS = int(os.environ.get("LANEWISE_CARTONS", "50"))


def hard(project: Path, facing: tuple[int, ...] = (), upstream: tuple[int, ...] = ()) -> LineConfig:
    config = example(project, tote_rate=600, items_min=20, items_max=20, room=RoomKind.HARD)
    table = config.line["tote1"]
    portal = table.portal.model_copy(
        update={"eye_mm": 1500, "antenna_mm": 1790, "facing": facing, "upstream": upstream}
    )
    line = {"tote1": table.model_copy(update={"speed_mm_s": 320, "portal": portal})}
    return config.model_copy(update={"line": line})


@pytest.mark.parametrize(
    ("facing", "upstream", "least"), [((), (), 0.98), ((1, 2), (3, 4), 0.96), ((1, 2), (), 0.9)], ids=str
)
def test_cartons_among_metal_come_out_right_from_the_first_one_on(
    project: Path, facing: tuple[int, ...], upstream: tuple[int, ...], least: float
) -> None:
    """Four more stand before the belt meanwhile, and each tenth of their tags is heard. Two antennas see less."""
    conveyor = Conveyor(hard(project, facing, upstream), "tote1", 2, CARTONS)
    watch = PortalWatch(conveyor.layout, PortalState())
    watch.reader_changed("tote1", "", -1)
    seen: list[PassageSeen] = []
    for happening in conveyor.happenings():
        if isinstance(happening, InventoryRound):
            watch.read(happening.reads, happening.reader)
        elif happening.type is EventType.ENTERED:
            watch.entered(happening.track_id, happening.at_us)
        else:
            watch.left(happening.track_id, happening.at_us)
        seen += watch.finals(happening.at_us)
    while (due_us := watch.deadline_us()) is not None:
        seen += watch.finals(due_us)
    truth = [carton.epcs for carton in conveyor.cartons]
    right = sum(set(one.owned) == truth[one.track_id - 1] for one in seen)
    assert len(seen) == len(truth) == CARTONS
    assert right >= least * CARTONS


def test_antennas_that_look_aside_find_their_place_by_themselves(project: Path) -> None:
    """Two of four antennas look at a place 1.5 m before the others, nearly a whole carton earlier; nobody says so."""
    conveyor = Conveyor(hard(project, facing=(1, 2)), "tote1", 1, 30)
    reads = [
        (happening.reader, read)
        for happening in conveyor.happenings()
        if isinstance(happening, InventoryRound)
        for read in happening.reads
    ]
    passages = [RecordedPassage(one.name, one.start_us, one.stop_us, one.epcs) for one in conveyor.cartons]
    judged, known = judge(Recording(tuple(sorted(reads, key=lambda one: one[1].at_us)), tuple(passages)))
    assert sum(not one.missed and not one.stray for one in judged) >= 29
    sees_us = known.sees_us
    assert abs(sees_us[1] - sees_us[2]) < 300_000 and abs(sees_us[3] - sees_us[4]) < 300_000
    assert 4_000_000 < sees_us[1] - sees_us[3] < 5_200_000


# ---- made by hand ----------------------------------------------------------------------------------------------------

CYCLE_US, DWELL_US = 6_000_000, 1_900_000


def watch_of(portal: Portal | None = None, **more: object) -> PortalWatch:
    portal = portal or Portal(name="p", readers=("r",), eye=1, eye_mm=0, antenna_mm=0)
    layout = LineLayout(
        name="l",
        job=Job.VERIFY,
        plc="p",
        induction=1,
        speed_mm_s=500,
        decision_mm=0,
        actuation_us=0,
        margin_us=0,
        default_lane=1,
        recirculate_limit=0,
        portal=portal,
        lanes=(),
    )
    watch = PortalWatch(layout, PortalState(), **more)  # type: ignore[arg-type]
    watch.reader_changed("r", "", -(2**62))
    return watch


def run(watch: PortalWatch, cartons: Sequence[Sequence[str]], seed: int = 1, shelf: str = "") -> list[PassageSeen]:
    """Each carton's tags are read for 3 s before and after its middle, falling off; the offset is 0.3 s."""
    chance, happened = Random(seed), list[tuple[int, int, TagRead | None]]()
    for at_us in range(0, (len(cartons) + 1) * CYCLE_US, 400_000):
        happened += [(at_us, 0, TagRead(shelf, 1, -50.0, at_us, 1))] if shelf else []
    for number, tags in enumerate(cartons, 1):
        middle_us = number * CYCLE_US + chance.randint(-300_000, 300_000)
        happened += [(middle_us - DWELL_US // 2, number, None), (middle_us + DWELL_US // 2, -number, None)]
        for epc in tags:
            for place in range(-15, 16):
                at_us = middle_us + 300_000 + place * 200_000 + chance.randint(0, 50_000)
                dbm = -45.0 - 25 * abs(place) / 15 + chance.uniform(-3, 3)
                happened.append((at_us, 0, TagRead(epc, 1, dbm, at_us, 1)))
    seen: list[PassageSeen] = []
    for at_us, number, read in sorted(happened, key=lambda one: one[0]):
        if read is not None:
            watch.read((read,), "r")
        elif number > 0:
            watch.entered(number, at_us)
        else:
            watch.left(-number, at_us)
        seen += watch.finals(at_us)
    while (due_us := watch.deadline_us()) is not None:
        seen += watch.finals(due_us)
    return sorted(seen, key=lambda one: one.passage)


@pytest.mark.parametrize("loop", [1, 2, 3, 5])
@pytest.mark.parametrize("tags", [1, 2, 3, 12])
def test_cartons_that_go_round_are_seen_each_time(loop: int, tags: int) -> None:
    """Even one carton alone, which is its own neighbour, round after round."""
    cartons = [[f"{carton:04X}{tag:020X}" for tag in range(tags)] for carton in range(loop)]
    passages = [cartons[number % loop] for number in range(40)]
    for one, tags in zip(run(watch_of(), passages), passages, strict=True):
        assert set(one.owned) == set(tags), one.passage


@given(st.lists(st.sets(st.sampled_from("ABCDEFGH"), min_size=1), min_size=2, max_size=4), st.integers(0, 99))
def test_what_was_changed_before_it_was_put_back_is_seen_as_it_is(contents: list[set[str]], seed: int) -> None:
    """One tote alone on the line, refused, mended by hand and put back at once, with few tags or many."""
    passages = [["70", *sorted(tags)] for tags in contents]
    assert [set(one.owned) for one in run(watch_of(), passages, seed)] == [set(tags) for tags in passages]


@given(
    st.randoms(use_true_random=False),
    st.integers(12, 40),
    st.integers(0, 400),
    st.sampled_from([50_000, 300_000, 1_500_000]),
)
def test_a_crowd_of_strangers_moves_no_antenna(chance: Random, parcels: int, strangers: int, lasts_us: int) -> None:
    """A pallet is carried past, or a reader floods: many tags, each once, between parcels that have one label each."""
    learner, offset_us, sigma_us, at_us = OffsetLearner(), 49_000, 65_000, 0
    happened: list[tuple[int, int, str, float]] = []
    crowd = chance.randrange(8, parcels)  # by then something is known of this portal
    for number in range(parcels):
        at_us += chance.randint(400_000, 1_600_000)
        happened.append((at_us + sigma_us, at_us, "", 0.0))
        near = [(place * 20_000, 10 ** (-abs(place) / 6)) for place in range(-12, 13)]
        happened += [(at_us + offset_us + away_us, 0, f"P{number}", power) for away_us, power in near]
        if number == crowd:
            from_us = at_us + chance.randint(-500_000, 500_000)
            happened += [(from_us + lasts_us * one // strangers, 0, f"X{one}", 0.5) for one in range(strangers)]
    for now_us, middle_us, epc, power in sorted(happened):
        if epc:
            learner.read(("r", 1), epc, now_us, power)
            continue
        learner.passed(middle_us)
        known = learner.learn(now_us, 0, sigma_us)
        assert known is None or abs(known.offset_us - offset_us) < sigma_us


def test_what_stands_beside_the_belt_is_masked_and_what_goes_round_is_not() -> None:
    watch = watch_of()
    cartons = [[f"{number % 4:04X}{tag:020X}" for tag in range(6)] for number in range(40)]
    seen = run(watch, cartons, shelf="5E1F")
    assert watch.background() == ("5E1F",)
    assert all(set(one.owned) == set(tags) for one, tags in zip(seen[16:], cartons[16:], strict=True))


@given(st.integers(1_000, 4_000_000), st.integers(1_000, 4_000_000))
def test_the_rolls_bound_what_counts(pre_us: int, post_us: int) -> None:
    portal = Portal(name="p", readers=("r",), eye=1, eye_mm=0, antenna_mm=0, pre_roll_us=pre_us, post_roll_us=post_us)
    (one,) = run(watch_of(portal), [["A", "B"]])
    for tag in one.tags:
        assert one.start_us - pre_us <= tag.first_us <= tag.last_us <= one.stop_us + post_us


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("facing", [(), (1, 2)])
def test_a_recording_is_right_from_its_first_carton_to_its_last(seed: int, facing: tuple[int, ...]) -> None:
    """Two antennas face the belt, one looks up it and one down it. A shelf's tag is heard now and then, faintly."""
    chance, reads, passages = Random(seed), list[tuple[str, TagRead]](), list[RecordedPassage]()
    middle_us = 0
    for carton in range(36):
        middle_us += CYCLE_US + chance.randint(-300_000, 300_000)
        epcs = [f"{carton:04X}{tag:020X}" for tag in range(12)]
        edges = middle_us - DWELL_US // 2, middle_us + DWELL_US // 2
        passages.append(RecordedPassage(str(carton), *edges, frozenset(epcs)))
        for epc in epcs:
            place_us, strength = chance.randint(-500_000, 500_000), chance.gauss(0, 3)
            for antenna, beside_us in enumerate((0, 0, 2_400_000, -2_400_000), 1):
                nulls = chance.uniform(0, 6.28), chance.uniform(0.6, 1.2)
                for _ in range(8):
                    away_s = chance.uniform(-2.5, 2.5)
                    dbm = -46 + strength - 3 * away_s**2 + 5 * sin(nulls[0] + 6.28 * away_s / nulls[1])
                    at_us = middle_us + 700_000 + beside_us + place_us + int(away_s * 1e6)
                    if dbm > -62:
                        reads.append(("r", TagRead(epc, antenna, round(2 * dbm) / 2, at_us, 1)))
        if chance.random() < 0.5:
            reads.append(("r", TagRead("5E1F", 1, -58.0, middle_us + chance.randint(0, CYCLE_US), 1)))
    recording = Recording(tuple(sorted(reads, key=lambda one: one[1].at_us)), tuple(passages))
    judged, known = judge(recording, facing)
    assert [
        one.passage.name for one in judged if one.missed or set(one.epcs) - (one.passage.expected or set()) - {"5E1F"}
    ] == []
    assert sum(one.stray for one in judged) <= 4  # the shelf's, before it is known
    assert abs(known.offset_us - 700_000) < 150_000


TOTES = [grai96("9521141", "12345", number) for number in (1, 2)]
ITEMS = [sgtin96("9521141", "000001", number) for number in range(4)]


LOOKING = Portal(name="p", readers=("r",), eye=1, eye_mm=0, antenna_mm=0, facing=(1,), upstream=(2,))
ALL = Portal(name="p", readers=("r",), eye=1, eye_mm=0, antenna_mm=0)


@pytest.mark.parametrize(
    ("portal", "heard", "proven", "doubted"),
    [
        (ALL, [(1, -68, 0.0)] * 3, True, False),  # three faint reads: it is badly placed, and here
        (ALL, [(1, -71, 0.0)], False, True),  # one, far fainter than the others: no proof
        (ALL, [(1, -50, 0.0)], True, False),  # one, about as strong as the others
        (LOOKING, [(1, -60, 0.0), (1, -62, 0.2), (1, -61, -0.2), (2, -52, 0.1)], False, False),  # better heard upstream
        (LOOKING, [(1, -60, 0.0), (1, -62, 0.2), (1, -61, -0.2), (2, -58, 0.1)], True, False),  # not much better
        (LOOKING, [(1, -60, 0.0), (1, -62, 0.2), (1, -61, -0.2), (3, -52, 0.1)], False, False),  # by one without a role
    ],
)
def test_what_is_heard_better_elsewhere_or_once_and_faintly_is_no_proof(
    portal: Portal, heard: Sequence[tuple[int, float, float]], proven: bool, doubted: bool
) -> None:
    """A tag far ahead of its own passage, which nobody knows yet; and no order's wish makes it proof."""
    known = book((0, 1, 2), named=True)
    watch = watch_of(portal, wants=lambda clear, others: wants(clear, others, known))
    middle_us = 10_000_000
    watch.entered(1, middle_us - 1_900_000)
    own = [
        TagRead(epc, 1, -48.0, middle_us + at, 1) for epc in (TOTES[0], *ITEMS[:2]) for at in range(0, 600_000, 100_000)
    ]
    late = [TagRead(ITEMS[2], port, dbm, middle_us + int(at_s * 1e6), 1) for port, dbm, at_s in heard]
    watch.read(sorted([*own, *late], key=lambda read: read.at_us), "r")
    watch.left(1, middle_us + 1_900_000)
    (seen,) = watch.finals(10**12)
    assert ({TOTES[0], *ITEMS[:2]} <= set(seen.owned), ITEMS[2] in seen.owned) == (True, proven)
    assert (ITEMS[2] in seen.doubted) == doubted
    findings = check(seen.own, known, (), seen.doubted).findings
    assert [one.text for one in findings] == ([] if proven else [DOUBTED if doubted else "was not seen"])


@pytest.mark.parametrize("disc_us", [-900_000, 0, 900_000])
@pytest.mark.parametrize("faint", [True, False])
def test_a_card_beside_few_items_changes_nothing_of_them(disc_us: int, faint: bool) -> None:
    """A card reader tells no power: the tote's disc, told once, is proof, and no item is faint beside it."""
    known = book((0, 1), named=True)
    watch = watch_of(wants=lambda clear, others: wants(clear, others, known))
    watch.reader_changed("r", "", -1)
    middle_us = 10_000_000
    watch.entered(1, middle_us - 1_900_000)
    watch.read([TagRead(TOTES[0], 1, UNMEASURED_DBM, middle_us + disc_us, 1)], "discs")
    watch.read([TagRead(ITEMS[0], 1, -72.0, middle_us, 1)], "r")
    strong = [TagRead(ITEMS[1], 1, -72.0 if faint else -40.0, middle_us + at, 1) for at in range(0, 600_000, 20_000)]
    watch.read(strong, "r")
    watch.left(1, middle_us + 1_900_000)
    (seen,) = watch.finals(10**12)
    assert not seen.doubted
    assert check(seen.own, known, (), seen.doubted).findings == ()


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(1, 5), st.floats(1e-9, 1.0), st.booleans())),
    st.dictionaries(st.sampled_from("uvwxyz"), st.tuples(st.integers(1, 5), st.floats(1e-13, 1.0))),
    st.dictionaries(st.sampled_from("abcdef"), st.floats(1e-9, 1.0)),
)
def test_powers_are_compared_among_readers_that_measure_one(
    measured: dict[str, tuple[int, float, bool]],
    others: dict[str, tuple[int, float]],
    strongest: dict[str, float],
) -> None:
    alone = {epc: (*one, True) for epc, one in measured.items()}
    beside = {epc: (*one, True, False) for epc, one in others.items()}
    assert doubtful(alone | beside, strongest) == doubtful(alone, strongest)


def book(*wanted: Sequence[int], named: bool) -> OrderBook:
    known = OrderBook(BookState())
    for number, items in enumerate(wanted):
        epcs = tuple(identify(ITEMS[item]) for item in items)
        gtin = gtin_of(identify(ITEMS[0])) or ""
        lines = (OrderLine(gtin, len(items), epcs=epcs if named else ()),) if items else ()
        known.put(Order(id=f"o{number}", carrier="DHL", service="express", lines=lines, tote=identify(TOTES[number])))
    return known


@pytest.mark.parametrize(
    ("wanted", "named", "between_mm", "owners"),
    [
        (((0, 2), (1,)), True, 0, (1,)),  # a tie, and the first order alone wants it
        (((0,), (1, 2)), True, 0, (2,)),
        (((0, 2), (1,)), False, 0, (1,)),  # by its article: the second has all it wants
        (((0,), (1,)), True, 0, None),  # nobody wants it: it is not hidden
        (((0, 2), (1,)), True, 1, (2,)),  # no tie: it is in the second, whatever the orders say
    ],
)
def test_an_order_breaks_a_tie_and_hides_nothing(
    wanted: tuple[tuple[int, ...], ...], named: bool, between_mm: int, owners: tuple[int, ...] | None
) -> None:
    known = book(*wanted, named=named)
    watch = watch_of(wants=lambda clear, others: wants(clear, others, known))
    # Item 2 is read in the middle between both, or nearer to the second.
    at_us = 9_000_000 + 500_000 * between_mm
    middles = (6_000_000, 12_000_000)
    for number, middle_us in enumerate(middles, 1):
        watch.entered(number, middle_us - 1_900_000)
        watch.read([TagRead(epc, 1, -50, middle_us, 1) for epc in (TOTES[number - 1], ITEMS[number - 1])], "r")
        if number == 1:
            watch.left(number, middle_us + 1_900_000)
            watch.read([TagRead(ITEMS[2], 1, -50, at_us, 1)], "r")
    watch.left(2, middles[1] + 1_900_000)
    seen = {one.track_id: one for one in watch.finals(10**12) if one.stage is Stage.FINAL}
    holders = tuple(number for number, one in sorted(seen.items()) if ITEMS[2] in one.owned)
    assert holders == owners if owners is not None else len(holders) <= 1
    for number, one in seen.items():
        assert {TOTES[number - 1], ITEMS[number - 1]} <= set(one.owned)
        assert any(claim.epc == ITEMS[2] for claim in one.claims), "its evidence is in the journal"
