"""A line without a PLC program: right within the limits that are computed for it, and refused outside them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from controllers import feed_of
from hypothesis import example, given, settings
from hypothesis import strategies as st
from libmodbus_peer import LibmodbusIo
from ports import on_free_ports
from programs import Programs
from virtual_time import run_virtual

from edge.cli import main
from edge.config.lines import LineConfig
from edge.config.load import load_line
from edge.config.sim import SimConfig
from edge.controller.controller import Controller
from edge.core.events import OrderChanged, Outcome
from edge.core.values.layout import Job, Lane, LaneRole, LineLayout, Portal
from edge.journal.reader import JournalReader
from edge.journal.replay import replay
from edge.sim.devices import SimulatedFloor
from edge.sim.floor import Landed
from edge.sim.io_floor import LANE_EYE_MM, IoFloor
from edge.sim.world import FloorFault, FloorLoad
from plc.io_layout import (
    CAUSES,
    Cause,
    Eye,
    IoLayout,
    Outlet,
    fastest_mm_s,
    is_safe,
    limits,
    slowest_ms,
    watchdog_us,
)
from plc.io_link import IoLink, IoWiring
from plc.io_tracker import Tracker
from plc.mailbox import Host
from plc.modbus_connection import ModbusConnection
from plc.points import Table
from plc.wires import Tcp
from plc.words import CommandRecord, EventRecord, EventType, Opcode, Sent

PORTAL, INDUCTION, MIDDLE = 11, 1, 12
QUALITY = 4


def io_layout(**changed: object) -> IoLayout:
    made = IoLayout(
        speed_mm_s=800,
        tolerance=0.02,
        induction=INDUCTION,
        portal=PORTAL,
        eyes=(Eye(PORTAL, 0, -600), Eye(INDUCTION, 1, 0), Eye(MIDDLE, 2, 1500)),
        outlets=(
            Outlet(1, 1900, coil=0, confirm=4),
            Outlet(2, 2500, coil=1),
            Outlet(3, 3100, coil=2, confirm=6),
            Outlet(QUALITY, 3900, confirm=7),
        ),
        decision_mm=1300,
        lead_us=80_000,
        hold_mm=50,
        confirm_us=1_500_000,
        scan_us=20_000,
        min_length_mm=200,
        max_length_mm=400,
        min_gap_mm=100,
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def tight(io: IoLayout) -> IoLayout:
    """With the smallest gap that every limit allows."""
    gaps = (replace(io, min_gap_mm=gap) for gap in count(10))
    return next(filter(is_safe, gaps))


def line_layout(io: IoLayout) -> LineLayout:
    lanes = tuple(
        Lane(
            number=one.lane,
            name=f"lane {one.lane}",
            role=LaneRole.CARRIER if one.coil is not None else LaneRole.QUALITY,
            divert_mm=one.mm,
            carrier="C",
        )
        for one in io.outlets
    )
    portal = Portal(name="portal", readers=(), eye=PORTAL, eye_mm=-600, antenna_mm=-500)
    return LineLayout(
        name="small",
        job=Job.SORT,
        plc="io",
        induction=INDUCTION,
        speed_mm_s=io.speed_mm_s,
        decision_mm=io.decision_mm,
        actuation_us=io.lead_us,
        margin_us=0,
        default_lane=QUALITY,
        recirculate_limit=0,
        portal=portal,
        lanes=lanes,
    )


@dataclass
class Loads:
    """A row of parcels, as many as wanted."""

    io: IoLayout
    rng: Random
    left: int

    def next(self, _: int) -> FloorLoad | None:
        if not self.left:
            return None
        self.left -= 1
        length_mm = self.rng.randint(self.io.min_length_mm, self.io.max_length_mm)
        return FloorLoad("small", self.left, f"parcel {self.left}", "", length_mm, FloorFault.NONE, None, (), ())


@dataclass
class Ran:
    """What became of a run."""

    sent: dict[int, int] = field(default_factory=dict)
    events: list[EventRecord] = field(default_factory=list)
    landed: list[int] = field(default_factory=list)
    hits: int = 0

    def of(self, *types: EventType) -> list[EventRecord]:
        return [event for event in self.events if event.type in types]


def run(
    io: IoLayout,
    seed: int,
    parcels: int = 30,
    speed_error: float = 0.0,
    poll_us: int = 8_000,
    pauses: Mapping[int, int] | None = None,
    lanes: Sequence[int] = (1, 2, 3),
    broken: Sequence[int] = (),
) -> Ran:
    """The tracker before the floor, read with jitter up to ``scan_us``; ``pauses``: reading number -> more time.

    A host routes every parcel when it is inducted; coils in ``broken`` never move.
    """
    rng = Random(seed)
    floor = IoFloor(
        line_layout(io),
        io,
        SimConfig(rate=60_000, lane_capacity=1_000),
        seed,
        Loads(io, rng, parcels),
        {},
        0,
        speed_error,
    )
    tracker = Tracker(io, 7)
    host = Host()
    ran = Ran()
    down = [0] * 74
    at_us = 0
    for reading in count():
        answer_us = rng.randint(200, io.scan_us - poll_us)
        landed = [one for one in floor.advance(at_us + rng.randint(0, answer_us)) if isinstance(one, Landed)]
        inputs, counts = floor.inputs, floor.counts(at_us + answer_us // 2)
        stamp_us = at_us + answer_us // 2
        coils = tracker.scan(stamp_us, inputs, counts, down)
        landed += [one for one in floor.advance(at_us + answer_us) if isinstance(one, Landed)]
        floor.coils(coils & ~sum(1 << coil for coil in broken), at_us + answer_us)
        ran.landed += [one.lane.number for one in landed]
        up = tracker.side.up(stamp_us // 1000)
        for signal in host.connect(up, down, stamp_us) if reading == 0 else host.on_up(up, stamp_us):
            if isinstance(signal, EventRecord):
                ran.events.append(signal)
                if signal.type is EventType.INDUCTED:
                    lane = rng.choice(lanes)
                    ran.sent[signal.track_id] = lane
                    if lane:
                        host.command(CommandRecord(Opcode.ROUTE, signal.track_id, lane, signal.plc_ms + 60_000))
                host.event_stored(signal.seq)
        block, signals = host.down(stamp_us)
        for signal in signals:
            if isinstance(signal, Sent):
                host.command_stored(signal.seq)
        down = block or down
        if (
            floor.empty
            and not floor.in_system
            and reading > 200
            and not tracker.tracked
            and not tracker.side.unacknowledged
        ):
            break
        assert reading < 60_000
        dropped_us = at_us + answer_us + watchdog_us(io)
        at_us += max(poll_us, answer_us) + (pauses or {}).get(reading, 0)
        if dropped_us < at_us:
            ran.landed += [one.lane.number for one in floor.advance(dropped_us) if isinstance(one, Landed)]
            floor.coils(0, dropped_us)
    ran.hits = floor.hits
    return ran


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_within_its_limits_every_parcel_is_where_it_was_sent(data: st.DataObject) -> None:
    draw = data.draw
    poll_us = draw(st.sampled_from((3_000, 8_000, 15_000)))
    tolerance = draw(st.sampled_from((0.0, 0.01, 0.03)))
    speed_mm_s = draw(st.integers(200, 1_500))
    io = tight(
        io_layout(
            speed_mm_s=speed_mm_s,
            confirm_us=2 * LANE_EYE_MM * 1_000_000 // speed_mm_s,
            tolerance=tolerance,
            lead_us=draw(st.integers(10, 150)) * 1000,
            hold_mm=draw(st.integers(10, 80)),
            decision_mm=draw(st.sampled_from((600, 900))),
            scan_us=poll_us + draw(st.integers(1_000, 12_000)),
            min_length_mm=draw(st.integers(120, 300)),
            encoder_um=draw(st.sampled_from((None, 500, 8_000))),
        )
    )
    error = draw(st.sampled_from((-1.0, 0.0, 1.0))) * tolerance * 0.95
    ran = run(io, draw(st.integers(0, 99)), 15, speed_error=error, poll_us=poll_us)
    assert ran.hits == 0
    ended = {event.track_id: event for event in ran.of(EventType.DIVERTED)}
    assert {track: event.station for track, event in ended.items()} == ran.sent
    assert Counter(ran.landed) == Counter(ran.sent.values())
    assert {event.cause for event in ended.values() if event.station == 2} <= {Cause.RECKONED}
    assert {event.cause for event in ended.values() if event.station != 2} <= {0}
    assert not ran.of(EventType.STRAY, EventType.LOST, EventType.JAM, EventType.DEFAULTED, EventType.DIVERT_FAILED)


def test_a_line_outside_its_limits_is_named_and_goes_wrong() -> None:
    io = io_layout(min_gap_mm=60)
    broken = [limit for limit in limits(io) if not limit.holds]
    good = tight(io_layout())
    fastest, slowest = fastest_mm_s(replace(good, speed_mm_s=5_000)), slowest_ms(replace(good, scan_us=1_000_000))
    assert good.speed_mm_s <= fastest < 5_000 and not is_safe(replace(good, speed_mm_s=fastest + 1))
    assert good.scan_us <= slowest * 1000 and not is_safe(replace(good, scan_us=slowest * 1000 + 1000))
    assert broken and all("gap" in limit.change for limit in broken)
    ran = [run(io, seed, speed_error=0.019) for seed in range(4)]
    assert sum(one.hits for one in ran) > 0


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 999), st.dictionaries(st.integers(50, 900), st.integers(1_000, 3_000_000), max_size=4))
@example(1, {50: 1_000, 816: 879_847})  # a divert is out when the readings end, and the next parcel comes
def test_readings_that_come_late_never_send_a_parcel_where_it_should_not_go(seed: int, pauses: dict[int, int]) -> None:
    io = tight(io_layout())
    ran = run(io, seed, pauses=pauses)
    went = Counter(ran.landed)
    sent = Counter(ran.sent.values())
    assert all(went[lane] <= sent[lane] for lane in (1, 2, 3))
    assert sum(went.values()) == 30
    restarts = sum(pause > io.blind_us for pause in pauses.values())
    assert len({event.seq for event in ran.events if event.seq == 1}) <= 1 + restarts
    if not pauses:
        assert went == sent


def test_a_divert_that_does_not_move_is_told_by_the_eye_at_the_belts_end() -> None:
    ran = run(tight(io_layout()), 3, broken=(0,))
    failed = ran.of(EventType.DIVERT_FAILED)
    assert [(event.station, event.value) for event in failed] == [(1, QUALITY)] * len(failed)
    assert len(failed) == list(ran.sent.values()).count(1) > 0
    others = {event.track_id: event.station for event in ran.of(EventType.DIVERTED)}
    assert others == {track: lane for track, lane in ran.sent.items() if lane != 1}


def test_what_nobody_routes_goes_straight_on() -> None:
    ran = run(tight(io_layout()), 4, lanes=(0,))
    assert [event.station for event in ran.of(EventType.DEFAULTED)] == [QUALITY] * 30
    assert ran.landed == [QUALITY] * 30
    assert {event.track_id for event in ran.of(EventType.DIVERTED)} == set(ran.sent)


def test_two_parcels_without_a_gap_go_straight_on() -> None:
    io = tight(io_layout())
    desk = Desk(io)
    for at_ms in range(0, 9_000, 10):
        travel_mm = io.speed_mm_s * at_ms / 1000
        inputs = sum(1 << eye.input for eye in io.eyes if 0 <= travel_mm - 800 - eye.mm < 2 * io.max_length_mm)
        desk.read(at_ms * 1000, inputs)
    assert (EventType.DEFAULTED, QUALITY, Cause.DOUBLED) in [(one.type, one.station, one.cause) for one in desk.said]


def test_a_belt_that_stands_keeps_its_parcels_and_a_dark_eye_is_a_jam() -> None:
    io = replace(tight(io_layout()), encoder_um=500, running=8, outputs=(9,))
    desk = Desk(io)
    travel_mm, coils = 0.0, 0
    for at_ms in range(0, 20_000, 10):
        stands = 2_000 <= at_ms < 12_000
        travel_mm += 0 if stands else io.speed_mm_s / 100
        place_mm = min(travel_mm, 2_250) - 700  # stuck on the photo-eye behind the induction: the belt slips below it
        inputs = sum(1 << eye.input for eye in io.eyes if 0 <= place_mm - eye.mm < 300) | (not stands) << 8
        if at_ms == 1_000:
            desk.host.command(CommandRecord(Opcode.OUTPUT, 1, 9, 60_000))
            desk.host.command(CommandRecord(Opcode.OUTPUT, 1, 5, 60_000))
        coils |= desk.read(at_ms * 1000, inputs, round(travel_mm * 2) % 65_536)
        if desk.said and desk.said[-1].type is EventType.JAM:
            break
    told = [(one.type, one.station, one.value) for one in desk.said if one.type is not EventType.ENTERED]
    assert told[:3] == [(EventType.LEFT, PORTAL, 0), (EventType.INDUCTED, INDUCTION, 0), (EventType.REFUSED, 2, 4)]
    assert (EventType.STATE, 0, 11) in told and (EventType.STATE, 0, 6) in told
    assert told[-1] == (EventType.JAM, MIDDLE, 1)
    assert coils == 1 << 9
    assert not any(one.type in (EventType.LOST, EventType.STRAY) for one in desk.said)


class Desk:
    """A tracker and its host, one reading after the other."""

    def __init__(self, io: IoLayout) -> None:
        self.tracker = Tracker(io, 1)
        self.host = Host()
        self.down = [0] * 74
        self.said: list[EventRecord] = []
        self.host.connect(self.tracker.side.up(0), self.down, 0)

    def read(self, at_us: int, inputs: int, counts: int | None = None) -> int:
        block, signals = self.host.down(at_us)
        for signal in signals:
            if isinstance(signal, Sent):
                self.host.command_stored(signal.seq)
        self.down = block or self.down
        coils = self.tracker.scan(at_us, inputs, counts, self.down)
        for seen in self.host.on_up(self.tracker.side.up(at_us // 1000), at_us):
            if isinstance(seen, EventRecord):
                self.host.event_stored(seen.seq)
                self.said.append(seen)
        return coils


async def sort_example(config: LineConfig, seconds: float) -> SimulatedFloor:
    floor = SimulatedFloor(config, seconds=seconds, keep_decisions=True)
    orders = [order for stream in floor.streams.values() for load in stream.prepare(100) for order in load.orders]
    feed = [OrderChanged(0, seq, order) for seq, order in enumerate(orders, 1)]
    await floor.start()
    assert floor.waits_for() == ["a controller on remote I/O io", "a client on reader portal"]
    controller = asyncio.create_task(Controller(config, feed_of(feed), threaded=False).run())
    await floor.wait()
    controller.cancel()
    with suppress(asyncio.CancelledError):
        await controller
    await floor.stop()
    return floor


def test_the_example_sorts_over_modbus_and_its_journal_agrees(project: Path, tmp_path: Path) -> None:
    config = on_free_ports(load_line(project / "examples" / "small-line" / "LINE.toml"), tmp_path, 10)
    floor = run_virtual(sort_example(config, 60))
    truth = floor.report()
    assert truth["parcels_inducted"] > 20
    assert truth["missorted"] == truth["left_on_belt"] == truth["recirculated"] == 0
    assert truth["parcels_in_assigned_lane"] + truth["to_quality"] == truth["parcels_inducted"]
    reader = JournalReader(config.journal)
    ended = [record.value for record in reader.of_kind("Sorted")]
    assert replay(reader.every()).difference is None
    reader.close()
    assert Counter((one.lane, one.outcome) for one in ended) == Counter(
        (one.lane, Outcome.CONFIRMED) for one in floor.decisions
    )
    assert {one.text for one in ended if one.lane == 3} <= {CAUSES[Cause.RECKONED]}


def test_check_refuses_what_is_not_safe(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (project / "examples" / "small-line" / "LINE.toml").read_text(encoding="utf-8")
    file = tmp_path / "LINE.toml"
    for before, after, problems in (
        ("min_gap_mm = 200", "min_gap_mm = 150", ["smallest gap, for the divert of lane 3", "needs more than 156 mm"]),
        ("poll_ms = 10", "poll_ms = 90", ["smallest gap, for the divert of lane 1", "widen min_gap_mm"]),
        ("default_lane = 4", "default_lane = 3", ["default_lane: 3: what nobody decides goes straight on, allowed: 4"]),
        ("{ lane = 2, coil = 1, confirm = 5 },", "", ["lane 2 of line.sorter is missing"]),
        ("induction = 1", "induction = 1\nrunning = 9", ["running: 9: where a belt stops, only an encoder"]),
        ('driver = "remote-io"', 'driver = "modbus"', ["plc.io.io: only with driver 'remote-io'"]),
    ):
        assert before in text
        file.write_text(text.replace(before, after), encoding="utf-8")
        assert main(["check", str(file)]) == 1
        said = capsys.readouterr().err
        assert all(problem in said for problem in problems), said
    assert main(["check", str(project / "examples" / "small-line" / "LINE.toml")]) == 0
    said = capsys.readouterr().out
    assert "plc.io.io: safe at 500 mm/s and a reading every 25 ms; safe up to 740 mm/s, or up to 46 ms" in said
    assert "set the device's own watchdog to 405 ms at most" in said
    assert "divert of lane 3 to come out behind the parcel before: 200 mm, needs more than 156 mm" in said
    assert main(["plc", "watch", str(project / "examples" / "small-line" / "LINE.toml"), "--once"]) == 2
    assert "there is no mailbox in it" in capsys.readouterr().err


@pytest.fixture
def libmodbus_io(programs: Programs) -> Iterator[LibmodbusIo]:
    with LibmodbusIo(programs.built("libmodbus_io.c")) as device:
        yield device


@pytest.mark.parametrize("of_words", [False, True])
def test_a_station_on_libmodbus_is_tracked(libmodbus_io: LibmodbusIo, run: Any, *, of_words: bool) -> None:
    """A parcel by hand, its belt counted by an encoder: nothing depends on how long it takes."""
    # No reading comes in time, so that the parcel is in doubt; none comes so late that one could be hidden.
    io = replace(io_layout(), encoder_um=1_000, min_length_mm=10**6, min_gap_mm=10**6, tolerance=0, scan_us=1_000)
    wiring = IoWiring(
        Table.INPUT if of_words else Table.DISCRETE, 0, 16, Table.HOLDING if of_words else Table.COIL, 0, 16,
        encoder=(Table.INPUT, 8),
    )  # fmt: skip
    tracker = Tracker(replace(io, outputs=(9,)), 1)

    def see(mm: int) -> None:
        bits = [int(0 <= mm - eye.mm < 300) for eye in io.eyes]
        words = [f"word 0 {sum(bit << index for index, bit in enumerate(bits))}"]
        libmodbus_io.order(
            f"word 8 {mm + 1_000}", *(words if of_words else [f"input {n} {v}" for n, v in enumerate(bits)])
        )

    async def pass_by() -> list[EventRecord]:
        link = IoLink(ModbusConnection("io", Tcp("127.0.0.1", libmodbus_io.port), timeout_ms=60_000), tracker, wiring)
        host = Host()
        await link.connect()
        see(-900)
        host.connect(await link.read_up(), await link.read_down(), 0)
        host.command(CommandRecord(Opcode.OUTPUT, 1, 9, 2**31))
        events: list[EventRecord] = []
        for at_us, mm in enumerate(range(-890, 4_000, 10)):
            see(mm)
            block, signals = host.down(at_us * 60_000)
            for signal in host.on_up(await (link.read_up() if block is None else link.exchange(block)), at_us * 60_000):
                if isinstance(signal, EventRecord):
                    events.append(signal)
                    host.event_stored(signal.seq)
            for signal in signals:
                if isinstance(signal, Sent):
                    host.command_stored(signal.seq)
        await link.close()
        return events

    events = run(pass_by())
    assert [(event.type, event.track_id, event.station) for event in events[:3]] == [
        (EventType.ENTERED, 1, PORTAL), (EventType.LEFT, 1, PORTAL), (EventType.INDUCTED, 1, INDUCTION)
    ]  # fmt: skip
    assert (EventType.DEFAULTED, QUALITY) in [(event.type, event.station) for event in events]
    libmodbus_io.order("word 9 0")
    assert libmodbus_io.said == ["register 0 512" if of_words else "coil 9 1"]
