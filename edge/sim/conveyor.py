"""What one portal of the simulated floor reads, without a wire: a recording with the truth beside it.

Public names: Conveyor, PassingLoad.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from edge.config.lines import LineConfig
from edge.core.values.layout import Job
from edge.sim.floor import Floor, InventoryRound, Signal
from edge.sim.world import FloorLoad, World
from plc.words import EventType

STEP_US = 1_000_000
RUN_OUT_US = 60_000_000


@dataclass(frozen=True, slots=True)
class PassingLoad:
    """One load in the photo-eye, and the tags that are in it."""

    name: str
    start_us: int
    stop_us: int
    epcs: frozenset[str]


class Conveyor:
    """So many loads of one line past its portal. ``happenings`` first, then ``cartons`` holds them all."""

    def __init__(self, config: LineConfig, line: str, seed: int, loads: int) -> None:
        self.layout = next(layout for layout in config.layouts() if layout.name == line)
        self.cartons: list[PassingLoad] = []
        self._open: dict[int, int] = {}
        world = World(config, seed)
        make = world.tote if self.layout.job is Job.VERIFY else world.parcel
        self._loads = [make(line, index) for index in range(loads)]
        self._waiting = iter(self._loads)
        ports = {name: reader.antennas for name, reader in config.reader.items()}
        self._floor = Floor(self.layout, config.sim, seed, self, count(1), ports)

    def next(self, _: int) -> FloorLoad | None:
        """The next load; the floor asks."""
        return next(self._waiting, None)

    def happenings(self) -> Iterator[InventoryRound | Signal]:
        """What the readers and the portal's photo-eye tell, in order of time; track ids count from 1."""
        now_us = idle_us = 0
        while idle_us < RUN_OUT_US:
            now_us += STEP_US
            for happening in self._floor.advance(now_us):
                match happening:
                    case InventoryRound():
                        yield happening
                    case Signal(type=EventType.ENTERED | EventType.LEFT):
                        self._note(happening)
                        yield happening
                    case _:
                        pass
            idle_us = idle_us + STEP_US if self._floor.empty else 0

    def _note(self, signal: Signal) -> None:
        if signal.type is EventType.ENTERED:
            self._open[signal.track_id] = signal.at_us
            return
        load = self._loads[signal.track_id - 1]
        tags = frozenset(tag.epc for tag in load.tags)
        self.cartons.append(PassingLoad(load.name, self._open.pop(signal.track_id), signal.at_us, tags))
