"""Laws of the simulated floor: nothing is lost, nothing overlaps, and time's steps change nothing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import count, pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pure_site import example

from edge.config.lines import LineConfig
from edge.core.values.layout import Job, LaneRole, LineLayout
from edge.sim.floor import MIN_GAP_MM, Floor, Happening, InventoryRound, Landed, Signal
from edge.sim.inflow import Stream
from edge.sim.world import FloorLoad, World
from plc.words import CommandRecord, EventType, LaneChange, Opcode, Refusal

STEP_US = 5_000
Orders = list[tuple[int, CommandRecord]]


@dataclass
class Played:
    """One run: what happened, what was commanded when and what became of it, and the floor at the end."""

    floor: Floor
    happened: list[Happening]
    commands: Orders
    answers: list[Refusal | None]
    loads: list[FloorLoad]

    @property
    def signals(self) -> list[Signal]:
        return [one for one in self.happened if isinstance(one, Signal)]


def play(
    config: LineConfig,
    line: str,
    seed: int,
    loads: int,
    *,
    until_us: int = 400_000_000,
    commands: Orders | None = None,
    steps: Random | None = None,
) -> Played:
    """Runs a line. Without ``commands``, a host of doubtful sense routes at INDUCTED and toggles lanes now and then."""
    layout = next(layout for layout in config.layouts() if layout.name == line)
    world = World(config, seed)
    make = world.tote if layout.job is Job.VERIFY else world.parcel
    made: list[FloorLoad] = []

    def remember(index: int) -> FloorLoad:
        made.append(make(line, index))
        return made[-1]

    stream = Stream(remember)
    ports = {name: reader.antennas for name, reader in config.reader.items()}
    floor = Floor(layout, config.sim, seed, stream, count(1), ports)
    played = Played(floor, [], [], [], made)
    host = Random(f"{seed} host")
    given_commands = iter(commands if commands is not None else [])
    pending = next(given_commands, None)
    now_us = 0
    while now_us < until_us:
        stream.stopped = len(made) >= loads
        if stream.stopped and floor.empty:
            break
        grid_us = now_us + STEP_US
        while steps is not None and steps.random() < 0.4 and grid_us - now_us > 1:  # odd steps within the grid's
            now_us = steps.randint(now_us, grid_us - 1)
            played.happened += floor.advance(now_us)
        now_us = grid_us
        fresh = floor.advance(now_us)
        played.happened += fresh
        if commands is None:
            for command in _doubtful(host, layout, fresh):
                played.commands.append((now_us, command))
                played.answers.append(floor.command(command, now_us))
        else:
            while pending is not None and pending[0] == now_us:
                played.commands.append(pending)
                played.answers.append(floor.command(pending[1], now_us))
                pending = next(given_commands, None)
    played.happened += floor.advance(now_us)
    return played


def _doubtful(host: Random, layout: LineLayout, fresh: list[Happening]) -> list[CommandRecord]:
    lanes = [lane.number for lane in layout.lanes]
    commands = []
    for one in fresh:
        if isinstance(one, Signal) and one.type is EventType.INDUCTED and host.random() < 0.9:
            commands.append(CommandRecord(Opcode.ROUTE, one.track_id, host.choice(lanes), 0))
            if host.random() < 0.1:  # a better thought, a lane or a track that is not there
                commands.append(CommandRecord(Opcode.ROUTE, one.track_id, host.choice([*lanes, 63]), 0))
                commands.append(CommandRecord(Opcode.ROUTE, one.track_id + 10_000, host.choice(lanes), 0))
        elif isinstance(one, Signal) and one.type is EventType.DIVERTED and host.random() < 0.1:
            commands.append(CommandRecord(Opcode.LANE, host.randint(0, 1), host.choice(lanes), 0))
            commands.append(CommandRecord(Opcode.ROUTE, one.track_id, host.choice(lanes), 0))
    return commands


PLAYS = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10_000),
        "rate": st.integers(2_000, 60_000),
        "tote_rate": st.integers(300, 2_400),
        "lane_capacity": st.integers(1, 30),
        "line": st.sampled_from(["sorter", "tote1"]),
    }
)


@given(play_=PLAYS)
@settings(max_examples=12)
def test_laws_of_the_belt(project: Path, play_: dict[str, int | str]) -> None:  # noqa: C901  one law after the other
    line, seed = str(play_.pop("line")), int(play_.pop("seed"))
    config = example(project, **play_)
    played = play(config, line, seed, 40 if line == "sorter" else 12)
    layout, signals = played.floor.layout, played.signals
    landed = [one for one in played.happened if isinstance(one, Landed)]
    gone = [one for one in landed if one.lane.role is not LaneRole.RECIRCULATE]

    # Times never go back.
    assert all(before.at_us <= after.at_us for before, after in pairwise(played.happened))

    # Every load ends once, or is still there.
    names = [one.load.name for one in gone]
    assert len(set(names)) == len(names)
    assert len(gone) + played.floor.in_system == len(played.loads)

    # Each round of a track: photo-eye, induction with its number, one end; nothing after the last.
    kinds = {EventType.ENTERED, EventType.LEFT, EventType.INDUCTED}
    ends = {EventType.DIVERTED, EventType.DIVERT_FAILED}
    stories: dict[int, list[Signal]] = defaultdict(list)
    for signal in signals:
        if signal.track_id:
            stories[signal.track_id].append(signal)
    for track, story in stories.items():
        rounds: list[list[Signal]] = [[]]
        for signal in story:
            if signal.type is EventType.DEFAULTED:
                continue
            rounds[-1].append(signal)
            if signal.type in ends:
                rounds.append([])
        if not rounds[-1]:
            rounds.pop()
        for number, steps in enumerate(rounds):
            assert {step.type for step in steps[:3]} <= kinds, track
            assert [step.value for step in steps if step.type is EventType.INDUCTED] in ([], [number])
            assert len(steps) <= 4
        finished = [one for one in gone if one.track_id == track]
        assert bool(finished) == (story[-1].type is EventType.DIVERTED and story[-1].station != again(layout))

    # Two are never before the photo-eye together, and keep their distance.
    eye = [one for one in signals if one.type in (EventType.ENTERED, EventType.LEFT)]
    assert all(one.type is not other.type for one, other in pairwise(eye))
    gap_us = MIN_GAP_MM[layout.job] * 1_000_000 // layout.speed_mm_s
    for left, entered in zip(eye[1::2], eye[2::2], strict=False):
        assert entered.at_us - left.at_us >= gap_us - 1

    # A load goes where its last accepted route says, or to the default lane, and DEFAULTED says so.
    routed: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for (at_us, command), answer in zip(played.commands, played.answers, strict=True):
        if command.opcode is Opcode.ROUTE and answer is None:
            routed[command.value].append((at_us, command.target))
    for track, story in stories.items():
        begun_us, defaulted = 0, False
        for signal in story:
            if signal.type is EventType.DEFAULTED:
                defaulted = True
            if signal.type in ends:
                given_ = [target for at_us, target in routed[track] if begun_us <= at_us <= signal.at_us]
                assert signal.station == (given_[-1] if given_ else layout.default_lane)
                assert defaulted == (not given_)
                begun_us, defaulted = signal.at_us, False

    # Refusals are the contract's.
    known = set(stories)
    for (_, command), answer in zip(played.commands, played.answers, strict=True):
        if command.opcode is Opcode.ROUTE and command.value not in known:
            assert answer is Refusal.UNKNOWN_TRACK
        elif command.target == 63:
            assert answer in (Refusal.NO_TARGET, Refusal.PAST_DECISION)

    # Full and free, disabled and enabled take turns.
    for chute in played.floor.chutes.values():
        changes = [one.value for one in signals if one.type is EventType.LANE and one.station == chute.lane.number]
        for first, second in ((LaneChange.FULL, LaneChange.FREE), (LaneChange.DISABLED, LaneChange.ENABLED)):
            turns = [change for change in changes if change in (first, second)]
            assert turns == [first, second] * (len(turns) // 2) + [first] * (len(turns) % 2)


def again(layout: LineLayout) -> int:
    """The lane that brings loads round again; 0 = there is none."""
    lane = layout.lane_of_role(LaneRole.RECIRCULATE)
    return 0 if lane is None else lane.number


@given(play_=PLAYS, steps=st.randoms(use_true_random=False))
@settings(max_examples=8)
def test_steps_of_time_change_nothing(project: Path, play_: dict[str, int | str], steps: Random) -> None:
    line, seed = str(play_.pop("line")), int(play_.pop("seed"))
    config = example(project, **play_)
    loads = 25 if line == "sorter" else 8
    first = play(config, line, seed, loads)
    second = play(config, line, seed, loads, commands=first.commands, steps=Random(steps.random()))
    assert second.answers == first.answers
    assert second.happened == first.happened


def test_a_brimful_lane_turns_loads_away(project: Path) -> None:
    config = example(project, rate=20_000, lane_capacity=6, lane_drain_s=3600.0)
    layout = next(layout for layout in config.layouts() if layout.name == "sorter")
    world = World(config, 1)
    stream = Stream(lambda index: world.parcel("sorter", index))
    ports = {name: reader.antennas for name, reader in config.reader.items()}
    floor = Floor(layout, config.sim, 1, stream, count(1), ports)
    free = 6 - floor.chutes[3].held
    signals: list[Signal] = []
    for now_us in range(STEP_US, 40_000_000, STEP_US):
        for one in floor.advance(now_us):
            if isinstance(one, Signal):
                signals.append(one)
                if one.type is EventType.INDUCTED:
                    assert floor.command(CommandRecord(Opcode.ROUTE, one.track_id, 3, 0), now_us) is None
    ends = [one.type for one in signals if one.type in (EventType.DIVERTED, EventType.DIVERT_FAILED)]
    assert ends[:free] == [EventType.DIVERTED] * free
    assert set(ends[free:]) == {EventType.DIVERT_FAILED}
    full = next(
        place for place, one in enumerate(signals) if one.type is EventType.LANE and one.value == LaneChange.FULL
    )
    last = [place for place, one in enumerate(signals) if one.type is EventType.DIVERTED][free - 1]
    assert full < last, "the sensor says full before the brim"
    assert floor.chutes[3].held == 6
    rounds = [one for one in signals if one.type is EventType.INDUCTED and one.value]
    assert rounds, "what is turned away comes round again"
    assert floor.in_system < 250, "the belt takes nothing new while it is full of those that come round"


@pytest.mark.parametrize("late", [False, True])
def test_the_decision_point(project: Path, late: bool) -> None:
    config = example(project, rate=4_000)
    layout = next(layout for layout in config.layouts() if layout.name == "sorter")
    world = World(config, 1)
    stream = Stream(lambda index: world.parcel("sorter", index))
    floor = Floor(layout, config.sim, 1, stream, count(1), {name: one.antennas for name, one in config.reader.items()})
    inducted = advance_to(floor, EventType.INDUCTED)
    decision_us = inducted.at_us + layout.travel_us(0, layout.decision_mm)
    at_us = decision_us + (1 if late else -1)
    floor.advance(at_us)
    answer = floor.command(CommandRecord(Opcode.ROUTE, inducted.track_id, 4, 0), at_us)
    assert answer is (Refusal.PAST_DECISION if late else None)
    end = advance_to(floor, EventType.DIVERTED)
    assert (end.track_id, end.station) == (inducted.track_id, layout.default_lane if late else 4)
    divert_mm = next(lane.divert_mm for lane in layout.lanes if lane.number == end.station)
    assert end.at_us == inducted.at_us + layout.travel_us(0, divert_mm)


def advance_to(floor: Floor, kind: EventType) -> Signal:
    for now_us in range(0, 120_000_000, 1_000):
        for one in floor.advance(now_us):
            if isinstance(one, Signal) and one.type is kind:
                return one
    raise AssertionError(f"no {kind.name} in two minutes")


def test_reads_fall_into_their_round(project: Path) -> None:
    played = play(example(project, rate=12_000), "sorter", 5, 60)
    for one in played.happened:
        if isinstance(one, InventoryRound):
            assert one.reads
            assert all(one.at_us - 200_000 < read.at_us <= one.at_us for read in one.reads)
