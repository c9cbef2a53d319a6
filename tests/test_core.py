"""The decisions: laws of the core over the simulated floor, and over whatever a floor could ever say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from journals import assert_replays, records
from pure_site import START_US, Outcome, PureSite, example

from edge.core.book import OrderBook
from edge.core.core import Core
from edge.core.events import (
    Claim,
    CommandDropped,
    CommandHandled,
    CommandSent,
    DeviceChanged,
    Event,
    EventsMissed,
    FindingKind,
    Input,
    Journaled,
    LaneRequested,
    OrderChanged,
    OrderShipped,
    PassageSeen,
    PlcConnected,
    PlcEvent,
    RouteDecided,
    RouteReason,
    Sorted,
    Stage,
    Started,
    TagsRead,
    Tick,
    ToteChecked,
)
from edge.core.line.sort import choose_lane
from edge.core.line.verify import check
from edge.core.values.layout import LaneRole
from edge.core.values.order import Order, OrderLine, OrderState
from edge.core.values.state import BookState
from edge.core.values.verdicts import Trial
from edge.journal.record import Record
from edge.journal.replay import replay
from plc.words import EventType
from rfid.driver import TagRead
from rfid.epc.identity import grai96, gtin_of, identity_of_hex, sgtin96, sscc96


def decisions(outcome: Outcome) -> list[tuple[str, str]]:
    return [(landed.load.name, landed.lane.name) for landed in outcome.landed]


def assert_accounted(outcome: Outcome) -> None:
    """Every track has a route before its end, one end a round, and the journal derives every decision again."""
    routed = Counter(
        (value.line, value.track_id, value.round) for value in outcome.journal if isinstance(value, RouteDecided)
    )
    assert set(routed.values()) == {1}
    assert outcome.count(Sorted) == len(outcome.landed) == len(routed)
    finals = Counter(
        (value.line, value.passage)
        for value in outcome.journal
        if isinstance(value, PassageSeen) and value.stage is Stage.FINAL
    )
    assert set(finals.values()) == {1}
    again = replay(records(outcome.journal))
    assert again.difference is None
    assert again.decisions > len(routed)


def test_totes_are_judged_as_they_are(project: Path) -> None:
    outcome = PureSite(example(project, tote_rate=1200), 11, {"tote1": 250}).run(3600)
    assert len(outcome.landed) == 250
    for landed in outcome.landed:
        right = LaneRole.VERIFIED if landed.load.good else LaneRole.QUALITY
        assert landed.lane.role is right, landed
    assert_accounted(outcome)


def test_parcels_reach_their_carrier(project: Path) -> None:
    outcome = PureSite(example(project, rate=20_000), 12, {"sorter": 700}).run(3600)
    last = {landed.load.name: landed for landed in outcome.landed}
    assert len(last) == 700
    for landed in last.values():
        order = landed.load.order
        if landed.lane.role is LaneRole.CARRIER:
            assert order is not None
            assert landed.lane.carrier == order.carrier
            assert landed.load.good
        assert not landed.defaulted
    assert {landed.lane.role for landed in last.values() if landed.load.good} <= {LaneRole.CARRIER, LaneRole.REJECT}
    assert outcome.count(OrderShipped) == sum(landed.lane.role is LaneRole.CARRIER for landed in last.values())
    assert_accounted(outcome)


def test_a_portal_far_before_the_induction_still_counts(project: Path) -> None:
    """Passages are final long before their INDUCTED: the evidence waits for it."""
    config = example(project, rate=20_000)
    table = config.line["sorter"]
    portal = table.portal.model_copy(update={"eye_mm": -6000, "antenna_mm": -5900})
    config = config.model_copy(update={"line": {"sorter": table.model_copy(update={"portal": portal})}})
    outcome = PureSite(config, 13, {"sorter": 150}).run(3600)
    reasons = Counter(value.reason for value in outcome.journal if isinstance(value, RouteDecided))
    faulty = {landed.load.name for landed in outcome.landed if not landed.load.good}
    assert reasons[RouteReason.NO_READ] + reasons[RouteReason.NO_ORDER] + reasons[RouteReason.AMBIGUOUS] == len(faulty)
    assert_accounted(outcome)


def test_same_seed_same_decisions(project: Path) -> None:
    config = example(project, rate=15_000)
    loads = {"tote1": 15, "sorter": 60}
    first, second = (decisions(PureSite(config, 5, loads).run(600)) for _ in range(2))
    assert first == second
    assert first != decisions(PureSite(config, 6, loads).run(600))


# ---- verify ----------------------------------------------------------------------------------------------------------

PREFIX = "9521141"
ITEMS = [sgtin96(PREFIX, f"0{article:05d}", serial) for article in range(4) for serial in range(5)]
TOTE = grai96(PREFIX, "12345", 1)
OTHERS = [grai96(PREFIX, "12345", 2), sscc96(PREFIX, "0000000001"), "E28011052000", "000000000000000000000000", "1234"]


def identity(epc: str) -> str:
    found = identity_of_hex(epc)
    assert found is not None
    return found


@st.composite
def books(draw: st.DrawFn) -> tuple[OrderBook, Order]:
    """A book with the tote's order and some others that share its articles."""
    book = OrderBook(BookState())
    free = [identity(epc) for epc in ITEMS]
    orders: list[Order] = []
    for number in range(draw(st.integers(1, 4))):
        lines = []
        for gtin in sorted({gtin_of(epc) or "" for epc in free}):
            quantity = draw(st.integers(0, 3))
            own = [epc for epc in free if gtin_of(epc) == gtin]
            named = tuple(own[: draw(st.integers(0, min(quantity, len(own))))])
            free = [epc for epc in free if epc not in named]
            if quantity:
                lines.append(OrderLine(gtin, quantity, epcs=named))
        state = OrderState.OPEN if number == 0 else draw(st.sampled_from(OrderState))
        orders.append(
            Order(
                id=f"O{number}",
                carrier="DHL",
                service="",
                lines=tuple(lines),
                tote=identity(TOTE) if number == 0 else None,
                state=state,
            )
        )
        book.put(orders[-1])
    return book, orders[0]


@given(books(), st.lists(st.sampled_from([*ITEMS, *OTHERS]), unique=True))
def test_every_tag_is_accounted_for_once(book_and_order: tuple[OrderBook, Order], seen: list[str]) -> None:
    book, order = book_and_order
    result = check([Claim(epc, 1.0, 0.0, 1.0) for epc in (TOTE, *seen)], book)
    assert result.order == order.id
    found = Counter(finding.kind for finding in result.findings)
    surplus = sum(found[kind] for kind in FindingKind if kind is not FindingKind.MISSING)
    assert len(seen) == len(result.matched) + surplus
    ordered = sum(line.quantity for line in order.lines)
    missing = sum(finding.quantity for finding in result.findings if finding.kind is FindingKind.MISSING)
    assert ordered == len(result.matched) + missing


# ---- sort ------------------------------------------------------------------------------------------------------------


@given(
    unusable=st.integers(0, 2**11 - 1),
    rounds=st.integers(0, 4),
    carrier=st.sampled_from(["DHL", "UPS", "SF", "POST", "ACME"]),
    service=st.sampled_from(["express", "standard", "bulk", ""]),
)
def test_a_lane_is_chosen_that_can_take_it(
    project: Path, unusable: int, rounds: int, carrier: str, service: str
) -> None:
    layout = next(layout for layout in example(project).layouts() if layout.name == "sorter")
    parcel = identity(sscc96(PREFIX, "0000000001"))
    book = OrderBook(BookState())
    book.put(Order(id="A", carrier=carrier, service=service, lines=(), parcel=parcel))

    def usable(lane: int) -> bool:
        return not unusable >> (lane - 1) & 1

    choice = choose_lane(layout, [parcel], book, usable, rounds)
    lane = next(lane for lane in layout.lanes if lane.number == choice.lane)
    match choice.reason:
        case RouteReason.ASSIGNED | RouteReason.ALTERNATIVE:
            assert usable(lane.number)
            assert lane.carrier == carrier
        case RouteReason.RECIRCULATE:
            assert usable(lane.number)
            assert rounds < layout.recirculate_limit
            assert lane.role is LaneRole.RECIRCULATE
        case RouteReason.REJECT:
            assert lane.role is LaneRole.REJECT
            assert not any(
                usable(lane.number) for lane in layout.lanes if lane.carrier == carrier and lane.services == (service,)
            )
        case _:
            assert choice.reason is RouteReason.NO_LANE
            assert not any(
                lane.carrier == carrier and service in (*lane.services, *(lane.services or (service,)))
                for lane in layout.lanes
            )
    for parcels, reason in (
        ([], RouteReason.NO_READ),
        ([parcel, "(00)1"], RouteReason.AMBIGUOUS),
        (["(00)1"], RouteReason.NO_ORDER),
    ):
        assert choose_lane(layout, parcels, book, usable, rounds).reason is reason


# ---- whatever comes --------------------------------------------------------------------------------------------------

words = st.integers(0, 65535)
tracks = st.integers(0, 6)
ages = st.integers(0, 3_000_000)
plcs = st.sampled_from(["tote1", "sorter", "nobody"])
# Made once: to make a strategy takes longer than to draw from it.
counts, kinds, epochs, lanes = st.integers(1, 40), st.integers(0, 12), st.integers(1, 2), st.integers(0, 12)
types = st.one_of(st.sampled_from([int(one) for one in EventType]), words)
stations = st.one_of(st.sampled_from([1, 2, 9, 11]), words)
values = st.one_of(st.integers(0, 3), words)
seen = st.tuples(st.sampled_from([*ITEMS[:3], TOTE, *OTHERS]), st.integers(0, 3), st.floats(-90, -20))
reports = st.lists(seen, max_size=5)
readers = st.sampled_from(["tote1", "sorter", "none"])


@st.composite
def inputs(draw: st.DrawFn) -> list[Input]:
    """A floor that bounces, repeats, comes late and lies."""
    at = START_US
    given_: list[Input] = []
    for _ in range(draw(counts)):
        at += draw(ages)
        plc = draw(plcs)
        kind = draw(kinds)
        late = at - draw(ages)
        match kind:
            case 0 | 1 | 2 | 3 | 4 | 5:
                type_ = draw(types)
                station = draw(stations)
                value = draw(values)
                given_.append(
                    PlcEvent(
                        at_us=at,
                        device_us=late,
                        plc=plc,
                        session=draw(epochs),
                        seq=draw(words),
                        type=type_,
                        track_id=draw(tracks),
                        station=station,
                        cause=0,
                        value=value,
                        plc_ms=late // 1000 % 2**32,
                    )
                )
            case 6 | 7:
                reads = tuple(TagRead(epc, antenna, dbm, late, 1) for epc, antenna, dbm in draw(reports))
                given_.append(TagsRead(at, draw(readers), reads))
            case 8:
                given_.append(Tick(at))
            case 9:
                found = (
                    CommandSent(
                        at_us=at,
                        plc=plc,
                        session=1,
                        seq=draw(words),
                        opcode=1,
                        value=draw(tracks),
                        target=draw(lanes),
                        expiry_ms=0,
                        found=True,
                    ),
                )
                given_.append(
                    PlcConnected(
                        at_us=at,
                        plc=plc,
                        session=draw(epochs),
                        epoch=1,
                        fresh=draw(st.booleans()),
                        resumed=draw(st.booleans()),
                        event_acked=0,
                        events_lost=0,
                        command_head=draw(words),
                        found=draw(st.sampled_from([(), found])),
                        lanes_full=draw(words),
                        lanes_disabled=draw(words),
                    )
                )
            case 10:
                order = Order(
                    id=f"O{draw(tracks)}",
                    carrier="DHL",
                    service="",
                    lines=(OrderLine("09521141000006", 1),),
                    tote=identity(TOTE),
                    state=draw(st.sampled_from(OrderState)),
                )
                given_.append(
                    draw(
                        st.sampled_from(
                            [
                                OrderChanged(at, 1, order),
                                LaneRequested(
                                    at_us=at,
                                    feed_seq=1,
                                    line="sorter",
                                    lane=draw(words),
                                    enabled=True,
                                    by="x",
                                    trial=draw(st.sampled_from(Trial)),
                                ),
                            ]
                        )
                    )
                )
            case 11:
                given_.append(
                    draw(
                        st.sampled_from(
                            [
                                DeviceChanged(at, "sorter", False, "gone"),
                                EventsMissed(at, plc, 1, 4, 4),
                                CommandDropped(at_us=at, plc=plc, opcode=1, value=1, target=1, why="old"),
                            ]
                        )
                    )
                )
            case _:
                given_.append(
                    CommandHandled(
                        at_us=at, plc=plc, seq=draw(words), opcode=1, value=draw(tracks), target=1, refusal=0
                    )
                )
    return [*given_, Tick(at + 3_600_000_000)]


@settings(max_examples=300)
@given(inputs())
def test_nothing_a_floor_says_breaks_a_decision(project: Path, given_: list[Input]) -> None:
    layouts = example(project).layouts()
    core = Core(layouts)
    journal: list[Journaled | Event] = [Started(at_us=START_US, controller="edge1", version="0", layouts=layouts)]
    for one in given_:
        results = core.step(one)
        if not isinstance(one, TagsRead | Tick):
            journal.append(one)
        journal += [result for result in results if type(result).__name__ not in ("Route", "SetLane")]  # type: ignore[misc]
        kept = core.deadline_us()
        core._touched.update(core._lines)
        assert kept == core.deadline_us(), "what is due is worked out anew whenever it may have changed"
    due = core.deadline_us()
    assert due is None or due > given_[-1].at_us
    finals = Counter(
        (value.line, value.passage)
        for value in journal
        if isinstance(value, PassageSeen) and value.stage is Stage.FINAL
    )
    assert set(finals.values()) <= {1}
    assert_replays(journal)


def test_replay_names_the_first_difference(project: Path) -> None:
    outcome = PureSite(example(project), 3, {"tote1": 3}).run(120)
    journal = records(outcome.journal)
    place = next(number for number, record in enumerate(journal) if record.kind == ToteChecked.__name__)
    changed = [
        *journal[:place],
        Record(journal[place].seq, 0, "tote1", ToteChecked.__name__, "{}"),
        *journal[place + 1 :],
    ]
    found = replay(changed).difference
    assert found is not None
    assert found.seq == journal[place].seq
    lost = replay([*journal[:place], *journal[place + 1 :]]).difference
    assert lost is not None
    assert lost.derived.startswith(ToteChecked.__name__)
