"""The simulated dock: parcels that people carry through doors, past them and to and fro before them.

Public names: DockFloor, Journey, Crossing, EyeSignal, Happening, walk, DOOR_EVERY_MM.

A journey is a parcel's way as points in time; between them it moves evenly. Like the lines it has no clock: the same
calls give the same happenings, whatever the steps in which time goes by. Doors stand DOOR_EVERY_MM apart along a wall.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import TypeAlias

from edge.core.values.dock import Direction, DockLayout, Side
from edge.sim.dock_radio import DoorAntennas, DoorField, Shadow, Sight
from edge.sim.floor import InventoryRound

DOOR_EVERY_MM = 3_000
IDLE_ROUND_US = 10_000
"""A reader's rounds while no parcel is near."""
EYE_APART_MM = 150
"""From the wall to either photo-eye."""
PARCEL_MM = 400
"""What covers a photo-eye: a parcel and who carries it."""


@dataclass(frozen=True, slots=True)
class Journey:
    """One parcel's way: points of time, mm along the wall, mm out, mm above the floor; at least two.

    ``door``: the one it passes, empty = none.
    """

    epc: str
    door: str
    points: tuple[tuple[int, float, float, float], ...]

    def at(self, at_us: int) -> Sight | None:
        """Where it is; None = not here yet, or gone."""
        points = self.points
        if not points[0][0] <= at_us < points[-1][0]:
            return None
        place = bisect_right(points, (at_us, float("inf"))) - 1
        (t0, x0, y0, z0), (t1, x1, y1, z1) = points[place], points[place + 1]
        part = (at_us - t0) / (t1 - t0)
        return Sight(self.epc, x0 + (x1 - x0) * part, y0 + (y1 - y0) * part, z0 + (z1 - z0) * part)

    def crossings(self, at_mm: float = 0.0) -> list[tuple[int, Direction]]:
        """When its middle goes past a line parallel to the wall, and which way."""
        found = []
        for (t0, _, y0, _), (t1, _, y1, _) in zip(self.points, self.points[1:], strict=False):
            if (y0 < at_mm) != (y1 < at_mm):
                when = t0 + round((t1 - t0) * (at_mm - y0) / (y1 - y0))
                found.append((when, Direction.OUT if y1 > y0 else Direction.IN))
        return found


@dataclass(frozen=True, slots=True)
class Crossing:
    """The truth: a parcel is through a door. ``at_us``: when it passed the wall."""

    at_us: int
    epc: str
    door: str
    direction: Direction


@dataclass(frozen=True, slots=True)
class EyeSignal:
    """A photo-eye of a door is covered, or free again."""

    at_us: int
    door: str
    side: Side
    covered: bool


Happening: TypeAlias = InventoryRound | Crossing | EyeSignal


class DockFloor:
    """All dock doors of a configuration."""

    def __init__(self, docks: Sequence[DockLayout], seed: int, begin_us: int = 0) -> None:
        self.doors = {dock.name: DoorAntennas(dock, place * DOOR_EVERY_MM) for place, dock in enumerate(docks)}
        self._eyes = {dock.name for dock in docks if dock.eyes is not None}
        self._fields = [
            DoorField(reader, [door for door in self.doors.values() if door.reader == reader], f"{seed}/dock")
            for reader in dict.fromkeys(dock.reader for dock in docks)
        ]
        self._rounds: list[tuple[int, int, DoorField]] = [
            (begin_us + place, place, field) for place, field in enumerate(self._fields)
        ]
        self._coming: list[tuple[int, int, Journey]] = []
        self._here: list[Journey] = []
        self._marks: list[tuple[int, int, Crossing | EyeSignal]] = []
        self._shadows: list[Shadow] = []
        self._order = count()
        self._covered: dict[tuple[str, Side], int] = {}

    @property
    def busy(self) -> int:
        """How many journeys are under way or to come."""
        return len(self._coming) + len(self._here)

    def add(self, journey: Journey) -> None:
        """A journey that begins later than time has gone by."""
        heappush(self._coming, (journey.points[0][0], next(self._order), journey))
        passed = journey.crossings() if journey.door else []
        if passed and len(passed) % 2:
            at_us, direction = passed[-1]
            self._mark(Crossing(at_us, journey.epc, journey.door, direction))
        if journey.door in self._eyes:
            for side, eye_mm in ((Side.INSIDE, -EYE_APART_MM), (Side.OUTSIDE, EYE_APART_MM)):
                edges = [
                    when for edge in (-PARCEL_MM / 2, PARCEL_MM / 2) for when, _ in journey.crossings(eye_mm + edge)
                ]
                for place, at_us in enumerate(sorted(edges)):
                    self._mark(EyeSignal(at_us, journey.door, side, place % 2 == 0))

    def shade(self, shadow: Shadow) -> None:
        """Somebody will stand before antennas."""
        self._shadows.append(shadow)

    def advance(self, to_us: int) -> list[Happening]:
        """Lets time go by until ``to_us``; what happened since the last call, in order of time."""
        out: list[Happening] = []
        while self._rounds[0][0] <= to_us:
            at_us, place, field = heappop(self._rounds)
            self._arrive(at_us)
            near = [sight for one in self._here if (sight := one.at(at_us)) is not None]
            if not near:
                heappush(self._rounds, (at_us + IDLE_ROUND_US, place, field))
                continue
            end_us, reads = field.round(at_us, near, self._shadows)
            heappush(self._rounds, (end_us, place, field))
            if reads:
                out.append(InventoryRound(end_us, field.reader, reads))
        while self._marks and self._marks[0][0] <= to_us:
            mark = heappop(self._marks)[2]
            if not isinstance(mark, EyeSignal) or self._edge(mark):
                out.append(mark)
        return sorted(out, key=lambda one: one.at_us)

    def _arrive(self, at_us: int) -> None:
        gone = [one for one in self._here if one.points[-1][0] <= at_us]
        if gone:
            self._here = [one for one in self._here if one.points[-1][0] > at_us]
            for one in gone:
                for field in self._fields:
                    field.forget(one.epc)
            self._shadows = [shadow for shadow in self._shadows if shadow.to_us > at_us]
        while self._coming and self._coming[0][0] <= at_us:
            self._here.append(heappop(self._coming)[2])

    def _mark(self, mark: Crossing | EyeSignal) -> None:
        heappush(self._marks, (mark.at_us, next(self._order), mark))

    def _edge(self, mark: EyeSignal) -> bool:
        """Whether an eye changes; several may cover it at a time."""
        key = mark.door, mark.side
        before = self._covered.get(key, 0)
        self._covered[key] = before + (1 if mark.covered else -1)
        return bool(before) != bool(self._covered[key])


def walk(
    epc: str, door: str, begin_us: int, speed_mm_s: float, points: Iterable[tuple[float, float, float]]
) -> Journey:
    """A journey at an even speed past points (along, out, pause in seconds), at hand height."""
    at_us, before = begin_us, None
    made: list[tuple[int, float, float, float]] = []
    for along, out, pause_s in points:
        if before is not None:
            far = ((along - before[0]) ** 2 + (out - before[1]) ** 2) ** 0.5
            at_us += max(1_000, round(far / speed_mm_s * 1e6))
        made.append((at_us, along, out, 1_000.0))
        if pause_s:
            at_us += round(pause_s * 1e6)
            made.append((at_us, along, out, 1_000.0))
        before = along, out
    return Journey(epc, door, tuple(made))
