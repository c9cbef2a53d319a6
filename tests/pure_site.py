"""The whole decision chain without a wire: the simulated floor's happenings straight into the core, in floor time.

Public names: PureSite, Outcome, example.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path

from edge.config.lines import LineConfig
from edge.config.load import load_line
from edge.core.core import Core
from edge.core.events import (
    BarcodesRead,
    Command,
    CommandDropped,
    CommandHandled,
    CommandSent,
    DeviceChanged,
    Event,
    Input,
    Journaled,
    OrderChanged,
    PlcConnected,
    PlcEvent,
    Route,
    SetLane,
    Started,
    TagsRead,
    Tick,
)
from edge.core.line.line import Result
from edge.core.values.layout import Job, LineLayout
from edge.sim.floor import DiscSeen, Floor, InventoryRound, Landed, Scanned, Signal
from edge.sim.world import FloorLoad, World
from plc.words import CommandRecord, Opcode

STEP_US = 5_000
START_US = 1_700_000_000_000_000


@cache
def _warehouse(project: Path) -> LineConfig:
    return load_line(project / "examples" / "warehouse" / "LINE.toml")


def example(project: Path, **sim: object) -> LineConfig:
    """The example warehouse's lines, without its dock doors, with other values in its [sim] table."""
    config = _warehouse(project)
    at_doors = {dock.reader for dock in config.dock}
    readers = {name: reader for name, reader in config.reader.items() if name not in at_doors}
    simulated = config.sim.model_copy(update={"docks": {}, **sim})
    return config.model_copy(update={"dock": (), "reader": readers, "sim": simulated})


@dataclass
class Outcome:
    """What physically came out, and what was journaled on the way."""

    landed: list[Landed] = field(default_factory=list)
    journal: list[Journaled | Event] = field(default_factory=list)

    def count(self, kind: type[Journaled | Event]) -> int:
        return sum(isinstance(value, kind) for value in self.journal)


class _Inflow:
    def __init__(self, site: PureSite, layout: LineLayout, world: World, loads: int) -> None:
        self._site, self._layout, self._world, self._left = site, layout, world, loads
        self._index = count()

    def next(self, at_us: int) -> FloorLoad | None:
        if not self._left:
            return None
        self._left -= 1
        make = self._world.tote if self._layout.job is Job.VERIFY else self._world.parcel
        load = make(self._layout.name, next(self._index))
        for order in load.orders:
            self._site.give(OrderChanged(at_us, 0, order))
        return load


class PureSite:
    """Some lines of a configuration with so many loads each, run to their end."""

    def __init__(self, config: LineConfig, seed: int, loads: dict[str, int], flags: tuple[str, ...] = ()) -> None:
        world = World(config, seed)
        layouts = [layout for layout in config.layouts() if layout.name in loads]
        self.core = Core(layouts)
        self.outcome = Outcome()
        self._now_us = START_US
        self.ahead_us = 0
        """How far the host's time is ahead of the floor's, and so of the PLCs'."""
        self._seq: Counter[str] = Counter()
        self._command: Counter[str] = Counter()
        ports = {name: reader.antennas for name, reader in config.reader.items()}
        self.give(Started(at_us=START_US, controller="edge1", version="0", layouts=tuple(layouts), flags=flags))
        self.floors: dict[str, Floor] = {}
        for layout in layouts:
            for reader in (*layout.readers, *layout.scanners):
                self.give(DeviceChanged(START_US, f"reader.{reader}", True, "reads"))
            self.give(
                PlcConnected(
                    at_us=START_US,
                    plc=layout.plc,
                    session=1,
                    epoch=1,
                    fresh=True,
                    resumed=False,
                    event_acked=0,
                    events_lost=0,
                    command_head=0,
                    found=(),
                    lanes_full=0,
                    lanes_disabled=0,
                )
            )
            inflow = _Inflow(self, layout, world, loads[layout.name])
            self.floors[layout.plc] = Floor(layout, config.sim, seed, inflow, count(1), ports, START_US)

    def run(self, at_most_s: float) -> Outcome:
        """Lets floor time go by until everything has landed."""
        end_us = START_US + int(at_most_s * 1e6)
        idle = 0
        while self._now_us < end_us and idle < 3_000:
            self._now_us += STEP_US
            for plc, floor in self.floors.items():
                for happening in floor.advance(self._now_us - self.ahead_us):
                    if isinstance(happening, Landed):
                        self.outcome.landed.append(happening)
                    elif not isinstance(happening, DiscSeen):  # nobody reads cards here
                        self.happened(plc, happening)
            self.time_went_by()
            idle = idle + 1 if all(floor.empty for floor in self.floors.values()) else 0
        return self.outcome

    def happened(self, plc: str, happening: Signal | InventoryRound | Scanned) -> None:
        """A device tells."""
        match happening:
            case Signal():
                self._signal(plc, happening)
            case InventoryRound():
                self.give(TagsRead(self._now_us, happening.reader, happening.reads))
            case Scanned():
                self.give(BarcodesRead(self._now_us, happening.scanner, happening.codes))

    def time_went_by(self) -> None:
        """What is due is decided."""
        due_us = self.core.deadline_us()
        if due_us is not None and due_us <= self._now_us:
            self.give(Tick(self._now_us))

    def give(self, given: Input) -> list[Result]:
        """One input, its results carried out and journaled."""
        results = self.core.step(given)
        if not isinstance(given, TagsRead | Tick):
            self.outcome.journal.append(given)
        self.outcome.journal += [result for result in results if not isinstance(result, Command)]
        for result in results:
            if isinstance(result, Route | SetLane):
                self._carry_out(result)
        return results

    def _signal(self, plc: str, signal: Signal, device_us: int | None = None) -> None:
        self._seq[plc] += 1
        ms = signal.at_us // 1000 % 2**32
        self.give(
            PlcEvent(
                at_us=self._now_us,
                device_us=signal.at_us if device_us is None else device_us,
                plc=plc,
                session=1,
                seq=self._seq[plc],
                type=int(signal.type),
                track_id=signal.track_id,
                station=signal.station,
                cause=0,
                value=signal.value,
                plc_ms=ms,
            )
        )

    def _carry_out(self, command: Route | SetLane) -> None:
        match command:
            case Route(plc, track, lane, expiry_ms):
                wire = CommandRecord(Opcode.ROUTE, track, lane, expiry_ms)
            case SetLane(plc, lane, enabled, _):
                wire = CommandRecord(Opcode.LANE, int(enabled), lane, 0)
        self._command[plc] += 1
        seq, now, floor_us = self._command[plc], self._now_us, self._now_us - self.ahead_us
        if isinstance(command, Route) and (expiry_ms - floor_us // 1000) % 2**32 >= 2**31:
            self.give(
                CommandDropped(
                    at_us=now, plc=plc, opcode=int(wire.opcode), value=wire.value, target=wire.target, why="expired"
                )
            )
            return
        self.give(
            CommandSent(
                at_us=now,
                plc=plc,
                session=1,
                seq=seq,
                opcode=int(wire.opcode),
                value=wire.value,
                target=wire.target,
                expiry_ms=wire.expiry_ms,
                found=False,
            )
        )
        refusal = self.floors[plc].command(wire, floor_us)
        self.give(
            CommandHandled(
                at_us=now,
                plc=plc,
                seq=seq,
                opcode=int(wire.opcode),
                value=wire.value,
                target=wire.target,
                refusal=int(refusal) if refusal else 0,
            )
        )
