"""An hour at two dock doors or more, made up from a seed: who carries what through which door, and the truth about it.

Public names: DockTraffic, Carried.

Each door has a carrier of its own. Most parcels go out through their carrier's door; some through a wrong one and back,
some without an order, some come back out of the trailer and go in again. People walk past the doors with parcels, turn
round in the doorway, stop in it, and stand before antennas; parcels wait near the doors and stay near them in the
trailer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from edge.core.values.dock import DockLayout
from edge.core.values.order import Order, OrderLine, OrderState
from edge.sim.dock_floor import DOOR_EVERY_MM, DockFloor, walk
from edge.sim.dock_radio import Shadow
from rfid.epc.identity import identify, sscc96

PREFIX = "952114"
_GTIN = "09521141100006"
FIRST_US = 3_000_000
APART_S = 4.0
"""At a door with photo-eyes people let each other pass, mostly."""
STAGED = 12
"""Parcels that wait near the doors all the time."""


@dataclass(frozen=True, slots=True)
class Carried:
    """One parcel and its truth. ``order`` None: nobody ordered it. ``way``: what is done with it, for people."""

    epc: str
    parcel: str
    order: Order | None
    way: str


class DockTraffic:
    """``floor`` plays it. ``parcels`` go through doors at all; ``end_us``: when the last journey is over."""

    def __init__(self, docks: Sequence[DockLayout], seed: int, parcels: int, begin_us: int = 0) -> None:
        self.floor = DockFloor(docks, seed, begin_us)
        self.carriers = {dock.name: f"carrier-{dock.name}" for dock in docks}
        self._rng = Random(f"{seed}/traffic")
        self._doors = [dock.name for dock in docks]
        self._eyes = {dock.name for dock in docks if dock.eyes is not None}
        self._middle = {name: place * DOOR_EVERY_MM for place, name in enumerate(self._doors)}
        self._last: dict[str, int] = {}
        self._free = dict.fromkeys(self._doors, begin_us + FIRST_US)
        self.parcels = [self._parcel(seed, index) for index in range(parcels)]
        self.end_us = max(*self._free.values(), *self._last.values()) + 20_000_000
        self.staged = [self._label(seed, parcels + place) for place in range(STAGED)]
        for epc in self.staged:
            along = self._rng.uniform(-2_000, self._middle[self._doors[-1]] + 2_000)
            out = self._rng.uniform(-3_500, -600)
            pause_s = (self.end_us - begin_us) / 1e6
            self.floor.add(walk(epc, "", begin_us, 1_000, [(along, out, pause_s), (along, out - 1, 0)]))
        antennas = [(dock.reader, antenna) for dock in docks for antenna, _ in dock.antennas]
        at_us = begin_us
        while at_us < self.end_us:
            at_us += round(self._rng.uniform(0.3, 2) * 1e6)
            reader, antenna = self._rng.choice(antennas)
            until_us = at_us + round(self._rng.uniform(0.3, 1.5) * 1e6)
            self.floor.shade(Shadow(reader, antenna, at_us, until_us, self._rng.uniform(2, 8)))

    def _label(self, seed: int, index: int) -> str:
        return sscc96(PREFIX, f"{seed % 100:02d}7{index % 100_000_000:08d}")

    def _parcel(self, seed: int, index: int) -> Carried:
        rng = self._rng
        epc = self._label(seed, index)
        door = self._doors[index % len(self._doors)]
        other = rng.choice([name for name in self._doors if name != door] or [door])
        draw = rng.random()
        ordered = True
        if draw < 0.72:
            way = "out"
            self._out(epc, door)
        elif draw < 0.79 and other != door:
            way = "wrong door, back, right door"
            self._out(epc, other)
            self._in(epc, other)
            self._out(epc, door)
        elif draw < 0.82:
            way, ordered = "unknown, and back", False
            self._out(epc, door)
            self._in(epc, door)
        elif draw < 0.88:
            way = "out, unloaded, out"
            self._out(epc, door)
            self._in(epc, door)
            self._out(epc, door)
        elif draw < 0.91:
            way = "past both doors, then out"
            self._past(epc, door)
            self._out(epc, door)
        elif draw < 0.95:
            way = "turned round in the doorway, then out"
            self._turn(epc, door)
            self._out(epc, door)
        else:
            way = "stopped in the doorway"
            self._out(epc, door, rng.uniform(0.5, 6))
        order = Order(
            id=f"DK{seed}-{index:06d}",
            carrier=self.carriers[door],
            service="standard",
            lines=(OrderLine(_GTIN, 1),),
            parcel=identify(epc),
            state=OrderState.SHIPPED,
        )
        return Carried(epc, identify(epc), order if ordered else None, way)

    def _begin(self, door: str, seconds: float) -> int:
        """When the next may begin at a door. They follow closely, where eyes do not ask for one at a time."""
        begin_us = self._free[door]
        seconds += self._rng.uniform(-1.0, 2.0) + (APART_S if door in self._eyes else 0.0)
        self._free[door] = begin_us + round(seconds * 1e6)
        return begin_us

    def _speed(self) -> float:
        return self._rng.uniform(600, 1_700)

    def _out(self, epc: str, door: str, stop_s: float = 0.0) -> None:
        rng, middle = self._rng, self._middle[door]
        begin_us = max(self._begin(door, 2.5 + stop_s / 2), self._last.get(epc, 0))
        stays = rng.random() < 0.1
        points = [
            (middle + rng.uniform(-2_500, 2_500), rng.uniform(-5_000, -3_000), 0.0),
            (middle + rng.uniform(-500, 500), -1_300.0, 0.0),
        ]
        if stop_s:
            points.append((middle + rng.uniform(-400, 400), rng.uniform(-250, 250), stop_s))
        points.append((middle + rng.uniform(-600, 600), 1_300.0, 0.0))
        if stays:
            points.append((middle + rng.uniform(-900, 900), rng.uniform(1_300, 1_800), rng.uniform(5, 40)))
        points.append((middle + rng.uniform(-900, 900), rng.uniform(5_000, 10_000), 0.0))
        self._go(epc, door, begin_us, points)

    def _in(self, epc: str, door: str) -> None:
        rng, middle = self._rng, self._middle[door]
        begin_us = max(self._begin(door, 2.5), self._last.get(epc, 0))
        self._go(
            epc,
            door,
            begin_us,
            [
                (middle + rng.uniform(-900, 900), rng.uniform(4_000, 9_000), 0.0),
                (middle + rng.uniform(-600, 600), 1_300.0, 0.0),
                (middle + rng.uniform(-500, 500), -1_300.0, 0.0),
                (middle + rng.uniform(-2_500, 2_500), rng.uniform(-6_000, -3_500), 0.0),
            ],
        )

    def _past(self, epc: str, door: str) -> None:
        rng = self._rng
        left, right = -3_500.0, self._middle[self._doors[-1]] + 3_500.0
        ends = (left, right) if rng.random() < 0.5 else (right, left)
        out = rng.uniform(-2_200, -700)
        begin_us = max(self._begin(door, 1.0), self._last.get(epc, 0))
        self._go(epc, "", begin_us, [(ends[0], out, 0.0), (ends[1], out + rng.uniform(-300, 300), 0.0)])

    def _turn(self, epc: str, door: str) -> None:
        rng, middle = self._rng, self._middle[door]
        begin_us = max(self._begin(door, 2.0), self._last.get(epc, 0))
        points = [
            (middle + rng.uniform(-2_000, 2_000), -4_500.0, 0.0),
            (middle + rng.uniform(-400, 400), rng.uniform(-400, 150), rng.uniform(0, 3)),
            (middle + rng.uniform(-2_000, 2_000), -4_500.0, 0.0),
        ]
        self._go(epc, door, begin_us, points)

    def _go(self, epc: str, door: str, begin_us: int, points: list[tuple[float, float, float]]) -> None:
        journey = walk(epc, door, begin_us, self._speed(), points)
        self._last[epc] = journey.points[-1][0] + round(self._rng.uniform(0.5, 6) * 1e6)
        self.floor.add(journey)
