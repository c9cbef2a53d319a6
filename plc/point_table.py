"""What is known of each point, how good and how old it is, and what of it is news.

Public names: PointTable, Reading, REFRESH_US.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from plc.points import Point, PointFault, PointFound, Quality, Uncertain, Value

REFRESH_US = 60_000_000
"""What did not change is told again after so long: who listens can tell a steady value from a dead source."""


_READ = (Quality.GOOD, Quality.UNCERTAIN)
"""What grows stale when it is not read any more."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A point as it is known. ``value`` None: bad, or never read. ``read_us``: when it was read, 0 = never.

    ``reason``: why it is not good.
    """

    point: Point
    value: Value | None = None
    quality: Quality = Quality.BAD
    reason: str = "not read yet"
    read_us: int = 0


class PointTable:
    """The points of one PLC. Nothing is told of a point before the PLC answered for it.

    ``stale_us``: a value is stale when it was not read for so long. Time is any clock that only goes forward.
    """

    def __init__(self, points: Iterable[Point], stale_us: int) -> None:
        self.points = {point.name: point for point in points}
        self._stale_us = stale_us
        self._known = {name: Reading(point) for name, point in self.points.items()}
        self._told: dict[str, tuple[Reading, int]] = {}

    def reading(self, name: str, at_us: int) -> Reading:
        """A point as it is known at that time."""
        known = self._known[name]
        if known.quality in _READ and at_us - known.read_us > self._stale_us:
            late_ms = (at_us - known.read_us) // 1000
            return replace(known, quality=Quality.STALE, reason=f"not read for {late_ms} ms")
        return known

    def took(self, values: Mapping[str, PointFound], at_us: int) -> Iterator[Reading]:
        """Takes what was read; what of it is news, by deadband, quality and time."""
        for name, value in values.items():
            point = self.points[name]
            match value:
                case PointFault(reason):
                    reading = Reading(point, None, Quality.BAD, reason, at_us)
                case Uncertain(uncertain, reason):
                    reading = Reading(point, uncertain, Quality.UNCERTAIN, reason, at_us)
                case _:
                    reading = Reading(point, value, Quality.GOOD, "", at_us)
            self._known[name] = reading
            yield from self._news(reading, at_us)

    def pass_time(self, at_us: int) -> Iterator[Reading]:
        """What became stale."""
        for name, known in self._known.items():
            if known.quality in _READ and at_us - known.read_us > self._stale_us:
                yield from self._news(self.reading(name, at_us), at_us)

    def _news(self, reading: Reading, at_us: int) -> Iterator[Reading]:
        name = reading.point.name
        told = self._told.get(name)
        if told is not None and not _differs(told[0], reading) and at_us - told[1] < REFRESH_US:
            return
        self._told[name] = (reading, at_us)
        yield reading


def _differs(told: Reading, now: Reading) -> bool:
    if told.quality is not now.quality:
        return True
    if now.quality is Quality.STALE:
        return False
    if told.reason != now.reason:
        return True
    if now.quality is Quality.BAD:
        return False
    if isinstance(told.value, int | float) and isinstance(now.value, int | float) and now.point.numeric:
        return abs(now.value - told.value) > now.point.deadband
    return told.value != now.value
