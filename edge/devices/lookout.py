"""Lookout: when to look at a PLC next, so that an induction is seen as it happens.

Public names: Lookout.

A poll finds an event half its interval late, now and then all of it. But an item that passed the portal's photo-eye is
at the induction a belt's way later: about that moment the PLC is looked at every millisecond, until it says INDUCTED.
How long the way usually takes, at least and at most, is learned from the items before. Where the belt stood meanwhile,
the next poll finds it as ever.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from edge.core.events import PlcEvent
from edge.core.values.layout import LineLayout
from plc.words import EventType

LOOK_US = 1_000
"""From one look to the next, and so much before the shortest way and after the longest.

The looks end with the INDUCTED; without it they go on for as long as one poll takes, and at most two.
"""
HISTORY = 15
UNUSUAL = 5
"""Of so many ways the shortest and the longest count for nothing: the belt may have stood, or the PLC stalled."""
KEEP = 32
"""Items between photo-eye and induction."""


class _Way:
    """From a photo-eye to its induction: what it takes in the drawing, then what it took."""

    def __init__(self, drawn_us: int, poll_us: int) -> None:
        self._poll_us = poll_us
        self._took_us: deque[int] = deque(maxlen=HISTORY)
        self.least_us, self.most_us = drawn_us - poll_us // 2, drawn_us + poll_us // 2

    def took(self, us: int) -> None:
        self._took_us.append(us)
        took_us, unusual = sorted(self._took_us), len(self._took_us) // UNUSUAL
        self.least_us = took_us[unusual] - LOOK_US
        longest_us = took_us[-1 - unusual] + LOOK_US - self.least_us
        self.most_us = self.least_us + min(max(longest_us, self._poll_us), 2 * self._poll_us)


class Lookout:
    """One PLC's, of the ``lines`` that it drives; ``poll_us``: how often it is looked at anyway. Times: the host's."""

    def __init__(self, lines: Iterable[LineLayout], poll_us: int) -> None:
        self._ways = {
            line.portal.eye: _Way(line.travel_us(line.portal.eye_mm, 0), poll_us)
            for line in lines
            if line.portal.eye_mm < 0 and not line.portal.quiet_us
        }
        self._entered: dict[int, tuple[int, _Way]] = {}  # by track

    def event(self, given: PlcEvent) -> None:
        """Takes an event of the PLC."""
        if given.type == EventType.ENTERED and given.station in self._ways:
            self._entered[given.track_id] = given.device_us, self._ways[given.station]
            if len(self._entered) > KEEP:
                del self._entered[next(iter(self._entered))]
        elif given.type == EventType.INDUCTED and given.track_id in self._entered:
            entered_us, way = self._entered.pop(given.track_id)
            way.took(given.device_us - entered_us)

    def next_us(self, now_us: int) -> int | None:
        """When to look although no poll is due; None = nothing is expected."""
        for entered_us, way in self._entered.values():
            if now_us < entered_us + way.most_us:
                return max(entered_us + way.least_us, now_us + LOOK_US)
        return None
