"""What a lane holds: loads come down a chute, a person takes them away, and sometimes the person is not there.

Public names: Chute, Schedule.

Only lanes of carriers fill; quality and reject lanes end in cages, a verifying line's lanes on further belts.
The sensor that says full sits some loads before the brim, so that those already on their way still fit.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeAlias

from edge.config.sim import SimConfig
from edge.core.values.layout import Lane, LaneRole
from plc.words import LaneChange

Schedule: TypeAlias = Callable[[int, Callable[[int], None]], None]
"""``schedule(at_us, call)``: ``call(at_us)`` is made when it is that time."""

FIRST_BREAK_US = (4_000_000, 120_000_000)
NEXT_BREAK_US = (90_000_000, 300_000_000)
BREAK_US = (4_000_000, 90_000_000)
"""Shortest and longest absence; between, as long as it takes to bring 0.3 to 0.9 times what the lane holds."""


class Chute:
    """One lane. ``between_us``: mean time between two loads for it. ``changed(at_us, lane, change)`` reports."""

    def __init__(
        self,
        lane: Lane,
        sim: SimConfig,
        rng: Random,
        between_us: float,
        schedule: Schedule,
        changed: Callable[[int, int, LaneChange], None],
        begin_us: int,
    ) -> None:
        self.lane = lane
        self.held = 0
        self.full = False
        self.disabled = False
        self._schedule = schedule
        self._changed = changed
        self._rng = rng
        self._between_us = between_us
        self._away = False
        self._capacity = sim.lane_capacity if lane.role is LaneRole.CARRIER else 0
        if self._capacity:
            self._full_at = max(1, self._capacity - max(2, self._capacity * 3 // 10))
            self._free_at = max(0, self._full_at - max(1, self._capacity // 8))
            self._drain_us = max(1, round(sim.lane_drain_s * 1_000_000))
            self.held = rng.randint(0, self._full_at * 2 // 3)
            schedule(begin_us + rng.randint(0, self._drain_us), self._drain)
            schedule(begin_us + rng.randint(*FIRST_BREAK_US), self._leave)

    def take(self, at_us: int) -> bool:
        """A load reaches the lane; False = it cannot get in."""
        if self.disabled or (self._capacity and self.held >= self._capacity):
            return False
        if self._capacity:
            self.held += 1
            if not self.full and self.held >= self._full_at:
                self.full = True
                self._changed(at_us, self.lane.number, LaneChange.FULL)
        return True

    def enable(self, at_us: int, enabled: bool) -> None:
        """Opens or closes the lane; says so when that changes something."""
        if self.disabled == enabled:
            self.disabled = not enabled
            self._changed(at_us, self.lane.number, LaneChange.ENABLED if enabled else LaneChange.DISABLED)

    def _drain(self, at_us: int) -> None:
        if self.held and not self._away:
            self.held -= 1
            if self.full and self.held <= self._free_at:
                self.full = False
                self._changed(at_us, self.lane.number, LaneChange.FREE)
        self._schedule(at_us + self._drain_us, self._drain)

    def _leave(self, at_us: int) -> None:
        self._away = True
        away_us = self._rng.uniform(0.3, 0.9) * self._capacity * self._between_us
        shortest_us, longest_us = BREAK_US
        self._schedule(at_us + round(min(max(away_us, shortest_us), longest_us)), self._return)

    def _return(self, at_us: int) -> None:
        self._away = False
        self._schedule(at_us + self._rng.randint(*NEXT_BREAK_US), self._leave)
