"""How long the room on a disk lasts: the free room as it was seen goes in, the hours that are left come out.

Public names: Filling, RoomLeft, is_low, SOON_US, LONG_US.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

SOON_US = 300_000_000
LONG_US = 6 * 3_600_000_000
"""Growth is looked at over these two times, so that what began now is seen as well as what creeps."""
LEAST_US = 15_000_000
"""What is seen sooner after another takes its place."""
OVER = 1.25
"""Room that was low is so until there is so much more than makes it low."""
_HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class RoomLeft:
    """``hours``: until nothing is free, infinite where it does not grow or is not known for long enough."""

    free_bytes: int
    bytes_per_hour: float = 0.0
    hours: float = math.inf


class Filling:
    """The free room of one file system, as it is looked at now and then."""

    def __init__(self) -> None:
        self._times: list[int] = []
        self._free: list[int] = []

    def look(self, at_us: int, free_bytes: int) -> RoomLeft:
        """Takes what is free now. A clock that was set back begins anew.

        It grows as it did in both halves of a time: what came at once, as a file that was copied, is no growth.
        """
        times, free = self._times, self._free
        if times and at_us < times[-1]:
            times.clear()
            free.clear()
        if len(times) > 1 and times[-1] - times[-2] < LEAST_US:
            times.pop()
            free.pop()
        times.append(at_us)
        free.append(free_bytes)
        gone = max(0, bisect_right(times, at_us - LONG_US) - 1)
        del times[:gone], free[:gone]
        known_us = at_us - times[0]
        if known_us < SOON_US:
            return RoomLeft(free_bytes)
        per_us = max(self._growth(at_us, SOON_US), self._growth(at_us, min(known_us, LONG_US)))
        hours = free_bytes / per_us / _HOUR_US if per_us > 0 else math.inf
        return RoomLeft(free_bytes, per_us * _HOUR_US, hours)

    def _growth(self, at_us: int, over_us: int) -> float:
        """Bytes a microsecond in that half of the newest ``over_us`` in which it was less; 0 = none."""
        ends = [bisect_right(self._times, at_us - over_us // 2 * back) - 1 for back in (2, 1, 0)]
        rates = [
            (self._free[first] - self._free[last]) / (self._times[last] - self._times[first]) if first < last else 0.0
            for first, last in pairwise(ends)
        ]
        return max(0.0, min(rates))


def is_low(left: RoomLeft, hours: float, least_bytes: int, was_low: bool) -> bool:
    """Whether the room ends within so many hours, or less is free than there should be at least."""
    more = OVER if was_low else 1.0
    return left.hours < hours * more or left.free_bytes < least_bytes * more
