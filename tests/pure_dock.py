"""The dock without a wire: the simulated doors' happenings straight into the core, and the truth beside what was told.

Public names: PureDock, Score, made_up_docks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from edge.core.alarms.rules import RULES
from edge.core.core import Core
from edge.core.dock.gate import close_problems
from edge.core.dock.loads import LoadCheck
from edge.core.events import (
    Command,
    DeviceChanged,
    DoorSeen,
    Event,
    GateVerdict,
    Input,
    Journaled,
    LoadRequested,
    OrderChanged,
    ParcelGated,
    PlcEvent,
    SetOutput,
    Started,
    TagsRead,
    Tick,
)
from edge.core.line.line import Result
from edge.core.values.dock import Direction, DockEyes, DockLayout, Output, Side
from edge.core.values.load import Load, LoadAction
from edge.sim.dock_floor import Crossing, EyeSignal
from edge.sim.dock_traffic import DockTraffic
from edge.sim.floor import InventoryRound
from plc.words import EventType
from rfid.epc.identity import identify

STEP_US = 10_000
START_US = 1_700_000_000_000_000
BEFORE_US = 1_500_000
"""A parcel can be certainly through before its middle is at the wall."""
AFTER_US = 15_000_000
"""What stopped in the doorway is believed later."""
SAID_US = 60_000_000
"""What cannot be decided is said when the parcel has not been read for a while; near the door that takes its time."""


def made_up_docks(count: int = 2, eyes: bool = False) -> tuple[DockLayout, ...]:
    """Doors with four antennas each, two to a side, or with photo-eyes."""
    docks = []
    for number in range(1, count + 1):
        sides = [Side.THROUGH] * 4 if eyes else [Side.INSIDE, Side.INSIDE, Side.OUTSIDE, Side.OUTSIDE]
        docks.append(
            DockLayout(
                name=f"door{number}",
                reader=f"dock{number}",
                antennas=tuple(enumerate(sides, 1)),
                eyes=DockEyes("dock", number * 10 + 1, number * 10 + 2) if eyes else None,
                light=Output(f"reader.dock{number}", 1),
                buzzer=Output(f"reader.dock{number}", 2),
            )
        )
    return tuple(docks)


@dataclass
class Score:
    """Told against true. ``right``, ``undetermined``, ``silent``: of the crossings; ``guessed``: told, and not true.

    ``delays_us``: from the wall until it was certain.
    """

    crossings: int = 0
    right: int = 0
    undetermined: int = 0
    silent: int = 0
    guessed: int = 0
    wrong_out: int = 0
    wrong_named: int = 0
    delays_us: list[int] = field(default_factory=list)
    details: list[str] = field(default_factory=list)


class PureDock:
    """A controller with dock doors and nothing else, and an hour of traffic. ``reads`` counts tag reads."""

    def __init__(self, docks: tuple[DockLayout, ...], seed: int, parcels: int) -> None:
        self.docks = docks
        self.traffic = DockTraffic(docks, seed, parcels, START_US)
        self.core = Core((), docks=docks)
        self.journal: list[Journaled | Event] = []
        self.commands: list[tuple[int, SetOutput]] = []
        self.truth: list[Crossing] = []
        self.reads = 0
        self.now_us = START_US
        self._feed = 0
        self.give(Started(at_us=START_US, controller="edge1", version="0", layouts=(), alarms=RULES, docks=docks))
        for dock in docks:
            self.give(DeviceChanged(START_US, f"reader.{dock.reader}", True, "reads"))
        for carried in self.traffic.parcels:
            if carried.order is not None:
                self._feed += 1
                self.give(OrderChanged(START_US, self._feed, carried.order))
        for name, carrier in self.traffic.carriers.items():
            self.ask(LoadAction.OPEN, f"L-{name}", load=Load(id=f"L-{name}", dock=name, carrier=carrier))

    def ask(self, action: LoadAction, load_id: str, **what: Any) -> None:
        """An operator's request."""
        self._feed += 1
        self.give(
            LoadRequested(at_us=self.now_us, feed_seq=self._feed, action=action, load_id=load_id, by="Ann", **what)
        )

    def give(self, given: Input) -> list[Result]:
        """One input, its results journaled."""
        results = self.core.step(given)
        if not isinstance(given, TagsRead | Tick):
            self.journal.append(given)
        for result in results:
            if isinstance(result, SetOutput):
                self.commands.append((given.at_us, result))
            elif not isinstance(result, Command):
                self.journal.append(result)
        return results

    def run(self) -> None:
        """Lets it all go by, and then as long as it takes to say what was not decided."""
        seq = 0
        eyes = {dock.name: dock.eyes for dock in self.docks}
        while self.now_us < self.traffic.end_us:
            self.now_us += STEP_US
            for happening in self.traffic.floor.advance(self.now_us):
                match happening:
                    case InventoryRound():
                        self.reads += len(happening.reads)
                        self.give(TagsRead(self.now_us, happening.reader, happening.reads))
                    case Crossing():
                        self.truth.append(happening)
                    case EyeSignal():
                        its = eyes[happening.door]
                        assert its is not None
                        station = its.inside if happening.side is Side.INSIDE else its.outside
                        seq += 1
                        covered = PlcEvent(
                            at_us=self.now_us,
                            device_us=happening.at_us,
                            plc=its.plc,
                            session=1,
                            seq=seq,
                            type=int(EventType.INPUT),
                            track_id=0,
                            station=station,
                            cause=0,
                            value=int(happening.covered),
                            plc_ms=0,
                        )
                        self.give(covered)
            self._tick()
        for _ in range(100):
            self.now_us += 100_000
            self._tick()

    def _tick(self) -> None:
        due_us = self.core.deadline_us()
        if due_us is not None and due_us <= self.now_us:
            self.give(Tick(self.now_us))

    # ---- against the truth -------------------------------------------------------------------------------------------

    def gated(self, *verdicts: GateVerdict) -> list[ParcelGated]:
        """What was told of parcels."""
        told = [value for value in self.journal if isinstance(value, ParcelGated)]
        return [value for value in told if not verdicts or value.verdict in verdicts]

    def check(self, door: str) -> LoadCheck:
        """How complete the door's load is."""
        loads = self.core._gate.loads
        its = loads.at_dock(door)
        assert its is not None
        return loads.check(its)

    def score(self) -> Score:
        """Every crossing against what was said of it, and every word against the crossings."""
        score = Score(crossings=len(self.truth))
        seen = [value for value in self.journal if isinstance(value, DoorSeen)]
        ways = {one.parcel: one.way for one in self.traffic.parcels}
        orders = {one.parcel: one.order for one in self.traffic.parcels}
        truth: dict[str, list[Crossing]] = defaultdict(list)
        for crossing in self.truth:
            truth[identify(crossing.epc)].append(crossing)
        for parcel in truth.keys() | {value.parcel for value in seen}:
            told = [
                value for value in seen if value.parcel == parcel and value.direction in (Direction.OUT, Direction.IN)
            ]
            doubts = [value for value in self.gated(GateVerdict.UNDETERMINED) if value.parcel == parcel]
            for crossing in truth[parcel]:
                found = next((value for value in told if _tells(value, crossing)), None)
                if found is not None:
                    told.remove(found)
                    score.right += 1
                    score.delays_us.append(found.at_us - crossing.at_us)
                elif any(-AFTER_US <= value.at_us - crossing.at_us <= SAID_US for value in doubts):
                    score.undetermined += 1
                else:
                    score.silent += 1
                    score.details.append(f"silent: {ways[parcel]}: {crossing}")
                order = orders.get(parcel)
                home = order is not None and order.carrier == self.traffic.carriers[crossing.door]
                if crossing.direction is Direction.OUT and not home:
                    score.wrong_out += 1
                    named = any(
                        value.parcel == parcel and -BEFORE_US <= value.at_us - crossing.at_us <= SAID_US
                        for value in self.gated(GateVerdict.WRONG, GateVerdict.UNKNOWN, GateVerdict.UNDETERMINED)
                    )
                    score.wrong_named += named
            score.guessed += len(told)
            score.details += [f"guessed: {ways.get(parcel, 'staged')}: {value}" for value in told]
        return score

    def aboard(self, door: str) -> tuple[set[str], set[str]]:
        """Of the parcels that belong to the door's load: those in the trailer, and those that were in doubt."""
        inside: Counter[str] = Counter()
        for crossing in self.truth:
            if crossing.door == door:
                inside[identify(crossing.epc)] = crossing.direction is Direction.OUT
        ours = {
            one.parcel for one in self.traffic.parcels if one.order and one.order.carrier == self.traffic.carriers[door]
        }
        doubts = {value.parcel for value in self.gated(GateVerdict.UNDETERMINED)}
        return {parcel for parcel, out in inside.items() if out and parcel in ours}, doubts & ours

    def settle(self, door: str) -> None:
        """What people do before they close: look after every doubt, and say what is so."""
        there, _ = self.aboard(door)
        check = self.check(door)
        known = {one.parcel for one in check.aboard}
        for parcel in sorted(there - known):
            self.ask(LoadAction.ADD, check.load.id, parcel=parcel)
        for parcel in sorted({*known, *(one.parcel for one in check.wrong)} - there):
            self.ask(LoadAction.REMOVE, check.load.id, parcel=parcel)
        assert close_problems(self.check(door)) == [], close_problems(self.check(door))
        self.ask(LoadAction.CLOSE, check.load.id)


def _tells(value: DoorSeen, crossing: Crossing) -> bool:
    return (value.dock, value.direction) == (crossing.door, crossing.direction) and (
        -BEFORE_US <= value.at_us - crossing.at_us <= AFTER_US
    )
