"""A reader that floods: what orders name is decided as ever, nothing grows, people are told, and replay agrees."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pure_site import example

from edge.core.alarms.rules import RULES
from edge.core.core import Core
from edge.core.events import (
    AlarmChanged,
    Anomaly,
    AnomalyCode,
    Command,
    DeviceChanged,
    Event,
    Expected,
    FindingKind,
    Input,
    Journaled,
    OrderChanged,
    PassageSeen,
    PlcEvent,
    RouteDecided,
    Started,
    TagsRead,
    Tick,
    ToteChecked,
)
from edge.core.portal import background, flood, offsets, quiet
from edge.core.portal.background import Background
from edge.core.portal.flood import BY_ARTICLE, STRANGERS, WINDOW_US, FloodWatch
from edge.core.portal.offsets import OffsetLearner
from edge.core.portal.quiet import QuietWatch
from edge.core.values.alarm import AlarmKind, AlarmState
from edge.core.values.layout import LineLayout
from edge.core.values.order import Order, OrderLine
from edge.core.values.state import PortalState
from edge.journal.record import Record, encode
from edge.journal.replay import replay
from plc.words import EventType
from rfid.driver import ReadColumns, TagRead
from rfid.epc.identity import grai96, gtin_of, identify, sgtin96, sscc96

AT_US = 1_700_000_000_000_000
S = 1_000_000
REPORT_US = 20_000
GTIN = "09521141000109"


@pytest.fixture(scope="module")
def layouts(project: Path) -> dict[str, LineLayout]:
    return {layout.name: layout for layout in example(project).layouts()}


@dataclass
class Floor:
    """One line, items with their tags one after the other, and for a time ``rate`` random EPCs a second."""

    layout: LineLayout
    items: Sequence[Sequence[str]]
    rate: int
    from_us: int = 0
    until_us: int = 2**63
    every_us: int = 2 * S
    journal: list[Record] = field(default_factory=list)
    results: list[Event] = field(default_factory=list)

    def run(self, orders: Sequence[Order]) -> Floor:
        self.core = Core([self.layout])
        reader = self.layout.portal.readers[0]
        self.give(
            Started(at_us=AT_US - 10 * S, controller="c", version="0", layouts=(self.layout,), alarms=RULES),
            *(OrderChanged(AT_US - 9 * S, seq, order) for seq, order in enumerate(orders, 1)),
            DeviceChanged(AT_US - 8 * S, f"reader.{reader}", True, "reads"),
        )
        for at_us in range(0, len(self.items) * self.every_us + 20 * S, REPORT_US):
            self.give(*self.happens(at_us, reader))
            while (due_us := self.core.deadline_us()) is not None and due_us < AT_US + at_us + REPORT_US:
                self.give(Tick(due_us))
        return self

    def happens(self, since_us: int, reader: str) -> Iterator[Input]:
        layout, at_us = self.layout, AT_US + since_us
        number, phase_us = divmod(since_us, self.every_us)
        dwell_us = layout.travel_us(0, 400)
        away_us = layout.travel_us(layout.portal.eye_mm, layout.portal.antenna_mm) + dwell_us // 2
        tags: list[str] = []
        if number < len(self.items):
            induct_us = max(0, layout.travel_us(layout.portal.eye_mm, 0))
            for due_us, kind, station in (
                (0, EventType.ENTERED, layout.portal.eye),
                (dwell_us, EventType.LEFT, layout.portal.eye),
                (induct_us, EventType.INDUCTED, layout.induction),
            ):
                if 0 <= due_us - phase_us < REPORT_US:
                    yield PlcEvent(
                        at_us=at_us,
                        device_us=at_us,
                        plc=layout.plc,
                        session=1,
                        seq=(since_us // REPORT_US * 4 + kind) % 65_536,
                        type=int(kind),
                        track_id=number + 1,
                        station=station,
                        cause=0,
                        value=0,
                        plc_ms=0,
                    )
            tags += self.items[number] if abs(phase_us - away_us) < dwell_us // 2 else []
        if self.from_us <= since_us < self.until_us:
            chance = random.Random(since_us)
            tags += [chance.randbytes(12).hex().upper() for _ in range(self.rate * REPORT_US // S)]
        if tags:
            yield TagsRead(at_us, reader, [TagRead(tag, 1, -50.0, at_us, 1) for tag in tags])

    def give(self, *inputs: Input) -> None:
        for one in inputs:
            results = [result for result in self.core.step(one) if not isinstance(result, Command)]
            self.results += results
            for value in (one, *results):
                if not isinstance(value, TagsRead | Tick):
                    self.tell(value)

    def tell(self, value: Journaled | Event) -> None:
        self.journal.append(Record(len(self.journal) + 1, value.at_us, "", type(value).__name__, encode(value)))

    def evidence(self, wanted: frozenset[str]) -> tuple[list[object], list[object]]:
        """What was seen of the wanted tags, and where everything was sent."""
        seen: list[object] = [
            (
                one.passage,
                one.track_id,
                one.stage,
                one.offset_us,
                [claim for claim in one.claims if claim.epc in wanted],
            )
            for one in self.results
            if isinstance(one, PassageSeen)
        ]
        routes: list[object] = [
            (one.track_id, one.lane, one.reason, one.order) for one in self.results if isinstance(one, RouteDecided)
        ]
        return seen, routes


def parcels(count: int) -> tuple[list[list[str]], list[Order]]:
    labels = [sscc96("9521141", f"{number:010d}") for number in range(count)]
    lines = (OrderLine(GTIN, 1),)
    orders = [
        Order(id=f"o{number}", carrier="UPS", service="", lines=lines, parcel=identify(label))
        for number, label in enumerate(labels)
    ]
    return [[label] for label in labels], orders


@settings(max_examples=12, deadline=None)
@given(rate=st.sampled_from((1_000, 5_000, 20_000)), from_us=st.integers(0, 20 * S), for_us=st.integers(S, 20 * S))
def test_what_orders_name_is_decided_as_without_a_flood(
    layouts: dict[str, LineLayout], rate: int, from_us: int, for_us: int
) -> None:
    items, orders = parcels(16)
    wanted = frozenset(label for item in items for label in item)
    calm = Floor(layouts["sorter"], items, 0).run(orders)
    wild = Floor(layouts["sorter"], items, rate, from_us, from_us + for_us).run(orders)
    assert len(calm.evidence(wanted)[1]) == len(items)
    assert wild.evidence(wanted) == calm.evidence(wanted)


def test_a_flood_is_said_counted_and_bounded_and_replay_agrees(layouts: dict[str, LineLayout]) -> None:
    items, orders = parcels(8)
    floor = Floor(layouts["sorter"], items, 20_000, 3 * S).run(orders)
    crowd = STRANGERS.burst + STRANGERS.each_s * WINDOW_US // S
    assert max(len(seen.claims) for seen in floor.results if isinstance(seen, PassageSeen)) <= crowd
    assert sum(len(record.body) for record in floor.journal) < 200_000
    told = [one for one in floor.results if isinstance(one, Anomaly) and one.code is AnomalyCode.READER_FLOODS]
    assert 2 <= len(told) <= 3, "at its begin and every 30 s"
    alarm = next(one for one in floor.results if isinstance(one, AlarmChanged))
    assert (alarm.kind, alarm.alarm, alarm.state) == (
        AlarmKind.READER_FLOODS,
        "reader-floods.sorter",
        AlarmState.UNACKNOWLEDGED,
    )
    (left_out,) = floor.core.left_out().values()
    assert left_out > 20_000 * 30
    assert replay(floor.journal).difference is None


def test_a_tote_in_a_flood_shows_what_its_order_wants_and_is_refused(layouts: dict[str, LineLayout]) -> None:
    tote = grai96("9521141", "12345", 7)
    picked = [sgtin96("9521141", "000010", serial) for serial in (1, 2, 3)]
    order = Order(
        id="o",
        carrier="UPS",
        service="",
        lines=(OrderLine(gtin_of(identify(picked[0])) or "", 3),),
        tote=identify(tote),
    )  # any three of the article
    for rate in (0, 20_000):
        floor = Floor(layouts["tote1"], [[tote, *picked]], rate).run([order])
        (checked,) = [one for one in floor.results if isinstance(one, ToteChecked) and one.final]
        assert (checked.order, len(checked.matched)) == ("o", 3)
        assert checked.verified == (not rate)
        flooded = [one for one in checked.findings if one.kind is FindingKind.UNREADABLE and "floods" in one.text]
        assert len(flooded) == bool(rate)


def test_without_a_photo_eye_a_flood_opens_no_passage(layouts: dict[str, LineLayout]) -> None:
    layout = layouts["sorter"]
    portal = replace(layout.portal, eye=0, eye_mm=layout.portal.antenna_mm, quiet_us=300_000)
    items, orders = parcels(6)
    wanted = frozenset(label for item in items for label in item)
    calm, wild = (
        Floor(replace(layout, portal=portal), items, rate, 5 * S, 9 * S).run(orders).evidence(wanted)
        for rate in (0, 20_000)
    )
    assert wild == calm
    assert len(calm[0]) >= len(items)


tag_lists = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3_000), st.integers(1, 900)), max_size=30)
"""Of each report: what its tags are, the first one's number, and how many."""


def told(reports: Sequence[tuple[int, int, int]], each_us: int) -> Iterator[tuple[int, list[str]]]:
    for place, (how, first, count) in enumerate(reports):
        yield AT_US + place * each_us, [f"{how}{number:023d}" for number in range(first, first + count)]


def by_first_digit(epc: str) -> Expected:
    return Expected(int(epc[0]))


@settings(deadline=None)
@given(reports=tag_lists, each_us=st.sampled_from((1_000, 300_000, 3 * S, 60 * S)), columns=st.booleans())
def test_any_stream_is_bounded_and_loses_no_name(
    reports: Sequence[tuple[int, int, int]], each_us: int, columns: bool
) -> None:
    watch = FloodWatch("r")
    new: set[str] = set()
    taken: set[str] = set()
    all_reads = 0
    for at_us, epcs in told(reports, each_us):
        reads: Sequence[TagRead] = [TagRead(epc, 1, -50.0, at_us, 1) for epc in epcs]
        if columns:
            count = len(epcs)
            reads = ReadColumns(epcs, [1] * count, [-50] * count, [at_us] * count, [1] * count)
        kept = watch.take(reads, at_us, by_first_digit)
        all_reads += len(epcs)
        names = [epc for epc in epcs if epc[0] == "2"]
        assert [read.epc for read in kept.reads if read.epc[0] == "2"] == names
        assert not any(epc[0] == "2" for epc in kept.forget)
        assert (kept.left_us is None) == (list(kept.reads) == list(reads))
        new |= {epc for epc in epcs if epc[0] == "0"}
        taken = (taken | {read.epc for read in kept.reads}) - kept.forget
        assert len(watch) <= 2 * flood.KEEP_TAGS
    elapsed_s = (len(reports) - 1) * each_us / S
    for digit, share in (("0", STRANGERS), ("1", BY_ARTICLE)):
        some = {epc for epc in taken if epc[0] == digit}
        assert len(some) <= share.burst + share.each_s * max(0.0, elapsed_s) + 1
    if len(new) <= STRANGERS.burst and not any(how == 1 for how, _, _ in reports):
        assert watch.left_out == 0, "an ordinary crowd is left alone"


def test_a_flood_ends_when_the_reader_tells_no_more_than_it_may() -> None:
    watch = FloodWatch("r")
    for place in range(1_000):
        at_us = AT_US + place * 20_000
        count = 400 if place < 300 else 1
        reads = [TagRead(f"0{place:011d}{number:012d}", 1, -50.0, at_us, 1) for number in range(count)]
        kept = watch.take(reads, at_us, by_first_digit)
    assert not watch.flooded
    assert list(kept.reads) == reads
    assert 119_000 < watch.left_out < 121_000


def test_what_portals_remember_is_bounded_whatever_comes(layouts: dict[str, LineLayout]) -> None:
    learner = OffsetLearner()
    presence: dict[str, tuple[tuple[int, float, float, bool], ...]] = {}
    watched = Background(presence)
    layout = layouts["sorter"]
    eyeless = QuietWatch(replace(layout, portal=replace(layout.portal, quiet_us=1)), PortalState(), {}.__contains__)
    for noted, number in enumerate(range(0, 3 * offsets.KEEP_OPEN, 500), 1):
        epcs = [f"{one:024d}" for one in range(number, number + 500)]
        for epc in epcs:
            learner.read(("r", 1), epc, AT_US + number, 1.0)
            eyeless.read(epc, 1.0, AT_US + number)
        eyeless.weighed()
        assert len(eyeless) <= 2 * quiet.KEEP_TAGS
        watched.note(noted, dict.fromkeys(epcs, (1.0, 1.0)), epcs)
        assert len(learner) <= offsets.KEEP_OPEN
        assert len(presence) <= background.KEEP_TAGS
